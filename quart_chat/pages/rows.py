"""Messages as rows of the list: each is rendered once an audience, whatever shows it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple

from markupsafe import Markup, escape

from quart_chat.kept import Kept
from quart_chat.pages import languages, templates
from quart_chat.pages.blanks import blanks, pattern
from quart_chat.pages.languages import Audience
from quart_chat.pages.names import named
from quart_chat.room.attachments import Attached, in_page
from quart_chat.room.changes import UNCHANGED, Changes
from quart_chat.room.entries import Message, Quote
from quart_chat.room.marking import mark
from quart_chat.room.markup import marked, to_html
from quart_chat.room.mentions import Mention
from quart_chat.room.people import hue_of
from quart_chat.room.proofs import bare
from quart_chat.room.search import Hit, Query

MINUTES = 60_000  # ms
GROUP = 5 * MINUTES  # what one person says within these stands under one name

ROWS = 10_000  # that a worker keeps, as long as
CHARACTERS = 8_000_000  # they and their texts have no more than these together: some 16 MB
BEGUN = 2000  # rows that are kept half done, of a person and a minute each: at most 2 MB

Mode = Literal["live", "old", "meant", "edited", "frame", "file", "found", "near", "apart"]
"""How a row stands in a list. live: it may be trimmed. old: it was fetched by scrolling, and holds back trims.

meant: its address led here. edited: the same, and the form that edits it has the focus. frame: in the page without
scripts, which is written for all alike, so that no form in it could hold its reader's token. file: in a transcript,
where nothing answers. found: among what was searched for, which stands apart from the list and so tells its day;
near: beside such a one; apart: the same, of another day.
"""

OUTSIDE = ("found", "near", "apart")  # modes of rows outside of the list


class View(NamedTuple):
    """Where and for whom rows stand."""

    room: str
    audience: Audience
    mode: Mode = "live"


rows: Kept[tuple[Message, View], Markup] = Kept(ROWS, CHARACTERS)
"""Rows by all that goes into them."""


class By(NamedTuple):
    """What the rows of one person and one minute share, as long as they stand alike.

    public: their public id. new_day: a day begins with it; follows: it stands under the name of the message before.
    kind: of the message.
    """

    room: str
    public: str
    hue: int | str
    day: str
    face: str
    name: Markup
    clock: str
    moment: str
    new_day: bool
    follows: bool
    kind: str


class Row(NamedTuple):
    """What a message's row shows.

    said, quote, files, reactions: parts of it, each from a macro of its own; all but the first may be empty.
    """

    by: By
    place: str
    iso: str
    said: Markup
    quote: Markup
    files: Markup
    reactions: Markup


_NOTHING = Markup()
_SHAPE = ("new_day", "follows", "kind")  # of a row: what its markup depends on; the other fields are blanks in it
_SHARED = [field for field in By._fields if field not in _SHAPE]
_OWN = Row._fields[1:]


def row(message: Message, view: View, query: Query | None = None) -> Row:
    """Work out what a message's row shows; nothing but these goes into it. query: by which it was found."""
    changes = message.changes
    plain = not message.kind and changes is None and not message.mentions and query is None
    return Row(
        by=by(message, view),
        place=message.id,
        iso=languages.iso(message.at),
        said=to_html(message.text) if plain else said(_said_by(message), changes or UNCHANGED, view, query),
        quote=_NOTHING if message.reply is None else quote(message.reply, view),
        files=_NOTHING if not message.files or message.deleted else files(message.id, message.files, view),
        reactions=_NOTHING if changes is None else reactions(message.id, changes, view),
    )


