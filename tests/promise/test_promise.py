"""The promise: what was acknowledged is in the room once, and every page shows the room whole and in order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from random import Random

import httpx
import pytest
from redis import Redis

from tests.promise import ledger
from tests.promise.conftest import NO_LIMITS
from tests.promise.history import History, shortest
from tests.promise.visitor import PATIENCE, Visitor
from tests.server.processes import ServerProcess, kill, store

KILLS = int(os.environ.get("PROMISE_KILLS") or 6)
SENDERS = 6
READERS = 10
LOST = 0.05  # of what is written goes out on a connection that ends before the answer
RATE = 9.0  # messages a second of each sender, while it thinks
EMPTY = "0-0"  # where a page stands in a room in which nobody has written
PAUSE_MESSAGES = 40  # about so many go between two blows

pytestmark = pytest.mark.timeout(60 + 20 * KILLS)


async def write(visitor: Visitor, chance: Random) -> None:
    """Write for ever, now and then several at once, now and then with a connection that ends at once."""
    while True:
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            await visitor.say(f"{visitor.name}:{len(visitor.written)}")
        if chance.random() < LOST:
            visitor.drop()
        await asyncio.sleep(chance.expovariate(RATE / 2))


def break_feeds(server: ServerProcess) -> None:
    """Cut every worker's subscription; each connects again and reads what it missed."""
    with store(server) as client:
        client.client_kill_filter(_type="pubsub")


async def settle(
    visitors: Iterable[Visitor], server: ServerProcess, room: str, look: Callable[[], Redis] | None = None
) -> list[ledger.Row]:
    """Wait until everything was acknowledged and every page stands at the log's end; give the log.

    look: opens a client of the store; None: of the server's own.
    """
    visitors = list(visitors)
    look = look or partial(store, server)

    def stands(client: Redis) -> str:
        return client.get(f"c:{{{room}}}:last") or EMPTY

    try:
        for visitor in visitors:
            await visitor.until(lambda one=visitor: not one.page.forms, "all that it wrote acknowledged")
        with look() as client:
            while True:  # what somebody sent who is gone may come in late
                end = stands(client)
                for visitor in visitors:
                    await visitor.until(
                        lambda one=visitor, end=end: one.page.place == end or stands(client) != end, f"the end {end}"
                    )
                log = ledger.read(client, room)
                if stands(client) == end:
                    return log
    except AssertionError:
        with look() as client:
            print(f"the log ends with {[(row, text[:20]) for row, text in ledger.read(client, room)[-5:]]}")
        raise


def kept(
    log: Sequence[ledger.Row],
    writers: Iterable[Visitor],
    readers: Iterable[Visitor],
    *more: History,
    may_lose: bool = False,
) -> None:
    """Fail with the first complaint and the shortest history that tells how it came, if there is any.

    more: of what befell all of them. may_lose: the store was one that forgets what it had acknowledged.
    """
    writers, readers = list(writers), list(readers)
    complaints = ledger.written_once(log, writers, may_lose=may_lose)
    for reader in readers:
        complaints += ledger.shown_whole(log, reader, may_lose=may_lose)
    if complaints:
        what, about = min(complaints, key=lambda one: not one.about)
        histories = {id(visitor): visitor.history for visitor in [*writers, *readers]}
        told = shortest(histories.values(), about, more) or "\n".join(visitor.told() for visitor in readers[:1])
        pytest.fail(f"{len(complaints)} complaints; the first: {what}\n{told}", pytrace=False)


