from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from quart_chat.room.lookalikes import beside, look_of
from quart_chat.room.people import public_id
from quart_chat.room.rights import Role
from quart_chat.store import keys
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.rules import RoomRules
from tests.store.conftest import until

DAY = 86_400_000  # ms
ANA, BOB, EVA = "a" * 16, "b" * 16, "e" * 16


@pytest.fixture
def one(pipeline: Pipeline) -> Presence:
    return Presence(pipeline, "one")


@pytest.fixture
def log(pipeline: Pipeline) -> Log:
    return Log(pipeline, Retention(100, DAY))


@pytest.fixture
def rules(pipeline: Pipeline) -> RoomRules:
    return RoomRules(pipeline, lambda: 1_000)


@pytest.fixture
def other(pipeline: Pipeline) -> Presence:
    return Presence(pipeline, "other")


def names(presence: Presence, room: str = "r", **people: str) -> list[str | None]:
    return [presence.names.known(room, person, name) for person, name in people.items()]


async def test_who_comes_second_is_shown_beside_the_first_on_every_worker(one: Presence, other: Presence) -> None:
    await one.announce("r", {ANA: "Paula"})
    here = await other.announce("r", {BOB: "PAULA"})
    assert here.people == ((ANA, "Paula"), (BOB, beside("PAULA", BOB)[0]))
    assert (await one.read("r")).people == here.people
    assert one.names.known("r", ANA, "Paula") == "Paula"
    assert other.names.known("r", BOB, "PAULA") == beside("PAULA", BOB)[0]
    assert other.names.known("r", BOB, "another") is None
    assert (await one.announce("elsewhere", {BOB: "PAULA"})).people == ((BOB, "PAULA"),)


async def test_the_name_of_an_owner_who_is_away_is_nobody_else_s(one: Presence, log: Log, rules: RoomRules) -> None:
    await log.append("r", ANA, "Paula", "x", "n")
    here = await one.announce("r", {BOB: "PAULA", EVA: "Eva"})
    assert here.people == ((EVA, "Eva"), (BOB, beside("PAULA", BOB)[0]))
    assert await one.names.find("r", "c" * 16, "Раulа") == beside("Раulа", "c" * 16)[0]
    assert await one.names.find("r", ANA, "Paula") == "Paula"
    await rules.appoint("r", EVA, "Eva", Role.OWNER)  # as who comes by an owner's link, their cookie lost
    assert await one.names.find("r", EVA, "Paula") == "Paula"
    await rules.call("r", ANA, "Ana")
    assert await one.names.find("r", "c" * 16, "Paula") == "Paula"
    assert await one.names.find("r", "c" * 16, "ANA") != "ANA"


async def test_everybody_has_some_name_whatever_the_owners_are_called(
    one: Presence, log: Log, rules: RoomRules
) -> None:
    await log.append("r", ANA, "Paula", "x", "n")
    for number, name in enumerate(beside("Paula", BOB)):
        await rules.appoint("r", f"{number:016x}", name, Role.OWNER)
    here = await one.announce("r", {BOB: "Paula", EVA: "Eva"})
    assert here.people == ((EVA, "Eva"), (BOB, beside("Paula", BOB)[-1]))
    assert await one.names.find("r", BOB, "Paula") == beside("Paula", BOB)[-1]


async def test_two_of_one_worker_have_two_names(one: Presence) -> None:
    here = await one.announce("r", {ANA: "Paula", BOB: "Paula", EVA: "Раulа"})
    assert len({look_of(name) for _, name in here.people}) == 3


async def test_somebody_on_two_workers_has_one_name(one: Presence, other: Presence) -> None:
    await one.announce("r", {ANA: "Paula"})
    assert (await other.announce("r", {ANA: "Paula"})).people == ((ANA, "Paula"),)
    await one.announce("r", {})
    assert await one.names.is_taken("r", BOB, "paula")
    assert not await one.names.is_taken("r", ANA, "paula")
    await other.announce("r", {})
    assert not await one.names.is_taken("r", BOB, "paula")


