"""A server under load: people who write in a room and people who read it, until a test has broken enough."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import httpx
import pytest
from redis import Redis

from quart_chat.pages import ids
from tests.chaos.proxy import FaultProxy
from tests.promise import ledger
from tests.promise.conftest import NO_LIMITS
from tests.promise.history import History
from tests.promise.test_promise import kept, settle, write
from tests.promise.visitor import Visitor
from tests.server.processes import ServerProcess
from tests.store.valkey import Valkey

AnyHouse = TypeVar("AnyHouse", bound="House")
SENDERS, READERS = 3, 4
NO_GHOST = 60.0  # seconds until who is here is right again, whatever has died


class House:
    """A server, and who is in its room. The first SENDERS of them write all the time."""

    def __init__(self, server: ServerProcess, room: str, people: list[Visitor], stranger: Visitor) -> None:
        self.server = server
        self.room = room
        self.people = people
        self.writers, self.readers = people[:SENDERS], people[SENDERS:]
        self.stranger = stranger  # writes without a page: what a test notes as written by them
        self.lost: set[str] = set()  # what was acknowledged and is not in the room: known when all have left
        self.blows = History("the test")

    async def until_told(self) -> None:
        """Wait until every page says that messages cannot be taken."""
        for one in self.people:
            await one.until(lambda one=one: shown(one) == "store", "that it is told")

    async def until_refused(self) -> None:
        """Wait until every writer was told that what they write is not kept, or that nothing can be kept now."""
        for one in self.writers:
            told = one.refusals
            await one.until(lambda one=one, told=told: one.refusals > told or shown(one) == "store", "that it is told")

    async def until_healed(self) -> float:
        """Wait until each writer's messages are acknowledged again; gives the seconds that it took."""
        began = time.monotonic()
        for one in self.writers:
            goal = len(one.page.taken) + 1
            await one.until(lambda one=one, goal=goal: len(one.page.taken) >= goal, "another acknowledgement")
        for one in self.people:
            await one.until(lambda one=one: shown(one) == "live", "that it is live")
        return time.monotonic() - began


class StoreHouse(House):
    """Two workers with a store elsewhere, and a proxy between."""

    def __init__(self, valkey: Valkey, proxy: FaultProxy, *house: Any) -> None:
        super().__init__(*house)
        self.valkey = valkey
        self.proxy = proxy


def one_by_one(faults: Sequence[Any], times: int) -> list[Any]:
    """Say what a test breaks in each of its runs: one fault so many times; when that is once, all of them in turn."""
    if times == 1:
        return [pytest.param(faults, id="each")]
    return [pytest.param([fault] * times, id=fault.__name__) for fault in faults]


def named(faults: Sequence[Any]) -> str:
    """Name what was broken, each kind once."""
    return ", ".join(dict.fromkeys(fault.__name__ for fault in faults))


def shown(visitor: Visitor) -> str | None:
    """What a page says of its connection."""
    state = visitor.page.states.get(ids.CONNECTION)
    return None if state is None else state.get("class")


@asynccontextmanager
async def crowd(
    server: ServerProcess,
    http: httpx.AsyncClient,
    chance: Random,
    room: str,
    look: Callable[[], Redis] | None = None,
    *,
    url: str | None = None,
    may_lose: bool = False,
    make: Callable[..., AnyHouse] = House,  # type: ignore[assignment]
) -> AsyncIterator[AnyHouse]:
    """Let people in, and let them write.

    look: opens a client of the store; None: of the server's own. url: where they connect; None: to the server itself.
    may_lose: the store may forget what it had acknowledged. make: takes what a House does.

    At the end everything that was acknowledged is in the room once, every page shows the room, and all who are here.
    """
    async with AsyncExitStack() as stack:
        people = [Visitor(http, url or server.url, room, f"v{number}", chance) for number in range(SENDERS + READERS)]
        for one in people:
            await stack.enter_async_context(one)
        house = make(server, room, people, Visitor(http, server.url, room, "stranger", chance))
        writing = [asyncio.create_task(write(one, chance)) for one in house.writers]
        try:
            await house.until_healed()
            yield house
        finally:
            for task in writing:
                task.cancel()
            await asyncio.gather(*writing, return_exceptions=True)
        log = await settle(people, server, room, look)
        writers = [*people, house.stranger]
        house.lost = ledger.lost(log, people)
        kept(log, writers, people, house.blows, may_lose=may_lose)
        for one in people:
            await one.until(lambda one=one: one.page.counted == len(people), "everybody, and no ghost", NO_GHOST)
        print(f"{len(log)} messages, {sum(len(one.codes) for one in people)} connections lost")


@asynccontextmanager
async def running(folder: Path, *, workers: int = 2, **env: str) -> AsyncIterator[ServerProcess]:
    """Run a server without holding up the test's loop: what stands between it and its store may run there."""
    server = ServerProcess(folder / "data", workers=workers, env={**NO_LIMITS, **env}, wait=False)
    await asyncio.to_thread(server.__enter__)
    try:
        await asyncio.to_thread(server.wait_for_output, "Quart Chat is at")
        yield server
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


@asynccontextmanager
async def store_house(
    folder: Path, http: httpx.AsyncClient, chance: Random, room: str, *, fsync: str = "always"
) -> AsyncIterator[StoreHouse]:
    """Run a house with a store elsewhere; fsync: the store's `appendfsync`."""
    with Valkey(append_only=True, fsync=fsync) as valkey:
        async with (
            FaultProxy(valkey.path, chance) as proxy,
            running(folder, REDIS_URL=proxy.url) as server,
            crowd(server, http, chance, room, valkey.client, make=partial(StoreHouse, valkey, proxy)) as house,
        ):
            yield house
