"""Who keeps on against a limit waits longer and longer; who comes when told does not."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from quart_chat.room.limits import CALM, Limit
from quart_chat.store import keys
from quart_chat.store import limits as counted
from quart_chat.store.limits import Limits
from quart_chat.store.pipeline import Pipeline

HOUR = 3600.0
SLOW = Limit(2, 2 * HOUR, free=3, longest=9 * HOUR)  # an event an hour; pauses of 2, 4, 8, 9 hours
EVA = "e" * 16
HOME = "192.0.2.1"
PEOPLE = (f"somebody-{number}" for number in itertools.count())


@pytest.fixture
def limits(pipeline: Pipeline) -> Limits:
    return Limits(pipeline, "one", 3)


def let_pass(look: Redis, who: str, seconds: float) -> None:
    """Let time go by for somebody: all that is kept of them lies further back."""
    key = keys.allowance("messages", who)
    held = look.get(key)
    if held is not None:
        full, till, tries = str(held).split()
        look.set(key, f"{float(full) - seconds * 1000:.3f} {float(till) - seconds * 1000:.3f} {tries}", keepttl=True)


async def keep_on(limits: Limits, times: int, limit: Limit = SLOW) -> list[float]:
    """Try again and again; gives the hours to wait of each."""
    return [await limits.take("messages", EVA, limit) / HOUR for _ in range(times)]


async def test_who_keeps_on_waits_twice_as_long_each_time_up_to_a_bound(limits: Limits) -> None:
    assert await keep_on(limits, 2) == [0.0, 0.0]
    waits = await keep_on(limits, 10)
    assert waits == pytest.approx([1, 1, 1, 1, 2, 4, 8, 9, 9, 9], abs=0.01)  # told, three for nothing, and then


async def test_a_pause_holds_though_enough_was_earned_meanwhile(limits: Limits, look: Redis) -> None:
    await keep_on(limits, 2 + 1 + 3 + 2)
    let_pass(look, EVA, 3.9 * HOUR)
    assert await keep_on(limits, 1) == pytest.approx([8], abs=0.01)
    let_pass(look, EVA, 8.1 * HOUR)
    assert await keep_on(limits, 2) == [0.0, 0.0]


async def test_workers_share_pauses(limits: Limits, pipeline: Pipeline) -> None:
    other = Limits(pipeline, "other", 3)
    await keep_on(limits, 2 + 1 + 3)
    assert await keep_on(other, 1) == pytest.approx([2], abs=0.01)
    assert await keep_on(limits, 1) == pytest.approx([4], abs=0.01)


async def test_who_comes_when_told_never_waits_longer_than_the_limit_s_own(limits: Limits, look: Redis) -> None:
    await keep_on(limits, 2)
    for _ in range(20):
        (wait,) = await keep_on(limits, 1)
        assert 0 < wait <= 1
        let_pass(look, EVA, wait * HOUR)
        assert await keep_on(limits, 1) == [0.0]


async def test_calm_lets_one_try_after_the_other_be_forgotten(
    limits: Limits, look: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted, "CALM", HOUR)
    await keep_on(limits, 2 + 1 + 3 + 3)  # six tries: 8 hours
    let_pass(look, EVA, (8 + 2.5) * HOUR)
    await keep_on(limits, 2)
    assert await keep_on(limits, 2) == pytest.approx([1, 4], abs=0.01)  # with this one there are five, two not free
    let_pass(look, EVA, 100 * HOUR)
    await keep_on(limits, 2)
    assert await keep_on(limits, 5) == pytest.approx([1, 1, 1, 1, 2], abs=0.01)


async def test_what_is_kept_lapses_when_all_is_forgotten(limits: Limits, look: Redis) -> None:
    quick = Limit(60, 60.0, longest=4.0)
    for _ in range(60 + 1 + 5 + 1):  # six tries, and a pause of 2 seconds
        await limits.take("messages", EVA, quick)
    left = look.pttl(keys.allowance("messages", EVA)) / 1000
    assert 6 * CALM < left <= 2 + 6 * CALM


async def test_a_patient_retry_is_no_try_too_many_and_waits_for_nobody_s_pause(limits: Limits, look: Redis) -> None:
    async def patient() -> float:
        taken = await limits.take_some_from_both("messages", EVA, HOME, SLOW, Limit(0, 1), count=1, patient=True)
        return taken.wait / HOUR

    await keep_on(limits, 2)
    assert [await patient() for _ in range(20)] == pytest.approx([1] * 20, abs=0.01)
    assert await keep_on(limits, 8) == pytest.approx([1, 1, 1, 1, 2, 4, 8, 9], abs=0.01)
    let_pass(look, EVA, 1.1 * HOUR)
    assert await patient() == 0.0  # as it was told, whatever somebody did with the same cookie
    assert await patient() == pytest.approx(0.9, abs=0.01)
    assert await keep_on(limits, 1) == pytest.approx([9], abs=0.01)


async def test_where_pauses_do_not_grow_who_keeps_on_is_not_even_written_down(limits: Limits, look: Redis) -> None:
    limit = Limit(2, 2 * HOUR, free=None)
    await keep_on(limits, 2, limit)
    held = look.get(keys.allowance("messages", EVA))
    assert await keep_on(limits, 50, limit) == pytest.approx([1] * 50, abs=0.01)
    assert look.get(keys.allowance("messages", EVA)) == held


async def test_a_flood_is_written_down_a_few_times(limits: Limits, look: Redis) -> None:
    """Each write of the store may wait for a disk."""
    await keep_on(limits, 2 + 1 + 3 + 4)
    held = look.get(keys.allowance("messages", EVA))
    await keep_on(limits, 100)
    assert look.get(keys.allowance("messages", EVA)) == held


async def test_a_clock_set_back_makes_nobody_wait_longer_than_the_longest_pause(limits: Limits, look: Redis) -> None:
    ahead = (int(look.time()[0]) + 1000 * HOUR) * 1000
    look.set(keys.allowance("messages", EVA), f"{ahead:.3f} {ahead:.3f} 3")
    assert await keep_on(limits, 1) == pytest.approx([9], abs=0.01)


# --- against a model -------------------------------------------------------------------------------


@dataclass
class Model:
    """What `room.limits.Limit` says, in hours since the model's beginning."""

    limit: Limit
    full: float = 0.0
    till: float = 0.0
    tries: int = 0

    def take(self, now: float, wanted: int, *, patient: bool) -> tuple[int, float]:
        most, pauses, free = self.limit.most, [one / HOUR for one in self.limit.pauses], self.limit.free
        assert free is not None
        self.full = max(self.full, now)
        early = now < self.till
        taken = 0 if early and not patient else max(0, min(wanted, int(now + most - self.full + 1e-6)))
        self.full += taken
        if taken == wanted:
            return taken, 0.0
        earned = self.full + 1 - most - now
        if patient:
            return taken, max(earned, 0.0)
        self.tries = max(0, self.tries - int(max(0.0, now - self.till)))
        if early:
            self.tries = min(free + len(pauses), self.tries + 1)
            over = self.tries - free
            self.till = max(self.till, now + (pauses[over - 1] if over > 0 else 0.0))
        else:
            self.till = max(self.till, now + earned)
        return taken, max(earned, self.till - now)


