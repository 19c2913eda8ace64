"""Commands that share a round trip: each has its own answer, its own error, and its own waiter."""

from __future__ import annotations

import asyncio
from hashlib import sha1
from typing import Any

import pytest
from redis import Redis

from quart_chat.errors import StoreAway
from quart_chat.store import pipeline as pipelines
from quart_chat.store.pipeline import Pipeline, Script
from quart_chat.store.servers import servers
from tests.conftest import connected
from tests.store.conftest import Trips, until
from tests.store.valkey import Valkey

COUNT = Script.load("sockets.lua")  # any script of the package's own


def script(text: str) -> Script:
    """Make a script of a test's own."""
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


def calls(look: Redis, command: str) -> int:
    """How often a command was carried out since the last `config_resetstat`."""
    return int(look.info("commandstats").get(f"cmdstat_{command}", {}).get("calls", 0))


async def test_what_is_asked_in_one_turn_leaves_together_and_each_has_its_own_answer(
    pipeline: Pipeline, trips: Trips
) -> None:
    asked = [pipeline.command("SET", f"k{number}", number) for number in range(200)]
    asked += [pipeline.command("GET", f"k{number}") for number in range(200)]
    answers = await asyncio.gather(*asked)
    assert answers[200:] == [str(number) for number in range(200)]
    assert trips.count == 1
    await asyncio.gather(*(pipeline.command("GET", "k0") for _ in range(3)))
    assert trips.count == 2


async def test_commands_of_many_tasks_keep_the_order_in_which_they_were_asked(pipeline: Pipeline) -> None:
    seen: list[int] = []

    async def push(number: int) -> None:
        seen.append(number)
        assert await pipeline.command("RPUSH", "list", number) == len(seen[: seen.index(number) + 1])

    await asyncio.gather(*(push(number) for number in range(500)))
    assert [int(one) for one in await pipeline.command("LRANGE", "list", 0, -1)] == seen


async def test_a_crowd_of_commands_has_each_its_answer(pipeline: Pipeline, trips: Trips) -> None:
    answers = await asyncio.gather(*(pipeline.command("ECHO", f"{number} é" * 100) for number in range(5000)))
    assert answers == [f"{number} é" * 100 for number in range(5000)]
    assert trips.count == 1


async def test_a_transaction_gives_the_answers_of_all_its_commands_and_others_keep_theirs(pipeline: Pipeline) -> None:
    before, both, after = await asyncio.gather(
        pipeline.command("SET", "k", "1"),
        pipeline.together(("INCR", "k"), ("GET", "k")),
        pipeline.command("GET", "k"),
    )
    assert (before, both, after) == ("OK", [2, "2"], "2")


@pytest.mark.parametrize("wrong", [("INCR", "text"), ("NO-SUCH-COMMAND",), ("GET",)])
async def test_a_transaction_of_which_a_part_fails_is_refused(pipeline: Pipeline, wrong: tuple[str, ...]) -> None:
    await pipeline.command("SET", "text", "x")
    both, after = await asyncio.gather(
        pipeline.together(wrong, ("GET", "text")), pipeline.command("GET", "text"), return_exceptions=True
    )
    assert isinstance(both, StoreAway)
    assert after == "x"


async def test_a_script_s_text_goes_along_once_on_each_connection(pipeline: Pipeline, look: Redis) -> None:
    echo, twice = script("return ARGV[1]"), script("return ARGV[1] .. ARGV[1]")
    for evals in (2, 0):
        look.config_resetstat()
        asked = [pipeline.script(each, [], [number]) for number in range(10) for each in (echo, twice)]
        answers = await asyncio.gather(*asked)
        assert answers == [answer for number in range(10) for answer in (f"{number}", f"{number}{number}")]
        assert (calls(look, "eval"), calls(look, "evalsha")) == (evals, 20 - evals)


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
        async with connected(valkey) as pipeline:
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
    finally:
        valkey.end()


async def test_an_error_that_nobody_waits_for_any_more_is_no_fault(
    caplog: pytest.LogCaptureFixture, pipeline: Pipeline
) -> None:
    answer = pipeline.command("NO-SUCH-COMMAND")
    answer.cancel()
    assert await pipeline.command("ECHO", "x") == "x"
    assert not caplog.records


