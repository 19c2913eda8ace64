"""Commands that share a round trip: each has its own answer, its own error, and its own waiter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha1
from typing import Any

import pytest
from redis import Redis

from quart_chat.errors import StoreAway
from quart_chat.store import pipeline as pipelines
from quart_chat.store.client import Client
from quart_chat.store.pipeline import Pipeline, Script
from tests.store.conftest import connected, until
from tests.store.valkey import Valkey

COUNT = Script.load("sockets.lua")  # any script of the package's own


def script(text: str) -> Script:
    """Make a script of a test's own."""
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


class Counting:
    """A client that counts round trips: each takes a connection of its pool."""

    def __init__(self, client: Client) -> None:
        self._pool = client.connection_pool
        self.trips = 0

    @property
    def connection_pool(self) -> Counting:
        return self

    async def get_connection(self) -> Any:
        self.trips += 1
        return await self._pool.get_connection()

    async def release(self, connection: Any) -> None:
        await self._pool.release(connection)

    async def aclose(self) -> None: ...


@pytest.fixture
def counting(client: Client) -> Counting:
    return Counting(client)


@pytest.fixture
async def pipeline(counting: Counting) -> AsyncIterator[Pipeline]:
    pipeline = Pipeline(counting)  # type: ignore[arg-type]
    yield pipeline
    await pipeline.aclose()


def calls(look: Redis, command: str) -> int:
    """How often a command was carried out since the last `config_resetstat`."""
    return int(look.info("commandstats").get(f"cmdstat_{command}", {}).get("calls", 0))


async def test_what_is_asked_in_one_turn_leaves_together_and_each_has_its_own_answer(
    pipeline: Pipeline, counting: Counting
) -> None:
    asked = [pipeline.command("SET", f"k{number}", number) for number in range(200)]
    asked += [pipeline.command("GET", f"k{number}") for number in range(200)]
    answers = await asyncio.gather(*asked)
    assert answers[200:] == [str(number) for number in range(200)]
    assert counting.trips == 1
    await asyncio.gather(*(pipeline.command("GET", "k0") for _ in range(3)))
    assert counting.trips == 2


async def test_commands_of_many_tasks_keep_the_order_in_which_they_were_asked(pipeline: Pipeline) -> None:
    seen: list[int] = []

    async def push(number: int) -> None:
        seen.append(number)
        assert await pipeline.command("RPUSH", "list", number) == len(seen[: seen.index(number) + 1])

    await asyncio.gather(*(push(number) for number in range(500)))
    assert [int(one) for one in await pipeline.command("LRANGE", "list", 0, -1)] == seen


async def test_a_crowd_of_commands_leaves_in_bounded_round_trips(pipeline: Pipeline, counting: Counting) -> None:
    count = 2 * pipelines.MOST + 1
    answers = await asyncio.gather(*(pipeline.command("ECHO", number) for number in range(count)))
    assert answers == [str(number) for number in range(count)]
    assert counting.trips == 3


async def test_a_script_s_text_goes_along_once_in_each_round_trip(pipeline: Pipeline, look: Redis) -> None:
    echo, twice = script("return ARGV[1]"), script("return ARGV[1] .. ARGV[1]")
    for _ in range(2):
        look.config_resetstat()
        asked = [pipeline.script(each, [], [number]) for number in range(10) for each in (echo, twice)]
        answers = await asyncio.gather(*asked)
        assert answers == [answer for number in range(10) for answer in (f"{number}", f"{number}{number}")]
        assert (calls(look, "eval"), calls(look, "evalsha")) == (2, 18)


async def test_a_store_that_forgot_its_scripts_is_told_them_anew(pipeline: Pipeline, look: Redis) -> None:
    echo = script("return ARGV[1]")
    assert await pipeline.script(echo, [], ["a"]) == "a"
    look.script_flush()
    assert await asyncio.gather(*(pipeline.script(echo, [], [text]) for text in "bcd")) == ["b", "c", "d"]


def test_a_script_s_name_is_what_the_store_calls_it(look: Redis) -> None:
    assert look.script_load(COUNT.text) == COUNT.sha


async def test_an_error_is_its_own_command_s_and_no_other_s(pipeline: Pipeline, look: Redis) -> None:
    look.set("text", "x")
    call = script("return redis.call(ARGV[1], KEYS[1])")
    asked = [
        pipeline.command("INCR", "n"),
        pipeline.command("INCR", "text"),
        pipeline.script(call, ["text"], ["INCR"]),  # it carries the script's text, and fails
        pipeline.script(call, ["n"], ["INCR"]),
        pipeline.command("NO-SUCH-COMMAND"),
        pipeline.command("INCR", "n"),
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [answer for answer in answers if not isinstance(answer, BaseException)] == [1, 2, 3]
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [type(error) for error in refused] == [StoreAway] * 3
    assert "the store refuses" in str(refused[0])


async def test_who_leaves_does_not_take_the_others_answers_along(pipeline: Pipeline, look: Redis) -> None:
    async def ask(number: int) -> Any:
        return await pipeline.command("INCRBY", f"k{number}", number)

    tasks = [asyncio.create_task(ask(number)) for number in range(30)]
    await asyncio.sleep(0)  # all have asked
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers[1::2] == list(range(1, 30, 2))
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])
    # nobody can know it, but it was asked before they left
    await until(lambda: look.get("k28") == "28", "what they asked for")


