"""How far people have read rooms, by room, what is new to them since, and the last that was said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from quart_chat.kept import Kept
from quart_chat.room.entries import NO_ENTRY
from quart_chat.room.reading import MOST, NO_NEWS, RECENT, Line, News, line_of
from quart_chat.store import keys
from quart_chat.store.changing import shown_of
from quart_chat.store.line import Argument
from quart_chat.store.people import People
from quart_chat.store.pipeline import Pipeline, Script
from quart_chat.store.rows import read_row

CALLED = 3000  # ms in which somebody is called once, in whichever tab
KNOWN = 20_000  # counts that a worker keeps, and
LINES = 20_000  # last lines of rooms: at most 8 MB
BEHIND = 10  # deleted messages, at most, behind which the last line is looked for
REMEMBERED = 10_000  # people of a room: 1 MB
AT_ONCE = 1000  # of them that one script notes, about a ms of the store


@dataclass(frozen=True, slots=True)
class Unread:
    """What is new to somebody in a room.

    title: of the room; None where there is none. end: the id of its last entry.
    read: how far they had read, an entry's id; None: not known. held: messages that the room had; 0 where all was read.
    line: the last that was said; None where nothing was, or the newest messages are deleted.
    """

    title: str | None
    end: str
    read: str | None
    news: News
    held: int = 0
    line: Line | None = None


class Reads:
    """Places in rooms by person. stays: ms that an unused room stays, 0 for ever; clock: ms since the epoch."""

    def __init__(self, pipeline: Pipeline, people: People, stays: int, clock: Callable[[], int]) -> None:
        self._pipeline = pipeline
        self._people = people
        self._stays = stays
        self._clock = clock
        self._read = Script.load("read.lua")
        self._unread = Script.load("unread.lua")
        self._known: Kept[tuple[str, str], Unread] = Kept(KNOWN, KNOWN)
        self._lines: Kept[str, tuple[str, int, Line | None]] = Kept(LINES, LINES)  # with what they were read under

    async def note(self, room: str, places: Mapping[str, str]) -> bool:
        """Note how far people have read: public id to the id of the last entry that they were shown.

        Whoever has read on already stays there. The room is told of the others. Who reads here for the first time has
        been here from now on.

        Gives False where there is no such room: nothing was noted.
        """
        names = keys.read(room), keys.channel(room), keys.meta(room), keys.last(room)
        noted = list(places.items())
        for start in range(0, len(noted), AT_ONCE):
            args: list[Argument] = [self._stays, REMEMBERED, *chain(*noted[start : start + AT_ONCE])]
            newcomers = await self._pipeline.script(self._read, names, args)
            if newcomers is None:
                return False
            await asyncio.gather(*(self._people.visit(one, room, self._clock(), again=False) for one in newcomers))
        return True

    async def places(self, room: str, people: Sequence[str]) -> dict[str, str | None]:
        """Tell how far people have read, by public id; None: not known."""
        if not people:
            return {}
        return dict(zip(people, await self._pipeline.command("HMGET", keys.read(room), *people), strict=True))

    async def unread(self, room: str, person: str) -> Unread:
        """Count what is new to somebody, and give the last line; person: public id.

        What has not changed is neither counted again nor sent.
        """
        known, line = self._known.get((room, person)), self._lines.get(room)
        told = ("", "", 0) if known is None else (known.end, known.read or "", known.held)
        told_line = ("", 0) if line is None else line[:2]
        names = keys.read(room), keys.messages(room), keys.meta(room), keys.changes(room), keys.last(room)
        args = (person, RECENT, *told, *told_line, BEHIND)
        title, end, read, held, newest, *counted = await self._pipeline.script(self._unread, names, args)
        if counted:
            new, meant, first = counted
            news = News(min(int(new), MOST), min(int(meant), MOST), first)
        else:
            news = known.news if known is not None else NO_NEWS
        if newest:
            line = end or "", int(newest[0]), _line(*newest[1:])
            self._lines.put(room, line, 1)
        unread = Unread(title, end or NO_ENTRY, read, news, int(held), line[2] if line is not None and title else None)
        self._known.put((room, person), unread, 1)
        return unread

    async def may_call(self, person: str) -> bool:
        """Tell whether it falls to whoever asks to let somebody hear that they are meant; to no other for a while."""
        return await self._pipeline.command("SET", keys.called(person), "1", "NX", "PX", CALLED) is not None


def _line(entry_id: str = "", fields: Sequence[str] = (), change: str | None = None) -> Line | None:
    """Read a last line as the script gives it; None for none, or one that is torn."""
    message = read_row(entry_id, fields).message if entry_id else None
    if message is None:
        return None
    changes = shown_of(entry_id, change)
    return line_of(message if changes is None else message._replace(changes=changes))
