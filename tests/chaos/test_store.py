"""The store and the way to it break in every manner, under load: pages say so, it heals by itself, nothing is lost."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from importlib.resources import files
from pathlib import Path
from random import Random

import httpx
import pytest

from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline, Script
from quart_chat.store.presence import Presence
from quart_chat.store.servers import servers
from tests.chaos.house import StoreHouse, named, one_by_one, store_house

TIMES = int(os.environ.get("CHAOS_STORE") or 1)  # blows of each kind
STARVED = int(os.environ.get("CHAOS_STARVED") or 1)
HEALED = 10.0  # seconds after a fault's end until messages go through again
STRANGER = "5" * 16
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


async def disk_full(house: StoreHouse) -> None:
    """Nothing more can be written to the store's disk."""
    heard = len(house.server.output)
    house.valkey.fill_disk()
    try:
        await house.until_refused()
        async with httpx.AsyncClient(base_url=house.server.url, trust_env=False) as client:
            ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert "full" in ready.text or "away" in house.server.output[heard:]
    finally:
        house.valkey.free_disk()


async def cut(house: StoreHouse) -> None:
    """Every connection to the store is broken off once: nobody need notice."""
    house.proxy.cut()


async def full(house: StoreHouse) -> None:
    """The store's memory is full: it takes nothing, and answers all else."""
    with house.valkey.client() as look:
        look.config_set("maxmemory", "1mb")
        try:
            await house.until_refused()
        finally:
            look.config_set("maxmemory", "0")


async def sliced(house: StoreHouse) -> None:
    """What comes from the store and goes there comes late and in pieces."""
    house.proxy.slow(0.002, 97)
    await asyncio.sleep(2)
    house.proxy.heal()


async def clock_set_back(house: StoreHouse) -> None:
    """The store's clock was an hour ahead for one message, and for the lease of a worker that is gone."""
    text = f"an hour ahead {len(house.stranger.written)}"
    pipeline = Pipeline(servers(house.valkey.url))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Script, "load", an_hour_ahead)
        log, presence = Log(pipeline, Retention(1_000_000, 0)), Presence(pipeline, "gone")
    try:
        await log.append(house.room, STRANGER, "stranger", text, text)
        await presence.announce(house.room, {STRANGER: "stranger"})
    finally:
        await pipeline.aclose()
    house.stranger.written[text] = text
    for one in house.people:
        await one.until(lambda one=one: text in one.page.run.shown.values(), "what was written an hour ahead")


def an_hour_ahead(*names: str) -> Script:
    folder = files("quart_chat.store")
    text = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)
    text = text.replace("time[1] * 1000", "(time[1] + 3600) * 1000")
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


FAULTS: list[Fault] = [stopped, killed, blackholed, reset, cut, sliced, full, disk_full, clock_set_back]


@pytest.mark.parametrize("faults", one_by_one(FAULTS, TIMES))
async def test_it_heals_within_seconds_and_nothing_is_lost(
    faults: Sequence[Fault], tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    took = []
    async with store_house(tmp_path, http, chance, "broken") as running:
        for fault in faults:
            running.blows.note(fault.__name__)
            await fault(running)
            running.blows.note("heals")
            took.append(await running.until_healed())
            await asyncio.sleep(chance.uniform(0, 0.5))
    print(f"{named(faults)}: healed within {max(took):.1f} s")
    assert max(took) < HEALED


async def test_a_store_that_syncs_once_a_second_goes_on_by_itself_when_its_disk_has_room_again(
    tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    async with store_house(tmp_path, http, chance, "everysec", fsync="everysec") as running:
        for _ in range(TIMES):
            running.blows.note("the disk is full")
            await disk_full(running)
            assert await running.until_healed() < HEALED


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