async def test_a_store_that_is_away_is_told_to_each_and_later_commands_find_it_again() -> None:
    valkey = Valkey(append_only=True)
    try:
        async with connected(valkey) as client:
            pipeline = Pipeline(client)
            asked = [pipeline.command("SET", "k", 1), pipeline.script(COUNT, ["x"], ["w", "1", 1000, 5])]
            errors = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(error) for error in errors] == [StoreAway] * 2
            assert errors[0] is not errors[1]  # each is raised in a task of its own, with a traceback of its own
            valkey.start()
            assert await pipeline.command("SET", "k", 1)
            valkey.kill()
            with pytest.raises(StoreAway, match="does not answer"):
                await pipeline.command("GET", "k")
            valkey.start()
            assert await pipeline.command("GET", "k") == "1"
            await pipeline.aclose()
    finally:
        valkey.end()


async def test_an_error_that_nobody_waits_for_any_more_is_no_fault(
    caplog: pytest.LogCaptureFixture, client: Client
) -> None:
    pipeline = Pipeline(client)
    answer = pipeline.command("NO-SUCH-COMMAND")
    answer.cancel()
    assert await pipeline.command("ECHO", "x") == "x"
    await pipeline.aclose()
    assert not caplog.records


async def test_the_end_cancels_whoever_waits_and_leaves_no_task(client: Client, counting: Counting) -> None:
    before = asyncio.all_tasks()
    pipeline = Pipeline(counting)  # type: ignore[arg-type]
    waiting = [pipeline.command("BLPOP", "nobody", 0), pipeline.command("GET", "k")]
    await until(lambda: counting.trips, "that it leaves")
    await pipeline.aclose()
    assert all(answer.cancelled() for answer in waiting)
    assert asyncio.all_tasks() == before


async def test_the_second_round_trip_does_not_wait_for_the_first(
    pipeline: Pipeline, counting: Counting, look: Redis
) -> None:
    first = pipeline.command("BLPOP", "list", 0)
    await until(lambda: counting.trips == 1, "that it leaves")
    assert await pipeline.command("ECHO", "x") == "x"
    assert not first.done()
    look.rpush("list", "y")
    assert list(await first) == ["list", "y"]


async def test_a_round_trip_that_took_too_long_leaves_no_answer_to_those_after_it(
    client: Client, look: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline(client)
    look.set("k", "secret")
    await asyncio.gather(*(pipeline.command("ECHO", number) for number in range(3)))
    monkeypatch.setattr(pipelines, "ANSWER", 0.1)
    look.client_pause(60_000, all=False)  # of what writes
    try:
        late = [pipeline.command("GET", "k"), pipeline.command("GETDEL", "k"), pipeline.command("GET", "k")]
        errors = await asyncio.gather(*late, return_exceptions=True)
        assert [type(error) for error in errors] == [StoreAway] * 3
    finally:
        look.client_unpause()
    monkeypatch.undo()
    for number in range(50):  # on every connection that there is
        assert await pipeline.command("ECHO", number) == str(number)
    both = await asyncio.gather(*(pipeline.command("ECHO", number) for number in range(50)))
    assert both == [str(number) for number in range(50)]
    await pipeline.aclose()


async def test_a_round_trip_that_was_cancelled_leaves_no_answer_to_those_after_it(client: Client, look: Redis) -> None:
    for turns in range(40):
        pipeline = Pipeline(client)
        for _ in range(5):
            pipeline.command("ECHO", "stale")
        for _ in range(turns):
            await asyncio.sleep(0)
        await pipeline.aclose()
        fresh = await asyncio.gather(*(Pipeline(client).command("ECHO", number) for number in range(3)))
        assert fresh == ["0", "1", "2"]


async def test_connections_that_a_restart_of_the_store_broke_are_mended_without_a_word() -> None:
    valkey = Valkey(append_only=True)
    try:
        valkey.start()
        async with connected(valkey) as client:
            pipeline = Pipeline(client)
            assert await pipeline.command("SET", "k", 1)
            valkey.kill()
            valkey.start()
            assert await pipeline.command("GET", "k") == "1"
            await pipeline.aclose()
    finally:
        valkey.end()


async def test_the_end_leaves_nobody_waiting_however_far_their_command_has_come(client: Client) -> None:
    for turns in range(20):
        pipeline = Pipeline(client)
        answer = pipeline.command("ECHO", "x")
        for _ in range(turns):
            await asyncio.sleep(0)
        await pipeline.aclose()
        done, _ = await asyncio.wait({answer}, timeout=2)
        assert done, f"it waits for ever, {turns} turns of the loop after it asked"
