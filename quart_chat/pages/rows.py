"""Messages as rows of the list: each is rendered once an audience, whatever shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from quart_chat.kept import Kept
from quart_chat.pages import ids, languages, templates
from quart_chat.pages.languages import Audience
from quart_chat.room.entries import Message
from quart_chat.room.people import hue_of
from quart_chat.room.texts import to_html

MINUTES = 60_000  # ms
GROUP = 5 * MINUTES  # what one person says within these stands under one name

ROWS = 10_000  # that a worker keeps, as long as
CHARACTERS = 8_000_000  # they and their texts have no more than these together: some 16 MB

rows: Kept[tuple[Message, Audience, bool], Markup] = Kept(ROWS, CHARACTERS)
"""Rows by all that goes into them. Ids alone would not do: two rooms may have the same."""


@dataclass(frozen=True, slots=True)
class Row:
    """A message with all that its row shows.

    new_day: a day begins with it; follows: it stands under the name of the message before.
    """

    message: Message
    element: str
    person: str
    hue: int
    new_day: bool
    follows: bool
    day: str
    clock: str
    moment: str
    iso: str
    html: Markup


def row(message: Message, audience: Audience) -> Row:
    """Work out what a message's row shows; nothing but the message and the audience goes into it."""
    before = message.before
    new_day = before is None or (
        languages.local(before.at, audience).date() != languages.local(message.at, audience).date()
    )
    follows = (
        before is not None
        and not new_day
        and before.author == message.author
        and before.name in (message.name, None)  # a new name has to be seen once
        and 0 <= message.at - before.at < GROUP
    )
    return Row(
        message=message,
        element=ids.message(message.id),
        person=ids.person(message.author),
        hue=hue_of(message.author),
        new_day=new_day,
        follows=follows,
        day=languages.day(message.at, audience),
        clock=languages.clock(message.at, audience),
        moment=languages.moment(message.at, audience),
        iso=languages.iso(message.at),
        html=to_html(message.text),
    )


def render(shown: Iterable[Message], audience: Audience, *, old: bool = False) -> Markup:
    """Render messages as rows; old: they were fetched by scrolling, and hold back trims."""
    return Markup("").join(_rendered(message, audience, old) for message in shown)


def _rendered(message: Message, audience: Audience, old: bool) -> Markup:
    key = message, audience, old
    html = rows.get(key)
    if html is None:
        html = templates.macro(audience.language, "_message.html", "message")(row(message, audience), old)
        rows.put(key, html, len(html) + len(message.text))
    return html
