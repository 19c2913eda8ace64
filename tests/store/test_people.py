from __future__ import annotations

import pytest
from redis import Redis

from quart_chat.store import keys
from quart_chat.store.people import KEPT, VISITED, People
from quart_chat.store.pipeline import Pipeline

ANA, BOB = "a" * 16, "b" * 16


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    return People(pipeline)


async def test_who_chose_no_name_has_none_and_asking_leaves_nothing(people: People, look: Redis) -> None:
    assert await people.name(ANA) is None
    assert await people.visited(ANA) == []
    assert look.keys() == []


async def test_the_newest_name_is_kept_for_its_person(people: People, look: Redis) -> None:
    await people.rename(ANA, "Ana")
    await people.rename(ANA, "Ana <Maria> 🎉")
    await people.rename(BOB, "Bob")
    assert await people.name(ANA) == "Ana <Maria> 🎉"
    assert await people.name(BOB) == "Bob"
    assert KEPT - 10_000 < look.pttl(keys.name(ANA)) <= KEPT


async def test_rooms_are_listed_by_the_last_visit(people: People, look: Redis) -> None:
    for now, room in enumerate(["one", "two", "three", "one"]):
        await people.visit(ANA, room, 1000 + now)
    await people.visit(BOB, "four", 1)
    assert await people.visited(ANA) == ["one", "three", "two"]
    assert await people.visits(ANA) == [("one", 1003), ("three", 1002), ("two", 1001)]
    assert await people.visited(BOB) == ["four"]
    assert KEPT - 10_000 < look.pttl(keys.visited(ANA)) <= KEPT


async def test_only_the_latest_rooms_are_listed(people: People) -> None:
    for now in range(VISITED + 12):
        await people.visit(ANA, f"room-{now}", now)
    assert await people.visited(ANA) == [f"room-{now}" for now in range(VISITED + 11, 11, -1)]


async def test_a_new_name_is_known_in_the_rooms_that_somebody_keeps(people: People, look: Redis) -> None:
    for room, role in (("owned", "owner"), ("kept", "moderator"), ("visited", "")):
        await people.visit(ANA, room, 1)
        look.hset(keys.meta(room), "title", room)
        look.hset(keys.rules(room), mapping={f"{ANA} role": role} if role else {f"{BOB} role": "owner"})
    for name, change in (("Ana", people.rename(ANA, "Ana")), ("Lively Gecko", people.forget_name(ANA, "Lively Gecko"))):
        await change
        assert [look.hget(keys.rules(room), f"{ANA} name") for room in ("owned", "kept", "visited")] == [
            name,
            name,
            None,
        ]
    look.delete(keys.meta("owned"), keys.rules("owned"))
    look.hset(keys.rules("owned"), f"{ANA} role", "owner")  # of a room that was deleted as they were renamed
    await people.rename(ANA, "Ana")
    assert look.hkeys(keys.rules("owned")) == [f"{ANA} role"]
