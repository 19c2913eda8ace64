"""What a room's page needs to know of the store. One round trip at a time reads it for all pages that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

from quart_chat.room.rights import Standing
from quart_chat.store import keys
from quart_chat.store.log import Log
from quart_chat.store.newest import Newest
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Here, Presence
from quart_chat.store.rules import RoomRules

TURNS = 3  # of the loop that a round trip waits for more to ask: nothing while it is idle, a tenth of a page under load
NOTED = 10 * 60 * 1000  # ms for which a visit stands: a note costs the store a write to its disk


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a room, as far as the store knows them.

    name: that they chose; None where they did not.
    room, at: where they were last, and when, ms since the epoch; None and 0 where they were nowhere.
    """

    name: str | None = None
    room: str | None = None
    at: int = 0

    def was_just_in(self, room: str, now: int) -> bool:
        """Tell whether a visit need not be noted again: they were there last, and not long ago.

        now: ms since the epoch.
        """
        return self.room == room and abs(now - self.at) < NOTED


@dataclass(frozen=True, slots=True)
class Glance:
    """A room as it stands, who is here, who reads, and whether they may.

    read: how far they have read, an entry's id; None: not known.
    """

    newest: Newest
    here: Here
    reader: Reader
    standing: Standing
    read: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    room: str
    person: str | None
    who: tuple[str, str]  # public id and address
    answer: asyncio.Future[Glance]


class Glances:
    """Reads rooms for pages. What is read was asked for after the page was: it is never older than that."""

    def __init__(self, pipeline: Pipeline, log: Log, presence: Presence, rules: RoomRules) -> None:
        self._pipeline = pipeline
        self._log = log
        self._presence = presence
        self._rules = rules
        self._waiting: list[_Asked] = []
        self._reading: asyncio.Task[None] | None = None  # ends with the pipeline

    async def read(self, room: str, public: str, address: str = "", *, proved: bool = True) -> Glance:
        """Read a room for somebody, whether they may be in it or not: the standing that comes along tells.

        public: their public id; address: where they come from. proved: False where nothing can be known of them.

        Raises:
            StoreAway: no answer.
        """
        person = public if proved else None
        asked = _Asked(room, person, (public, address), asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_on())
        return await asked.answer

    async def _read_on(self) -> None:
        asked: list[_Asked] = []
        try:
            while self._waiting:
                for _ in range(TURNS):
                    await asyncio.sleep(0)
                asked, self._waiting = self._waiting, []
                await self._read(asked)
        finally:
            self._reading = None
            for one in (*asked, *self._waiting):
                one.answer.cancel()  # does nothing to what was answered
            self._waiting.clear()

    async def _read(self, asked: list[_Asked]) -> None:
        """Read for many: each room and each person once, all of them in one turn and so in one round trip."""
        rooms = tuple({one.room for one in asked})
        people = tuple({one.person for one in asked if one.person is not None})
        places = tuple({(one.room, one.person) for one in asked if one.person is not None})
        answers: list[Any] = await asyncio.gather(
            *map(self._log.newest, rooms),
            *map(self._presence.read, rooms),
            *(self._pipeline.command("GET", keys.name(person)) for person in people),
            *(self._pipeline.command("ZREVRANGE", keys.visited(person), 0, 0, "WITHSCORES") for person in people),
            *(self._pipeline.command("HGET", keys.read(room), person) for room, person in places),
            *(self._rules.standing(one.room, *one.who) for one in asked),
            return_exceptions=True,
        )
        newest, here = answers[: len(rooms)], answers[len(rooms) : 2 * len(rooms)]
        rest = answers[2 * len(rooms) :]
        names, latest, rest = rest[: len(people)], rest[len(people) : 2 * len(people)], rest[2 * len(people) :]
        read, standings = rest[: len(places)], rest[len(places) :]
        of_place = dict(zip(places, read, strict=True))
        of_room = dict(zip(rooms, map(_made, repeat(_room), newest, here), strict=True))
        of_person = dict(zip((*people, None), (*map(_made, repeat(_reader), names, latest), Reader()), strict=True))
        for one, standing in zip(asked, standings, strict=True):
            glance = _made(_glance, _made(_room_for, of_room[one.room], standing), of_person[one.person])
            if one.person is not None:
                glance = _made(_placed, glance, of_place[one.room, one.person])
            if one.answer.done():
                continue  # whoever asked has left
            if isinstance(glance, asyncio.CancelledError):
                one.answer.cancel()  # the worker ends
            elif isinstance(glance, BaseException):
                one.answer.set_exception(glance)
            else:
                one.answer.set_result(glance)


def _made(make: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    """Make something of two answers; an error in place of either, or of what is made, is told to who asked alone."""
    for answer in (one, other):
        if isinstance(answer, BaseException):
            return answer
    try:
        return make(one, other)
    except Exception as error:
        return error


def _room(newest: Newest, here: Here) -> tuple[Newest, Here]:
    return newest, here


def _room_for(room: tuple[Newest, Here], standing: Standing) -> tuple[Newest, Here, Standing]:
    return *room, standing


def _glance(room: tuple[Newest, Here, Standing], reader: Reader) -> Glance:
    newest, here, standing = room
    return Glance(newest, here, reader, standing)


def _placed(glance: Glance, read: str | None) -> Glance:
    return replace(glance, read=read)


def _reader(name: str | None, latest: list[str]) -> Reader:
    room, at = latest or (None, 0)
    return Reader(name, room, int(at))
