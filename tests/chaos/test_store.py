"""The store and the way to it break in every manner, under load: pages say so, it heals by itself, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random

import httpx
import pytest

from quart_chat.pages import ids
from tests.chaos.proxy import FaultProxy
from tests.promise.conftest import NO_LIMITS
from tests.promise.test_promise import kept, settle, write
from tests.promise.visitor import Visitor
from tests.server.processes import ServerProcess
from tests.store.valkey import Valkey

TIMES = int(os.environ.get("CHAOS_STORE") or 1)  # blows of each kind
STARVED = int(os.environ.get("CHAOS_STARVED") or 1)
HEALED = 10.0  # seconds after a fault's end until messages go through again
HEARD = 15.0  # seconds until a subscription that is silent is begun anew
SENDERS, READERS = 3, 4

pytestmark = pytest.mark.timeout(60 + 25 * max(TIMES, STARVED))


class House:
    """A server of two workers with a proxy before its store, and people who write and read."""

    def __init__(
        self, server: ServerProcess, valkey: Valkey, proxy: FaultProxy, people: list[Visitor], chance: Random
    ) -> None:
        self.server = server
        self.valkey = valkey
        self.proxy = proxy
        self.people = people
        self.writers = people[:SENDERS]
        self.chance = chance

    @property
    def acknowledged(self) -> int:
        return sum(len(one.page.taken) for one in self.people)

    async def until_told(self) -> None:
        """Wait until every page says that messages cannot be taken."""
        for one in self.people:
            await one.until(lambda one=one: shown(one) == "store", "that it is told")

    async def until_healed(self) -> float:
        """Wait until each writer's messages are acknowledged again; gives the seconds that it took."""
        began = time.monotonic()
        for one in self.writers:
            goal = len(one.page.taken) + 1
            await one.until(lambda one=one, goal=goal: len(one.page.taken) >= goal, "another acknowledgement")
        for one in self.people:
            await one.until(lambda one=one: shown(one) == "live", "that it is live")
        return time.monotonic() - began


def shown(visitor: Visitor) -> str | None:
    """What a page says of its connection."""
    state = visitor.page.states.get(ids.CONNECTION)
    return None if state is None else state.get("class")


@asynccontextmanager
async def house(tmp_path: Path, http: httpx.AsyncClient, chance: Random, room: str) -> AsyncIterator[House]:
    """Run it; at its end everything that was acknowledged is in the room once, and every page shows the room."""
    valkey = Valkey(append_only=True)
    writing: list[asyncio.Task[None]] = []
    try:
        valkey.start()
        async with FaultProxy(valkey.path, chance) as proxy:
            env = {**NO_LIMITS, "REDIS_URL": proxy.url}
            server = ServerProcess(tmp_path / "data", workers=2, env=env, wait=False)
            await asyncio.to_thread(server.__enter__)
            try:
                await asyncio.to_thread(server.wait_for_output, "Quart Chat is at")
                async with AsyncExitStack() as stack:
                    people = [
                        Visitor(http, server.url, room, f"v{number}", chance) for number in range(SENDERS + READERS)
                    ]
                    for one in people:
                        await stack.enter_async_context(one)
                    made = House(server, valkey, proxy, people, chance)
                    writing = [asyncio.create_task(write(one, chance)) for one in made.writers]
                    await made.until_healed()
                    yield made
                    for task in writing:
                        task.cancel()
                    await asyncio.gather(*writing, return_exceptions=True)
                    log = await settle(people, server, room, valkey.client)
                    kept(log, people, people)
                    print(f"{len(log)} messages, {proxy.opened} connections to the store")
            finally:
                for task in writing:
                    task.cancel()
                await asyncio.to_thread(server.__exit__, None, None, None)
    finally:
        valkey.end()


Fault = Callable[[House], Awaitable[None]]


async def stopped(house: House) -> None:
    """The store's process hangs."""
    house.valkey.send(signal.SIGSTOP)
    try:
        await house.until_told()
    finally:
        house.valkey.send(signal.SIGCONT)


async def killed(house: House) -> None:
    """The store's process dies, and is started again."""
    house.valkey.kill()
    await house.until_told()
    await asyncio.to_thread(house.valkey.start)


async def blackholed(house: House) -> None:
    """The way to the store swallows everything, and closes nothing."""
    house.proxy.blackhole()
    try:
        await house.until_told()
    finally:
        house.proxy.heal()


async def reset(house: House) -> None:
    """The way to the store is closed off."""
    house.proxy.reset()
    try:
        await house.until_told()
    finally:
        house.proxy.heal()


async def cut(house: House) -> None:
    """Every connection to the store is broken off once: nobody need notice."""
    house.proxy.cut()


async def sliced(house: House) -> None:
    """What comes from the store and goes there comes late and in pieces."""
    house.proxy.slow(0.002, 97)
    await asyncio.sleep(2)
    house.proxy.heal()


@pytest.mark.parametrize("fault", [stopped, killed, blackholed, reset, cut, sliced])
async def test_it_heals_within_seconds_and_nothing_is_lost(
    fault: Fault, tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    took = []
    async with house(tmp_path, http, chance, fault.__name__) as running:
        for _ in range(TIMES):
            await fault(running)
            took.append(await running.until_healed())
            await asyncio.sleep(chance.uniform(0, 0.5))
    print(f"{fault.__name__}: healed within {max(took):.1f} s")
    assert max(took) < HEALED


async def test_a_subscription_that_is_silently_starved_is_noticed(
    tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    took = []
    async with house(tmp_path, http, chance, "starved") as running:
        for _ in range(STARVED):
            assert running.proxy.starve() >= 1
            began = time.monotonic()
            await running.until_healed()
            took.append(time.monotonic() - began)
            await asyncio.sleep(chance.uniform(0, 1))
    print(f"starved: healed within {max(took):.1f} s")
    assert max(took) < HEARD
