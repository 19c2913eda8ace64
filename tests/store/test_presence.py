from __future__ import annotations

import pytest
from redis import Redis

from quart_chat.store import keys
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import LEASE, LISTED, RENEW, Here, Presence
from tests.store.conftest import until
from tests.store.valkey import Valkey

ANA, BOB, CLAUDIA = ("a" * 16, "Ana"), ("b" * 16, "bob"), ("c" * 16, "Cláudia")


@pytest.fixture
def one(pipeline: Pipeline) -> Presence:
    return Presence(pipeline, "one")


@pytest.fixture
def other(pipeline: Pipeline) -> Presence:
    return Presence(pipeline, "other")


async def test_nobody_is_in_an_empty_room_and_reading_leaves_nothing(one: Presence, look: Redis) -> None:
    assert await one.read("r") == Here((), 0)
    assert look.keys() == []


async def test_the_people_of_all_workers_are_here_by_name(one: Presence, other: Presence) -> None:
    assert await one.announce("r", dict([BOB, ANA])) == Here((ANA, BOB), 2)
    assert await other.announce("r", dict([CLAUDIA])) == Here((ANA, BOB, CLAUDIA), 3)
    assert await one.read("r") == Here((ANA, BOB, CLAUDIA), 3)
    assert await one.read("another") == Here((), 0)


async def test_somebody_on_two_workers_is_one_person(one: Presence, other: Presence) -> None:
    await one.announce("r", dict([ANA, BOB]))
    assert await other.announce("r", dict([ANA])) == Here((ANA, BOB), 2)


async def test_two_people_of_one_name_are_two(one: Presence, other: Presence) -> None:
    await one.announce("r", {"a" * 16: "Ana"})
    assert (await other.announce("r", {"b" * 16: "Ana"})).count == 2


async def test_who_left_is_gone_with_the_next_announcement(one: Presence, other: Presence, look: Redis) -> None:
    await one.announce("r", dict([ANA, BOB]))
    await other.announce("r", dict([CLAUDIA]))
    assert await one.announce("r", dict([BOB])) == Here((BOB, CLAUDIA), 2)
    assert await one.announce("r", {}) == Here((CLAUDIA,), 1)
    assert look.hkeys(keys.here("r")) == ["other"]
    await other.announce("r", {})
    assert look.keys() == []


async def test_a_lease_that_is_not_renewed_lapses(one: Presence, other: Presence, look: Redis) -> None:
    await one.announce("r", dict([ANA]))
    await other.announce("r", dict([BOB]))
    await one.part("r", dict([ANA]), within=0.15)
    assert await other.read("r") == Here((ANA, BOB), 2)
    while (await other.read("r")).count != 1:  # pytest's own time limit is the deadline
        pass
    assert await other.renew("r", dict([BOB])) == Here((BOB,), 1)
    assert look.hkeys(keys.here("r")) == ["other"]


async def test_a_parting_that_lapses_leaves_no_key_behind(one: Presence, look: Redis) -> None:
    await one.part("r", dict([ANA]), within=0.05)
    assert 0 < look.pttl(keys.here("r")) <= 120_000
    while (await one.read("r")).count:
        pass
    await until(lambda: look.keys() == [], "no key")


async def test_a_renewal_keeps_a_lease(one: Presence, look: Redis) -> None:
    await one.part("r", dict([ANA]), within=0.05)
    await one.renew("r", dict([ANA]))
    expires = int(str(look.hget(keys.here("r"), "one")).split()[0])
    seconds, micros = look.time()
    assert 29_000 < expires - (seconds * 1000 + micros // 1000) <= LEASE
    assert LEASE / 1000 + RENEW < 45


async def test_a_long_list_is_bounded_and_all_are_counted(one: Presence, other: Presence) -> None:
    crowd = {f"{n:016x}": f"Person {n:03}" for n in range(LISTED + 150)}
    here = await one.announce("r", crowd)
    assert here.count == LISTED + 150
    assert [name for _, name in here.people] == [f"Person {n:03}" for n in range(LISTED)]
    here = await other.announce("r", {"f" * 16: "Aaa"})
    assert (here.count, len(here.people), here.people[0]) == (LISTED + 151, LISTED, ("f" * 16, "Aaa"))


async def test_an_announcement_tells_the_room_and_a_renewal_does_not(one: Presence, valkey: Valkey) -> None:
    with valkey.client() as hearing, hearing.pubsub(ignore_subscribe_messages=True) as channel:
        channel.ssubscribe(keys.channel("r"))
        channel.get_sharded_message(timeout=5)
        await one.renew("r", dict([ANA]))
        await one.read("r")
        await one.part("r", dict([ANA]), 1.0)
        await one.announce("r", dict([ANA]))
        assert channel.get_sharded_message(timeout=5)["data"] == "here"
        assert channel.get_sharded_message(timeout=0.1) is None


@pytest.mark.parametrize("name", ['"', "\\", "\n", "a b", "{}", "é🎉", "<b>", "%s"])
async def test_any_name_comes_through(one: Presence, name: str) -> None:
    assert (await one.announce("r", {"a" * 16: name})).people == (("a" * 16, name),)
