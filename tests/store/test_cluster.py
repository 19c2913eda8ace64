"""A cluster: every key at its node, a feed from each, and what happens when a slot moves or a node is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest

from quart_chat.errors import StoreAway
from quart_chat.room.entries import NO_ENTRY
from quart_chat.room.limits import Limit
from quart_chat.room.places import follows
from quart_chat.room.rights import EPHEMERAL, Rules
from quart_chat.store import keys
from quart_chat.store.expiring import HOUR, SETTLED
from quart_chat.store.limits import Limits
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline, Script
from quart_chat.store.rules import RoomRules
from quart_chat.store.servers import servers
from tests.store.conftest import until
from tests.store.fleet import ClusterOf
from tests.store.test_expiring import House
from tests.store.test_feed import a_worker

ANA = "a" * 16
ROOMS = [f"room-{number}" for number in range(12)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[ClusterOf]:
    with ClusterOf(3) as cluster:
        yield cluster


async def test_keys_are_at_their_nodes_and_each_answer_finds_who_asked(cluster: ClusterOf) -> None:
    store = servers(cluster.url)
    pipeline = Pipeline(store)  # it knows nothing yet: the first node says where things are
    try:
        names = [f"k{number}" for number in range(300)]
        await asyncio.gather(*(pipeline.command("SET", name, name) for name in names))
        assert await asyncio.gather(*(pipeline.command("GET", name) for name in names)) == names
        double = Script.load("sockets.lua")
        answers = await asyncio.gather(*(pipeline.script(double, [f"s{name}"], ["w", "1", 1000, 5]) for name in names))
        assert answers == [1] * len(names)
        both = await asyncio.gather(*(pipeline.together(("INCR", f"n{name}"), ("GET", f"n{name}")) for name in names))
        assert both == [[1, "1"]] * len(names)
    finally:
        await pipeline.aclose()
        await store.aclose()


async def test_a_person_and_their_address_at_two_nodes_give_up_what_the_other_has_not_left(cluster: ClusterOf) -> None:
    store = servers(cluster.url)
    pipeline = Pipeline(store)
    try:
        await store.refresh()
        limits = Limits(pipeline, "w", 0)
        home = cluster.of(keys.allowance("messages", "@192.0.2.1")).port
        people = [one for one in map(str, range(100)) if cluster.of(keys.allowance("messages", one)).port != home]
        most, of_address = Limit(5, 5 * 3600.0), Limit(12, 12 * 3600.0)
        got = [
            await limits.take_some_from_both("messages", person, "192.0.2.1", most, of_address, count=7)
            for person in people[:4]
        ]
        assert [(one.number, one.of_address) for one in got] == [(5, False), (5, False), (2, True), (0, True)]
        left = [(await limits.take_some("messages", person, most, 9)).number for person in people[:4]]
        assert left == [0, 0, 3, 5]
        shared = Limit(20, 20 * 3600.0, free=None)
        at_once = [limits.take_from_both("messages", one, "192.0.2.2", most, shared) for one in people * 9]
        got_at_once = (await asyncio.gather(*at_once)).count(0.0)
        assert 0 < got_at_once <= 20  # what was on its way back is missing to some of them
        later = [await limits.take_from_both("messages", one, "192.0.2.2", most, shared) for one in people[40:]]
        assert got_at_once + later.count(0.0) == 20
    finally:
        await pipeline.aclose()
        await store.aclose()


async def test_rooms_that_keep_messages_for_a_while_are_listed_at_one_node_and_let_go_at_theirs(
    cluster: ClusterOf,
) -> None:
    store = servers(cluster.url)
    pipeline = Pipeline(store)
    try:
        house, rules = House(pipeline), RoomRules(pipeline, lambda: 0)
        for room in ROOMS:
            await house.wrote(2 * HOUR, HOUR // 2, room=f"brief-{room}")
            await rules.set_rules(f"brief-{room}", Rules(keep=EPHEMERAL))
        seen = []
        while (duty := await house.expiring.claim(SETTLED, SETTLED + 1)) is not None:
            seen.append(duty.what)
            gone = await house.expiring.expire(duty.what, (await rules.rules(duty.what)).keep)
            assert gone.messages == 1
        assert sorted(seen) == sorted(f"brief-{room}" for room in ROOMS)
        assert len({cluster.of(keys.log(room)).port for room in seen}) == 3
    finally:
        await pipeline.aclose()
        await store.aclose()


async def test_a_feed_hears_rooms_of_all_nodes_and_one_that_is_the_first_of_its_node(cluster: ClusterOf) -> None:
    async with a_worker(cluster.url) as (pipeline, feed, heard):
        log = Log(pipeline, Retention(100, 0))
        for room in ROOMS:
            feed.follow(room)
        await until(lambda: all(heard.count("confirmed", room) for room in ROOMS), "all confirmations")
        assert len({cluster.of(keys.channel(room)).port for room in ROOMS}) == 3
        for room in ROOMS:
            await log.append(room, ANA, "Ana", "x", "n")
            await feed.say_typing(room, ANA, "Ana")
        await feed.say_renamed(ANA, "Eva")
        await until(lambda: heard.count("renamed", ANA, "Eva") and len(heard.kept) == len(ROOMS), "all that was said")
        feed.leave(ROOMS[0])
        feed.follow(ROOMS[0])
        await until(lambda: heard.count("confirmed", ROOMS[0]) == 2, "another confirmation")
        assert not heard.count("lost")


async def test_each_line_is_probed(cluster: ClusterOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quart_chat.store.feed.PROBE", 0.05)
    monkeypatch.setattr("quart_chat.store.feed.DEAF", 0.4)
    async with a_worker(cluster.url, *ROOMS) as (_, feed, heard):
        await until(lambda: all(heard.count("confirmed", room) for room in ROOMS), "all confirmations")
        await asyncio.sleep(1.0)
        assert not heard.count("lost")
        silent = next(pool for pool in feed._lines if keys.probe("w") not in feed._channels[pool])
        monkeypatch.setattr(feed._lines[silent], "_heard", lambda _: None)  # it hears nothing, and does not break
        await until(lambda: heard.count("lost"), "that it is noticed")
        await until(lambda: all(heard.count("confirmed", room) == 2 for room in ROOMS), "confirmations again")


async def test_a_slot_that_moves_takes_its_room_along_and_nothing_is_lost_or_twice(cluster: ClusterOf) -> None:
    room = "moving"
    async with a_worker(cluster.url, room) as (pipeline, _, heard):
        log = Log(pipeline, Retention(10_000, 0))
        await until(lambda: heard.count("confirmed", room), "a confirmation")
        moving, kept = True, []

        async def write(sender: str) -> None:
            number = 0
            while moving or number < 20:
                number += 1
                while True:
                    with suppress(StoreAway):
                        kept.append((await log.append(room, sender * 16, "Name", f"{sender}{number}", f"{number}"))[0])
                        break
                    await asyncio.sleep(0.05)
                await asyncio.sleep(0.02)

        async with asyncio.TaskGroup() as tasks:
            for sender in "abc":
                tasks.create_task(write(sender))
            for turn in range(3):
                await asyncio.sleep(0.3)
                there = next(one for one in cluster.masters if one is not cluster.of(keys.log(room)))
                await asyncio.to_thread(cluster.move, keys.log(room), there)
                await until(lambda turn=turn: heard.count("confirmed", room) >= turn + 2, "that it is followed there")
            moving = False
        entries = (await log.tail(room, NO_ENTRY, 100_000)).entries
        assert follows(entries, NO_ENTRY)
        assert [entry.id for entry in entries] == sorted(kept, key=lambda one: tuple(map(int, one.split("-"))))
        assert len(set(kept)) == len(kept)
        await log.append(room, ANA, "Ana", "after", "after")
        await until(lambda: heard.kept[room][-1].message.text == "after", "what comes after")  # type: ignore[union-attr]


async def test_a_node_that_is_lost_is_replaced_and_the_room_goes_on() -> None:
    with ClusterOf(3, replicas=True) as cluster:
        async with a_worker(cluster.url, *ROOMS) as (pipeline, _, heard):
            log = Log(pipeline, Retention(100, 0))
            await until(lambda: all(heard.count("confirmed", room) for room in ROOMS), "all confirmations")
            for room in ROOMS:
                await log.append(room, ANA, "Ana", "before", "1")
            lost = cluster.of(keys.log(ROOMS[0]))
            lost.look.execute_command("WAIT", 1, 5000)
            lost.kill()
            await until(lambda: heard.count("lost"), "that it is noticed")
            deadline = asyncio.get_running_loop().time() + 30
            for room in ROOMS:
                while True:
                    with suppress(StoreAway):
                        await log.append(room, ANA, "Ana", "after", "2")
                        break
                    assert asyncio.get_running_loop().time() < deadline, "nobody took over"
                    await asyncio.sleep(0.1)
            await until(lambda: all(heard.count("confirmed", room) > 1 for room in ROOMS), "that all are followed")
            await log.append(ROOMS[0], ANA, "Ana", "last", "3")
            await until(lambda: heard.kept[ROOMS[0]][-1].message.text == "last", "what comes after")  # type: ignore[union-attr]
            for room in ROOMS:
                texts = [entry.message.text for entry in (await log.tail(room, NO_ENTRY)).entries if entry.message]
                assert texts[:2] == ["before", "after"]


async def test_a_node_that_was_given_as_one_server_says_so(cluster: ClusterOf) -> None:
    store = servers(f"redis://127.0.0.1:{cluster.masters[0].port}")
    pipeline = Pipeline(store)
    try:
        answers = await asyncio.gather(*(pipeline.command("GET", f"k{n}") for n in range(20)), return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, StoreAway)]
        assert refused
        assert all("redis+cluster://" in str(error) for error in refused)
    finally:
        await pipeline.aclose()
