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
    heading, drawing, hint = say(language, "That did not work"), "ask", ""
    if status == 403:
        heading, drawing = say(language, "Closed to you"), "closed"
    elif status == 404:
        heading, drawing = say(language, "Nothing is here"), "nowhere"
        hint = say(language, "The link may be incomplete, or what it led to was deleted.")
    elif status == 413:
        heading, drawing = say(language, "Too much at once"), "big"
        hint = say(language, "Send less, or in several pieces.")
    elif status == 429:
        heading, drawing = say(language, "A little slower"), "slow"
        hint = say(language, "It is taken again when the time is over.")
    elif status == 503:
        heading, drawing = say(language, "Back in a moment"), "away"
        hint = say(language, "This page can be loaded again at any time.")
    elif status >= 500:
        heading, drawing = say(language, "Something broke"), "broken"
        hint = say(language, "Try once more. If it happens again, tell whoever runs this server.")
    return Trouble(heading, drawing, hint)


def page(text: str, status: int, language: str, *, back: str = "/", again: bool = False) -> str:
    """Render what tells of an answer's status.

    text: why, in the reader's language. back: the address that leads on; again: it is the one that did not work.
    """
    general = told(status, language)
    values = {"heading": general.heading, "hint": general.hint, "kind": general.drawing}
    return templates.page("error.html", language, text=text, back=back, again=again, **values)
