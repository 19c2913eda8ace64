from __future__ import annotations

import asyncio

import pytest
from redis import Redis

from quart_chat.errors import StoreAway
from quart_chat.room.rights import Rules
from quart_chat.store import keys
from quart_chat.store.glances import NOTED, Glances, Reader
from quart_chat.store.log import Log, Retention
from quart_chat.store.people import People
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Here, Presence
from quart_chat.store.rules import RoomRules
from quart_chat.store.servers import servers

ANA, BOB, EVA = "a" * 16, "b" * 16, "e" * 16


@pytest.fixture
def log(pipeline: Pipeline) -> Log:
    return Log(pipeline, Retention(100, 0))


@pytest.fixture
def glances(pipeline: Pipeline) -> Glances:
    return Glances(
        pipeline, Log(pipeline, Retention(100, 0)), Presence(pipeline, "v"), RoomRules(pipeline, lambda: 1_000)
    )


async def test_a_glance_tells_the_room_its_people_and_who_reads(glances: Glances, log: Log, pipeline: Pipeline) -> None:
    people = People(pipeline)
    await people.rename(ANA, "Ana")
    await people.visit(ANA, "elsewhere", 5)
    await people.visit(ANA, "r", 1_700_000_000_123)
    await Presence(pipeline, "w").announce("r", {BOB: "Bob"})
    made, _ = await log.append("r", BOB, "Bob", "x", "n")
    glance = await glances.read("r", ANA)
    assert glance.newest == await log.newest("r")
    assert glance.newest.place == made
    assert glance.here == Here(((BOB, "Bob"),), 1)
    assert glance.reader == Reader("Ana", "r", 1_700_000_000_123)


async def test_a_glance_tells_each_who_reads_how_they_stand(glances: Glances, log: Log, pipeline: Pipeline) -> None:
    rules = RoomRules(pipeline, lambda: 1_000)
    await log.append("r", ANA, "Ana", "x", "n")
    await rules.set_rules("r", Rules(closed=True))
    await rules.let_in("r", BOB, "Bob")
    await rules.ban_network("r", "198.51.100.1", "Eva", 9_000)
    asked = [("r", ANA, ""), ("r", BOB, ""), ("r", EVA, "198.51.100.1"), ("s", EVA, "")]
    found = await asyncio.gather(*(glances.read(*one) for one in asked))
    assert [one.standing for one in found] == [await rules.standing(*one) for one in asked]
    assert [one.standing.inside for one in found] == [True, True, False, True]
    assert found[2].standing.banned == 9_000


async def test_a_glance_leaves_nothing(glances: Glances, look: Redis) -> None:
    assert (await glances.read("r", ANA)).reader == (await glances.read("r", EVA, proved=False)).reader == Reader()
    assert look.keys() == []


async def test_many_at_once_get_their_own_in_one_round_trip(glances: Glances, log: Log, look: Redis) -> None:
    for room in "rs":
        await log.append(room, BOB, "Bob", room, "n")
    look.set(keys.name(ANA), "Ana")
    look.set(keys.name(BOB), "Bob")
    asked = [(room, person) for room in "rst" for person in (ANA, BOB, None)] * 5
    look.config_resetstat()
    found = await asyncio.gather(*(glances.read(room, one or EVA, proved=one is not None) for room, one in asked))
    calls = look.info("commandstats")
    assert calls["cmdstat_xrevrange"]["calls"] == 3  # a room
    assert calls["cmdstat_hgetall"]["calls"] == 3
    assert calls["cmdstat_zrevrange"]["calls"] == 2  # a person
    for (room, person), glance in zip(asked, found, strict=True):
        assert [message.text for message in glance.newest.page.messages] == ([] if room == "t" else [room])
        assert glance.reader.name == {ANA: "Ana", BOB: "Bob", None: None}[person]


async def test_a_glance_is_never_older_than_its_question(glances: Glances, log: Log) -> None:
    async def looking() -> None:
        while True:
            await glances.read("r", ANA)

    others = [asyncio.create_task(looking()) for _ in range(8)]
    try:
        for number in range(50):
            made, _ = await log.append("r", BOB, "Bob", str(number), str(number))
            assert (await glances.read("r", EVA, proved=False)).newest.place == made
    finally:
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def test_who_leaves_while_it_is_read_holds_nobody_up(glances: Glances) -> None:
    asked = [asyncio.create_task(glances.read("r", ANA)) for _ in range(6)]
    await asyncio.sleep(0)
    for one in asked[::2]:
        one.cancel()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in found] == [True, False] * 3
    assert (await glances.read("r", EVA, proved=False)).newest.title is None


async def test_what_breaks_one_room_leaves_the_others(glances: Glances, log: Log, look: Redis) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    look.set(keys.messages("broken"), "no stream")
    look.hset(keys.here("torn"), "w", f"{int(look.time()[0]) * 1000 + 10_000} no json")
    asked = [glances.read(room, EVA, proved=False) for room in ("broken", "torn", "r")]
    broken, torn, right = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(broken, StoreAway)
    assert isinstance(torn, ValueError)
    assert not isinstance(right, BaseException)
    assert right.newest.title == "r"


async def test_a_store_that_is_away_is_said_to_each() -> None:
    pipeline = Pipeline(servers("unix:///nonexistent/socket"))
    glances = Glances(
        pipeline, Log(pipeline, Retention(1, 0)), Presence(pipeline, "v"), RoomRules(pipeline, lambda: 1_000)
    )
    try:
        for _ in range(2):
            found = await asyncio.gather(*(glances.read("r", ANA) for _ in range(3)), return_exceptions=True)
            assert [type(one) for one in found] == [StoreAway] * 3
    finally:
        await pipeline.aclose()


def test_a_visit_stands_for_a_while_unless_one_was_elsewhere_since() -> None:
    assert Reader("Ana", "r", 1000).was_just_in("r", 1000 + NOTED - 1)
    assert not Reader("Ana", "r", 1000).was_just_in("r", 1000 + NOTED)
    assert not Reader("Ana", "s", 1000).was_just_in("r", 1000)
    assert not Reader("Ana", "r", 1000 + NOTED).was_just_in("r", 1000)  # the clock was set back
    assert not Reader().was_just_in("r", 0)
