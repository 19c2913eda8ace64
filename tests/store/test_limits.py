from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from quart_chat.room.limits import Limit
from quart_chat.store import keys
from quart_chat.store.limits import LAPSE, Limits
from quart_chat.store.pipeline import Pipeline
from tests.conftest import connected
from tests.store.valkey import Valkey

SLOW = Limit(5, 3600.0)  # what a test takes is not earned back within it
HOURS = 3600.0  # seconds in which one event is earned: nothing is while a test runs
PEOPLE = (f"somebody-{number}" for number in itertools.count())


@pytest.fixture
def limits(pipeline: Pipeline) -> Limits:
    return Limits(pipeline, "one", 3)


async def test_an_allowance_is_exact_and_then_tells_how_long_to_wait(limits: Limits) -> None:
    assert [await limits.take("messages", "ana", SLOW) for _ in range(5)] == [0.0] * 5
    wait = await limits.take("messages", "ana", SLOW)
    assert 719 < wait <= 720
    assert abs(await limits.take("messages", "ana", SLOW) - wait) < 1  # asking costs nothing


async def test_an_allowance_is_exact_for_those_who_come_at_once(limits: Limits, pipeline: Pipeline) -> None:
    other = Limits(pipeline, "other", 3)
    waits = await asyncio.gather(*(each.take("messages", "ana", SLOW) for each in (limits, other) * 20))
    assert waits.count(0.0) == 5


async def test_an_allowance_is_earned_back_bit_by_bit(limits: Limits) -> None:
    quick = Limit(2, 0.6)
    assert [await limits.take("messages", "ana", quick) for _ in range(2)] == [0.0, 0.0]
    wait = await limits.take("messages", "ana", quick)
    assert 0 < wait <= 0.3
    await asyncio.sleep(wait)
    assert await limits.take("messages", "ana", quick) == 0.0
    assert await limits.take("messages", "ana", quick) > 0


async def test_everybody_and_each_kind_has_an_own_allowance(limits: Limits) -> None:
    once = Limit(1, 3600.0)
    for kind, who in (("messages", "ana"), ("messages", "@10.0.0.1"), ("rooms", "@10.0.0.1"), ("names", "ana")):
        assert await limits.take(kind, who, once) == 0.0
        assert await limits.take(kind, who, once) > 0


async def test_no_limit_is_none_and_leaves_nothing(limits: Limits, look: Redis) -> None:
    assert [await limits.take("messages", "ana", Limit(0, 60.0)) for _ in range(100)] == [0.0] * 100
    assert look.keys() == []


async def test_a_count_lasts_no_longer_than_it_matters(limits: Limits, look: Redis) -> None:
    await limits.take("messages", "ana", Limit(60, 60.0))
    assert 0 < look.pttl(keys.allowance("messages", "ana")) <= 1000
    for _ in range(59):
        await limits.take("messages", "ana", Limit(60, 60.0))
    assert 50_000 < look.pttl(keys.allowance("messages", "ana")) <= 60_000


async def test_sockets_are_counted_over_all_workers(limits: Limits, pipeline: Pipeline) -> None:
    other = Limits(pipeline, "other", 3)
    assert [await each.open_socket("10.0.0.1") for each in (limits, other, limits)] == [True] * 3
    assert not await limits.open_socket("10.0.0.1")
    assert not await other.open_socket("10.0.0.1")
    assert await other.open_socket("10.0.0.2")
    await other.close_socket("10.0.0.1")
    assert await limits.open_socket("10.0.0.1")
    assert not await other.open_socket("10.0.0.1")


async def test_sockets_that_come_at_once_are_counted_exactly(valkey: Valkey, look: Redis) -> None:
    """Each count travels on a connection of its own, and may come after one that was sent later."""
    for address in map(str, range(15)):
        async with connected(valkey) as pipeline:
            workers = [Limits(pipeline, str(number), 10) for number in range(3)]
            opened = await asyncio.gather(*(worker.open_socket(address) for worker in workers * 10))
            assert opened.count(True) == 10
            taken = [worker for worker, was_opened in zip(workers * 10, opened, strict=True) if was_opened]
            counts = [int(str(held).split()[0]) for held in look.hvals(keys.sockets(address))]
            assert sum(counts) == 10
            await asyncio.gather(*(worker.close_socket(address) for worker in taken))
            assert look.keys() == []


async def test_a_refused_socket_is_not_counted(limits: Limits, look: Redis) -> None:
    for _ in range(3):
        await limits.open_socket("10.0.0.1")
    for _ in range(5):
        assert not await limits.open_socket("10.0.0.1")
    assert str(look.hget(keys.sockets("10.0.0.1"), "one")).split()[0] == "3"
    for _ in range(3):
        await limits.close_socket("10.0.0.1")
    assert look.keys() == []


async def test_the_sockets_of_a_killed_worker_lapse(limits: Limits, look: Redis) -> None:
    seconds = int(look.time()[0])
    look.hset(keys.sockets("10.0.0.1"), "killed", f"3 {seconds * 1000 - 1}")
    assert await limits.open_socket("10.0.0.1")
    assert look.hkeys(keys.sockets("10.0.0.1")) == ["one"]
    assert LAPSE - 5000 < look.pttl(keys.sockets("10.0.0.1")) <= LAPSE


