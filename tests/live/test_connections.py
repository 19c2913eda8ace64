"""Connections that have ended leave nothing: no task, and nothing that only the collector would find."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

import pytest

from quart_chat.live import connections
from quart_chat.live.connections import Server
from tests.live.rig import until
from tests.live.served import Served, client, served
from tests.live.test_stream import of_what
from tests.store.valkey import Valkey

REQUEST = b"GET %b HTTP/1.1\r\nHost: x\r\n%b\r\n"
LONG = b"/static/vendor/htmx.min.js"


@pytest.fixture
async def worker(valkey: Valkey, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(valkey, tmp_path) as worker:
        yield worker


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> Iterator[WeakSet[Server]]:
    """The connections that are held, with the collector off."""
    found: WeakSet[Server] = WeakSet()
    run = Server.run

    async def noted(self: Server) -> None:
        found.add(self)
        await run(self)

    monkeypatch.setattr(connections.Server, "run", noted)
    gc.collect()
    gc.disable()
    yield found
    gc.enable()


async def send(worker: Served, sent: bytes, *, reads: bool = True, resets: bool) -> None:
    """Send, read what comes first, and leave."""
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    writer.write(sent)
    if reads:
        await reader.read(100)
    writer.transport.abort() if resets else writer.close()
    with suppress(OSError):
        await writer.wait_closed()


# Quart leaves the file open that it was sending; it is closed with the connection, as nothing else holds it
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("resets", [True, False])
@pytest.mark.parametrize(
    "sent",
    [
        REQUEST % (LONG, b"") * 2,
        REQUEST % (LONG, b"") * 20,
        REQUEST % (LONG, b"Upgrade: x\r\n"),
        REQUEST % (LONG, b"Connection: close\r\n"),
        b"junk",
    ],
    ids=["two requests at once", "twenty", "an unknown upgrade", "one request", "no request"],
)
async def test_who_leaves_amid_an_answer_leaves_no_task_and_no_circle(
    worker: Served, alive: WeakSet[Server], sent: bytes, resets: bool
) -> None:
    await send(worker, REQUEST % (b"/healthz", b"Connection: close\r\n"), resets=False)
    await until(lambda: not alive, "that the first has ended")
    tasks = of_what(asyncio.all_tasks())
    for _ in range(20):
        await send(worker, sent, reads=sent != b"junk", resets=resets)
    await until(lambda: of_what(asyncio.all_tasks()) == tasks, "that nothing waits any more", 10)
    await until(lambda: not alive, "that nothing is held")


async def test_of_tabs_that_left_nothing_is_held(worker: Served, alive: WeakSet[Server]) -> None:
    async with client(worker) as first:  # the worker keeps a context of its first one
        await first.enter()
    await until(lambda: not worker.streams, "that the first has left")
    for number in range(10):
        async with client(worker) as tab:
            await tab.enter()
            if number % 2:
                tab.connection.transport.abort()
        del tab
    await until(lambda: not worker.streams, "that all have left")
    await until(lambda: len(alive) <= 1, "that none is held", 10)


async def test_who_has_just_connected_to_a_worker_that_ends_gets_an_answer(
    worker: Served, alive: WeakSet[Server]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    await until(lambda: alive, "that it is taken")
    (server,) = alive
    worker.stop.set()
    await until(server.context.terminated.is_set, "that the worker ends")
    writer.write(REQUEST % (b"/healthz", b""))
    assert (await reader.read()).startswith(b"HTTP/1.1 200")  # to its end, for there is no other request
    writer.close()
