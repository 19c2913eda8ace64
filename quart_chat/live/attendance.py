"""Who is here, as one worker knows it: people by their tabs, with some grace for a reload."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from quart_chat.errors import StoreAway
from quart_chat.events import get_logger
from quart_chat.live.room import LiveRoom
from quart_chat.room.people import Person
from quart_chat.store.presence import Presence

GRACE = 8.0  # seconds that somebody stays after their last tab closed; gone within 10 with what follows
GATHER = 0.1  # seconds in which changes become one announcement; more in a full room
GATHER_PER_PERSON = 0.002
GATHER_MOST = 0.8

logger = get_logger(__name__)

Run = Callable[[Coroutine[Any, Any, None]], object]
Named = Callable[[str, str, str], None]  # told: room, public id, and the name under which they are in it


@dataclass(slots=True)
class _Present:
    name: str
    tabs: int
    leaving: asyncio.TimerHandle | None = None


class Attendance:
    """The people of one room that have tabs on this worker; named: is told who is there under another name."""

    def __init__(self, room: LiveRoom, presence: Presence, run: Run, named: Named) -> None:
        self._room = room
        self._presence = presence
        self._run = run
        self._named = named
        self._unnamed: set[str] = set()  # who came, or has a new name, since the last announcement
        self._one_by_one = asyncio.Lock()
        self._people: dict[str, _Present] = {}
        self._telling: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        """Tell whether anybody is here, or has just left."""
        return bool(self._people)

    def names(self) -> dict[str, str]:
        """Give who is here: public id to name."""
        return {public: present.name for public, present in self._people.items()}

    def arrive(self, person: Person) -> None:
        """Count one more tab of somebody."""
        public = person.public
        present = self._people.get(public)
        if present is None:
            self._people[public] = _Present(person.name, 1)
            self._unnamed.add(public)
            self._tell_soon()
            return
        present.tabs += 1
        if present.leaving is not None:
            present.leaving.cancel()
            present.leaving = None
        self.rename(public, person.name)

    def depart(self, person: Person) -> None:
        """Count one tab less; after GRACE without any, the person is gone."""
        public = person.public
        present = self._people.get(public)
        if present is None:
            return
        present.tabs -= 1
        if present.tabs <= 0:
            present.leaving = asyncio.get_running_loop().call_later(GRACE, self._gone, public)

    def rename(self, public: str, name: str) -> None:
        """Note a new name."""
        present = self._people.get(public)
        if present is not None and present.name != name:
            present.name = name
            self._unnamed.add(public)
            self._tell_soon()

    def shown(self, person: Person) -> str:
        """Give the name under which somebody is in the room, as far as it is settled."""
        return self._presence.names.known(self._room.name, person.public, person.name) or person.name

    def forget(self, public: str) -> None:
        """Let somebody go at once, whatever tabs they have."""
        present = self._people.get(public)
        if present is not None:
            if present.leaving is not None:
                present.leaving.cancel()
            self._gone(public)

    def _gone(self, public: str) -> None:
        self._people.pop(public, None)
        self._tell_soon()

    def tell(self) -> None:
        """Announce who is here once more: the lease may have lapsed while the store was away."""
        if self._people:
            self._presence.names.doubt(self._room.name)
            self._tell_soon()

    def _tell_soon(self) -> None:
        if self._telling is None:
            delay = min(GATHER_MOST, GATHER + GATHER_PER_PERSON * len(self._people))
            self._telling = asyncio.get_running_loop().call_later(delay, self._tell)

    def _tell(self) -> None:
        self._telling = None
        self._run(self._announce())

    async def _announce(self) -> None:
        # a store that is away now is told by the next renewal
        with suppress(StoreAway):
            async with self._one_by_one:
                self._room.show_here(await self._presence.announce(self._room.name, self.names()))
            self._tell_names()

    async def renew(self) -> None:
        """Renew the lease, and take what the other workers' leases say."""
        with suppress(StoreAway):
            async with self._one_by_one:
                self._room.show_here(await self._presence.renew(self._room.name, self.names()))
            self._tell_names()

    def _tell_names(self) -> None:
        """Tell who is here under another name than they chose."""
        for public in list(self._unnamed):
            present = self._people.get(public)
            shown = present and self._presence.names.known(self._room.name, public, present.name)
            if shown or present is None:
                self._unnamed.discard(public)
            if present is not None and shown and shown != present.name:
                self._named(self._room.name, public, shown)

    async def part(self) -> None:
        """Leave what is known to lapse with the grace that a reload gets: the tabs come back elsewhere."""
        self.end()
        if self._people:
            with suppress(StoreAway):
                await self._presence.part(self._room.name, self.names(), GRACE)

    def end(self) -> None:
        """Cancel what is still timed."""
        if self._telling is not None:
            self._telling.cancel()
        for present in self._people.values():
            if present.leaving is not None:
                present.leaving.cancel()
