"""The rooms that the lobby shows to everybody."""

from __future__ import annotations

import asyncio

import pytest
from redis import Redis

from quart_chat.errors import StoreAway
from quart_chat.room.rights import Rules
from quart_chat.store import directory, keys
from quart_chat.store import rules as rules_module
from quart_chat.store.directory import Directory, Listed
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.rules import RoomRules

ANA, BOB = "a" * 16, "b" * 16
LISTED = Rules(listed=True)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "FRESH", 0.0)


@pytest.fixture
def log(pipeline: Pipeline) -> Log:
    return Log(pipeline, Retention(100, 86_400_000))


@pytest.fixture
def rules(pipeline: Pipeline) -> RoomRules:
    now = iter(range(1000, 9000))
    return RoomRules(pipeline, lambda: next(now))


@pytest.fixture
def presence(pipeline: Pipeline) -> Presence:
    return Presence(pipeline, "w")


async def listed(pipeline: Pipeline, presence: Presence, most: int = 50) -> list[str]:
    return [one.name for one in await Directory(pipeline, presence, most).read()]


async def opened(log: Log, rules: RoomRules, *rooms: str, given: Rules = LISTED) -> None:
    for room in rooms:
        await log.open(room, room.title(), 5, ANA, "Ana")
        await rules.set_rules(room, given)


async def test_a_room_is_listed_while_its_rules_say_so(
    log: Log, rules: RoomRules, pipeline: Pipeline, presence: Presence
) -> None:
    await opened(log, rules, "one")
    await opened(log, rules, "two", given=Rules())
    assert await Directory(pipeline, presence, 50).read() == [Listed("one", "One", "", 0, "0-0")]
    for given in (Rules(), Rules(listed=True, closed=True)):
        await rules.set_rules("one", given)
        assert await listed(pipeline, presence) == []
        await rules.set_rules("one", LISTED)
    assert await listed(pipeline, presence) == ["one"]
    assert await listed(pipeline, presence, 0) == []


async def test_a_private_room_is_not_shown_whatever_the_index_says(
    log: Log, rules: RoomRules, pipeline: Pipeline, presence: Presence, look: Redis
) -> None:
    await opened(log, rules, "ours", given=Rules(listed=True, closed=True))
    await opened(log, rules, "plain", given=Rules())
    look.zadd(keys.LISTED, {"ours": 1, "plain": 2, "torn": 3})
    look.hset(keys.meta("torn"), "title", "Torn")
    look.hset(keys.rules("torn"), "rules", "{")
    assert await listed(pipeline, presence) == []


async def test_full_rooms_come_first_and_then_those_where_something_was_said_last(
    log: Log, rules: RoomRules, pipeline: Pipeline, presence: Presence
) -> None:
    await opened(log, rules, "silent", "early", "late", "full")
    for room in ("early", "late"):
        await log.append(room, ANA, "Ana", "x", "n")
        await asyncio.sleep(0.002)
    await presence.announce("full", {ANA: "Ana", BOB: "Bob"})
    assert await listed(pipeline, presence) == ["full", "late", "early", "silent"]
    assert await listed(pipeline, presence, 2) == ["full", "late"]
    assert (await Directory(pipeline, presence, 1).read())[0].people == 2


async def test_of_a_room_that_asks_newcomers_only_the_title_is_shown(
    log: Log, rules: RoomRules, pipeline: Pipeline, presence: Presence, look: Redis
) -> None:
    await opened(log, rules, "one", given=Rules(listed=True, asks=True))
    look.hset(keys.meta("one"), "topic", "t")
    await presence.announce("one", {ANA: "Ana"})
    assert await Directory(pipeline, presence, 50).read() == [Listed("one", "One", "", 0, "0-0")]


async def test_a_room_that_is_gone_leaves_the_index(
    log: Log, rules: RoomRules, pipeline: Pipeline, presence: Presence, look: Redis
) -> None:
    await opened(log, rules, "gone", "here")
    look.delete(*keys.held("gone"))
    assert await listed(pipeline, presence) == ["here"]
    assert look.zrange(keys.LISTED, 0, -1) == ["here"]


async def test_the_index_has_an_end(log: Log, rules: RoomRules, look: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_module, "LISTED", 2)
    await opened(log, rules, "a", "b", "c")
    assert look.zrange(keys.LISTED, 0, -1) == ["b", "c"]


async def test_a_worker_asks_once_in_a_while_for_all_who_look(
    log: Log, rules: RoomRules, pipeline: Pipeline, presence: Presence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "FRESH", 60.0)
    kept = Directory(pipeline, presence, 50)
    assert await asyncio.gather(*(kept.read() for _ in range(3))) == [[], [], []]
    await opened(log, rules, "new")
    assert await kept.read() == []
    assert await listed(pipeline, presence) == ["new"]


async def test_who_saves_the_same_rules_again_moves_nothing(log: Log, rules: RoomRules, look: Redis) -> None:
    await opened(log, rules, "first", "second")
    await rules.set_rules("first", LISTED)
    assert look.zrange(keys.LISTED, 0, -1) == ["first", "second"]


async def test_a_store_that_is_silent_is_asked_once_for_all_who_look(
    pipeline: Pipeline, presence: Presence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "FRESH", 60.0)
    asked: list[str] = []

    async def silent(*command: object) -> object:
        asked.append(str(command[0]))
        await asyncio.sleep(0.01)
        raise StoreAway("it is silent")

    monkeypatch.setattr(pipeline, "command", silent)
    kept = Directory(pipeline, presence, 50)
    for _ in range(2):
        found = await asyncio.gather(*(kept.read() for _ in range(5)), return_exceptions=True)
        assert [type(one) for one in found] == [StoreAway] * 5
    assert asked == ["ZREVRANGE"]
