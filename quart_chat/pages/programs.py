"""What people see of programs: the tokens of theirs."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from quart_chat.pages.templates import fragment
from quart_chat.room.bearers import Token


def programs(tokens: Sequence[Token], language: str, room: str, *, made: str = "", error: str = "") -> Markup:
    """Render somebody's tokens, and the form that makes one.

    room: where their page leads back to, "" for none. made: the new token, which is shown this once; "" for none.
    error: why none was made.
    """
    return fragment(language, "_programs.html", "programs", tokens, room, made, error)
