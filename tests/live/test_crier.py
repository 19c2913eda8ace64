"""When a room's pages announce what came."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from quart_chat.live.crier import MOST, PAUSE, Crier
from quart_chat.room.aloud import Line
from quart_chat.room.changes import Changes
from quart_chat.room.digest import Digest
from quart_chat.room.entries import Change
from tests.live.clock import Clock
from tests.live.rig import ANA, EVA, BareTab, chain, entry, until
from tests.live.test_room import started


class Told:
    """What was announced: how many messages each time; 0 where it went out with them."""

    def __init__(self) -> None:
        self.later: list[int] = []
        self.crier = Crier(lambda lines: self.later.append(total(lines)))

    def take(self, first: int, last: int) -> int:
        messages = [one.message for one in chain(first, last) if one.message is not None]
        return total(self.crier.take(Digest(tuple(messages))))


def total(lines: Sequence[Line]) -> int:
    return sum(line.number for line in lines)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_quiet_room_tells_at_once(clock: Clock) -> None:
    told = Told()
    assert told.take(1, 1) == 1
    clock.pass_(PAUSE)
    assert told.take(2, 3) == 2
    assert not told.later


def test_a_burst_is_summed_up(clock: Clock) -> None:
    told = Told()
    assert told.take(1, 1) == 1
    for number in range(2, 9):
        assert told.take(number, number) == 0
    clock.pass_(PAUSE - 0.01)
    assert not told.later
    clock.pass_(0.01)
    assert told.later == [7]


def test_a_room_that_never_rests_tells_once_in_a_while_and_of_each_message_once(clock: Clock) -> None:
    told, number = Told(), 2 * MOST
    now = told.take(1, number)
    for _ in range(100):
        clock.pass_(PAUSE / 10)
        now += told.take(number + 1, number + 50)
        number += 50
    clock.pass_(PAUSE)
    assert now == 2 * MOST
    assert now + sum(told.later) == number
    assert len(told.later) <= 11


def test_nothing_is_told_of_nothing_nor_after_the_end(clock: Clock) -> None:
    told = Told()
    assert told.crier.take(Digest()) == ()
    told.take(1, 1)
    told.take(2, 2)
    told.crier.end()
    clock.pass_(PAUSE)
    assert not told.later


def test_what_was_deleted_before_it_was_announced_is_not(clock: Clock) -> None:
    told = Told()
    told.take(1, 3)
    told.take(4, 5)
    deleted = Change("4-0", "Ana", "", Changes(deleted=True), text=True, reactions=False)
    assert told.crier.take(Digest(changes=(deleted,))) == ()
    clock.pass_(PAUSE)
    assert told.later == [1]


async def test_an_announcement_goes_out_with_its_message_and_bears_its_author() -> None:
    tab = BareTab()
    room = started(tab)
    room.take([entry(1, author=EVA)])
    (frame,) = tab.wire.frames
    said = f'<span class="p-{EVA}" dir="auto">Ana: <span class="q-1-0">t1</span> </span>'
    assert f'<p id="aloud" hx-swap-oob="true">{said}</p>' in frame
    room.take([entry(2, author=ANA)])
    await until(lambda: room.place == "2-0")
    assert "aloud" not in tab.wire.frames[-1]
    room.end()


async def test_an_announcement_costs_a_page_little() -> None:
    tab, other = BareTab(), BareTab()
    room = started(tab)
    room.take([entry(1)])
    told = tab.wire.frames[-1]
    room.add(other)  # type: ignore[arg-type]
    room.take([entry(2)])
    await until(lambda: room.place == "2-0")
    assert len(told) - len(other.wire.frames[-1]) < 200
    room.end()