STEP = 0.37  # hours; no number of them below a hundred is a whole hour, where a millisecond would decide


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 5),
    st.integers(0, 3),
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 3), st.booleans()), max_size=14),
)
async def test_the_script_does_what_the_limit_says(
    limits: Limits, look: Redis, most: int, free: int, attempts: list[tuple[int, int, bool]]
) -> None:
    limit = Limit(most, most * HOUR, free=free, longest=9 * HOUR)
    who, model, passed, began = next(PEOPLE), Model(limit), 0.0, time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counted, "CALM", HOUR)
        for steps, wanted, patient in attempts:
            let_pass(look, who, steps * STEP * HOUR)
            passed += steps * STEP
            now = passed + (time.monotonic() - began) / HOUR
            taken, wait = model.take(now, wanted, patient=patient)
            got = await limits.take_some_from_both(
                "messages", who, HOME, limit, Limit(0, 1), count=wanted, patient=patient
            )
            assert got.number == taken
            # a pause that a flood would hardly make longer is left as it is
            assert got.wait / HOUR == pytest.approx(wait, abs=0.1 * 9 + 0.01 if wait > 8 else 0.01)


# --- a person and their address together -----------------------------------------------------------


async def test_where_the_address_refuses_nothing_of_the_person_is_spent(limits: Limits) -> None:
    person, address = Limit(5, 5 * HOUR), Limit(3, 3 * HOUR)
    taken = await limits.take_some_from_both("messages", EVA, HOME, person, address, count=4)
    assert (taken.number, taken.of_address) == (3, True)
    assert await limits.take_from_both("messages", EVA, HOME, person, address) == pytest.approx(HOUR, abs=9)
    assert (await limits.take_some("messages", EVA, person, 9)).number == 2


async def test_where_the_person_is_refused_nothing_of_the_address_is_spent(limits: Limits) -> None:
    person, address = Limit(2, 2 * HOUR), Limit(9, 9 * HOUR)
    taken = await limits.take_some_from_both("messages", EVA, HOME, person, address, count=4)
    assert (taken.number, taken.of_address, taken.met) == (2, False, EVA)
    for _ in range(50):  # nor do the others there wait for who keeps on
        assert await limits.take_from_both("messages", EVA, HOME, person, address)
    assert (await limits.take_some("messages", f"@{HOME}", address, 9)).number == 7


async def test_those_who_come_at_once_get_no_more_than_their_address_has(limits: Limits, pipeline: Pipeline) -> None:
    other, got = Limits(pipeline, "other", 3), 0
    person, address = Limit(5, 5 * HOUR), Limit(12, 12 * HOUR)
    for number in range(40):
        one = (limits, other)[number % 2]
        got += (
            await one.take_some_from_both("messages", f"p{number}", HOME, person, address, count=number % 3 + 1)
        ).number
    assert got == 12
