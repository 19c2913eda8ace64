"""Appends that share a script call: order within a sender, one publication, few calls of a room at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any

import pytest
from redis import Redis

from quart_chat.errors import StoreAway
from quart_chat.room.entries import NO_ENTRY, order
from quart_chat.room.places import follows
from quart_chat.store import appends as appending
from quart_chat.store import keys
from quart_chat.store.appends import CALLS, Draft
from quart_chat.store.line import Argument
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline, Script
from quart_chat.store.servers import Servers, servers
from tests.conftest import connected
from tests.store.conftest import Trips, until
from tests.store.valkey import Valkey

ANA, BOB = "a" * 16, "b" * 16


class Heeding(Pipeline):
    """Notes the appends that leave; holds back those that come while `going` is clear."""

    def __init__(self, servers: Servers) -> None:
        super().__init__(servers)
        self.runs: list[tuple[str, int]] = []  # room, messages
        self.under_way: list[str] = []
        self.most_together = 0  # the most calls of one room at once
        self.going = asyncio.Event()
        self.going.set()

    def script(self, script: Script, names: Sequence[str], args: Sequence[Argument]) -> asyncio.Future[Any]:
        room = str(args[4])
        self.runs.append((room, len(names) - len(keys.of_entries(room))))
        self.under_way.append(room)
        self.most_together = max(self.most_together, self.under_way.count(room))
        return asyncio.ensure_future(self._run(room, script, names, args))

    async def _run(self, room: str, script: Script, names: Sequence[str], args: Sequence[Argument]) -> Any:
        try:
            await self.going.wait()
            return await super().script(script, names, args)
        finally:
            self.under_way.remove(room)

    def sizes(self, room: str) -> list[int]:
        return [count for each, count in self.runs if each == room]


@pytest.fixture
async def pipeline(valkey: Valkey) -> AsyncIterator[Heeding]:
    pipeline = Heeding(servers(valkey.url))
    yield pipeline
    await pipeline.aclose()


@pytest.fixture
def log(pipeline: Heeding) -> Log:
    return Log(pipeline, Retention(10_000, 0))


def drafts(*texts: str, author: str = ANA) -> list[Draft]:
    return [Draft(author, "Name", text, f"n-{text}") for text in texts]


async def texts(log: Log, room: str) -> list[str]:
    entries = (await log.tail(room, NO_ENTRY, 10_000)).entries
    assert follows(entries, NO_ENTRY)
    return [entry.message.text for entry in entries if entry.message is not None]


async def test_what_is_appended_together_is_published_together_and_in_order(log: Log, valkey: Valkey) -> None:
    with valkey.client() as other, other.pubsub(ignore_subscribe_messages=True) as hearing:
        hearing.ssubscribe(keys.channel("r"))
        hearing.get_sharded_message(timeout=5)
        appended = await log.append_all("r", [*drafts("a", "b"), *drafts("c", author=BOB), *drafts("d\ne")])
        heard = hearing.get_sharded_message(timeout=5)["data"].split("\n")
        assert hearing.get_sharded_message(timeout=0.1) is None
    assert all(one.new and one.same for one in appended)
    assert heard[1::5] == [one.id for one in appended]
    assert sorted(heard[1::5], key=order) == heard[1::5]
    assert heard[2::5] == [NO_ENTRY, *heard[1::5][:-1]]
    assert [before.split(" ")[0] for before in heard[4::5]] == ["", ANA, ANA, BOB]
    assert await texts(log, "r") == ["a", "b", "c", "d\ne"]


async def test_a_message_s_neighbour_is_the_one_before_it_in_the_same_call_too(log: Log) -> None:
    await log.append("r", BOB, "Bob", "first", "n")
    await log.append_all("r", [*drafts("a", "b"), *drafts("c", author=BOB)])
    shown = [entry.message for entry in (await log.tail("r", NO_ENTRY)).entries if entry.message is not None]
    befores = [(one.before.author, one.before.at) if one.before else None for one in shown]
    assert befores == [None, *((one.author, one.at) for one in shown[:-1])]


async def test_a_nonce_that_comes_twice_in_one_call_is_one_message(log: Log) -> None:
    again, other = Draft(ANA, "Name", "a", "n"), Draft(ANA, "Name", "b", "n")
    results = await log.append_all("r", [again, *drafts("x"), again, other])
    assert [(one.new, one.same) for one in results] == [(True, True), (True, True), (False, True), (False, False)]
    assert results[0].id == results[2].id == results[3].id
    assert await texts(log, "r") == ["a", "x"]


async def test_retries_and_news_of_one_call_find_their_own_answers(log: Log) -> None:
    known = await log.append_all("r", drafts("a", "c"))
    results = await log.append_all("r", drafts("a", "b", "c", "d"))
    assert [one.new for one in results] == [False, True, False, True]
    assert [results[0].id, results[2].id] == [one.id for one in known]
    assert await texts(log, "r") == ["a", "c", "b", "d"]


async def test_retries_alone_are_told_to_nobody(log: Log, look: Redis, valkey: Valkey) -> None:
    await log.append_all("r", drafts("a", "b"))
    last = look.get(keys.last("r"))
    with valkey.client() as other, other.pubsub(ignore_subscribe_messages=True) as hearing:
        hearing.ssubscribe(keys.channel("r"))
        hearing.get_sharded_message(timeout=5)
        await log.append_all("r", drafts("b", "a"))
        assert hearing.get_sharded_message(timeout=0.1) is None
    assert look.get(keys.last("r")) == last


async def test_what_comes_while_enough_calls_are_under_way_goes_with_the_next(log: Log, pipeline: Heeding) -> None:
    pipeline.going.clear()
    adding = [asyncio.ensure_future(log.append_all("r", drafts(f"{number}"))) for number in range(30)]
    other = asyncio.ensure_future(log.append_all("other", drafts("x")))
    await until(lambda: len(pipeline.runs) == CALLS + 1, "both rooms' first calls")
    pipeline.going.set()
    results = await asyncio.gather(*adding)
    await other
    assert pipeline.sizes("r") == [*[1] * CALLS, 30 - CALLS]
    assert pipeline.sizes("other") == [1]
    assert pipeline.most_together == CALLS
    ids = [one.id for (one,) in results]
    assert sorted(ids[CALLS:], key=order) == ids[CALLS:]
    said = await texts(log, "r")
    assert sorted(said, key=int) == [f"{number}" for number in range(30)]
    assert said[CALLS:] == [f"{number}" for number in range(CALLS, 30)]


async def test_a_room_does_not_wait_for_another_one_s_call(log: Log, trips: Trips) -> None:
    await asyncio.gather(*(log.append_all(f"r{number}", drafts("a")) for number in range(20)))
    assert trips.count == 1


async def test_a_call_is_bounded_and_tears_nobody_s_messages_apart(log: Log, pipeline: Heeding) -> None:
    pipeline.going.clear()
    sizes = [*[1] * CALLS, 60, 40, 1, 99, 2, 250, 1]
    adding = [
        asyncio.ensure_future(log.append_all("r", drafts(*(f"{sender}:{number}" for number in range(size)))))
        for sender, size in enumerate(sizes)
    ]
    await until(lambda: len(pipeline.runs) == CALLS, "the first calls")
    pipeline.going.set()
    await asyncio.gather(*adding)
    assert appending.MOST == 100
    assert pipeline.sizes("r") == [*[1] * CALLS, 100, 100, 2, 250, 1]
    said = await texts(log, "r")
    for sender, size in enumerate(sizes):
        first = said.index(f"{sender}:0")
        assert said[first : first + size] == [f"{sender}:{number}" for number in range(size)]


async def test_many_senders_keep_their_own_order_whoever_leaves_meanwhile(log: Log, pipeline: Heeding) -> None:
    chance = Random(7)
    rooms = ("r0", "r1", "r2")
    acknowledged: dict[str, list[str]] = {room: [] for room in rooms}

    async def send(sender: int) -> None:
        number = 0
        room = rooms[sender % len(rooms)]
        for _ in range(12):
            batch = [f"{sender}:{number + step}" for step in range(chance.randint(1, 7))]
            number += len(batch)
            adding = asyncio.ensure_future(log.append_all(room, drafts(*batch)))
            if chance.random() < 0.05:
                for _ in range(chance.randint(0, 4)):
                    await asyncio.sleep(0)
                adding.cancel()
            (results,) = await asyncio.gather(adding, return_exceptions=True)
            if not isinstance(results, list):
                return  # whoever leaves says nothing more
            for text, one in zip(batch, results, strict=True):
                assert one.new
                acknowledged[room].append(f"{one.id} {text}")

    await asyncio.gather(*(send(sender) for sender in range(24)))
    assert pipeline.most_together == CALLS
    for room in rooms:
        kept = (await log.tail(room, NO_ENTRY, 10_000)).entries
        assert follows(kept, NO_ENTRY)
        rows = [f"{entry.id} {entry.message.text}" for entry in kept if entry.message is not None]
        assert set(acknowledged[room]) <= set(rows)  # each answer was its own message's
        for sender in range(24):
            numbers = [int(row.split(":")[1]) for row in rows if row.split(" ")[1].startswith(f"{sender}:")]
            assert numbers == sorted(set(numbers))


async def test_a_store_that_is_away_is_told_to_all_who_wait_and_the_room_goes_on_when_it_is_back() -> None:
    with Valkey(append_only=True) as valkey:
        async with connected(valkey) as pipeline:
            log = Log(pipeline, Retention(100, 0))
            await log.append_all("r", drafts("before"))
            valkey.kill()
            adding = (log.append_all("r", drafts(f"{number}")) for number in range(5))
            errors = await asyncio.gather(*adding, return_exceptions=True)
            assert [type(error) for error in errors] == [StoreAway] * 5
            valkey.start()
            appended = await log.append_all("r", drafts("before", "after"))
            assert [one.new for one in appended] == [False, True]
            assert await texts(log, "r") == ["before", "after"]


async def test_the_worker_s_end_cancels_all_who_wait_in_a_room(valkey: Valkey) -> None:
    pipeline = Heeding(servers(valkey.url))
    pipeline.going.clear()
    log = Log(pipeline, Retention(100, 0))
    adding = [asyncio.ensure_future(log.append_all("r", drafts(f"{number}"))) for number in range(CALLS + 3)]
    await until(lambda: len(pipeline.runs) == CALLS, "the first calls")
    for task in asyncio.all_tasks():
        if "Heeding._run" in repr(task):
            task.cancel()
    answers = await asyncio.gather(*adding, return_exceptions=True)
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers)
    pipeline.going.set()
    assert [one.new for one in await log.append_all("r", drafts("on"))] == [True]  # the room is not stuck
    await pipeline.aclose()
