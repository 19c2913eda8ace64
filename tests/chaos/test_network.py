"""The way between tabs and workers breaks in every manner, under load: tabs come back whole by themselves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.chaos.house import crowd, named, one_by_one, running
from tests.chaos.proxy import FaultProxy

TIMES = int(os.environ.get("CHAOS_STORE") or 1)  # blows of each kind
WHOLE = 5.0  # seconds after a fault's end until all tabs are back

pytestmark = pytest.mark.timeout(120 + 15 * TIMES)

Fault = Callable[[FaultProxy, Random], Awaitable[None]]


async def cut(proxy: FaultProxy, _: Random) -> None:
    """Every connection is broken off once."""
    proxy.cut()


async def reset(proxy: FaultProxy, chance: Random) -> None:
    """For a while every connection is broken off at once."""
    proxy.reset()
    await asyncio.sleep(chance.uniform(0.2, 2))
    proxy.heal()


async def blackholed(proxy: FaultProxy, chance: Random) -> None:
    """For a while nothing comes through, and then all of it."""
    proxy.blackhole()
    await asyncio.sleep(chance.uniform(0.2, 3))
    proxy.heal()


async def swallowed(proxy: FaultProxy, chance: Random) -> None:
    """For a while nothing comes through, and what was sent meanwhile is lost with its connection."""
    proxy.blackhole()
    await asyncio.sleep(chance.uniform(0.2, 2))
    proxy.cut()
    proxy.heal()


async def sliced(proxy: FaultProxy, _: Random) -> None:
    """All comes late and in small pieces."""
    proxy.slow(0.005, 61)
    await asyncio.sleep(2)
    proxy.heal()


FAULTS: list[Fault] = [cut, reset, blackholed, swallowed, sliced]


@pytest.mark.parametrize("faults", one_by_one(FAULTS, TIMES))
async def test_tabs_are_back_whole_within_seconds(
    faults: Sequence[Fault], tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    took = []
    async with (
        running(tmp_path) as server,
        FaultProxy(("127.0.0.1", server.port), chance) as proxy,
        crowd(server, http, chance, "broken", url=f"http://127.0.0.1:{proxy.port}") as house,
    ):
        for fault in faults:
            house.blows.note(fault.__name__)
            await fault(proxy, chance)
            house.blows.note("heals")
            took.append(await house.until_healed())
            await asyncio.sleep(chance.uniform(0, 0.5))
    print(f"{named(faults)}: whole within {max(took):.1f} s")
    assert max(took) < WHOLE
