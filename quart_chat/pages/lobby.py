"""The lobby: a page, and the part of it that lists rooms, which asks again for itself while the page is open."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup

from quart_chat.pages import languages, templates, tokens
from quart_chat.pages.dress import PLAIN, Dress
from quart_chat.pages.fragments import counted
from quart_chat.pages.languages import Audience
from quart_chat.room.lobby import Listed, Visited, listed_that_fit, visited_that_fit
from quart_chat.room.people import Person
from quart_chat.room.reading import MOST, News
from quart_chat.room.search import words

FEW = 2  # rooms, of which nobody needs to look for one


@dataclass(frozen=True, slots=True)
class Rooms:
    """What a lobby lists, and for whom.

    visited: the reader's rooms, in their order; listed: those that are shown to everybody. public: the reader's public
    id. sought: what they look for, "" for all. now: ms since the epoch. left: a room that they have just taken off
    their list, and its title; None for none.
    """

    visited: Sequence[Visited]
    listed: Sequence[Listed]
    public: str
    audience: Audience
    now: int
    sought: str = ""
    left: tuple[str, str] | None = None


class _Own(NamedTuple):
    name: str
    title: str
    news: News
    number: str
    meant: str
    line: _Line | None


class _Open(NamedTuple):
    name: str
    title: str
    topic: str
    people: int
    when: _When | None


class _Line(NamedTuple):
    """A last line as it is shown. own: the reader wrote it."""

    name: str
    kind: str
    text: str
    own: bool
    when: _When


class _When(NamedTuple):
    """A time: in words, for who points at it, and for machines."""

    said: str
    moment: str
    iso: str


class _Shown(NamedTuple):
    """The part that lists rooms. address: at which it asks for itself. none: nothing fits what is looked for."""

    own: list[_Own]
    open: list[_Open]
    been: bool
    sought: str
    address: str
    left: tuple[str, str] | None
    total: News
    number: str
    meant: str

    @property
    def none(self) -> bool:
        return bool(self.sought) and not self.own and not self.open


def page(rooms: Rooms, person: Person, *, typed: str = "", error: str = "") -> str:
    """Render the lobby, its token a blank; typed: what stays in the field for a new room beside an error."""
    shown = _shown(rooms)[0]
    searches = len(rooms.visited) + len(rooms.listed) > FEW or bool(rooms.sought)
    values = {"token": tokens.BLANK, "person": person, "shown": shown, "searches": searches}
    values |= {"sought": rooms.sought, "typed": typed, "error": error}
    return templates.page("lobby.html", rooms.audience.language, gate=templates.new_gate(), **values)


def part(rooms: Rooms, dress: Dress = PLAIN) -> tuple[Markup, str]:
    """Render the lists for a lobby that is open. Gives also what tells whether they are others."""
    shown, mark = _shown(rooms)
    return templates.fragment(rooms.audience.language, "_lobby.html", "part", shown, dress), mark


def _shown(rooms: Rooms) -> tuple[_Shown, str]:
    wanted, been = words(rooms.sought), {one.name for one in rooms.visited}
    own = [_own(one, rooms) for one in visited_that_fit(rooms.visited, wanted)]
    others = [one for one in rooms.listed if one.name not in been]
    shown = [_open(one, rooms) for one in listed_that_fit(others, wanted)]
    news = [one.news for one in rooms.visited]
    total = News(min(MOST, sum(one.new for one in news)), min(MOST, sum(one.meant for one in news)))
    mark = hashlib.sha256(repr((own, shown, total, rooms.sought)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    address = f"/rooms?{urlencode({'shown': mark})}"
    counts = counted(total.new), counted(total.meant)
    return _Shown(own, shown, bool(been), rooms.sought, address, rooms.left, total, *counts), mark


def _own(room: Visited, rooms: Rooms) -> _Own:
    counts = counted(room.news.new), counted(room.news.meant)
    line = room.line
    if line is None:
        return _Own(room.name, room.title, room.news, *counts, None)
    shown = _Line(line.name, line.kind, line.text, line.author == rooms.public, _when(line.at, rooms))
    return _Own(room.name, room.title, room.news, *counts, shown)


def _open(room: Listed, rooms: Rooms) -> _Open:
    return _Open(room.name, room.title, room.topic, room.people, _when(room.at, rooms) if room.at else None)


def _when(ms: int, rooms: Rooms) -> _When:
    ago = languages.ago(ms, rooms.now, rooms.audience)
    return _When(ago, languages.moment(ms, rooms.audience), languages.iso(ms))