async def test_who_is_beside_stays_so_on_other_workers_though_the_name_is_free_now(
    one: Presence, other: Presence
) -> None:
    await one.announce("r", {ANA: "Paula"})
    await other.announce("r", {BOB: "Paula"})
    await one.announce("r", {BOB: "Paula"})
    assert one.names.known("r", BOB, "Paula") == other.names.known("r", BOB, "Paula") == beside("Paula", BOB)[0]


async def test_another_name_frees_the_old_one(one: Presence, other: Presence, look: Redis) -> None:
    await one.announce("r", {ANA: "Paula"})
    await one.announce("r", {ANA: "Ana"})
    assert (await other.announce("r", {BOB: "Paula"})).people == ((ANA, "Ana"), (BOB, "Paula"))
    await one.announce("r", {})
    await other.announce("r", {})
    assert look.keys() == []


async def test_a_worker_that_died_holds_no_name(one: Presence, other: Presence, look: Redis) -> None:
    await one.announce("r", {ANA: "Paula", EVA: "Eva"})
    await other.announce("r", {BOB: "Bob"})
    await one.part("r", {ANA: "Paula", EVA: "Eva"}, within=0.05)
    while (await other.read("r")).count != 1:  # pytest's own time limit is the deadline
        pass
    assert look.hkeys(keys.names("r")) == [look_of("Bob")]
    assert not await other.names.is_taken("r", BOB, "Paula")


async def test_a_name_is_held_before_the_first_lease_and_lapses_with_the_room(one: Presence, look: Redis) -> None:
    await one.names.settle("r", {ANA: "Paula"})
    assert await one.names.is_taken("r", BOB, "Paula")
    assert 0 < look.pttl(keys.names("r")) <= 120_000


async def test_what_the_store_forgot_is_said_again(one: Presence, other: Presence, look: Redis) -> None:
    await one.announce("r", {ANA: "Paula"})
    look.flushall()
    one.names.doubt("r")
    assert one.names.known("r", ANA, "Paula") == "Paula"
    await one.announce("r", {ANA: "Paula"})
    assert await other.names.is_taken("r", BOB, "Paula")


async def test_who_is_not_there_speaks_beside_who_is_and_leaves_nothing(one: Presence, look: Redis) -> None:
    assert await one.names.find("r", BOB, "Paula") == "Paula"
    assert look.keys() == []
    await one.announce("r", {ANA: "Paula"})
    held = look.hgetall(keys.names("r"))
    assert await one.names.find("r", BOB, "Paula") == beside("Paula", BOB)[0]
    assert await one.names.find("r", ANA, "Paula") == "Paula"
    assert look.hgetall(keys.names("r")) == held


PEOPLE = [f"{n:016x}" for n in range(4)]
MOVES = st.tuples(
    st.sampled_from("xy"), st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(("Paula", "PAULA", "Bo")))
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(MOVES, max_size=8))
async def test_whatever_people_do_no_two_of_one_look_are_there(
    pipeline: Pipeline, look: Redis, moves: list[tuple[str, dict[str, str]]]
) -> None:
    look.flushall()
    workers = {name: Presence(pipeline, name) for name in "xy"}
    there: dict[str, dict[str, str]] = {"x": {}, "y": {}}
    wanted: dict[str, str] = {}
    for worker, people in moves:
        wanted.update(people)
        there[worker] = dict(people)
        for name, presence in workers.items():  # a new name is told to every worker
            there[name] = {one: wanted[one] for one in there[name]}
            await presence.announce("r", there[name])
        shown = dict((await workers["x"].read("r")).people)
        assert shown.keys() == there["x"].keys() | there["y"].keys()
        assert len({look_of(name) for name in shown.values()}) == len(shown)
        for name, presence in workers.items():
            assert all(presence.names.known("r", one, wanted[one]) == shown[one] for one in there[name])


async def test_the_last_of_many_names_is_found_too(one: Presence, look: Redis) -> None:
    crowd = {public_id(str(n)): "Paula" for n in range(700)}
    await one.announce("r", crowd)
    shown = [one.names.known("r", person, "Paula") for person in crowd]
    assert len(set(shown)) == 700
    await until(lambda: look.hlen(keys.names("r")) == 700, "700 names")