def by(message: Message, view: View) -> By:
    """Work out what stands above a message, and whether it does."""
    before, audience, listed = message.before, view.audience, view.mode not in OUTSIDE
    new_day = listed and (
        before is None or languages.date_of(before.at, audience) != languages.date_of(message.at, audience)
    )
    follows = (
        listed
        and before is not None
        and not new_day
        and before.author == message.author
        and before.name in (message.name, None)  # a new name has to be seen once
        and 0 <= message.at - before.at < GROUP
    )
    return _by(view, message.author, message.name, message.at // MINUTES, (new_day, follows, message.kind))


@lru_cache(BEGUN)
def _by(view: View, author: str, name: str, minute: int, stands: tuple[bool, bool, str]) -> By:
    ms, audience = minute * MINUTES, view.audience
    new_day, follows, kind = stands
    return By(
        room=view.room,
        public=author,
        hue=hue_of(author),
        day=languages.day(ms, audience),
        face=bare(name)[:1],
        name=named(name, audience.language),
        clock=languages.clock(ms, audience),
        moment=languages.moment(ms, audience),
        new_day=new_day,
        follows=follows,
        kind=kind,
    )


class Said(NamedTuple):
    """What a message says. id, name, kind: of the message; text, mentions: as they stand."""

    id: str
    name: str
    kind: str
    text: str
    mentions: tuple[Mention, ...]


def _said_by(message: Message) -> Said:
    return Said(message.id, message.name, message.kind, message.said, message.meant)


def said(one: Said, changes: Changes, view: View, query: Query | None = None) -> Markup:
    """Render what a message says, as it stands; query: by which it was found."""
    html = marked(to_html(one.text), one.mentions)
    if query is not None:
        html = mark(html, query)
    if not one.kind and changes is UNCHANGED:
        return html
    when = languages.moment(changes.edited, view.audience) if changes.edited else ""
    return _part(view, "said", one, html, changes, when)


def quote(quoted: Quote, view: View) -> Markup:
    """Render the message that another one answers."""
    return _part(view, "quote", quoted)


def quoted(text: str, view: View) -> Markup:
    """Render what a quote says; text: "" where its message was deleted."""
    return _part(view, "quoted", text)


class _Shown(NamedTuple):
    """A file as its row shows it. width, height: px of its small picture in a page; size: as people read it."""

    name: str
    digest: str
    media: str
    width: int
    height: int
    moves: bool
    size: str


def files(entry_id: str, attached: Iterable[Attached], view: View) -> Markup:
    """Render the files of a message."""
    shown = [_shown(one, view.audience.language) for one in attached]
    return _part(view, "files", entry_id, shown)


def _shown(one: Attached, language: str) -> _Shown:
    width, height = in_page(one.width, one.height) if one.media else (0, 0)
    return _Shown(one.name, one.digest, one.media, width, height, one.frames > 1, languages.size(one.size, language))


def reactions(entry_id: str, changes: Changes, view: View) -> Markup:
    """Render the reactions under a message; nothing where there are none."""
    return _part(view, "reactions", entry_id, changes.reactions) if changes.reactions else _NOTHING


def more(entry_id: str, view: View) -> Markup:
    """Render what opens a message's menu, for a page in which the focus goes to it."""
    return templates.fragment(view.audience.language, "_message.html", "more", view.room, entry_id, True)


def _part(view: View, name: str, *values: Any) -> Markup:
    return templates.fragment(view.audience.language, "_message.html", name, *values, view)


@cache
def _shape(language: str, new_day: bool, follows: bool, kind: str, mode: Mode) -> str:
    """Render the template once for each shape of a row: a tenth of the time for each row after it."""
    open_ = blanks((*_SHARED, *_OWN))
    by = By(**{field: open_[field] for field in _SHARED}, new_day=new_day, follows=follows, kind=kind)
    shown = Row(by, **{field: open_[field] for field in _OWN})
    return pattern(templates.macro(language, "_message.html", "message")(shown, mode))


@lru_cache(BEGUN)
def _begun(by: By, language: str, mode: Mode) -> str:
    """Fill in what rows share, and leave the rest of the pattern open."""
    shared = {field: escape(getattr(by, field)).replace("%", "%%") for field in _SHARED}
    return _shape(language, by.new_day, by.follows, by.kind, mode) % (shared | {own: f"%({own})s" for own in _OWN})


def render(shown: Iterable[Message], view: View, meant: str = "", *, editing: bool = False) -> Markup:
    """Render messages as rows; meant: the id of the one whose address led here; editing: to edit it."""
    if meant:
        led = view._replace(mode="edited" if editing else "meant")
        return Markup("").join(_rendered(one, led if one.id == meant else view) for one in shown)
    return Markup("".join([_rendered(one, view) for one in shown]))  # noqa: S704 - made of markup


def once(message: Message, view: View) -> Markup:
    """Render a message as a row that nobody will ask for again soon: it would push out those that are kept."""
    return _written(row(message, view), view)


def found(hit: Hit, query: Query, view: View, shown: Container[str] = ()) -> Markup:
    """Render a message that was found, with those beside it; shown: ids of those that are found themselves."""
    day = languages.date_of(hit.message.at, view.audience)

    def beside(message: Message | None) -> Markup:
        if message is None or message.id in shown:
            return _NOTHING
        same = languages.date_of(message.at, view.audience) == day
        return _rendered(message, view._replace(mode="near" if same else "apart"))

    one = _written(row(hit.message, view._replace(mode="found"), query), view._replace(mode="found"))
    return beside(hit.before) + one + beside(hit.after)


def _rendered(message: Message, view: View) -> Markup:
    key = message, view
    html = rows.get(key)
    if html is None:
        html = _written(row(message, view), view)
        rows.put(key, html, len(html) + len(message.text))
    return html


def _written(shown: Row, view: View) -> Markup:
    own = shown._asdict()
    own["place"] = escape(shown.place)
    return Markup(_begun(shown.by, view.audience.language, view.mode) % own)  # noqa: S704 - escaped
