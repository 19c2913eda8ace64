"""What one worker does for all, and when: a list that all workers share, and whose turn it is."""

from __future__ import annotations

from typing import NamedTuple

from quart_chat.store.pipeline import Pipeline, Script

TURN = 60_000  # ms for which one worker does this for all; it says so again as it goes on


class Duty(NamedTuple):
    """Something that is to be done. due: ms since the epoch, from when on."""

    what: str
    due: int


class Duties:
    """One such list.

    listed: key of the sorted set of what is to be done. turn: key of what says who does it, for `lasts` ms.
    """

    def __init__(self, pipeline: Pipeline, worker: str, listed: str, turn: str, lasts: int = TURN) -> None:
        self._pipeline = pipeline
        self._worker = worker
        self._listed = listed
        self._turn = turn
        self._lasts = lasts
        self._move = Script.load("move.lua")

    async def add(self, what: str, due: int) -> None:
        """List what is to be done, or list it anew; due: ms since the epoch, from when on.

        Raises:
            StoreAway: it may not be listed.
        """
        await self._pipeline.command("ZADD", self._listed, due, what)

    async def next(self, now: int) -> Duty | None:
        """Give what is to be done next, and do not take it off the list; None: nothing yet; now: ms since the epoch."""
        found = await self._pipeline.command("ZRANGEBYSCORE", self._listed, "-inf", now, "WITHSCORES", "LIMIT", 0, 1)
        return Duty(str(found[0]), int(found[1])) if found else None

    async def move(self, duty: Duty, due: int | None) -> bool:
        """Put something off, or take it off the list where `due` is None; False where it was listed anew meanwhile."""
        args = (duty.what, duty.due, "" if due is None else due)
        return bool(await self._pipeline.script(self._move, [self._listed], args))

    async def done(self, what: str) -> None:
        """Take something off the list."""
        await self._pipeline.command("ZREM", self._listed, what)

    async def may_go(self) -> bool:
        """Take the turn to do this, or say that it goes on; False while another worker has it."""
        if await self._pipeline.command("SET", self._turn, self._worker, "NX", "PX", self._lasts):
            return True
        if await self._pipeline.command("GET", self._turn) != self._worker:
            return False
        await self._pipeline.command("PEXPIRE", self._turn, self._lasts)
        return True

    async def leave(self) -> None:
        """Give the turn up, for the next worker that asks."""
        if await self._pipeline.command("GET", self._turn) == self._worker:
            await self._pipeline.command("DEL", self._turn)
