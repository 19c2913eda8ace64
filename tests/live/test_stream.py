"""The fast lane in a real worker: what it writes is lawful, what it holds is bounded, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypercorn.protocol.events import Event, Response
from hypercorn.protocol.h11 import H11Protocol
from websockets.exceptions import InvalidMessage, InvalidStatus

from quart_chat.live import stream as streams
from quart_chat.live.stream import SILENCE, WAITING, StreamWire, TabStream
from quart_chat.live.wire import Broadcast
from quart_chat.pages import fragments
from tests.live.rig import until
from tests.live.served import Served, client, served
from tests.promise.page import Page
from tests.store.valkey import Valkey
from tests.web.frames import CLOSE, TEXT, frame

PLAIN: dict[str, Any] = {"compression": None}


@pytest.fixture
async def worker(valkey: Valkey, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(valkey, tmp_path) as worker:
        yield worker


# --- frames ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_a_strict_client_reads_every_kind_of_frame(worker: Served, compression: str | None) -> None:
    async with client(worker, compression=compression) as tab:
        assert bool(tab.connection.protocol.extensions) == (compression is not None)
        await tab.enter()
        assert all(isinstance(each.wire, StreamWire) for each in worker.tabs)
        await tab.say("short", "é & <b>🎉 " * 300)
        await until(lambda: not tab.page.forms, "the acknowledgements")
        await tab.see("short", ("é & <b>🎉 " * 300).rstrip())

        # pings and heartbeats of the worker, and pings of the client
        (stream,) = worker.streams
        heard = stream._heard
        for each in worker.tabs:
            each.wire.beat(Broadcast(str(fragments.connection("live", "en"))), asyncio.get_running_loop().time())  # type: ignore[attr-defined]
        await until(lambda: stream._heard > heard, "the pong")
        await asyncio.wait_for(await tab.connection.ping(b"p" * 125), 5)

        # a batch of more than 64 KiB, live
        for number in range(3):
            worker.hub._rooms["room"].broadcast(
                lambda _, number=number: fragments.notice(f"{number}" * 70_000, "en")  # type: ignore[misc]
            )
        await until(lambda: len(tab.page.notices) == 3, "three long frames")
        assert [len(notice) for notice in tab.page.notices] == [70_000] * 3
    await until(lambda: not worker.streams, "that it is forgotten")
    assert tab.connection.close_code == 1000


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_a_long_absence_is_caught_up_with_in_one_lawful_frame(worker: Served, compression: str | None) -> None:
    texts = [f"{number} {'&' * 3000}" for number in range(150)]
    first = (await worker.parts.log.append("room", "e" * 16, "Eva", "first", "n"))[0]
    for text in texts:
        await worker.parts.log.append("room", "e" * 16, "Eva", text, text[:5].strip(" &"))
    async with client(worker, compression=compression) as tab:
        tab.page = Page(f'<input id="since" value="{first}"><ol id="log"></ol>')
        await tab.enter()
        await tab.see(*texts)
        assert max(len(one) for one in tab.frames) > 2_000_000


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_a_message_in_parts_with_pings_between_is_taken(worker: Served, compression: str | None) -> None:
    async with client(worker, compression=compression) as tab:
        await tab.enter()

        async def parts() -> AsyncIterator[str]:
            yield '{"act": "say", "nonce": "k-0", '
            await tab.connection.ping()
            yield ""
            yield '"text": "in '
            await tab.connection.ping(b"between")
            yield 'parts"}'

        await tab.connection.send(parts())
        await tab.see("in parts")


async def test_plain_and_deflating_tabs_of_a_room_see_the_same_and_a_text_is_deflated_once_for_all(
    worker: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    deflated: list[bytes] = []
    deflate = worker.registry.deflater.deflate

    def counted(payload: bytes) -> bytes:
        deflated.append(payload)
        return deflate(payload)

    monkeypatch.setattr(worker.registry.deflater, "deflate", counted)
    async with AsyncExitStack() as stack:
        tabs = [
            await (
                await stack.enter_async_context(client(worker, compression=None if n % 4 == 0 else "deflate"))
            ).enter()
            for n in range(24)
        ]
        await until(lambda: all(tab.page.counted == 24 for tab in tabs), "that all are shown")
        deflated.clear()
        await tabs[1].say("x" * 1000)
        for tab in tabs:
            await tab.see("x" * 1000)
        assert sum(b"x" * 1000 in payload for payload in deflated) == 1
        assert len({each for tab in tabs for each in tab.frames if "x" * 1000 in each}) == 1
        deflated.clear()
        await tabs[0].say("short")
        for tab in tabs:
            await tab.see("x" * 1000, "short")


# --- bounds ----------------------------------------------------------------------------------------


async def test_a_tab_that_sends_faster_than_it_is_served_waits_in_its_own_socket(
    worker: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = asyncio.Event()
    taken: list[int] = []
    say_all = worker.parts.sayer.say_all

    async def slow(*arguments: Any, **how: Any) -> Any:
        taken.append(len(arguments[3]))
        await going.wait()
        return await say_all(*arguments, **how)

    async with client(worker, **PLAIN) as tab:
        await tab.enter()
        monkeypatch.setattr(worker.parts.sayer, "say_all", slow)
        (stream,) = worker.streams
        texts = [f"{number:05} {'x' * 3900}" for number in range(4000)]  # 16 MB: kernels take up to 10 of them
        sending = asyncio.create_task(tab.say(*texts))
        # it stands still: what the kernel, the client and 64 messages hold, and no more
        await until(lambda: len(stream._inbox) == WAITING and stream._held is not None, "that it is held back")
        await until(lambda: tab.connection.transport.get_write_buffer_size() > 0, "that the client's own buffer fills")
        for _ in range(2000):
            await asyncio.sleep(0)
        assert len(stream._inbox) == WAITING
        assert not sending.done()
        going.set()
        await sending
        await until(lambda: not tab.page.forms, "all acknowledgements", 60)
        assert list(tab.page.run.shown.values()) == texts
        assert max(taken) <= WAITING
        assert len(taken) < len(texts) / 4  # what came meanwhile went to the store together


async def test_a_peer_that_is_silent_for_too_long_is_let_go(worker: Served) -> None:
    async with client(worker) as silent, client(worker) as tab:
        await silent.enter()
        await tab.enter()
        one, other = sorted(worker.streams, key=lambda stream: stream._heard)
        beat = Broadcast(str(fragments.connection("live", "en")))
        one._wire.beat(beat, one._heard + SILENCE + 0.1)
        other._wire.beat(beat, other._heard + SILENCE - 0.1)
        assert await silent.closed() == 1006
        await until(lambda: worker.streams == [other], "that it is gone")
        await tab.say("on")
        await tab.see("on")


# --- how it ends -----------------------------------------------------------------------------------


async def test_a_worker_s_end_closes_its_tabs_with_1012_those_that_have_not_resumed_too(worker: Served) -> None:
    async with AsyncExitStack() as stack:
        tabs = [await (await stack.enter_async_context(client(worker))).enter() for _ in range(20)]
        entering = [await stack.enter_async_context(client(worker, **PLAIN)) for _ in range(5)]
        for tab in entering:
            tab.read()
        await asyncio.gather(worker.end(), *(tab.closed() for tab in [*tabs, *entering]))
        assert {tab.connection.close_code for tab in [*tabs, *entering]} == {1012}
    assert not worker.tabs


async def test_a_tab_whose_serving_fails_is_closed_with_1011_and_says_so_in_the_log(
    worker: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    async with client(worker) as tab, client(worker) as other:
        await tab.enter()
        await other.enter()
        monkeypatch.setattr(worker.parts.sayer, "say_all", broken)
        await tab.say("x")
        assert await tab.closed() == 1011
        assert "tab.failed" in caplog.text
        monkeypatch.undo()
        await other.say("on")
        await other.see("on")


async def test_a_route_s_end_is_not_the_tab_s_and_costs_it_nothing_more(worker: Served) -> None:
    """A kept tab is its connection's task and its own: none of Quart's."""
    async with AsyncExitStack() as stack:
        await (await stack.enter_async_context(client(worker))).enter()
        await until(lambda: all(stream._serving is not None for stream in worker.streams), "that it is kept")
        before = len(asyncio.all_tasks())
        tabs = [await (await stack.enter_async_context(client(worker))).enter() for _ in range(10)]
        of_clients = 2 * len(tabs)  # the library's keepalive or its transfer, and the reading one
        await until(lambda: len(asyncio.all_tasks()) - before <= 2 * len(tabs) + of_clients, "that the routes ended")
        names = [repr(task.get_coro()) for task in asyncio.all_tasks()]
        assert not [name for name in names if "quart" in name and "ASGI" in name], names
        await tabs[0].say("on")
        for tab in tabs:
            await tab.see("on")


# --- what is left ----------------------------------------------------------------------------------


def left(worker: Served) -> dict[str, object]:
    """What a worker holds of its tabs."""
    hub = worker.hub
    return {
        "streams": len(worker.streams),
        "stream tasks": len(worker.registry._tasks) - 1,  # one waits for the worker's end
        "tabs": len(hub._tabs),
        "people": len(hub._people),
        "waiting": sum(len(room._acks) + sum(map(len, room._tabs.values())) for room in hub._rooms.values()),
        "sockets of addresses": sum(worker.parts.limits._open.values()),
    }


NOTHING = dict.fromkeys(("streams", "stream tasks", "tabs", "people", "waiting", "sockets of addresses"), 0)


def of_what(tasks: Iterable[asyncio.Task[Any]]) -> Counter[str]:
    """Count tasks by what they run; those of the hub and the store come and go."""
    names = (getattr(task.get_coro(), "__qualname__", "") for task in tasks)
    return Counter(name for name in names if not name.startswith(("Hub.run", "Pipeline.", "Feed.", "to_thread")))


def sockets() -> int:
    """The open TCP sockets of this process; those to the store are none."""
    rows = [row for name in ("tcp", "tcp6") for row in Path(f"/proc/self/net/{name}").read_text().splitlines()[1:]]
    network = {row.split()[9] for row in rows}
    found = 0
    for fd in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            found += os.readlink(f"/proc/self/fd/{fd}").removeprefix("socket:[").rstrip("]") in network
    return found


HANDSHAKE = (
    "GET /r/room/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)


async def frames_to_close(reader: asyncio.StreamReader) -> list[tuple[int, bytes]]:
    """Read frames up to the server's close: opcode and payload."""
    seen: list[tuple[int, bytes]] = []
    async with asyncio.timeout(10):
        while not seen or seen[-1][0] != CLOSE:
            first, length = await reader.readexactly(2)
            if length > 125:
                length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
            seen.append((first & 0xF, await reader.readexactly(length)))
    return seen