@pytest.mark.parametrize("server", [3], indirect=True)
async def test_everybody_sees_each_message_once_and_in_order_while_workers_are_killed(
    server: ServerProcess, http: httpx.AsyncClient, chance: Random
) -> None:
    room = "promise"
    visitors: list[Visitor] = []
    rude: list[Visitor] = []

    def visitor(name: str) -> Visitor:
        return Visitor(http, server.url, room, name, chance)

    def acknowledged() -> int:
        return sum(len(one.page.taken) for one in visitors)

    async with AsyncExitStack() as stack:

        async def come(name: str) -> Visitor:
            visitors.append(await visitor(name).__aenter__())
            stack.push_async_exit(visitors[-1])
            return visitors[-1]

        senders = [await come(f"s{number}") for number in range(SENDERS)]
        for number in range(READERS // 2):
            await come(f"r{number}")
        writing = [asyncio.create_task(write(one, chance)) for one in senders]
        try:
            for round_ in range(KILLS):
                goal = acknowledged() + chance.randrange(PAUSE_MESSAGES // 2, PAUSE_MESSAGES * 3 // 2)
                for one in senders:
                    await one.until(lambda goal=goal: acknowledged() >= goal, f"{goal} acknowledgements")
                break_feeds(server)
                for one in senders:
                    await one.until(lambda goal=goal: acknowledged() >= goal + 10, f"{goal + 10} acknowledgements")
                alive = await asyncio.to_thread(lambda: server.worker_pids)
                for pid in chance.sample(alive, min(len(alive), chance.choice((1, 1, 1, 2, 3)))):
                    print(f"kill {round_}: worker {pid} after {acknowledged()} acknowledgements")
                    kill(pid)
                chance.choice(visitors).drop()
                if round_ < READERS - READERS // 2:
                    await come(f"late{round_}")
                # somebody writes and is gone before any answer: it may be in the room once, or not
                gone = await visitor(f"gone{round_}").load()
                rude.append(gone.connect())
                for number in range(5):
                    await gone.say(f"{gone.name}:{number}")
                await gone.until(lambda gone=gone: gone.page.taken, "an acknowledgement")
                await gone.say(f"{gone.name}:5")
                await gone.leave(rudely=True)
        finally:
            for task in writing:
                task.cancel()
            await asyncio.gather(*writing, return_exceptions=True)
        log = await settle(visitors, server, room)
    print(f"{len(log)} messages, {sum(len(one.codes) for one in visitors)} connections lost")
    kept(log, [*visitors, *rude], visitors)
    assert all(one.acknowledged == set(one.written.values()) for one in senders)


async def test_a_crash_of_everything_loses_nothing_that_was_acknowledged(
    tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    room = "crash"
    async with AsyncExitStack() as stack:
        with ServerProcess(tmp_path / "data", workers=2, env=NO_LIMITS) as first:
            port = first.port
            senders = [Visitor(http, first.url, room, f"s{number}", chance) for number in range(4)]
            for one in senders:
                await stack.enter_async_context(one)
            writing = [asyncio.create_task(write(one, chance)) for one in senders]
            await senders[0].until(lambda: len(senders[0].page.taken) >= 20, "20 acknowledgements")
            await asyncio.to_thread(first.kill)
        told = [set(one.acknowledged) for one in senders]
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
        with ServerProcess(tmp_path / "data", workers=2, env=NO_LIMITS, bind=f"127.0.0.1:{port}") as second:
            with store(second) as client:
                texts = [text for _, text in ledger.read(client, room)]
            for one, told_one in zip(senders, told, strict=True):
                assert told_one <= set(texts), f"{sorted(told_one - set(texts))} is lost\n{one.told()}"
            log = await settle(senders, second, room)
    kept(log, senders, senders)


async def test_two_hundred_pages_that_open_during_a_burst_miss_nothing(
    server: ServerProcess, http: httpx.AsyncClient, chance: Random
) -> None:
    room = "burst"
    joined: list[Visitor] = []
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(Visitor(http, server.url, room, "writer", chance))
        opening = True

        async def burst() -> None:
            while opening:
                for _ in range(10):
                    await writer.say(f"writer:{len(writer.written)}")
                # as fast as the server takes it, with a few in flight
                await writer.until(lambda: len(writer.page.forms) < 20, "acknowledgements")

        bursting = asyncio.create_task(burst())
        gate = asyncio.Semaphore(20)

        async def join(number: int) -> None:
            one = Visitor(http, server.url, room, f"r{number}", chance)
            async with gate:
                await one.load()
                joined.append(one.connect())
                stack.push_async_exit(one)
                await one.until(lambda: "people" in one.page.states, "that it is in")

        async with asyncio.TaskGroup() as tasks:
            for number in range(200):
                tasks.create_task(join(number))
        opening = False
        await bursting
        log = await settle([writer, *joined], server, room)
    print(f"{len(log)} messages while 200 pages opened")
    kept(log, [writer], [writer, *joined])


async def test_a_reader_that_stops_reading_holds_up_nobody_and_comes_back_whole(
    server: ServerProcess, http: httpx.AsyncClient, chance: Random
) -> None:
    room = "stalled"
    async with AsyncExitStack() as stack:
        stalled = await Visitor(http, server.url, room, "stalled", chance).load()
        stack.push_async_exit(stalled.connect(max_queue=1))
        others = [Visitor(http, server.url, room, f"r{number}", chance) for number in range(3)]
        for one in others:
            await stack.enter_async_context(one)
        writer = others[0]
        await stalled.until(lambda: "people" in stalled.page.states, "that it is in")
        stalled.stop_reading()
        # past what kernel buffers, the tab's own bound, a batch on top of it and a frame in the client take together
        for number in range(1, 321):
            await writer.say(f"writer:{number} {'&' * 3900}")  # five bytes each in HTML
            for one in others if number % 40 == 0 else ():  # they share one process: none of them is to fall behind
                await one.until(
                    lambda one=one, number=number: not one.page.forms and len(one.page.run.shown) == number, f"{number}"
                )
        assert len(stalled.page.run.shown) < 320
        await asyncio.to_thread(server.wait_for_output, "tab.slow")
        stalled.reading.set()
        await stalled.until(lambda: stalled.codes, "that it was sent away")
        log = await settle([*others, stalled], server, room)
    kept(log, [writer], [*others, stalled])


async def test_a_crash_of_a_worker_locks_nobody_out(tmp_path: Path, http: httpx.AsyncClient, chance: Random) -> None:
    # the sockets of the worker that was killed count for a while; 1008 would tell their pages to give up for good
    with ServerProcess(tmp_path / "data", workers=1, env={"QUART_CHAT_SOCKETS_PER_ADDRESS": "10"}) as server:
        async with AsyncExitStack() as stack:
            visitors = [Visitor(http, server.url, "crowd", f"r{number}", chance) for number in range(8)]
            for one in visitors:
                await stack.enter_async_context(one)
            for one in visitors:
                await one.until(lambda one=one: "people" in one.page.states, "that it is in")
            kill(server.worker_pids[0])
            for one in visitors:
                one.page.states.clear()
            for one in visitors:
                await one.until(lambda one=one: "people" in one.page.states or len(one.codes) > 1, "an answer")
            assert {code for one in visitors for code in one.codes} <= {1006, 1013}


async def test_an_orderly_end_tells_every_page_to_come_again(
    server: ServerProcess, http: httpx.AsyncClient, chance: Random
) -> None:
    async with AsyncExitStack() as stack:
        visitors = [Visitor(http, server.url, "end", f"r{number}", chance) for number in range(30)]
        for one in visitors:
            await stack.enter_async_context(one)
        for one in visitors:
            await one.until(lambda one=one: "people" in one.page.states, "that it is in")
        async with asyncio.timeout(10):
            server.send(signal.SIGTERM)
            for one in visitors:
                await one.until(lambda one=one: one.codes, "the end of its socket", PATIENCE)
            assert await asyncio.to_thread(server.wait) == 0
    assert {one.codes[0] for one in visitors} == {1012}
