"""Messages that a room keeps no longer: they go with all that they held, and nothing else does."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from quart_chat.room.attachments import Attached
from quart_chat.room.changes import edit, versions_of, write_held, write_versions
from quart_chat.room.digest import Record, quote_of
from quart_chat.room.entries import (
    NO_ENTRY,
    PAST_ALL,
    Change,
    Header,
    Message,
    Neighbour,
    order,
    write_change,
    write_new_header,
    write_pins,
)
from quart_chat.room.places import missed
from quart_chat.room.rights import EPHEMERAL, Rules
from quart_chat.room.search import read
from quart_chat.store import keys
from quart_chat.store.appends import Draft
from quart_chat.store.archive import Archive, Opening
from quart_chat.store.changing import Value
from quart_chat.store.duties import Duty
from quart_chat.store.expiring import HOUR, SETTLED, Expired, Expiring
from quart_chat.store.log import Log, Retention
from quart_chat.store.people import People
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.reads import Reads
from quart_chat.store.rules import RoomRules
from quart_chat.store.searching import Searching

ANA, BOB = "a" * 16, "b" * 16
DAY = 24 * HOUR
KEPT = Retention(messages=1000, room=DAY)
ONE, TWO = Attached("one.txt", "1" * 64, 30), Attached("two.txt", "2" * 64, 50)


def now() -> int:
    return time.time_ns() // 1_000_000


class House:
    """A room of one worker."""

    def __init__(self, pipeline: Pipeline, worker: str = "one") -> None:
        self.pipeline = pipeline
        self.log = Log(pipeline, KEPT)
        self.expiring = Expiring(pipeline, worker, KEPT)
        self.archive = Archive(pipeline, KEPT)

    async def wrote(self, *ages: int, files: Sequence[Attached] = (), room: str = "r", ids: int = 0) -> list[str]:
        """Put messages into an empty room that were written so many ms ago, oldest first, as in an import.

        ids: ms by which their ids run ahead of that. Each says "old 0", "old 1" and so on.
        """
        began, last, made = now(), 0, list[Message]()
        for number, age in enumerate(ages):
            last = max(last + 1, began - age + ids)
            before = Neighbour(ANA, made[-1].at, "Ana") if made else None
            made.append(Message(f"{last}-0", began - age, ANA, "Ana", f"old {number}", before, files=tuple(files)))
        await self.archive.restore(room, Opening("Room", began), [Record(one) for one in made])
        return [one.id for one in made]

    async def edit(self, entry_id: str, text: str, room: str = "r") -> None:
        found = await self.log.changes.find(room, entry_id)
        held = edit(found.held, (1, "before"), text, now(), keep=True, mentions=())
        change = Change(entry_id, "Ana", "", held.shown, text=True, reactions=False)
        values = [
            Value("changes", entry_id, "", write_held(held)),
            Value("changes", versions_of(entry_id), "", write_versions(held.versions)),
        ]
        assert await self.log.changes.write(room, write_change(change), values, about=entry_id)

    async def pin(self, *ids: str, room: str = "r") -> None:
        found = [(await self.log.changes.find(room, one)).message for one in ids]
        header = Header("the topic", tuple(quote_of(one) for one in found if one is not None))
        values = [Value("meta", "pins", "", write_pins(header.pins)), Value("meta", "topic", "", header.topic)]
        await self.log.changes.write(room, write_new_header(header), values)

    async def answer(self, entry_id: str, text: str, room: str = "r") -> str:
        found = (await self.log.changes.find(room, entry_id)).message
        assert found is not None
        (said,) = await self.log.append_all(room, [Draft(BOB, "Bob", text, text, reply=quote_of(found))])
        return said.id

    async def texts(self, room: str = "r") -> list[str]:
        return [one.said for one in (await self.log.newest(room)).page.messages]


@pytest.fixture
def house(pipeline: Pipeline) -> House:
    return House(pipeline)


def everything(look: Redis) -> str:
    """What the store holds of the room."""
    held = [look.xrange(key) for key in (keys.messages("r"), keys.log("r"))]
    return str(held + [look.hgetall(key) for key in (keys.changes("r"), keys.meta("r"), keys.files("r"))])


async def test_what_is_older_goes_with_all_that_it_held_and_the_rest_stays(house: House, look: Redis) -> None:
    first, _, third = await house.wrote(3 * HOUR, 2 * HOUR, HOUR // 2, files=[ONE])
    for entry_id in (first, third):
        await house.edit(entry_id, f"edited {entry_id}")
    await house.pin(first, third)
    (said,) = await house.log.append_all("r", [Draft(BOB, "Bob", "young", "n", files=(ONE, TWO))])
    gone = await house.expiring.expire("r", 1)
    assert (gone.messages, gone.files) == (2, [ONE.digest])
    assert 0 < gone.wait <= HOUR // 2
    assert await house.texts() == [f"edited {third}", "young"]
    assert set(look.hgetall(keys.changes("r"))) == {third, f"{third} versions"}
    assert look.hgetall(keys.files("r")) == {
        third: f"{ONE.digest} 30",
        said.id: f"{ONE.digest} 30 {TWO.digest} 50",
        ONE.digest: "2",
        TWO.digest: "1",
        "bytes": "80",
    }
    whole = everything(look)
    assert "old 0" not in whole
    assert f"edited {first}" not in whole
    newest = await house.log.newest("r")
    assert [pin.id for pin in newest.header.pins] == [third]
    assert newest.header.topic == "the topic"
    assert await house.expiring.expire("r", 1) == Expired(0, pytest.approx(gone.wait, abs=5000), [])


async def test_the_last_file_of_a_digest_is_given_up(house: House, look: Redis) -> None:
    await house.wrote(3 * HOUR, 2 * HOUR, files=[ONE, TWO])
    gone = await house.expiring.expire("r", 1)
    assert sorted(gone.files) == [ONE.digest, TWO.digest]
    assert look.hgetall(keys.files("r")) == {"bytes": "0"}


async def test_nothing_that_shows_messages_has_those_that_are_gone(house: House, look: Redis) -> None:
    old, young = await house.wrote(2 * HOUR, HOUR // 2)
    answer = await house.answer(old, "the answer")
    searching, reads = Searching(house.pipeline), Reads(house.pipeline, People(house.pipeline), 0, now)
    look.hset(keys.read("r"), BOB, "1-0")
    query = read("old", None)  # type: ignore[arg-type]
    before = [await house.log.newest("r"), await searching.find("r", query, None, 20, 1.0)]
    assert await house.texts() == ["old 0", "old 1", "the answer"]
    assert len(before[1].hits) == 2  # type: ignore[union-attr]
    assert (await reads.unread("r", BOB)).news.new == 2
    assert await house.expiring.expire("r", 1)
    page = (await house.log.newest("r")).page
    assert [one.said for one in page.messages] == ["old 1", "the answer"]
    assert page.messages[0].before is None, "what is said first in a room follows nothing"
    quoted = page.messages[1].reply
    assert quoted is not None
    assert (quoted.id, quoted.text) == (old, "")
    assert [hit.message.id for hit in (await searching.find("r", query, None, 20, 1.0)).hits] == [young]
    assert (await reads.unread("r", BOB)).news.new == 1
    assert (await house.log.changes.find("r", old)).message is None
    assert not (await house.log.around("r", old)).found
    assert [one.id for one in (await house.log.before("r", PAST_ALL)).messages] == [young, answer]
    exported = [record.message async for records in house.archive.messages("r") for record in records]
    assert [(one.id, one.reply.text if one.reply else "") for one in exported] == [(young, ""), (answer, "")]
    tail = await house.log.tail("r", old)
    assert [entry.message.reply for entry in tail.entries if entry.message and entry.message.reply] == [quoted]
    assert missed(NO_ENTRY, tail.entries, tail.end) is None, "a page that was away for so long gets the newest page"


async def test_a_page_that_stood_after_what_went_still_catches_up(house: House) -> None:
    _, young = await house.wrote(2 * HOUR, HOUR // 2)
    await house.edit(young, "edited")
    await house.expiring.expire("r", 1)
    tail = await house.log.tail("r", young)
    caught_up = missed(young, tail.entries, tail.end)
    assert caught_up is not None
    assert [entry.change.of for entry in caught_up.entries if entry.change] == [young]


async def test_the_log_ends_where_the_messages_do_though_none_is_so_old(house: House, look: Redis) -> None:
    (young,) = await house.wrote(HOUR // 2)
    rows = look.xrange(keys.log("r"))
    look.delete(keys.log("r"))
    topic = write_new_header(Header("an old topic"))
    look.xadd(keys.log("r"), {"prev": NO_ENTRY, "at": 1, "before": "", "body": topic}, f"{now() - 2 * HOUR}-0")
    for entry_id, fields in rows:
        look.xadd(keys.log("r"), fields, entry_id)
    await house.expiring.expire("r", 1)
    assert [entry_id for entry_id, _ in look.xrange(keys.log("r"))] == [young]


async def test_one_call_lets_go_of_so_many_and_says_that_there_are_more(house: House) -> None:
    await house.wrote(*(2 * HOUR + 10 - number for number in range(7)))
    calls = [await house.expiring.expire("r", 1, 3) for _ in range(4)]
    assert [(call.messages, call.wait) for call in calls] == [(3, 0), (3, 0), (1, HOUR), (0, HOUR)]
    assert await house.texts() == []
    assert (await house.log.newest("r")).title == "Room"
    assert (await house.log.append("r", ANA, "Ana", "new", "n"))[1]
    assert await house.texts() == ["new"]


async def test_the_time_of_day_counts_and_not_the_id_that_ran_ahead_of_it(house: House) -> None:
    await house.wrote(2 * HOUR, HOUR // 2, ids=400 * DAY)
    await house.expiring.expire("r", 1)
    assert await house.texts() == ["old 1"]


async def test_what_was_written_while_the_clock_ran_ahead_goes_with_what_came_after_it(house: House) -> None:
    await house.wrote(-400 * DAY, -300 * DAY, 2 * HOUR, HOUR // 2)
    await house.expiring.expire("r", 1)
    assert await house.texts() == ["old 3"]


async def let_go(house: House, most: int) -> list[Expired]:
    """Call until there is no more to do now."""
    calls = [await house.expiring.expire("r", 1, most)]
    while not calls[-1].wait:
        calls.append(await house.expiring.expire("r", 1, most))
        assert len(calls) < 100, calls[-3:]
    return calls


@pytest.mark.parametrize("ahead", [3, 4, 11])
async def test_however_many_were_written_while_the_clock_ran_ahead_they_keep_nothing_after_them(
    house: House, look: Redis, ahead: int
) -> None:
    ids = await house.wrote(*([-DAY] * ahead), 3 * HOUR, 2 * HOUR, HOUR // 2, files=[ONE])
    await house.edit(ids[0], "edited")
    calls = await let_go(house, 4)
    assert sum(call.messages for call in calls) == ahead + 2
    assert max(call.messages for call in calls) <= 4
    assert 0 < calls[-1].wait <= HOUR // 2
    assert await house.texts() == [f"old {ahead + 2}"]
    assert [entry_id for entry_id, _ in look.xrange(keys.log("r")) if entry_id in ids] == ids[-1:]
    assert "edited" not in everything(look)
    assert look.hget(keys.files("r"), ONE.digest) == "1"
    assert not look.hexists(keys.meta("r"), "ahead")


async def test_what_was_written_while_the_clock_ran_ahead_stays_with_the_young_one_after_it(
    house: House, look: Redis
) -> None:
    await house.wrote(2 * HOUR, *([-DAY] * 9), HOUR // 2, *([-DAY] * 9))
    calls = await let_go(house, 4)
    assert sum(call.messages for call in calls) == 1
    assert 0 < calls[-1].wait <= HOUR // 2
    assert await house.texts() == [f"old {number}" for number in range(1, 20)]
    assert not look.hexists(keys.meta("r"), "ahead")


AGES = {"ahead": -DAY, "young": HOUR // 2, "old": 2 * HOUR}  # ms


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ages=st.lists(st.sampled_from(["ahead", "ahead", "young", "old"]), min_size=1, max_size=20), most=st.integers(1, 4)
)
async def test_whatever_the_clock_did_what_goes_is_all_up_to_the_last_old_one_before_the_first_young_one(
    house: House, look: Redis, ages: list[str], most: int
) -> None:
    look.flushall()
    ids = await house.wrote(*(AGES[age] for age in ages))
    decided = ages[: ages.index("young")] if "young" in ages else ages
    last = max((number for number, age in enumerate(decided, 1) if age == "old"), default=0)
    calls = await let_go(house, most)
    assert [entry_id for entry_id, _ in look.xrange(keys.messages("r"))] == ids[last:]
    assert (calls[-1].wait < HOUR) is ("young" in ages)


async def test_where_all_was_written_while_the_clock_ran_ahead_nothing_is_due(house: House, look: Redis) -> None:
    await house.wrote(*([-DAY] * 9))
    calls = await let_go(house, 4)
    assert sum(call.messages for call in calls) == 0
    assert calls[-1].wait == HOUR
    assert len(await house.texts()) == 9
    assert not look.hexists(keys.meta("r"), "ahead")


async def test_letting_go_is_no_use_of_a_room_and_brings_none_back(house: House, look: Redis) -> None:
    (old,) = await house.wrote(2 * HOUR)
    await house.pin(old)
    held = [key for key in look.scan_iter() if ":nonce:" not in key]
    for key in held:
        look.pexpire(key, 5000)
    look.delete(keys.log("r"))  # the pin that goes makes it anew
    await house.expiring.expire("r", 1)
    assert all(0 < look.pttl(key) <= 5000 for key in look.scan_iter())
    look.delete(*held)
    assert await house.expiring.expire("r", 1) == Expired(0, HOUR, [])
    assert not look.exists(*held)


async def test_rules_that_say_so_list_a_room_before_they_are_written(pipeline: Pipeline, look: Redis) -> None:
    rules = RoomRules(pipeline, lambda: 1000)
    look.hset(keys.meta("r"), "title", "R")
    await rules.set_rules("r", Rules(slow=5))
    assert not look.exists(keys.EXPIRING)
    await rules.set_rules("r", Rules(keep=EPHEMERAL))
    assert look.zrange(keys.EXPIRING, 0, -1, withscores=True) == [("r", 1000 + SETTLED)]
    assert (await rules.rules("r")).keep == EPHEMERAL


async def test_a_room_that_was_brought_back_with_such_rules_is_listed(house: House, look: Redis) -> None:
    await house.wrote(2 * HOUR)
    await RoomRules(house.pipeline, now).set_rules("r", Rules(keep=EPHEMERAL))
    charter = await house.archive.charter("r")
    messages = [record async for records in house.archive.messages("r") for record in records]
    look.delete(keys.EXPIRING)
    await house.archive.restore("again", Opening("Again", 1, charter=charter), messages)
    assert look.zrange(keys.EXPIRING, 0, -1, withscores=True) == [("again", 0)]
    torn = charter._replace(rules={**charter.rules, "rules": '{"keep":1'})
    await house.archive.restore("torn", Opening("Torn", 1, charter=torn), messages)
    assert look.zrange(keys.EXPIRING, 0, -1) == ["again", "torn"]


async def test_a_room_that_was_listed_anew_meanwhile_stays_listed(pipeline: Pipeline, look: Redis) -> None:
    one, other = Expiring(pipeline, "one", KEPT), Expiring(pipeline, "other", KEPT)
    await one.duties.add("r", 10)
    assert await one.claim(9, 50) is None
    assert await one.claim(10, 50) == Duty("r", 50)
    assert await one.claim(10, 50) is None
    assert await other.claim(60, 90) is None, "it is not its turn"
    await one.duties.add("r", 70)  # by rules that are being written
    assert not await one.duties.move(Duty("r", 50), None)
    assert await one.claim(70, 90) == Duty("r", 90)
    assert await one.duties.move(Duty("r", 90), None)
    assert not look.exists(keys.EXPIRING)


MOVES = st.lists(st.tuples(st.sampled_from(["edit", "answer", "pin", "say"]), st.integers(0, 5)), max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ages=st.lists(st.integers(0, 4), min_size=1, max_size=6), moves=MOVES, most=st.integers(1, 4))
async def test_all_that_is_older_goes_and_all_that_is_younger_stays_as_it_was(
    house: House, look: Redis, ages: list[int], moves: list[tuple[str, int]], most: int
) -> None:
    look.flushall()
    ids = await house.wrote(*(age * HOUR + HOUR // 2 for age in sorted(ages, reverse=True)), files=[ONE])
    pinned: list[str] = []
    for step, (move, number) in enumerate(moves):
        entry_id = ids[number % len(ids)]
        if move == "edit" and look.hget(keys.changes("r"), entry_id) is None:
            await house.edit(entry_id, f"edited {entry_id}")
        elif move == "answer":
            await house.answer(entry_id, f"answer {step}")
        elif move == "say":
            await house.log.append("r", BOB, "Bob", f"said {step}", f"n{step}")
        elif move == "pin" and not pinned:
            pinned = [entry_id]
            await house.pin(entry_id)
    old = {entry_id for entry_id, age in zip(ids, sorted(ages, reverse=True), strict=True) if age >= 2}
    before = {name: dict(look.xrange(name)) for name in (keys.messages("r"), keys.log("r"))}
    held = look.hgetall(keys.changes("r"))
    gone = 0
    more = True
    while more:
        done = await house.expiring.expire("r", 2, most)
        gone, more = gone + done.messages, not done.wait
    assert gone == len(old)
    assert dict(look.xrange(keys.messages("r"))) == {
        entry_id: row for entry_id, row in before[keys.messages("r")].items() if entry_id not in old
    }
    assert look.hgetall(keys.changes("r")) == {
        name: row for name, row in held.items() if name.partition(" ")[0] not in old
    }
    log = dict(look.xrange(keys.log("r")))
    for entry_id, row in before[keys.log("r")].items():
        if order(entry_id) <= max(map(order, old), default=(0, 0)):
            assert entry_id not in log
        elif not any(one in row["body"] for one in old):
            assert log[entry_id] == row
        else:
            assert log[entry_id]["prev"] == row["prev"]
            assert "edited" not in log[entry_id]["body"] or '"r":[' in log[entry_id]["body"]
    files = look.hgetall(keys.files("r"))
    assert {one for one in files if "-" in one} == set(ids) - old
    assert files.get(ONE.digest) == (str(len(ids) - len(old)) if len(ids) > len(old) else None)
    assert [pin.id for pin in (await house.log.newest("r")).header.pins] == [one for one in pinned if one not in old]