async def leave_raw(worker: Served, chance: Random, way: str) -> None:
    """Come over a bare socket, and be gone at any time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    more = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if chance.random() < 0.5 else ""
    sent = HANDSHAKE.format(port=worker.port, more=more).encode()
    if way == "at once":
        writer.write(sent[: chance.randrange(len(sent))])
    elif way == "in the handshake":
        writer.write(sent)
        for _ in range(chance.randint(0, 40)):
            await asyncio.sleep(0)
    else:
        writer.write(sent)
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(chance.randint(0, 60)):
            await asyncio.sleep(0)
        writer.write(frame(TEXT, b'{"act": "resume", "since": "0-0"}'))
        if way == "amid a frame":
            writer.write(frame(TEXT, b"x" * 5000)[: chance.randrange(1, 4000)])
        elif way == "by a broken frame":
            writer.write(frame(0x3, b"x") + b"and more" * chance.choice((0, 1, 10_000)))
            await frames_to_close(reader)
        elif way == "amid a flood":
            writer.write(frame(TEXT, b'{"act": "say", "nonce": "n", "text": "x"}') * 300)
        for _ in range(chance.randint(0, 60)):
            await asyncio.sleep(0)
    if chance.random() < 0.5:
        writer.transport.abort()
    else:
        writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def leave_politely(worker: Served, chance: Random, way: str) -> None:
    """Come with a library, and go as it does."""
    if way == "refused":
        async with client(worker, additional_headers={"Cookie": "quart_chat=forged"}) as tab:
            tab.read()
            assert await tab.closed() == 1008
        return
    if way == "foreign":
        with pytest.raises(InvalidStatus):
            async with client(worker, origin="https://evil.example"):
                pass
        return
    async with client(worker, compression=chance.choice((None, "deflate"))) as tab:
        if chance.random() < 0.7:
            await tab.enter()
            await tab.say("x" * chance.randint(1, 300))
        if way == "by an abort":
            tab.connection.transport.abort()


RAW = ["at once", "in the handshake", "amid a frame", "by a broken frame", "amid a flood", "as it enters"]
POLITE = ["by a close", "by an abort", "refused", "foreign"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="/proc is Linux's")
@pytest.mark.filterwarnings("ignore:coroutine '_serve' was never awaited")  # what the next test is about
async def test_of_two_hundred_tabs_that_came_and_left_in_every_way_nothing_is_left(
    worker: Served, chance: Random, caplog: pytest.LogCaptureFixture
) -> None:
    async with client(worker) as first:
        await first.enter()
    await until(lambda: left(worker) == NOTHING, "that the first has left")
    await until(lambda: not worker.hub._tasks, "that its count is told")
    tasks = of_what(asyncio.all_tasks())
    assert sockets() == 1  # where the worker listens
    gate = asyncio.Semaphore(15)

    async def come_and_go(number: int) -> None:
        async with gate:
            way = [*RAW, *POLITE][number % (len(RAW) + len(POLITE))]
            await (leave_raw if way in RAW else leave_politely)(worker, chance, way)

    await asyncio.gather(*(come_and_go(number) for number in range(200)))
    with suppress(AssertionError):
        await until(lambda: (left(worker), of_what(asyncio.all_tasks()), sockets()) == (NOTHING, tasks, 1))
    assert (left(worker), of_what(asyncio.all_tasks()), sockets()) == (NOTHING, tasks, 1)
    # what is told to close is held for as long as that may take; the worker's first one for good, by the context of the
    # task that waits for the worker's end
    await until(lambda: gc.collect() >= 0 and streams_alive() <= 1, "that no stream is held", 20)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def streams_alive() -> int:
    return sum(isinstance(one, TabStream) for one in gc.get_objects())


async def test_a_tab_that_leaves_in_the_moment_it_is_kept_leaves_nothing_unawaited(
    worker: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = TabStream.keep
    kept: list[Coroutine[Any, Any, None]] = []

    def at_once(self: TabStream, serving: Coroutine[Any, Any, None]) -> None:
        kept.append(serving)
        keep(self, serving)
        assert self._serving is not None
        self._serving.cancel()  # as StreamClosed does

    monkeypatch.setattr(TabStream, "keep", at_once)
    async with client(worker) as tab:
        await until(lambda: kept, "that it is kept")
        for _ in range(5):
            await asyncio.sleep(0)
        tab.connection.transport.abort()
    try:
        assert inspect.getcoroutinestate(kept[0]) == inspect.CORO_CLOSED
    finally:
        kept[0].close()


async def test_a_stream_that_is_gone_before_it_is_accepted_is_not_remembered(
    worker: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = H11Protocol.stream_send
    gone: list[int] = []

    async def late(self: H11Protocol, event: Event) -> None:
        stream = self.stream
        await send(self, event)
        if isinstance(event, Response) and event.status_code == 101 and stream is not None:
            self.send.__self__.writer.transport.abort()  # type: ignore[attr-defined] - the peer resets just then
            while not stream.closed:  # and not one step longer: Quart cancels the route soon after
                await asyncio.sleep(0)
            gone.append(event.status_code)

    monkeypatch.setattr(H11Protocol, "stream_send", late)
    _, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    writer.write(HANDSHAKE.format(port=worker.port, more="").encode())
    await until(lambda: gone, "that it was accepted")
    await until(lambda: not worker.streams and not worker.tabs, "that it is forgotten")
    writer.close()


async def test_what_is_written_to_a_tab_that_has_gone_goes_nowhere(worker: Served) -> None:
    async with client(worker) as tab:
        await tab.enter()
        (one,) = worker.tabs
        (stream,) = worker.streams
    await until(lambda: not worker.streams, "that it has left")
    one.wire.write(Broadcast("x"))
    one.wire.beat(Broadcast("x"), 0.0)  # type: ignore[attr-defined]
    await stream.close(1012)
    with pytest.raises(streams.Gone):
        await one.wire.send(Broadcast("x"))
    with pytest.raises(streams.Gone):
        await one.wire.receive()


async def test_two_tabs_hold_a_room_that_nobody_else_can_break(worker: Served) -> None:
    async with client(worker) as ana, client(worker) as eva:
        await ana.enter()
        await eva.enter()
        for number in range(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
            writer.write(HANDSHAKE.format(port=worker.port, more="").encode())
            await reader.readuntil(b"\r\n\r\n")
            writer.write(frame(TEXT, b"\xff"))
            await ana.say(f"t{number}")
            said = await frames_to_close(reader)
            assert int.from_bytes(said[-1][1][:2], "big") == 1007
            writer.close()
        texts = [f"t{number}" for number in range(10)]
        for tab in (ana, eva):
            await tab.see(*texts)


async def test_a_tab_that_left_while_it_was_let_in_leaves_nothing_behind(
    valkey: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopted: list[StreamWire | None] = []
    adopt = TabStream.adopt

    def adopting(stream: TabStream) -> StreamWire | None:
        server = streams.server_of(stream.send)
        assert server is not None
        server.writer.transport.abort()
        # as uvloop does, which every worker runs on
        monkeypatch.setattr(server.writer.transport, "set_write_buffer_limits", None)
        adopted.append(adopt(stream))
        return adopted[-1]

    monkeypatch.setattr(TabStream, "adopt", adopting)
    async with served(valkey, tmp_path) as worker:
        with suppress(OSError, InvalidMessage):
            async with client(worker):
                pass
        await until(lambda: adopted and not worker.streams, "that it is forgotten")
        assert adopted == [None]
        assert not worker.tabs
