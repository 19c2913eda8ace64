"""Workers and the embedded store die or are renewed under load."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from random import Random

import httpx
import pytest

from quart_chat.pages import ids
from tests.chaos.house import House, crowd, running
from tests.promise.conftest import NO_LIMITS
from tests.promise.visitor import Visitor
from tests.server.processes import ServerProcess, kill, store
from tests.web.visits import browser

TIMES = int(os.environ.get("CHAOS_STORE") or 1)
KILLS = 2 * TIMES if TIMES > 1 else 1
SAME = int(os.environ.get("CHAOS_SAME") or 300)  # times that one key is sent
AT_ONCE = 50  # connections that send the same
HEALED = 10.0  # seconds after the store's return until messages go through again
WHOLE = 5.0  # seconds until tabs of a dead worker are back
SYNCED = 2.0  # seconds after which a store that syncs each second has what it acknowledged on its disk
REFUSED = 2.0  # seconds, at most, that a renewal keeps somebody from writing

pytestmark = pytest.mark.timeout(120 + 30 * TIMES + SAME // 50)


async def test_a_worker_that_is_killed_harms_no_other_and_its_tabs_are_back_soon(
    tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    took = []
    async with running(tmp_path, workers=3) as server, crowd(server, http, chance, "killed") as house:
        for _ in range(KILLS):
            pids = await asyncio.to_thread(lambda: server.worker_pids)
            before = {one: (worker_of(one), len(one.codes)) for one in house.readers}
            dead = chance.choice(pids)
            house.blows.note(f"kills worker {dead}")
            kill(dead)
            took.append(await house.until_healed())
            after = await asyncio.to_thread(lambda: server.worker_pids)
            assert set(pids) - set(after) == {dead}
            # who writes loses a connection now and then anyway; who reads does when its worker dies
            harmed = {worker for one, (worker, codes) in before.items() if len(one.codes) > codes}
            assert len(harmed) <= 1, "tabs of other workers lost their connection"
    print(f"{KILLS} workers were killed; all tabs were back and whole within {max(took):.1f} s")
    assert max(took) < WHOLE


def worker_of(visitor: Visitor) -> str:
    """Tell the worker that serves a page, as the page knows it."""
    return visitor.page.states[ids.CONNECTION].get("data-worker")


async def test_the_embedded_store_is_killed_and_what_was_acknowledged_is_there(
    tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    took = []
    async with running(tmp_path) as server, crowd(server, http, chance, "embedded") as house:
        for _ in range(TIMES):
            await kill_store(house)
            took.append(await house.until_healed())
    print(f"{TIMES} stores were killed; healed within {max(took):.1f} s of their return")
    assert max(took) < HEALED


async def kill_store(house: House) -> float:
    """Kill the embedded store, and wait for its return, which takes the longer the oftener. Gives when it died."""
    server, heard = house.server, len(house.server.output)
    pid = await asyncio.to_thread(lambda: server.store_pid)
    house.blows.note("kills the store")
    kill(pid)
    died = time.monotonic()
    await asyncio.to_thread(server.wait_for_output, "the store is ready", after=heard)
    house.blows.note("the store is back")
    return died


async def test_a_store_that_syncs_once_a_second_loses_no_more_than_that(
    tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    kills = []
    async with (
        running(tmp_path, QUART_CHAT_FSYNC="everysec") as server,
        crowd(server, http, chance, "everysec", may_lose=True) as house,
    ):
        for _ in range(TIMES):
            kills.append(await kill_store(house))
            await house.until_healed()
    told = {text: at for one in house.people for text, at in one.acknowledged_at.items()}
    print(f"{TIMES} stores were killed; {len(house.lost)} of {len(told)} acknowledged messages were lost")
    for text in house.lost:
        # what was acknowledged as it died may be heard of a moment later
        assert any(-1 <= at - told[text] <= SYNCED for at in kills), f"{text} was lost, and was older"


async def test_workers_are_renewed_under_load_and_nobody_waits_for_long(
    tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    longest = 0.0
    async with running(tmp_path) as server, crowd(server, http, chance, "renewed") as house:
        for _ in range(TIMES):
            heard = len(server.output)
            house.blows.note("renews the workers")
            server.send(signal.SIGHUP)
            renewed = asyncio.create_task(
                asyncio.to_thread(server.wait_for_output, '"the workers are renewed"', after=heard)
            )
            last = {one.name: (len(one.page.taken), time.monotonic()) for one in house.writers}
            while not renewed.done():
                await asyncio.sleep(0.02)
                for one in house.writers:
                    count, since = last[one.name]
                    if len(one.page.taken) > count or not one.page.forms:
                        last[one.name] = (len(one.page.taken), time.monotonic())
                    else:
                        longest = max(longest, time.monotonic() - since)
            await renewed
            await house.until_healed()
        # some of those who write lose their connection by themselves, which is 1006
        assert 1012 in {code for one in house.people for code in one.codes} <= {1006, 1012}
    print(f"nobody waited for longer than {longest:.1f} s")
    assert longest < REFUSED


async def test_one_key_that_is_sent_by_several_workers_at_once_is_one_message(tmp_path: Path) -> None:
    # so many at once may all find that there is no room yet, and each would count as one who opens it
    env = {**NO_LIMITS, "QUART_CHAT_ROOMS_PER_HOUR": "0"}
    with ServerProcess(tmp_path / "data", workers=3, env=env) as server:
        with browser(server) as client:
            client.get("/r/same")
            cookies = dict(client.cookies)
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=0)  # a connection each: any worker
        async with httpx.AsyncClient(
            base_url=server.url, cookies=cookies, headers={"Origin": server.url}, limits=limits, timeout=60
        ) as http:
            form = {"text": "once", "nonce": "same"}

            async def send_on() -> list[int]:
                return [(await http.post("/r/same/messages", data=form)).status_code for _ in range(SAME // AT_ONCE)]

            codes = await asyncio.gather(*(send_on() for _ in range(AT_ONCE)))
        assert {code for some in codes for code in some} == {303}
        with store(server) as look:
            assert look.xlen("c:{same}:messages") == look.xlen("c:{same}:log") == 1
