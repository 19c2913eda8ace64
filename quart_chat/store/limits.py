"""Limits that hold over all workers: events of a person or an address, and an address's open sockets."""

from __future__ import annotations

from collections import Counter

from quart_chat.room.limits import Limit
from quart_chat.store import keys
from quart_chat.store.client import Client, answering, script

LAPSE = 60_000  # ms after which the sockets of a worker that was killed count no more


class Limits:
    """Counts what limits bound."""

    def __init__(self, client: Client, worker: str, sockets_per_address: int) -> None:
        self._client = client
        self._worker = worker
        self._most = sockets_per_address
        self._allow = script(client, "allow.lua")
        self._sockets = script(client, "sockets.lua")
        self._open: Counter[str] = Counter()

    async def take(self, kind: str, who: str, limit: Limit) -> float:
        """Take one event; give 0.0, or the seconds to wait where none is left."""
        if not limit.most:
            return 0.0
        with answering():
            wait = await self._allow(
                keys=[keys.allowance(kind, who)], args=[f"{limit.interval * 1000:.3f}", limit.most]
            )
        return float(wait) / 1000

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
        with answering():
            return bool(
                await self._sockets(keys=[keys.sockets(address)], args=[self._worker, change, LAPSE, self._most])
            )
