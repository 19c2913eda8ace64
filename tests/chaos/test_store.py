"""The store and the way to it break in every manner, under load: pages say so, it heals by itself, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.chaos.house import StoreHouse, store_house

TIMES = int(os.environ.get("CHAOS_STORE") or 1)  # blows of each kind
STARVED = int(os.environ.get("CHAOS_STARVED") or 1)
HEALED = 10.0  # seconds after a fault's end until messages go through again
HEARD = 15.0  # seconds until a subscription that is silent is begun anew

pytestmark = pytest.mark.timeout(120 + 25 * max(TIMES, STARVED))

Fault = Callable[[StoreHouse], Awaitable[None]]


async def stopped(house: StoreHouse) -> None:
    """The store's process hangs."""
    house.valkey.send(signal.SIGSTOP)
    try:
        await house.until_told()
    finally:
        house.valkey.send(signal.SIGCONT)


async def killed(house: StoreHouse) -> None:
    """The store's process dies, and is started again."""
    house.valkey.kill()
    await house.until_told()
    await asyncio.to_thread(house.valkey.start)


async def blackholed(house: StoreHouse) -> None:
    """The way to the store swallows everything, and closes nothing."""
    house.proxy.blackhole()
    try:
        await house.until_told()
    finally:
        house.proxy.heal()


async def reset(house: StoreHouse) -> None:
    """The way to the store is closed off."""
    house.proxy.reset()
    try:
        await house.until_told()
    finally:
        house.proxy.heal()


async def cut(house: StoreHouse) -> None:
    """Every connection to the store is broken off once: nobody need notice."""
    house.proxy.cut()


async def full(house: StoreHouse) -> None:
    """The store's memory is full: it takes nothing, and answers all else."""
    with house.valkey.client() as look:
        look.config_set("maxmemory", "1mb")
        try:
            for one in house.writers:
                await one.until(lambda one=one: any("refused" in event for event in one.events), "that it is told")
        finally:
            look.config_set("maxmemory", "0")


async def sliced(house: StoreHouse) -> None:
    """What comes from the store and goes there comes late and in pieces."""
    house.proxy.slow(0.002, 97)
    await asyncio.sleep(2)
    house.proxy.heal()


@pytest.mark.parametrize("fault", [stopped, killed, blackholed, reset, cut, full, sliced])
async def test_it_heals_within_seconds_and_nothing_is_lost(
    fault: Fault, tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    took = []
    async with store_house(tmp_path, http, chance, fault.__name__) as running:
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
    async with store_house(tmp_path, http, chance, "starved") as running:
        for _ in range(STARVED):
            assert running.proxy.starve() >= 1
            began = time.monotonic()
            await running.until_healed()
            took.append(time.monotonic() - began)
            await asyncio.sleep(chance.uniform(0, 1))
    print(f"starved: healed within {max(took):.1f} s")
    assert max(took) < HEARD
