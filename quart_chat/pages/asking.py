"""The page that asks newcomers a question, and the sums that the server asks, in words."""

from __future__ import annotations

from functools import cache

from quart_chat.pages import templates
from quart_chat.pages.languages import TAGS, say
from quart_chat.room.asking import Sum, folded

NUMBERS = (
    "one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen, fifteen, sixteen, "
    "seventeen, eighteen, nineteen, twenty"
)


def page(room: str, title: str, question: str, token: str, language: str, *, typed: str = "", error: str = "") -> str:
    """Render what asks a newcomer; token: of the form. typed: what stays in the field, error: why it was not taken."""
    return templates.page(
        "asked.html", language, room=room, title=title, question=question, token=token, typed=typed, error=error
    )


def in_words(asked: Sum, language: str) -> str:
    """Ask for a sum."""
    words = words_for(language)
    values = {"left": words[asked.left - 1][0], "right": words[asked.right - 1][0]}
    return say(language, "What is %(left)s plus %(right)s?", values)


def number_of(word: str) -> int | None:
    """Read a number from its word in any of the languages, whichever the reader changed to; None: it is none."""
    return _numbers().get(folded(word))


@cache
def words_for(language: str) -> tuple[tuple[str, ...], ...]:
    """Give the words for one, two, …; a catalogue may have several for each, such as "um/uma"."""
    return tuple(tuple(one.strip().split("/")) for one in say(language, NUMBERS).split(","))


@cache
def _numbers() -> dict[str, int]:
    return {
        folded(word): number for tag in TAGS for number, words in enumerate(words_for(tag), start=1) for word in words
    }
