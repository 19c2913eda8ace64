"""What a worker has left of tabs that came and went, seen from outside."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from random import Random

import httpx
import pytest
from redis import Redis

from tests.promise.conftest import NO_LIMITS
from tests.promise.visitor import Visitor
from tests.server.processes import ServerProcess, store

TABS = 200

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="/proc is Linux's")


def sockets(server: ServerProcess) -> int:
    """The open TCP sockets of its one worker; those to the store are none."""
    folder = Path(f"/proc/{server.worker_pids[-1]}")
    rows = [row for name in ("tcp", "tcp6") for row in (folder / "net" / name).read_text().splitlines()[1:]]
    network = {row.split()[9] for row in rows}
    found = 0
    for fd in os.listdir(folder / "fd"):
        with suppress(FileNotFoundError):
            found += os.readlink(folder / "fd" / fd).removeprefix("socket:[").rstrip("]") in network
    return found


def here(client: Redis, room: str) -> list[str]:
    leases: dict[str, str] = client.hgetall(f"c:{{{room}}}:here")  # type: ignore[assignment]
    return [lease for lease in leases.values() if '"n":0' not in lease]


async def test_two_hundred_tabs_that_leave_rudely_leave_no_socket_and_nobody_here(
    tmp_path: Path, chance: Random
) -> None:
    room = "leak"
    with ServerProcess(tmp_path / "data", workers=1, env=NO_LIMITS) as server:
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=10) as http:
            first = await Visitor(http, server.url, room, "first", chance).load()
            await first.connect().until(lambda: "people" in first.page.states, "that it is in")
            await first.leave()
            await asyncio.to_thread(server.wait_for, lambda: sockets(server) == 1, "only the listening socket")
            tabs = [Visitor(http, server.url, room, f"r{number}", chance) for number in range(TABS)]
            gate = asyncio.Semaphore(20)

            async def come_and_go(tab: Visitor) -> None:
                async with gate:
                    tab._cookie = first._cookie  # one person's, so that the pages need not all be loaded
                    tab.page = first.page
                    tab.connect()
                    # some while they connect, some while they enter, some when they are in
                    await asyncio.sleep(chance.uniform(0, 0.1))
                    await tab.leave(rudely=True)

            await asyncio.gather(*(come_and_go(tab) for tab in tabs))
        await asyncio.to_thread(server.wait_for, lambda: sockets(server) == 1, "only the listening socket again")
        with store(server) as client:
            await asyncio.to_thread(server.wait_for, lambda: not here(client, room), "that nobody is here")
        assert "Traceback" not in server.output
        assert server.stop() == 0