async def test_the_end_cancels_whoever_waits_and_leaves_no_task(valkey: Valkey, trips: Trips) -> None:
    before = asyncio.all_tasks()
    pipeline = Pipeline(servers(valkey.url))
    waiting = [pipeline.command("BLPOP", "nobody", 0), pipeline.command("GET", "k")]
    await until(lambda: trips.count, "that it leaves")
    await pipeline.aclose()
    assert all(answer.cancelled() for answer in waiting)
    assert pipeline.command("ECHO", "x").cancelled()
    assert asyncio.all_tasks() == before


async def test_a_round_trip_that_took_too_long_leaves_no_answer_to_those_after_it(
    pipeline: Pipeline, look: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    look.set("k", "secret")
    await asyncio.gather(*(pipeline.command("ECHO", number) for number in range(3)))
    monkeypatch.setattr(pipelines, "ANSWER", 0.1)
    look.client_pause(60_000, all=False)  # of what writes
    try:
        late = [pipeline.command("GET", "k"), pipeline.command("GETDEL", "k"), pipeline.command("GET", "k")]
        errors = await asyncio.gather(*late, return_exceptions=True)
        assert errors[0] == "secret"
        assert [type(error) for error in errors[1:]] == [StoreAway] * 2
    finally:
        look.client_unpause()
    monkeypatch.undo()
    both = await asyncio.gather(*(pipeline.command("ECHO", number) for number in range(50)))
    assert both == [str(number) for number in range(50)]


async def test_what_is_asked_while_nobody_answers_is_not_held_up_by_what_was_asked_before(
    pipeline: Pipeline, look: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new connection is another chance: a link that is half dead takes ANSWER once, and not from each."""
    monkeypatch.setattr(pipelines, "ANSWER", 0.1)
    pipeline.command("BLPOP", "nobody", 0)  # as a link would be that lets nothing through
    with pytest.raises(StoreAway, match="nothing within"):
        await pipeline.command("ECHO", "x")
    assert await pipeline.command("ECHO", "y") == "y"


async def test_what_a_connection_took_to_its_end_is_asked_once_more(
    valkey: Valkey, pipeline: Pipeline, look: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipelines, "ANSWER", 30.0)
    for _ in range(2):
        waiting = [pipeline.command("BLPOP", "list", 0), pipeline.together(("INCR", "n"), ("GET", "n"))]
        (blocked,) = await blocked_clients(look)
        look.client_kill_filter(_id=blocked)
        (blocked,) = await blocked_clients(look)
        look.rpush("list", "x")
        popped, counted = await asyncio.gather(*waiting)
        assert popped == ["list", "x"]
        assert counted[0] == int(counted[1])
    waiting = [pipeline.command("BLPOP", "list", 0), pipeline.command("ECHO", "x")]
    for _ in range(2):
        (blocked,) = await blocked_clients(look)
        look.client_kill_filter(_id=blocked)
    with pytest.raises(StoreAway, match="does not answer"):
        await waiting[0]
    # what came after it was in the same boat
    with pytest.raises(StoreAway, match="does not answer"):
        await waiting[1]


async def blocked_clients(look: Redis) -> list[str]:
    """Wait for a client that waits in BLPOP; gives their ids."""
    found: list[str] = []

    def seen() -> bool:
        found[:] = [one["id"] for one in look.client_list() if "b" in one["flags"]]
        return bool(found)

    await until(seen, "a client that waits")
    return found


async def test_connections_that_a_restart_of_the_store_broke_are_mended_without_a_word() -> None:
    with Valkey(append_only=True) as valkey:
        async with connected(valkey) as pipeline:
            assert await pipeline.command("SET", "k", 1)
            valkey.kill()
            valkey.start()
            assert await pipeline.command("GET", "k") == "1"


async def test_the_end_leaves_nobody_waiting_however_far_their_command_has_come(valkey: Valkey) -> None:
    for turns in range(40):
        pipeline = Pipeline(servers(valkey.url))
        answer = pipeline.command("ECHO", "x")
        for _ in range(turns):
            await asyncio.sleep(0)
        await pipeline.aclose()
        done, _ = await asyncio.wait({answer}, timeout=2)
        assert done, f"it waits for ever, {turns} turns of the loop after it asked"
