"""Pages that say that something did not work: what happened, what to do, and a way on."""

from __future__ import annotations

from typing import NamedTuple

from quart_chat.pages import templates
from quart_chat.pages.languages import say


class Trouble(NamedTuple):
    """How a page tells of something. drawing: of templates/_drawings.html; hint: what to do, "" for nothing."""

    heading: str
    drawing: str
    hint: str = ""


def told(status: int, language: str) -> Trouble:
    """Say in general what an HTTP status means to somebody."""
    if status == 403:
        found = say(language, "Closed to you"), "closed"
    elif status == 404:
        hint = say(language, "The link may be incomplete, or what it led to was deleted.")
        found = say(language, "Nothing is here"), "nowhere", hint
    elif status == 413:
        found = say(language, "Too much at once"), "big", say(language, "Send less, or in several pieces.")
    elif status == 429:
        found = say(language, "A little slower"), "slow", say(language, "It is taken again when the time is over.")
    elif status == 503:
        found = say(language, "Back in a moment"), "away", say(language, "This page can be loaded again at any time.")
    elif status >= 500:
        hint = say(language, "Try once more. If it happens again, tell whoever runs this server.")
        found = say(language, "Something broke"), "broken", hint
    else:
        found = say(language, "That did not work"), "ask"
    return Trouble(*found)


def page(text: str, status: int, language: str, *, back: str = "/", again: bool = False) -> str:
    """Render what tells of an answer's status.

    text: why, in the reader's language. back: the address that leads on; again: it is the one that did not work.
    """
    general = told(status, language)
    values = {"heading": general.heading, "hint": general.hint, "kind": general.drawing}
    return templates.page("error.html", language, text=text, back=back, again=again, **values)
