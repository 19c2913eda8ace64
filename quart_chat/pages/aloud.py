"""What a page says to who hears it: one hidden line that is announced, while the list itself keeps silent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from markupsafe import Markup

from quart_chat.pages.templates import fragment
from quart_chat.room.aloud import Line
from quart_chat.room.digest import quote_of


def aloud(lines: Sequence[Line], language: str) -> Markup:
    """Announce what came, the same for everybody: the own stylesheet keeps one's own lines from being heard."""
    said = [(line, quote_of(line.message).text if line.message else "") for line in lines]
    return fragment(language, "_aloud.html", "aloud", said)


@cache
def back(language: str) -> Markup:
    """Announce that the connection is back."""
    return fragment(language, "_aloud.html", "back", True)
