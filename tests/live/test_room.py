"""A room as one worker has it, fed by hand."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from random import Random

import pytest

from quart_chat.live import room as live_room
from quart_chat.live.room import BATCH, LIVE_ROWS, TRIM_EVERY, TYPING, LiveRoom
from quart_chat.live.wire import Broadcast
from quart_chat.pages.languages import Audience
from tests.live.rig import ANA, EVA, BareTab, PageWire, chain, entry, until


def started(*tabs: BareTab) -> LiveRoom:
    room = LiveRoom("room")
    room.start((), "0-0")
    for tab in tabs:
        room.add(tab)  # type: ignore[arg-type]
    return room


def batches(tab: BareTab) -> list[int]:
    """How many messages each frame brought."""
    return [frame.count('class="message') for frame in tab.wire.frames]


async def rested(room: LiveRoom, place: str) -> None:
    await until(lambda: room.place == place, f"the place {place}, at {room.place}")


async def test_the_first_change_in_a_quiet_room_goes_out_at_once() -> None:
    tab = BareTab()
    room = started(tab)
    assert room.take([entry(1)])
    assert tab.page.texts == ["t1"]
    assert tab.page.place == room.place == "1-0"


async def test_what_comes_while_the_room_rests_goes_out_together_in_order_and_in_bounded_frames() -> None:
    tab = BareTab()
    room = started(tab)
    for one in chain(1, 2 * BATCH + 31):
        assert room.take([one])
    assert batches(tab) == [1]
    assert room.tail == "231-0"
    await rested(room, "231-0")
    assert batches(tab) == [1, BATCH, BATCH, 30]
    assert list(tab.page.run.shown.values()) == [f"t{number}" for number in range(1, 232)]
    assert not tab.page.faults


async def test_the_rest_grows_with_what_the_last_broadcast_took() -> None:
    class Slow(PageWire):
        def write(self, broadcast: Broadcast) -> None:
            super().write(broadcast)
            times.append(time.monotonic())
            time.sleep(0.03)

    times: list[float] = []
    room = started(BareTab(Slow()))
    room.take([entry(1)])
    room.take([entry(2)])
    await rested(room, "2-0")
    assert times[1] - times[0] >= 0.06  # it wrote for as long as it rested


async def test_a_frame_is_rendered_and_encoded_once_for_everybody_of_an_audience() -> None:
    tabs = [BareTab(), BareTab(), BareTab(audience=Audience("pt-BR", "America/Sao_Paulo"))]
    room = started(*tabs)
    room.take([entry(1)])
    first, second, other = (tab.wire.broadcasts[0] for tab in tabs)
    assert first is second
    assert other is not first
    assert other.text != first.text


async def test_one_broken_wire_does_not_end_the_broadcast() -> None:
    class Broken(PageWire):
        def write(self, _: Broadcast) -> None:
            raise RuntimeError("the transport is gone")

    tabs = [BareTab(Broken()) for _ in range(5)] + [BareTab()]
    room = started(*tabs)
    room.take([entry(1)])
    assert tabs[-1].page.texts == ["t1"]


async def test_a_gap_is_told_and_nothing_behind_it_is_shown() -> None:
    tab = BareTab()
    room = started(tab)
    room.take([entry(1)])
    assert not room.take([entry(3)])
    assert not room.take([entry(4), entry(5)])
    assert room.tail == "1-0"
    assert room.take(chain(2, 5))
    await rested(room, "5-0")
    assert tab.page.texts == ["t1", "t2", "t3", "t4", "t5"]


async def test_entries_that_come_again_are_passed_over() -> None:
    tab = BareTab()
    room = started(tab)
    room.take(chain(1, 3))
    assert room.take(chain(1, 3))
    assert room.take([entry(2), entry(3), entry(4)])
    await rested(room, "4-0")
    assert tab.page.texts == ["t1", "t2", "t3", "t4"]
    assert not tab.page.faults


async def test_any_delivery_with_repeats_and_gaps_mended_shows_everything_once(chance: Random) -> None:
    tab = BareTab()
    room = started(tab)
    entries = chain(1, 600)
    known = 0
    while known < len(entries):
        start = min(max(0, known + chance.randint(-5, 3)), len(entries) - 1)  # a delivery holds something
        part = entries[start : start + chance.randint(1, 40)]
        taken = room.take(part)
        known = max(known, start + len(part)) if taken else int(room.tail.split("-")[0])
        if chance.random() < 0.1:
            await asyncio.sleep(0)
    await rested(room, "600-0")
    assert list(tab.page.run.shown) == [one.id for one in entries]
    assert not tab.page.faults


async def test_an_acknowledgement_waits_for_the_rooms_place_and_follows_the_message() -> None:
    tab = BareTab()
    room = started(tab)
    room.acknowledge("2-0", tab, lambda: '<form id="say-k-2" hx-swap-oob="delete"></form>')  # type: ignore[arg-type]
    room.take([entry(1)])
    room.take([entry(2)])
    assert tab.page.taken == []
    await rested(room, "2-0")
    assert tab.page.taken == ["k-2"]
    assert "t2" in tab.wire.frames[-2]
    assert "say-k-2" in tab.wire.frames[-1]
    room.acknowledge("1-0", tab, lambda: '<form id="say-k-1" hx-swap-oob="delete"></form>')  # type: ignore[arg-type]
    assert tab.page.taken == ["k-2", "k-1"]  # what is reached already is told at once


async def test_acknowledgements_of_a_tab_that_left_are_forgotten() -> None:
    gone, there = BareTab(), BareTab()
    room = started(there)
    for tab in (gone, there):
        room.acknowledge("1-0", tab, lambda: '<form id="say-k" hx-swap-oob="delete"></form>')  # type: ignore[arg-type]
    room.forget_acks(gone)  # type: ignore[arg-type]
    room.take([entry(1)])
    assert gone.page.taken == []
    assert there.page.taken == ["k"]


async def test_pages_are_trimmed_every_fifty_messages_and_keep_their_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_room, "REST", 0.0)
    tab = BareTab()
    room = started(tab)
    longest = 0
    for number in range(1, 501):
        room.take([entry(number)])
        await rested(room, f"{number}-0")
        longest = max(longest, len(tab.page.listed))
        assert len(tab.page.listed) >= min(number, LIVE_ROWS)
    assert longest <= LIVE_ROWS + TRIM_EVERY
    firsts = [int(first.split("-")[0]) for first in tab.page.trims]
    assert {later - former for former, later in pairwise(firsts)} == {TRIM_EVERY}
    assert list(tab.page.run.shown) == [f"{number}-0" for number in range(1, 501)]


@pytest.mark.parametrize("batch", [TRIM_EVERY - 1, TRIM_EVERY, BATCH])
async def test_pages_are_trimmed_under_load_too(batch: int) -> None:
    tab = BareTab()
    room = started(tab)
    for first in range(1, 12 * batch, batch):
        room.take(chain(first, first + batch - 1))
        await rested(room, f"{first + batch - 1}-0")
    assert LIVE_ROWS <= len(tab.page.listed) <= LIVE_ROWS + TRIM_EVERY + batch
    assert not tab.page.faults


async def test_a_restart_drops_what_waited_and_goes_on_from_there() -> None:
    tab = BareTab()
    room = started(tab)
    room.take(chain(1, 1))
    room.take(chain(2, 5))  # still waiting
    room.acknowledge("7-0", tab, lambda: '<form id="say-k" hx-swap-oob="delete"></form>')  # type: ignore[arg-type]
    room.start((), "8-0")
    assert tab.page.taken == ["k"]
    assert room.tail == room.place == "8-0"
    room.take([entry(9)])
    await rested(room, "9-0")
    assert "t9" in tab.page.texts
    assert "t3" not in tab.page.texts


async def test_whoever_waits_for_the_place_to_move_is_woken_or_looks_again() -> None:
    room = started()
    waiting = asyncio.create_task(room.moved(30))
    await asyncio.sleep(0)
    room.take([entry(1)])
    await asyncio.wait_for(waiting, 1)
    await room.moved(0.01)  # nothing moves: it returns all the same
    cancelled = asyncio.create_task(room.moved(30))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    room.take([entry(2)])
    await rested(room, "2-0")


async def test_typing_shows_and_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_room, "TYPING", 0.02)
    tab = BareTab()
    room = started(tab)
    room.types(ANA, "Ana")
    assert "Ana" in tab.page.states["typing"].text
    await until(lambda: tab.page.states["typing"].text.strip() == "", "nobody typing")
    assert room.typists() == []


async def test_typing_again_says_nothing_new_and_a_message_ends_it() -> None:
    assert TYPING > 1
    tab = BareTab()
    room = started(tab)
    for _ in range(5):
        room.types(ANA, "Ana")
    room.types(EVA, "Eva")
    assert len(tab.wire.frames) == 2
    room.take([entry(1, author=ANA)])
    assert "Eva" in tab.page.states["typing"].text
    assert "Ana" not in tab.page.states["typing"].text
    assert len(tab.wire.frames) == 3  # in the frame of the message
    room.end()


async def test_typists_are_bounded() -> None:
    room = started()
    for number in range(1000):
        room.types(f"{number:016x}", "x")
    assert len(room.typists()) == live_room.MAX_TYPISTS
    room.end()
