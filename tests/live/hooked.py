"""Hooks of a worker's rooms, and what brings them messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from quart_chat.live.courier import Courier
from quart_chat.live.hooks import Hooks
from quart_chat.live.phrases import Phrases
from quart_chat.live.prover import Prover
from quart_chat.outward.sender import Sender
from quart_chat.room.hooks import ALL, Outgoing, Progress
from quart_chat.room.people import Person
from quart_chat.store.deeds import Deeds
from quart_chat.store.hooks import RoomHooks
from quart_chat.store.limits import Limits
from quart_chat.store.people import People
from tests.live.rig import PATIENCE, Worker, somebody
from tests.outward.receiver import LOOPBACK

HOME = "192.0.2.1"
ROOM = "room"


class Clock:
    """The time of day, ms since the epoch, and what a test adds."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead


class Hooked:
    """One worker's part."""

    def __init__(self, worker: Worker, name: str = "w1", *, incoming: bool = True, outgoing: bool = True) -> None:
        self.worker, self.clock, pipeline = worker, Clock(), worker._pipeline
        self.store = RoomHooks(pipeline, name, self.clock)
        limits, people = Limits(pipeline, name, 0), People(pipeline)
        self.hooks = Hooks(
            self.store,
            worker.rules,
            worker.sayer,
            Prover(Deeds(pipeline), people, worker.feed, limits, Phrases()),
            limits,
            incoming=incoming,
            outgoing=outgoing,
            plain=True,
            clock=self.clock,
        )
        self.courier = self.new_courier()

    def new_courier(self) -> Courier:
        sender = Sender(LOOPBACK)
        return Courier(self.store, self.worker.log, self.worker.rules, sender, clock=self.clock, chance=lambda: 0.5)

    async def open(self, room: str = ROOM) -> Person:
        """Open a room; gives its owner."""
        owner = somebody("Olga")
        await self.worker.log.open(room, room, 1, owner.public, owner.name)
        return owner

    async def hook(self, owner: Person, url: str, *, room: str = ROOM, kind: str = ALL, word: str = "") -> str:
        """Make an outgoing hook; gives its id."""
        known = {one.hook.id for one in await self.hooks.of(room)}
        await self.hooks.make_outgoing(room, owner, HOME, url=url, kind=kind, word=word)
        (made,) = (one.hook.id for one in await self.hooks.of(room) if one.hook.id not in known)
        return made

    async def progress(self, hook_id: str, room: str = ROOM) -> Progress:
        found = await self.store.one(room, hook_id)
        assert found is not None
        return found[1]

    async def comes_to(self, hook_id: str, fits: Callable[[Progress], bool]) -> Progress:
        """Wait until a hook has come so far, and give how far."""
        deadline = time.monotonic() + PATIENCE
        while not fits(found := await self.progress(hook_id)):
            assert time.monotonic() < deadline, f"it stays at {found}"
            await asyncio.sleep(0.005)
        return found

    async def secret(self, hook_id: str, room: str = ROOM) -> str:
        found = await self.store.one(room, hook_id)
        assert found is not None
        assert isinstance(found[0], Outgoing)
        return found[0].secret

    @asynccontextmanager
    async def running(self, courier: Courier | None = None) -> AsyncIterator[asyncio.Task[None]]:
        """Bring messages meanwhile."""
        task = asyncio.create_task((courier or self.courier).run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
