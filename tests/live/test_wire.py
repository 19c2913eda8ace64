"""The plain wire: a bounded queue, and one task that sends from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from quart_chat.live import wire as wires
from quart_chat.live.wire import MAX_UNREAD, Broadcast, Gone, PlainWire
from tests.live.rig import until


class Peer:
    """Takes what is sent while `reading` is set."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.closing = asyncio.Event()
        self.closing.set()
        self.codes: list[int] = []

    async def receive(self) -> list[str]:
        return ["hello"]

    async def send(self, text: str) -> None:
        await self.reading.wait()
        self.taken.append(text)

    async def close(self, code: int) -> None:
        await self.closing.wait()
        self.codes.append(code)

    def wire(self) -> PlainWire:
        return PlainWire(self.receive, self.send, self.close)


@asynccontextmanager
async def pumping(wire: PlainWire) -> AsyncIterator[asyncio.Task[None]]:
    pump = asyncio.create_task(wire.pump())
    try:
        yield pump
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)


async def test_everything_is_sent_in_order() -> None:
    peer = Peer()
    wire = peer.wire()
    async with pumping(wire):
        wire.write(Broadcast("1"))
        await wire.send(Broadcast("2"))
        assert peer.taken == ["1", "2"]
        for number in range(3, 100):
            wire.write(Broadcast(str(number)))
        await wire.send(Broadcast("100"))
    assert peer.taken == [str(number) for number in range(1, 101)]
    assert await wire.receive() == ["hello"]


async def test_a_send_waits_until_it_is_on_its_way() -> None:
    peer = Peer()
    wire = peer.wire()
    peer.reading.clear()
    async with pumping(wire):
        sending = asyncio.create_task(wire.send(Broadcast("late")))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not sending.done()
        peer.reading.set()
        await asyncio.wait_for(sending, 1)
    assert peer.taken == ["late"]


async def test_a_tab_that_does_not_read_is_gone_and_what_waits_for_it_stays_bounded() -> None:
    peer = Peer()
    wire = peer.wire()
    peer.reading.clear()
    async with pumping(wire) as pump:
        chunk = Broadcast("x" * 10_000)
        for _ in range(10 * MAX_UNREAD // 10_000):
            wire.write(chunk)
        with pytest.raises(Gone):
            await asyncio.wait_for(pump, 1)
        with pytest.raises(Gone):
            await asyncio.wait_for(wire.send(Broadcast("more")), 1)
        assert wire._unread <= MAX_UNREAD + 20_000


@pytest.mark.parametrize("character", ["x", "é", "🦉"])
async def test_the_bound_counts_bytes(character: str) -> None:
    peer = Peer()
    wire = peer.wire()
    peer.reading.clear()
    async with pumping(wire) as pump:
        chunk = Broadcast(character * 1000)
        written = 0
        while not pump.done() and written < 3 * MAX_UNREAD:
            wire.write(chunk)
            written += len(chunk.text.encode())
            await asyncio.sleep(0)
        assert pump.done()
        assert written <= MAX_UNREAD + 5 * len(chunk.text.encode())
        assert isinstance(pump.exception(), Gone)


async def test_what_a_tab_catches_up_with_may_be_larger_than_what_it_may_leave_unread() -> None:
    # two hundred messages of four thousand "&" are 4 MB of HTML; a bound on them would be the same at each reconnect
    peer = Peer()
    wire = peer.wire()
    async with pumping(wire):
        await asyncio.wait_for(wire.send(Broadcast("x" * (4 * MAX_UNREAD))), 1)
        wire.write(Broadcast("after"))
        await wire.send(Broadcast("that"))
    assert [len(text) for text in peer.taken] == [4 * MAX_UNREAD, 5, 4]


async def test_a_tab_that_reads_is_not_sent_away_for_one_frame_that_is_larger_than_the_bound() -> None:
    # a broadcast holds up to a hundred messages: of four thousand "&" they are 2 MB of HTML
    peer = Peer()
    wire = peer.wire()
    async with pumping(wire) as pump:
        wire.write(Broadcast("x" * (2 * MAX_UNREAD)))
        await until(lambda: peer.taken or pump.done(), "that it is sent")
        assert not pump.done()


async def test_a_tab_that_takes_too_long_to_catch_up_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "PATIENCE", 0.02)
    peer = Peer()
    wire = peer.wire()
    peer.reading.clear()
    async with pumping(wire) as pump:
        with pytest.raises(Gone):
            await wire.send(Broadcast("slow"))
        with pytest.raises(Gone):
            await asyncio.wait_for(pump, 1)


async def test_a_connection_that_breaks_ends_the_pump() -> None:
    async def broken(_: str) -> None:
        raise ConnectionResetError

    peer = Peer()
    wire = PlainWire(peer.receive, broken, peer.close)
    async with pumping(wire) as pump:
        wire.write(Broadcast("x"))
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(pump, 1)


async def test_a_close_does_not_wait_for_a_peer_that_has_stopped_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "LAST_WORDS", 0.02)
    peer = Peer()
    await peer.wire().close(1013)
    assert peer.codes == [1013]
    peer.closing.clear()
    await asyncio.wait_for(peer.wire().close(1013), 1)


async def test_the_end_of_the_pump_leaves_no_task() -> None:
    peer = Peer()
    wire = peer.wire()
    peer.reading.clear()
    before = asyncio.all_tasks()
    async with pumping(wire):
        wire.write(Broadcast("x"))
        await asyncio.sleep(0)
    await until(lambda: asyncio.all_tasks() == before, "the end of every task")
