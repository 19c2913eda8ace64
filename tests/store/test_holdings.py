"""Which files a room holds, as the scripts count it."""

from __future__ import annotations

import pytest
from redis import Redis

from quart_chat.errors import BadFile
from quart_chat.room.attachments import Attached
from quart_chat.room.changes import delete, write_held
from quart_chat.room.entries import Change, write_change
from quart_chat.store import keys
from quart_chat.store.appends import Appended, Draft
from quart_chat.store.changing import Value
from quart_chat.store.holdings import CLAIM, Holdings
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline

ONE, TWO = Attached("one.txt", "1" * 64, 30), Attached("two.txt", "2" * 64, 50)


@pytest.fixture
def log(pipeline: Pipeline) -> Log:
    return Log(pipeline, Retention(3, 0))


@pytest.fixture
def holdings(pipeline: Pipeline) -> Holdings:
    return Holdings(pipeline)


async def say(log: Log, nonce: str, *files: Attached, quota: int = 0) -> Appended:
    (appended,) = await log.append_all("r", [Draft("a" * 16, "Ana", "", nonce, files=files, quota=quota)])
    return appended


async def unsay(log: Log, entry_id: str) -> None:
    found = await log.changes.find("r", entry_id)
    change = Change(entry_id, "Ana", "", delete().shown, text=True, reactions=True)
    value = Value("changes", entry_id, found.written, write_held(delete()))
    assert await log.changes.write("r", write_change(change), [value], about=entry_id, scrub=True)


async def test_bytes_are_counted_once_however_many_messages_hold_them(
    log: Log, holdings: Holdings, look: Redis
) -> None:
    first = await say(log, "a", ONE, ONE)
    second = await say(log, "b", ONE, TWO)
    assert await holdings.bytes("r") == 80
    await unsay(log, first.id)
    assert await holdings.bytes("r") == 80
    await unsay(log, second.id)
    assert await holdings.bytes("r") == 0
    assert look.hgetall(keys.files("r")) == {"bytes": "0"}
    for stream in (keys.log("r"), keys.messages("r")):
        assert not any("one.txt" in str(row) for row in look.xrange(stream))


async def test_what_is_trimmed_lets_go_of_its_files(log: Log, holdings: Holdings) -> None:
    await say(log, "a", ONE)
    for nonce in "bcd":
        assert await holdings.drop("r", [ONE.digest]) == []
        await say(log, nonce, TWO)
    assert await holdings.drop("r", [ONE.digest, TWO.digest]) == [ONE.digest]
    assert await holdings.bytes("r") == 50


async def test_a_room_holds_no_more_than_it_may(log: Log, holdings: Holdings) -> None:
    assert (await say(log, "a", ONE, quota=79)).new
    full = await say(log, "b", TWO, quota=79)
    assert isinstance(full.refused, BadFile)
    assert not full.new
    assert (await say(log, "c", ONE, quota=30)).new  # it is there already
    assert not (await say(log, "a", ONE, quota=1)).new  # a retry costs nothing
    assert (await say(log, "b", TWO, quota=80)).new
    assert await holdings.bytes("r") == 80


async def test_a_message_without_files_leaves_no_key(log: Log, look: Redis) -> None:
    await say(log, "a")
    assert not look.exists(keys.files("r"))


async def test_files_lapse_with_their_room(pipeline: Pipeline, look: Redis) -> None:
    days = 90 * 86_400_000
    log = Log(pipeline, Retention(10, days))
    await log.append("r", "a" * 16, "Ana", "first", "x")
    await say(log, "a", ONE)
    assert days - 60_000 < look.pttl(keys.files("r")) <= days
    look.pexpire(keys.files("r"), 1000)
    await log.keep(["r"])
    assert look.pttl(keys.files("r")) > days - 60_000
    await say(Log(pipeline, Retention(10, 0)), "b", ONE)
    assert look.pttl(keys.files("r")) == -1


async def test_what_is_on_its_way_in_is_not_taken_away(holdings: Holdings, look: Redis) -> None:
    claim = await holdings.claim("r", [ONE.digest])
    other = await holdings.claim("r", [ONE.digest, TWO.digest])
    assert claim
    assert other
    assert 0 < look.pttl(keys.uploads("r")) <= CLAIM
    assert await holdings.drop("r", [ONE.digest, TWO.digest]) == []
    assert await holdings.drop("r", [ONE.digest], claim) == []
    assert await holdings.drop("r", [ONE.digest, TWO.digest], other) == [ONE.digest, TWO.digest]


async def test_what_is_being_taken_away_does_not_come_in(holdings: Holdings) -> None:
    assert await holdings.drop("r", [ONE.digest]) == [ONE.digest]
    assert await holdings.drop("r", [ONE.digest]) == [ONE.digest]  # whoever was at it may have died
    assert await holdings.claim("r", [TWO.digest, ONE.digest]) is None
    await holdings.dropped("r", [ONE.digest])
    assert await holdings.claim("r", [TWO.digest, ONE.digest])


async def test_a_claim_whose_upload_died_lapses(holdings: Holdings, look: Redis) -> None:
    claim = await holdings.claim("r", [ONE.digest])
    assert claim
    look.hset(keys.uploads("r"), claim, f"5 {ONE.digest}")
    assert await holdings.drop("r", [ONE.digest]) == [ONE.digest]
    assert not look.hexists(keys.uploads("r"), claim)


async def test_one_worker_at_a_time_looks_for_what_is_left_over(holdings: Holdings) -> None:
    assert await holdings.may_sweep("w1", 60_000) == ""
    assert await holdings.may_sweep("w2", 60_000) is None
    await holdings.swept("r/1")
    assert await holdings.may_sweep("w1", 60_000) is None
