"""Let go of messages that rooms keep no longer: in steps that rest, one worker for all, whoever is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from quart_chat import metrics
from quart_chat.errors import StoreAway
from quart_chat.events import get_logger
from quart_chat.live.leftovers import Leftovers
from quart_chat.store.expiring import Expiring
from quart_chat.store.rules import RoomRules

LOOK = 5.0  # seconds between two looks whether something is due
AGAIN = 45_000  # ms between two looks at a room: with what LOOK and a turn take, less than a minute
REST_PER_WORK = 3.0  # of the time that a step took: others have the store for three quarters

logger = get_logger(__name__)


class Expirer:
    """Takes old messages out of rooms, and their files off the shelf; clock: ms since the epoch."""

    def __init__(self, expiring: Expiring, rules: RoomRules, leftovers: Leftovers, clock: Callable[[], int]) -> None:
        self._expiring = expiring
        self._rules = rules
        self._leftovers = leftovers
        self._clock = clock

    async def run(self) -> None:
        """Do what is due, in turn with the other workers, for ever."""
        while True:
            await asyncio.sleep(LOOK)
            with suppress(StoreAway):  # which others have logged; it stays listed
                await self.look()

    async def look(self) -> int:
        """Do all that is due now; gives how many messages went.

        Raises:
            StoreAway: some may be left; it stays listed.
        """
        count = steps = 0
        try:
            while (gone := await self._step()) is not None:
                count += gone
                steps += 1
        finally:
            if count:
                logger.info("messages.expired", count=count, steps=steps)
        return count

    async def _step(self) -> int | None:
        """Do a step in the room that is due first; gives how many messages went, None where no room is due."""
        duty = await self._expiring.claim(self._clock(), self._clock() + AGAIN)
        if duty is None:
            return None
        room, loop = duty.what, asyncio.get_running_loop()
        keep = await self._rules.keep(room)
        if keep is None:
            return 0  # it was put off, and is looked at again: its rules may be mended
        if not keep:
            await self._expiring.duties.move(duty, None)
            return 0
        began = loop.time()
        done = await self._expiring.expire(room, keep)
        took = loop.time() - began
        # others that are due come first where more is to be done in this one
        now = self._clock()
        await self._expiring.duties.move(duty, now + max(done.wait, AGAIN) if done.wait else now)
        metrics.EXPIRED.inc(done.messages)
        if done.files:
            try:
                await self._leftovers.take_away(room, done.files)
            except StoreAway as away:  # the messages are gone, and their files can't be reached: the sweep takes them
                logger.warning("files.left", reason=str(away))
        await asyncio.sleep(REST_PER_WORK * took)
        return done.messages
