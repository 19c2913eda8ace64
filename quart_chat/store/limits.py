"""Limits that hold over all workers: events of a person or an address, and an address's open sockets."""

from __future__ import annotations

from collections import Counter

from quart_chat.room.limits import Limit
from quart_chat.store import keys
from quart_chat.store.pipeline import Pipeline, Script

LAPSE = 60_000  # ms after which the sockets of a worker that was killed count no more


class Limits:
    """Counts what limits bound."""

    def __init__(self, pipeline: Pipeline, worker: str, sockets_per_address: int) -> None:
        self._pipeline = pipeline
        self._worker = worker
        self._most = sockets_per_address
        self._allow = Script.load("allow.lua")
        self._sockets = Script.load("sockets.lua")
        self._open: Counter[str] = Counter()

    async def take(self, kind: str, who: str, limit: Limit) -> float:
        """Take one event; give 0.0, or the seconds to wait where none is left."""
        return (await self.take_some(kind, who, limit, 1))[1]

    async def take_from_both(self, kind: str, person: str, address: str, most: Limit, of_address: Limit) -> float:
        """Take one event of a person and one of their address; give 0.0, or the seconds to wait.

        person: public id. Where the person has none left, none of the address is taken.
        """
        return await self.take(kind, person, most) or await self.take(kind, f"@{address}", of_address)

    async def take_some(self, kind: str, who: str, limit: Limit, count: int) -> tuple[int, float]:
        """Take as many events as are left, at most `count`.

        Gives how many were taken, and the seconds until one more will be left; 0.0 where all were taken.
        """
        if not limit.most:
            return count, 0.0
        args = (f"{limit.interval * 1000:.3f}", limit.most, count)
        taken, wait = await self._pipeline.script(self._allow, [keys.allowance(kind, who)], args)
        return int(taken), float(wait) / 1000

    async def open_socket(self, address: str) -> bool:
        """Count one more socket of an address; False where that is too many, and it is not counted."""
        if not self._most:
            return True
        within = await self._note(address, "1")
        if within:
            self._open[address] += 1
        return within

    async def close_socket(self, address: str) -> None:
        """Count one socket less."""
        if not self._most:
            return
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]
        await self._note(address, "-1")

    async def renew(self) -> None:
        """Say again how many this worker has; call it well within LAPSE."""
        for address in list(self._open):
            await self._note(address, f"all {self._open[address]}")

    async def _note(self, address: str, change: str) -> bool:
        args = (self._worker, change, LAPSE, self._most)
        return bool(await self._pipeline.script(self._sockets, [keys.sockets(address)], args))