async def test_a_renewal_keeps_the_sockets_counted(limits: Limits, pipeline: Pipeline, look: Redis) -> None:
    for _ in range(3):
        await limits.open_socket("10.0.0.1")
    look.delete(keys.sockets("10.0.0.1"))  # as if it had lapsed, or the store had lost it
    await limits.renew()
    assert not await Limits(pipeline, "other", 3).open_socket("10.0.0.1")


async def test_a_renewal_leaves_addresses_alone_that_closed_all_their_sockets(limits: Limits, look: Redis) -> None:
    await limits.open_socket("10.0.0.1")
    await limits.close_socket("10.0.0.1")
    await limits.renew()
    assert look.keys() == []


async def test_no_limit_of_sockets_counts_none(pipeline: Pipeline, look: Redis) -> None:
    limits = Limits(pipeline, "one", 0)
    assert all([await limits.open_socket("10.0.0.1") for _ in range(50)])
    await limits.close_socket("10.0.0.1")
    assert look.keys() == []


async def test_a_socket_that_closes_while_another_one_is_asked_for_leaves_the_count_right(pipeline: Pipeline) -> None:
    limits = Limits(pipeline, "one", 2)
    assert await limits.open_socket("a")
    for _ in range(20):
        opened, _ = await asyncio.gather(limits.open_socket("a"), limits.close_socket("a"))
        assert opened
    assert await limits.open_socket("a")
    assert not await limits.open_socket("a")


async def test_a_clock_set_back_makes_nobody_wait_longer_than_the_limit_itself(pipeline: Pipeline, look: Redis) -> None:
    limits, limit = Limits(pipeline, "w", 2), Limit(2, 10.0)
    ahead = (int(look.time()[0]) + 3600) * 1000
    look.set(keys.allowance("messages", "ana"), f"{ahead}.000")
    assert await limits.take("messages", "ana", limit) <= limit.interval
    look.hset(keys.sockets("192.0.2.1"), "dead", f"2 {ahead}")
    assert await limits.open_socket("192.0.2.1")


# --- several at once -------------------------------------------------------------------------------


async def test_of_several_events_as_many_are_taken_as_are_left(limits: Limits) -> None:
    assert await limits.take_some("messages", "ana", SLOW, 3) == (3, 0.0, "")
    taken, wait, met = await limits.take_some("messages", "ana", SLOW, 3)
    assert taken == 2
    assert 719 < wait <= 720
    assert met == "ana"
    taken, wait, _ = await limits.take_some("messages", "ana", SLOW, 3)
    assert taken == 0
    assert 719 < wait <= 720  # asking for more than there are costs nothing


async def test_no_limit_gives_any_number_at_once(limits: Limits, look: Redis) -> None:
    assert await limits.take_some("messages", "ana", Limit(0, 60.0), 1000) == (1000, 0.0, "")
    assert look.keys() == []


async def test_those_who_take_several_at_once_together_get_no_more_than_there_are(
    limits: Limits, pipeline: Pipeline
) -> None:
    other = Limits(pipeline, "other", 3)
    limit = Limit(50, 50 * HOURS)
    got = await asyncio.gather(*(each.take_some("messages", "ana", limit, 7) for each in (limits, other) * 10))
    assert sum(one.number for one in got) == 50
    assert all((one.number == 7) == (one.wait == 0.0) for one in got)


def pass_(look: Redis, who: str, intervals: int) -> None:
    """Let so many intervals of HOURS go by for somebody: what they have taken lies further back."""
    key = keys.allowance("messages", who)
    held = look.get(key)
    if held is not None:
        full, till, tries = map(float, str(held).split())
        ago = intervals * HOURS * 1000
        look.set(key, f"{full - ago:.3f} {till - ago:.3f} {tries}", keepttl=True)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 70),
    st.lists(st.one_of(st.integers(1, 90), st.integers(-20, -1)), max_size=12),  # events wanted; intervals that pass
)
async def test_several_at_once_are_what_the_same_events_one_by_one_are(
    limits: Limits, look: Redis, most: int, operations: list[int]
) -> None:
    limit = Limit(most, most * HOURS)
    together, singly = next(PEOPLE), next(PEOPLE)
    left = most  # the whole model
    for operation in operations:
        if operation < 0:
            pass_(look, together, -operation)
            pass_(look, singly, -operation)
            left = min(most, left - operation)
            continue
        taken, wait, _ = await limits.take_some("messages", together, limit, operation)
        assert taken == min(left, operation)
        waits = [await limits.take("messages", singly, limit) for _ in range(taken + 1)]
        assert waits[:taken] == [0.0] * taken
        left -= taken
        if taken < operation:
            assert 0 < wait <= HOURS
            assert abs(waits[taken] - wait) < 60  # of an hour: they were not asked in the same millisecond
        else:
            assert wait == 0.0
            await limits.take_some("messages", together, limit, 1)  # the one that was asked for singly on top
            left = max(0, left - 1)


@pytest.mark.parametrize("most", [1, 7, 9, 13, 19, 60, 333, 600])
async def test_an_allowance_that_nobody_has_touched_is_there_as_a_whole(limits: Limits, most: int) -> None:
    # 60 s / 7 is no whole number of anything: what is lost by rounding must not be an event
    assert await limits.take_some("messages", "ana", Limit(most, 60.0), most) == (most, 0.0, "")
