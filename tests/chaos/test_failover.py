"""Failovers and moves of the store under load: nothing shows twice, there is one order, and what is lost is counted."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random

import httpx
import pytest
from redis import Redis

from quart_chat.store import keys
from tests.chaos.house import House, crowd, running
from tests.chaos.samples import metrics
from tests.server.processes import ServerProcess
from tests.store.fleet import ClusterOf, Fleet, Server, Watched

TIMES = int(os.environ.get("CHAOS_FAILOVERS") or 1)
APART = 0.3  # seconds for which a master writes without its replica, before it is killed

pytestmark = pytest.mark.timeout(120 + 30 * TIMES)


async def take_down(fleet: Fleet, master: Server, house: House, *, forgetting: bool) -> None:
    """Kill a master; forgetting: after a moment in which its replica heard nothing of what it took."""
    replica = await asyncio.to_thread(fleet.replica_of, master)
    if forgetting:
        house.blows.note("parts the master from its replica")
        replica.send(signal.SIGSTOP)
        await asyncio.to_thread(master.look.execute_command, "CLIENT", "KILL", "TYPE", "replica")
        await asyncio.sleep(APART)
    house.blows.note("kills the master")
    await asyncio.to_thread(master.kill)
    if forgetting:
        replica.send(signal.SIGCONT)


async def bring_back(server: Server, master: Server | None = None) -> None:
    """Start a former master, and wait until it has all that the new one has.

    master: whom it is told to follow, so that nobody waits for the Sentinels to see it; None: it finds that itself.
    """
    await asyncio.to_thread(server.start)
    if master is not None:
        await asyncio.to_thread(server.look.replicaof, "127.0.0.1", master.port)
    await asyncio.to_thread(server.until_it_follows)


async def check_lost(http: httpx.AsyncClient, server: ServerProcess, house: House, took: list[float]) -> None:
    """See that whatever was lost was counted and logged; it is never hidden."""
    counted = int((await metrics(http, server.url))["quart_chat_entries_lost_total"])
    print(f"{len(house.lost)} acknowledged messages were lost, {counted} counted; healed within {max(took):.1f} s")
    assert counted >= len(house.lost)
    assert bool(counted) == ("room.lost" in server.output)
    told = [one for one in house.people if any("lost the last messages" in notice for notice in one.page.notices)]
    assert bool(counted) == bool(told), "who was there is told"


def of_master(watched: Watched) -> Callable[[], Redis]:
    return lambda: Redis(port=watched.master.port, decode_responses=True)


def of_room(cluster: ClusterOf, room: str) -> Callable[[], Redis]:
    return lambda: Redis(port=cluster.of(keys.log(room)).port, decode_responses=True)


async def test_a_master_that_sentinels_replace(tmp_path: Path, http: httpx.AsyncClient, chance: Random) -> None:
    took: list[float] = []
    with Watched() as watched:
        async with running(tmp_path, REDIS_URL=watched.url) as server:
            async with crowd(server, http, chance, "watched", of_master(watched), may_lose=True) as house:
                for turn in range(TIMES):
                    old = watched.master
                    await take_down(watched, old, house, forgetting=turn % 2 == 0)
                    new = await asyncio.to_thread(watched.until_another, old)
                    house.blows.note("has another master")
                    took.append(await house.until_healed())
                    await bring_back(old, new)
            await check_lost(http, server, house, took)


async def test_a_node_of_a_cluster_that_is_lost(tmp_path: Path, http: httpx.AsyncClient, chance: Random) -> None:
    room = "clustered"
    took: list[float] = []
    with ClusterOf(3, replicas=True) as cluster:
        async with running(tmp_path, REDIS_URL=cluster.url) as server:
            async with crowd(server, http, chance, room, of_room(cluster, room), may_lose=True) as house:
                for turn in range(TIMES):
                    old = await asyncio.to_thread(cluster.of, keys.log(room))
                    await take_down(cluster, old, house, forgetting=turn % 2 == 0)
                    took.append(await house.until_healed())
                    await bring_back(old)
            await check_lost(http, server, house, took)


async def test_a_slot_of_a_cluster_that_moves(tmp_path: Path, http: httpx.AsyncClient, chance: Random) -> None:
    room = "moved"
    took: list[float] = []
    with ClusterOf(3) as cluster:
        async with running(tmp_path, REDIS_URL=cluster.url) as server:
            async with crowd(server, http, chance, room, of_room(cluster, room)) as house:
                for _ in range(TIMES):
                    there = chance.choice([one for one in cluster.masters if one is not cluster.of(keys.log(room))])
                    house.blows.note("moves the slot")
                    await asyncio.to_thread(cluster.move, keys.log(room), there)
                    took.append(await house.until_healed())
            await check_lost(http, server, house, took)
            assert not house.lost
