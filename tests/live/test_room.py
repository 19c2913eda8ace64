"""A room as one worker has it, fed by hand."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from random import Random

import pytest

from quart_chat.live import room as live_room
from quart_chat.live.room import BATCH, LIVE_ROWS, REST, REST_BUSY, REST_PER_WORK, TRIM_EVERY, TYPING, LiveRoom
from quart_chat.live.wire import Broadcast
from quart_chat.pages.languages import Audience
from quart_chat.store.presence import Here
from tests.live.clock import Clock
from tests.live.rig import ANA, ENGLISH, EVA, BareTab, PageWire, chain, entry, until

PORTUGUESE = Audience("pt-BR", "UTC")


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


class Slow(PageWire):
    """A wire on which a write takes its time."""

    def __init__(self, clock: Clock, takes: float) -> None:
        super().__init__()
        self._clock = clock
        self._takes = takes
        self.times: list[float] = []  # at which it was written to, s

    def write(self, broadcast: Broadcast) -> None:
        self.times.append(self._clock.now)
        super().write(broadcast)
        self._clock.now += self._takes


def test_the_rest_grows_with_what_a_broadcast_of_several_took(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    tab = BareTab(Slow(clock, takes=0.3))
    room = started(tab)
    room.take(chain(1, 5))
    room.take(chain(6, 9))  # while it rests
    clock.pass_(REST_PER_WORK * 0.3 - 0.001)
    assert batches(tab) == [5]
    clock.pass_(0.002)
    assert batches(tab) == [5, 4]
    assert tab.wire.times == [0.0, pytest.approx(0.3 + REST_PER_WORK * 0.3)]


def test_a_busy_room_rests_a_moment_however_few_its_tabs_are(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    tab = BareTab(Slow(clock, takes=0.0))
    room = started(tab)
    room.take(chain(1, 5))
    room.take(chain(6, 9))
    clock.pass_(REST_BUSY - 0.001)
    assert batches(tab) == [5]
    clock.pass_(0.002)
    assert batches(tab) == [5, 4]


def test_what_follows_one_message_alone_does_not_wait_for_as_long_as_that_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    tab = BareTab(Slow(clock, takes=0.3))
    room = started(tab)
    room.take([entry(1)])
    room.take([entry(2)])
    room.take([entry(3)])
    clock.pass_(2 * REST)
    assert batches(tab) == [1, 2]


def test_a_burst_costs_frames_and_not_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand messages a second for ten seconds, to tabs that take 20 ms together."""
    clock = Clock(monkeypatch)
    tab = BareTab(Slow(clock, takes=0.02))
    room = started(tab)
    for number in range(1, 10_001):
        room.take([entry(number)])
        while clock.now < number / 1000:
            clock.pass_(number / 1000 - clock.now)
    clock.pass_(1.0)
    assert sum(batches(tab)) == 10_000
    assert max(batches(tab)) <= BATCH
    busy = len(tab.wire.times) * 0.02
    assert busy <= 10 / (1 + REST_PER_WORK) + 0.1  # the other rooms have the rest of the worker's time


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
    room.acknowledge([("2-0", "k-2")], tab)
    room.take([entry(1)])
    room.take([entry(2)])
    assert tab.page.taken == []
    await rested(room, "2-0")
    assert tab.page.taken == ["k-2"]
    assert "t2" in tab.wire.frames[-2]
    assert "say-k-2" in tab.wire.frames[-1]
    room.acknowledge([("1-0", "k-1")], tab)
    assert tab.page.taken == ["k-2", "k-1"]  # what is reached already is told at once


async def test_acknowledgements_that_are_due_go_in_one_frame_in_their_order() -> None:
    tab, other = BareTab(), BareTab()
    room = started(tab, other)
    room.acknowledge([(f"{number}-0", f"k-{number}") for number in (1, 2, 3, 9)], tab)
    room.acknowledge([("3-0", "other")], other)
    room.take([*chain(1, 3)])
    assert len(tab.wire.frames) == 2  # the messages, and what is acknowledged
    assert tab.page.taken == ["k-1", "k-2", "k-3"]
    assert other.page.taken == ["other"]
    room.take(chain(4, 9))
    await rested(room, "9-0")
    assert tab.page.taken == ["k-1", "k-2", "k-3", "k-9"]
    assert other.page.taken == ["other"]
    assert not room._acks


async def test_no_acknowledgement_is_no_frame() -> None:
    tab = BareTab()
    room = started(tab)
    room.acknowledge([], tab)
    assert tab.wire.frames == []
    assert not room._acks


