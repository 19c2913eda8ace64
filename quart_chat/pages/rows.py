"""Messages as rows of the list: each is rendered once an audience, whatever shows it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple, cast

from markupsafe import Markup, escape

from quart_chat.kept import Kept
from quart_chat.pages import ids, languages, templates
from quart_chat.pages.blanks import blanks, pattern
from quart_chat.pages.languages import Audience
from quart_chat.room.entries import Message
from quart_chat.room.markup import to_html
from quart_chat.room.people import hue_of

MINUTES = 60_000  # ms
GROUP = 5 * MINUTES  # what one person says within these stands under one name

ROWS = 10_000  # that a worker keeps, as long as
CHARACTERS = 8_000_000  # they and their texts have no more than these together: some 16 MB

rows: Kept[tuple[Message, Audience, bool], Markup] = Kept(ROWS, CHARACTERS)
"""Rows by all that goes into them. Ids alone would not do: two rooms may have the same."""


class Row(NamedTuple):
    """What a message's row shows.

    new_day: a day begins with it; follows: it stands under the name of the message before. kind: of the message.
    """

    element: str
    person: str
    hue: int | str
    day: str
    face: str
    name: str
    clock: str
    moment: str
    iso: str
    html: Markup
    new_day: bool
    follows: bool
    kind: str


_SHAPE = ("new_day", "follows", "kind")  # of a row: what its markup depends on; the other fields are blanks in it


def row(message: Message, audience: Audience) -> Row:
    """Work out what a message's row shows; nothing but the message and the audience goes into it."""
    before = message.before
    new_day = before is None or languages.date_of(before.at, audience) != languages.date_of(message.at, audience)
    follows = (
        before is not None
        and not new_day
        and before.author == message.author
        and before.name in (message.name, None)  # a new name has to be seen once
        and 0 <= message.at - before.at < GROUP
    )
    return Row(
        element=ids.message(message.id),
        person=ids.person(message.author),
        hue=hue_of(message.author),
        day=languages.day(message.at, audience),
        face=message.name[:1],
        name=message.name,
        clock=languages.clock(message.at, audience),
        moment=languages.moment(message.at, audience),
        iso=languages.iso(message.at),
        html=to_html(message.text),
        new_day=new_day,
        follows=follows,
        kind=message.kind,
    )


@cache
def _pattern(language: str, new_day: bool, follows: bool, kind: str, old: bool) -> str:
    """Render the template once for each shape of a row: a tenth of the time for each row after it."""
    open_ = blanks(field for field in Row._fields if field not in _SHAPE)
    shown = Row(**cast(Any, open_), new_day=new_day, follows=follows, kind=kind)
    return pattern(templates.macro(language, "_message.html", "message")(shown, old))


def render(shown: Iterable[Message], audience: Audience, *, old: bool = False) -> Markup:
    """Render messages as rows; old: they were fetched by scrolling, and hold back trims."""
    return Markup("".join([_rendered(message, audience, old) for message in shown]))  # noqa: S704 - made of markup


def _rendered(message: Message, audience: Audience, old: bool) -> Markup:
    key = message, audience, old
    html = rows.get(key)
    if html is None:
        shown = row(message, audience)
        written = {field: escape(value) for field, value in zip(Row._fields, shown, strict=True)}
        html = Markup(_pattern(audience.language, shown.new_day, shown.follows, shown.kind, old) % written)  # noqa: S704 - escaped
        rows.put(key, html, len(html) + len(message.text))
    return html
