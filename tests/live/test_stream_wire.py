"""A wire writes past its transport: never out of turn, and never to a descriptor that is somebody else’s by now."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop

from quart_chat.live.frames import text_frame
from quart_chat.live.stream import StreamWire
from quart_chat.live.wire import Broadcast
from quart_chat.live.zerocopy import LONG, MANY

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
SMALL = 4096  # bytes of each kernel buffer


class Wired:
    """A wire on a real TCP connection whose peer reads when it is told to."""

    def __init__(self, wire: StreamWire, writer: asyncio.StreamWriter, peer: socket.socket) -> None:
        self.wire = wire
        self.writer = writer
        self.peer = peer
        self.sent = bytearray()

    def write(self, text: str, tabs: int = 1) -> None:
        broadcast = Broadcast(text)
        with broadcast.to_many(tabs):
            self.wire.write(broadcast)
        self.sent += text_frame(text)

    async def read(self, count: int) -> bytes:
        loop = asyncio.get_running_loop()
        got = bytearray()
        async with asyncio.timeout(10):
            while len(got) < count:
                got += await loop.sock_recv(self.peer, min(65536, count - len(got)))
        return bytes(got)


@asynccontextmanager
async def wired() -> AsyncIterator[Wired]:
    came: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set_result(writer)

    with closing(socket.socket()) as listener, closing(socket.socket()) as peer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        listener.bind(("127.0.0.1", 0))
        server = await asyncio.start_server(serve, sock=listener)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        peer.setblocking(False)
        await asyncio.get_running_loop().sock_connect(peer, server.sockets[0].getsockname())
        writer = await came
        stream: Any = SimpleNamespace(send_away=lambda: None)
        wire = StreamWire(stream, writer)
        wire.open(None)
        try:
            yield Wired(wire, writer, peer)
        finally:
            writer.transport.abort()
            server.close()


@pytest.fixture(params=LOOPS)
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
        yield runner


def test_what_is_written_past_the_transport_and_through_it_arrives_in_one_order(runner: asyncio.Runner) -> None:
    async def run(seed: int) -> None:
        chance = Random(seed)
        async with wired() as tab:
            read = bytearray()
            direct = through = 0
            for number in range(600):
                direct += tab.wire._free is not None
                tab.write(f"{number}:" + "x" * chance.choice((1, 1, 30, 30, 3000, 3000, 20_000, LONG)), MANY)
                through += tab.wire._free is None
                if chance.random() < 0.2:  # a pong of Hypercorn's, for which it may have to wait
                    with tab.wire.aside():
                        if chance.random() < 0.5:
                            tab.write(f"meanwhile {number}")
                            await asyncio.sleep(0)
                        frame = text_frame(f"pong {number}" + "y" * chance.choice((1, 20_000)))
                        tab.writer.write(frame)
                        tab.sent += frame
                        with suppress(BlockingIOError):  # there is room again before the loop has looked
                            read += tab.peer.recv(chance.choice((1, 65536)))
                            tab.write(f"at once {number}")
                if chance.random() < 0.6:
                    read += await tab.read(chance.randint(0, len(tab.sent) - len(read)))
            read += await tab.read(len(tab.sent) - len(read))
            assert read == tab.sent
            assert direct > 20
            assert through > 20

    for seed in range(5):
        runner.run(run(seed))


@pytest.mark.parametrize("end", ["abort", "close", "reset"])
def test_a_descriptor_that_was_closed_is_never_written_to_again(runner: asyncio.Runner, end: str) -> None:
    async def run() -> None:
        async with wired() as tab:
            tab.write("first")
            tab.write("second")  # past the transport: it has seen the first go out at once
            descriptor = tab.wire._free
            assert descriptor is not None
            if end == "reset":
                tab.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                tab.peer.close()
            else:
                getattr(tab.writer.transport, end)()
            others: list[tuple[socket.socket, socket.socket]] = []
            try:
                async with asyncio.timeout(5):
                    while not any(one.fileno() == descriptor for pair in others for one in pair):
                        others.append(socket.socketpair())  # takes the lowest number that is free
                        await asyncio.sleep(0)
                for _ in range(3):
                    tab.wire.write(Broadcast("too late"))
                    await asyncio.sleep(0)
                for pair in others:
                    for one in pair:
                        one.setblocking(False)
                        with pytest.raises(BlockingIOError):
                            one.recv(1)
            finally:
                for pair in others:
                    for one in pair:
                        one.close()

    runner.run(run())


def test_the_connection_s_own_end_is_told_to_who_reads_it(runner: asyncio.Runner) -> None:
    async def run() -> None:
        async with wired() as tab:
            tab.writer.transport.abort()
            async with asyncio.timeout(5):
                await tab.writer.wait_closed()  # the stream below hears of it as well
            assert tab.wire._free is None

    runner.run(run())


def test_who_does_not_hear_of_the_end_writes_to_somebody_else() -> None:
    """What the tests above look for."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire = StreamWire(None, None)  # type: ignore[arg-type]
        wire._free = ours.fileno()
        wire.write(Broadcast("late"))
        assert theirs.recv(100) == text_frame("late")