async def test_acknowledgements_by_and_by_wait_for_those_before_them() -> None:
    tab = BareTab()
    room = started(tab)
    room.acknowledge([("2-0", "k-2")], tab)
    room.acknowledge([("1-0", "k-1")], tab)  # a retry of what was in the room before
    room.take(chain(1, 1))
    assert tab.page.taken == []
    room.take(chain(2, 2))
    await rested(room, "2-0")
    assert tab.page.taken == ["k-2", "k-1"]


async def test_acknowledgements_of_a_tab_that_left_are_forgotten() -> None:
    gone, there = BareTab(), BareTab()
    room = started(there)
    for tab in (gone, there):
        room.acknowledge([("1-0", "k")], tab)
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
    room.acknowledge([("7-0", "k")], tab)
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


NAMED = tuple((f"{number:016x}", f"Name {number}") for number in range(3))


def shows(*changes: tuple[tuple[tuple[str, str], ...], int]) -> tuple[BareTab, list[str]]:
    """Show a tab who is here, one after the other; give it and the frames that it was sent."""
    tab = BareTab()
    room = started(tab)
    for people, count in changes:
        room.show_here(Here(people, count))
        assert tab.page.counted == count
    assert not tab.page.faults
    # what a tab that comes in now is sent is the same
    late = BareTab()
    late.wire.write(room.states(ENGLISH))
    assert late.page.states["people"].text == tab.page.states["people"].text
    assert late.page.counted == tab.page.counted
    return tab, tab.wire.frames


async def test_who_is_here_is_shown_and_what_has_not_changed_is_not() -> None:
    _, frames = shows((NAMED, 3), (NAMED, 3), (NAMED[:2], 2))
    assert len(frames) == 2
    assert all('id="people"' in frame for frame in frames)


async def test_where_only_the_number_of_others_changes_nobody_is_named_again() -> None:
    tab, frames = shows((NAMED, 10), (NAMED, 11), (NAMED, 4))
    assert ["Name 1" in frame for frame in frames] == [True, False, False]
    assert ['id="people"' in frame for frame in frames] == [True, False, False]
    assert "Name 1" in tab.page.states["people"].text


@pytest.mark.parametrize(
    "changes",
    [
        [(NAMED, 3), (NAMED, 4)],  # there was no row for the others yet
        [(NAMED, 4), (NAMED, 3)],  # and now there must be none
        [(NAMED, 5), (NAMED[1:], 5)],
        [(NAMED, 5), (((NAMED[0][0], "Renamed"), *NAMED[1:]), 6)],
        [(NAMED, 5), ((), 0), (NAMED, 5)],
    ],
)
async def test_where_the_named_ones_or_the_others_row_change_all_are_listed(
    changes: list[tuple[tuple[tuple[str, str], ...], int]],
) -> None:
    _, frames = shows(*changes)
    assert 'id="people"' in frames[-1]


async def test_any_coming_and_going_leaves_a_page_with_what_a_new_one_is_sent(chance: Random) -> None:
    changes = [(NAMED, 3)]
    for _ in range(200):
        people = NAMED[: chance.choice((0, 1, 3, 3, 3, 3))]
        changes.append((people, len(people) + chance.choice((0, 1, 2, 3, 50))))
    shows(*changes)


async def test_what_tabs_are_sent_as_they_come_in_is_rendered_once_until_it_changes() -> None:
    room = started()
    room.show_here(Here(NAMED, 5))
    first = room.states(ENGLISH)
    assert room.states(ENGLISH) is first
    other = room.states(PORTUGUESE)
    assert other.text != first.text
    seen = [first]
    for change in (
        lambda: room.types(ANA, "Ana"),
        lambda: room.types(EVA, "Eva"),
        lambda: room.take([entry(1, author=ANA)]),
        lambda: room.show_here(Here(NAMED, 7)),
        lambda: room.show_here(Here(NAMED, 8)),
        lambda: room.show_here(Here(NAMED[:1], 1)),
    ):
        change()
        assert room.states(ENGLISH).text not in [each.text for each in seen]
        assert room.states(PORTUGUESE) is not other
        seen.append(room.states(ENGLISH))
    room.end()


async def test_a_typist_who_stops_is_not_shown_to_who_comes_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_room, "TYPING", 0.02)
    room = started()
    room.types(ANA, "Ana")
    assert "Ana" in room.states(ENGLISH).text
    await until(lambda: "Ana" not in room.states(ENGLISH).text, "nobody typing")


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
