from __future__ import annotations

import asyncio

import pytest
from redis import Redis

from quart_chat.room.limits import Limit
from quart_chat.store import keys
from quart_chat.store.client import Client
from quart_chat.store.limits import LAPSE, Limits
from tests.store.conftest import connected
from tests.store.valkey import Valkey

SLOW = Limit(5, 3600.0)  # what a test takes is not earned back within it


@pytest.fixture
def limits(client: Client) -> Limits:
    return Limits(client, "one", 3)


async def test_an_allowance_is_exact_and_then_tells_how_long_to_wait(limits: Limits) -> None:
    assert [await limits.take("messages", "ana", SLOW) for _ in range(5)] == [0.0] * 5
    wait = await limits.take("messages", "ana", SLOW)
    assert 719 < wait <= 720
    assert abs(await limits.take("messages", "ana", SLOW) - wait) < 1  # asking costs nothing


async def test_an_allowance_is_exact_for_those_who_come_at_once(limits: Limits, client: Client) -> None:
    other = Limits(client, "other", 3)
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


async def test_sockets_are_counted_over_all_workers(limits: Limits, client: Client) -> None:
    other = Limits(client, "other", 3)
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
        async with connected(valkey) as client:
            workers = [Limits(client, str(number), 10) for number in range(3)]
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


async def test_a_renewal_keeps_the_sockets_counted(limits: Limits, client: Client, look: Redis) -> None:
    for _ in range(3):
        await limits.open_socket("10.0.0.1")
    look.delete(keys.sockets("10.0.0.1"))  # as if it had lapsed, or the store had lost it
    await limits.renew()
    assert not await Limits(client, "other", 3).open_socket("10.0.0.1")


async def test_a_renewal_leaves_addresses_alone_that_closed_all_their_sockets(limits: Limits, look: Redis) -> None:
    await limits.open_socket("10.0.0.1")
    await limits.close_socket("10.0.0.1")
    await limits.renew()
    assert look.keys() == []


async def test_no_limit_of_sockets_counts_none(client: Client, look: Redis) -> None:
    limits = Limits(client, "one", 0)
    assert all([await limits.open_socket("10.0.0.1") for _ in range(50)])
    await limits.close_socket("10.0.0.1")
    assert look.keys() == []


async def test_a_socket_that_closes_while_another_one_is_asked_for_leaves_the_count_right(client: Client) -> None:
    limits = Limits(client, "one", 2)
    assert await limits.open_socket("a")
    for _ in range(20):
        opened, _ = await asyncio.gather(limits.open_socket("a"), limits.close_socket("a"))
        assert opened
    assert await limits.open_socket("a")
    assert not await limits.open_socket("a")


async def test_a_clock_set_back_makes_nobody_wait_longer_than_the_limit_itself(client: Client, look: Redis) -> None:
    limits, limit = Limits(client, "w", 2), Limit(2, 10.0)
    ahead = (int(look.time()[0]) + 3600) * 1000
    look.set(keys.allowance("messages", "ana"), f"{ahead}.000")
    assert await limits.take("messages", "ana", limit) <= limit.interval
    look.hset(keys.sockets("192.0.2.1"), "dead", f"2 {ahead}")
    assert await limits.open_socket("192.0.2.1")
