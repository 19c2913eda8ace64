"""Forget somebody: at once what is kept of them, and then, room by room and in small steps, what they wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from quart_chat.errors import NoMessage, NotYours, StoreAway
from quart_chat.events import get_logger
from quart_chat.live.bearers import Bearers
from quart_chat.live.changer import Changer
from quart_chat.live.prover import Prover
from quart_chat.room.limits import FORGETTINGS, FORGETTINGS_OF_ADDRESS
from quart_chat.room.people import Person
from quart_chat.store.archive import Archive
from quart_chat.store.erasures import Erasure, Erasures
from quart_chat.store.feed import Feed
from quart_chat.store.limits import Limits
from quart_chat.store.people import People

LOOK = 2.0  # seconds between two looks whether there is something to do
SETTLED = 10_000  # ms after which no worker notes any more where somebody was when their tabs were closed
REST_PER_WORK = 3.0  # of the time that a deletion took: others have the store for three quarters

logger = get_logger(__name__)


class Eraser:
    """Takes what is kept of people out of the store; clock: ms since the epoch."""

    def __init__(
        self,
        *,
        erasures: Erasures,
        archive: Archive,
        changer: Changer,
        prover: Prover,
        people: People,
        feed: Feed,
        limits: Limits,
        bearers: Bearers,
        clock: Callable[[], int],
    ) -> None:
        self._erasures = erasures
        self._archive = archive
        self._changer = changer
        self._prover = prover
        self._people = people
        self._feed = feed
        self._limits = limits
        self._bearers = bearers
        self._clock = clock

    async def forget(self, person: Person, address: str, *, wrote: bool) -> None:
        """Forget somebody in all rooms that they have been in lately; wrote: with all that they wrote there.

        Their tabs are closed, on every worker. What they wrote is deleted afterwards, in a while.

        Raises:
            TooFast: that was done often from there. StoreAway: some may be left; it can be done again.
        """
        limits = FORGETTINGS, FORGETTINGS_OF_ADDRESS
        await self._limits.demand_from_both("forgettings", person.public, address, *limits)
        rooms = await self._people.visited(person.public)
        # listed first: whatever fails after it, what was asked for is done
        await self._erasures.add((Erasure(person.public, room, wrote) for room in rooms), self._clock() + SETTLED)
        await self._bearers.revoke_all(person)
        await self._feed.say_forgotten(person.public)
        await self._prover.give_up(person)
        await self._erasures.forget(person.public)

    async def run(self) -> None:
        """Do what is listed, in turn with the other workers, for ever."""
        while True:
            await asyncio.sleep(LOOK)
            with suppress(StoreAway):  # which others have logged; it stays listed
                while (one := await self._erasures.next(self._clock())) is not None and await self._erasures.may_go():
                    await self.erase(one)

    async def erase(self, one: Erasure) -> None:
        """Take somebody out of a room.

        Raises:
            StoreAway: some may be left; it stays listed.
        """
        count = await self._delete_all(one) if one.wrote else 0
        await self._erasures.leave_room(one.person, one.room)
        await self._erasures.forget(one.person)  # a tab that closed late may have noted a visit
        await self._erasures.done(one)
        logger.info("person.forgotten", room=one.room, messages=count)

    async def _delete_all(self, one: Erasure) -> int:
        loop, count = asyncio.get_running_loop(), 0
        async for records in self._archive.messages(one.room):
            for message, held in records:
                began = loop.time()
                with suppress(NoMessage, NotYours):  # it went meanwhile
                    if message.author == one.person and not message.deleted:
                        await self._changer.erase(one.room, one.person, message.id)
                        count += 1
                    else:
                        kinds = [kind for kind, people in held.reactions.items() if one.person in people]
                        for kind in kinds:
                            await self._changer.take_back(one.room, one.person, message.id, kind)
                        if not kinds:
                            continue
                await asyncio.sleep(REST_PER_WORK * (loop.time() - began))
                await self._erasures.may_go()
        return count
