"""Connections that end anyhow, and bytes that no browser sends, by the hundred thousand: nothing of them is left."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.chaos.house import NO_GHOST
from tests.chaos.malformed import draw
from tests.chaos.malformed.cases import GONE, STAYS, Case, Page, Way
from tests.chaos.rude import DEFLATE, TOLD, Closed, Gone, Peer, all_of, descriptors, form, handshake, memory
from tests.promise.conftest import NO_LIMITS
from tests.promise.visitor import Visitor
from tests.server.processes import ServerProcess
from tests.web.frames import CLOSE, CONTINUE, TEXT, frame
from tests.web.test_metrics import measured
from tests.web.visits import browser

CONNECTS = int(os.environ.get("CHAOS_CONNECTS") or 500)
MALFORMED = int(os.environ.get("CHAOS_MALFORMED") or 1500)
# KiB that a worker may have more than before, if that is more than MOST allows. It is far from having all that it needs
# after a few cases: a tab that the server has closed is held for 5 s, and what refers to itself until it is collected
SPARE = (8 if MALFORMED >= 50_000 else 24) * 1024
BATCH = 2000  # cases that are sent once more, one after the other, when the server complained
WARM = 300  # connections, or cases, before a worker's memory is looked at for the first time
MOST = 1.05  # of what a worker had in memory before, that it may have afterwards
AGAIN = 20.0  # seconds until it is as it was: Hypercorn holds a connection that ended while it was idle for 5 s
ROOM = "rude"
PEOPLE = 10
CLOSING = {"Connection": "close"}  # else a server holds a connection for 5 s after its last answer

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="/proc is Linux's")


def load(server: ServerProcess) -> Page:
    answer = httpx.get(f"{server.url}/r/{ROOM}", headers=CLOSING, trust_env=False)
    place = re.search(r'name="since" value="([^"]+)"', answer.text)
    assert place
    return Page(f"quart_chat={answer.cookies['quart_chat']}", place[1])


def complaints(output: str) -> list[str]:
    """Find what a server has said that it does not say when all is well."""
    return [line for line in output.splitlines() if re.search(r'Traceback|\.failed|"level": "(error|critical)"', line)]


async def look_in(server: ServerProcess, http: httpx.AsyncClient, chance: Random, *, alone: bool = False) -> None:
    """Come as an honest page and say something; alone: nobody else is shown as here any more."""
    async with Visitor(http, server.url, ROOM, "honest", chance) as honest:
        await honest.until(lambda: "people" in honest.page.states, "that it is in")
        if alone:
            await honest.until(lambda: honest.page.counted == 1, "no ghost", NO_GHOST)
        await honest.say("still here")
        await honest.until(lambda: not honest.page.forms, "its acknowledgement")
        assert honest.page.texts[-1] == "still here"
        assert not honest.page.faults


def held(server: ServerProcess) -> Counter[str]:
    """Count what its workers have under way and open, by worker and kind."""
    found: Counter[str] = Counter()
    pids, deadline = set(server.worker_pids), time.monotonic() + AGAIN
    left = set(pids)
    while left:  # each asking comes to any of them
        assert time.monotonic() < deadline, f"{left} never answered"
        told = httpx.get(f"{server.url}/held", headers=CLOSING, trust_env=False).json()
        if told["pid"] in left:
            left.remove(told["pid"])
            found.update({f"{told['pid']} runs {task}": count for task, count in told["tasks"].items()})
    for pid in pids:
        found.update({f"{pid} has open {kind}": count for kind, count in descriptors(pid).items()})
    return found


async def until_nothing_is_left(server: ServerProcess, before: Counter[str]) -> None:
    """Wait until the workers hold nothing that they did not hold before."""
    deadline = time.monotonic() + AGAIN
    while left := held(server) - before:
        assert time.monotonic() < deadline, f"left are {dict(left)}"
        await asyncio.sleep(0.1)
    print(f"tasks and descriptors: {before.total()}, then {held(server).total()}")


# --- connections that end anyhow -----------------------------------------------------------------------

POLITELY = "politely"
RUDELY = (
    "amid the handshake",
    "after the handshake",
    "once connected",
    "after resuming",
    "once in",
    "amid a frame",
    "amid a message",
    "amid a flood",
)


async def come_and_go(port: int, pages: list[Page], chance: Random, way: str) -> None:
    """Open a tab, and leave it that way."""
    page = chance.choice(pages)
    room = ROOM if chance.random() < 0.99 else f"{ROOM}-{chance.randrange(1000)}"
    peer = await Peer.connect(port)
    try:
        await come(peer, handshake(port, room, page.cookie, *chance.choice(((), (DEFLATE,)))), page.place, chance, way)
        # at once, after a turn of both loops, or anywhere in what the server does
        await asyncio.sleep(chance.choice((0, 0, chance.uniform(0, 0.01))))
    except Exception as error:
        raise AssertionError(f"{way}: {error!r}\n{peer.story()}") from error
    finally:
        peer.reset()


async def come(peer: Peer, greeting: bytes, place: str, chance: Random, way: str) -> None:
    """Come as far as one does who leaves this way."""
    if way == "amid the handshake":
        greeting = greeting[: chance.randrange(1, len(greeting))]
    peer.send(greeting)
    if way in ("amid the handshake", "after the handshake"):
        return
    assert b" 101 " in await peer.head()
    if way == "once connected":
        return
    peer.send(form(act="resume", since=chance.choice((place, place, "0-0", "1-0", None))))
    if way == "after resuming":
        return
    await peer.text(b'id="people"')
    if way == "amid a frame":
        said = form(act="say", nonce="n", text="x" * 2000)
        peer.send(said[: chance.randrange(1, len(said))])
    elif way == "amid a message":
        peer.send(frame(TEXT, b'{"act": "say", ', first=0) + frame(CONTINUE, b'"text": "', first=0))
    elif way == "amid a flood":
        peer.send(form(act="typing") * 100 + form(act="newest") * 10)
    elif way == POLITELY:
        peer.send(frame(CLOSE, (1000).to_bytes(2, "big")))
        assert await peer.closed() == 1000
        await peer.end()


@pytest.mark.timeout(100 + CONNECTS // 50)
async def test_of_those_who_come_and_go_half_of_them_rudely_nothing_is_left(
    tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    ways: Counter[str] = Counter()
    with ServerProcess(tmp_path / "data", workers=1, env=NO_LIMITS, module="tests.chaos.rude") as server:
        port, (pid,) = server.port, server.worker_pids
        pages = [load(server) for _ in range(PEOPLE)]

        async def visit(seed: int) -> None:
            own = Random(seed)
            way = POLITELY if own.random() < 0.5 else own.choice(RUDELY)
            await come_and_go(port, pages, own, way)
            ways[way] += 1

        await come_and_go(port, pages, chance, POLITELY)  # a worker has one task from its first tab on
        before = held(server)
        await all_of((chance.getrandbits(64) for _ in range(WARM)), visit)
        warm = memory(pid)
        ways.clear()
        began = time.monotonic()
        await all_of((chance.getrandbits(64) for _ in range(CONNECTS)), visit)
        took = time.monotonic() - began
        print(f"{CONNECTS} connections in {took:.0f} s: {dict(ways)}")
        assert set(ways) == {POLITELY, *RUDELY}
        assert 0.4 < ways[POLITELY] / CONNECTS < 0.6

        await until_nothing_is_left(server, before)
        print(f"memory {warm} KiB, then {memory(pid)} KiB")
        assert memory(pid) <= warm * MOST
        with browser(server) as client:
            server.wait_for(lambda: measured(client)["quart_chat_tabs"] == 0, "no tabs")
        await look_in(server, http, chance, alone=True)
        assert server.worker_pids == [pid]
        assert not complaints(server.output)


# --- bytes that no browser sends -----------------------------------------------------------------------


async def outcome(port: int, case: Case, chance: Random) -> int | str:
    """Send what is malformed, and see what comes of it."""
    peer = await Peer.connect(port)
    try:
        if case.greeting:
            peer.send(case.greeting)
            assert b" 101 " in await peer.head()
            if case.resumes:
                peer.send(form(act="resume", since="0-0"))
        peer.send(case.sent)
        if case.half:
            peer.finish()
        if case.leaves:
            await asyncio.sleep(chance.uniform(0, 0.01))
            return GONE
        if case.greeting and STAYS not in case.expected:
            return await peer.closed()
        if case.greeting:
            nonce = f"{chance.getrandbits(64):016x}"
            peer.send(form(act="compose", nonce=nonce))
            await peer.text(nonce.encode())
            return STAYS
        head = await peer.head()
        while head.startswith(b"HTTP/1.1 100 "):
            head = await peer.head()
        if b"\nconnection: close" in head:
            await peer.end()
        return int(head.split()[1])
    except Closed as closed:
        return closed.code
    except Gone:
        return GONE
    finally:
        chance.choice((peer.close, peer.reset))()


def harm(server: ServerProcess, heard: int, pids: list[int]) -> str:
    """Tell of what a server complained and of workers that have ended; heard: characters of its output before."""
    said, alive = complaints(server.output[heard:]), server.worker_pids
    return f"{said}, workers {pids} became {alive}" if said or alive != pids else ""


def told(name: str, case: Case, found: object) -> str:
    """Tell what went wrong, with the bytes that did it."""
    return f"{name}: it came to {found}\nafter {case.greeting!r}\nwith {len(case.sent)} bytes {case.sent[:TOLD]!r}"


@pytest.mark.timeout(100 + MALFORMED // 50)
async def test_what_is_malformed_gets_a_clear_answer_and_harms_nobody_else(
    tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    seen: dict[str, Counter[int | str]] = defaultdict(Counter)
    with ServerProcess(tmp_path / "data", workers=2, env=NO_LIMITS, module="tests.chaos.rude") as server:
        port, pids = server.port, server.worker_pids
        ways = [Way(port, room, load(server)) for room in (ROOM, "junk-1", "junk-2") for _ in range(PEOPLE)]

        async def send(seed: int) -> None:
            own = Random(seed)
            name, case = draw(own, own.choice(ways))
            try:
                found = await outcome(port, case, own)
            except Exception as error:
                raise AssertionError(told(name, case, repr(error))) from error
            if found not in case.expected:
                raise AssertionError(told(name, case, found))
            seen[name][found] += 1

        async def send_all(count: int) -> None:
            """Send cases; where the server was harmed, once more one by one: the shortest history is one case."""
            seeds, heard = [chance.getrandbits(64) for _ in range(count)], len(server.output)
            try:
                await all_of(seeds, send)
            except AssertionError:  # perhaps of one that had only the same worker
                if not harm(server, heard, pids):
                    raise
            if not (harmed := harm(server, heard, pids)):
                return
            await asyncio.to_thread(server.wait_for, lambda: len(server.worker_pids) == len(pids), "all workers")
            for seed in seeds:
                heard, alive = len(server.output), server.worker_pids
                await send(seed)
                await asyncio.sleep(0.02)
                if again := harm(server, heard, alive):
                    raise AssertionError(told(*draw(own := Random(seed), own.choice(ways)), again))
            raise AssertionError(f"{harmed}, and not again when they were sent one by one")

        async with Visitor(http, server.url, ROOM, "stays", chance) as stays:
            while sum("_close_all" in name for name in held(server)) < len(pids):  # the task that a first tab begins
                await come_and_go(port, [ways[0].page], chance, POLITELY)
            before = held(server)
            await send_all(max(WARM, MALFORMED // 5))
            warm = [memory(pid) for pid in pids]
            seen.clear()
            began = time.monotonic()
            for begin in range(0, MALFORMED, BATCH):
                await send_all(min(BATCH, MALFORMED - begin))
            print(f"{MALFORMED} in {time.monotonic() - began:.0f} s")
            for name, outcomes in sorted(seen.items()):
                print(f"  {name}: {dict(outcomes.most_common(8))}")
            await until_nothing_is_left(server, before)
            print(f"memory {warm} KiB, then {[memory(pid) for pid in pids]} KiB")
            deadline = time.monotonic() + AGAIN
            most = [max(had * MOST, had + SPARE) for had in warm]
            while any(memory(pid) > may for pid, may in zip(pids, most, strict=True)):
                assert time.monotonic() < deadline, "the memory does not come back"
                await asyncio.sleep(0.1)
            assert not stays.codes
            assert not stays.page.faults
            await stays.say("on")
            await stays.until(lambda: not stays.page.forms, "its acknowledgement")
        await look_in(server, http, chance)
        assert not complaints(server.output)
