"""How far people have read rooms, by room, and what is new to them since."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain

from quart_chat.room.entries import NO_ENTRY
from quart_chat.room.reading import MOST, News
from quart_chat.store import keys
from quart_chat.store.line import Argument
from quart_chat.store.people import People
from quart_chat.store.pipeline import Pipeline, Script

REMEMBERED = 10_000  # people of a room: 1 MB
AT_ONCE = 1000  # of them that one script notes, about a ms of the store


@dataclass(frozen=True, slots=True)
class Unread:
    """What is new to somebody in a room.

    title: of the room; None where there is none. end: the id of its last entry.
    read: how far they had read, an entry's id; None: not known.
    """

    title: str | None
    end: str
    read: str | None
    news: News


class Reads:
    """Places in rooms by person. stays: ms that an unused room stays, 0 for ever; clock: ms since the epoch."""

    def __init__(self, pipeline: Pipeline, people: People, stays: int, clock: Callable[[], int]) -> None:
        self._pipeline = pipeline
        self._people = people
        self._stays = stays
        self._clock = clock
        self._read = Script.load("read.lua")
        self._unread = Script.load("unread.lua")

    async def note(self, room: str, places: Mapping[str, str]) -> bool:
        """Note how far people have read: public id to the id of the last entry that they were shown.

        Whoever has read on already stays there. The room is told of the others. Who reads here for the first time has
        been here from now on.

        Gives False where there is no such room: nothing was noted.
        """
        names = keys.read(room), keys.channel(room), keys.meta(room)
        noted = list(places.items())
        for start in range(0, len(noted), AT_ONCE):
            args: list[Argument] = [self._stays, REMEMBERED, *chain(*noted[start : start + AT_ONCE])]
            newcomers = await self._pipeline.script(self._read, names, args)
            if newcomers is None:
                return False
            await asyncio.gather(*(self._people.visit(one, room, self._clock(), again=False) for one in newcomers))
        return True

    async def title(self, room: str) -> str | None:
        """Give a room's title; None where there is no such room."""
        title = await self._pipeline.command("HGET", keys.meta(room), "title")
        return None if title is None else str(title)

    async def unread(self, room: str, person: str) -> Unread:
        """Count what is new to somebody; person: public id."""
        names = keys.read(room), keys.messages(room), keys.meta(room), keys.changes(room), keys.last(room)
        title, end, read, count, meant, first = await self._pipeline.script(self._unread, names, (person, MOST))
        return Unread(title, end or NO_ENTRY, read, News(int(count), int(meant), first))
