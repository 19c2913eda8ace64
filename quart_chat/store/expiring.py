"""Rooms that keep messages for a while only: which of them is to be looked at when, and what of them goes."""

from __future__ import annotations

from typing import NamedTuple

from quart_chat.store import keys
from quart_chat.store.duties import Duties, Duty
from quart_chat.store.log import Retention, told
from quart_chat.store.pipeline import Pipeline, Script

HOUR = 3_600_000  # ms
AT_ONCE = 200  # messages that one call lets go: 0.5 ms of the store, and 3.5 ms where all have a file and were edited
SETTLED = 10_000  # ms after which rules that are about to be written are written, or never will be
TURN = 15_000  # ms for which one worker does this for all: one that died must not hold it up for long


class Expired(NamedTuple):
    """What a room let go.

    messages: how many. wait: ms in which the oldest that it has left is to go, 0: now, there is more to look at.
    files: digests of what they held.
    """

    messages: int
    wait: int
    files: list[str]


async def list_room(pipeline: Pipeline, room: str, due: int) -> None:
    """List a room whose rules say, or are about to say, for how long messages stay.

    It comes before the rules: a room that is listed for nothing is taken off again, and one that is not is forgotten.
    due: ms since the epoch when it is to be looked at: once they are written, SETTLED from now.

    Raises:
        StoreAway: it may not be listed.
    """
    await pipeline.command("ZADD", keys.EXPIRING, due, room)


class Expiring:
    """All rooms that keep messages for a while only."""

    def __init__(self, pipeline: Pipeline, worker: str, retention: Retention) -> None:
        self._pipeline = pipeline
        self._fixed = told(retention)
        self.duties = Duties(pipeline, worker, keys.EXPIRING, keys.EXPIRER, TURN)
        self._script = Script.load("held.lua", "entry.lua", "rewrite.lua", "expire.lua")

    async def claim(self, now: int, again: int) -> Duty | None:
        """Give the room that is to be looked at next, and put it off until then, ms since the epoch.

        So a room that breaks what looks at it holds up no other. None: there is none, or another worker has the turn.

        Raises:
            StoreAway: no answer.
        """
        while (duty := await self.duties.next(now)) is not None and await self.duties.may_go():
            if await self.duties.move(duty, again):
                return duty._replace(due=again)
        return None

    async def expire(self, room: str, hours: int, most: int = AT_ONCE) -> Expired:
        """Let go of messages that are older than so many hours; one call looks at so many, and lets go of no more.

        A room that is not there has nothing to let go.

        Raises:
            StoreAway: it may or may not have been done; it can be done again.
        """
        names = (*keys.of_entries(room), keys.rewritten(room))
        gone = await self._pipeline.script(self._script, names, (*self._fixed, room, hours * HOUR, most))
        if gone is None:
            return Expired(0, hours * HOUR, [])
        count, wait, files = gone
        return Expired(int(count), int(wait), list(dict.fromkeys(map(str, files))))
