from __future__ import annotations

import asyncio
import json

import pytest
from redis import Redis

from quart_chat.errors import BadText, StoreAway
from quart_chat.room.entries import NO_ENTRY, Message, Neighbour, order
from quart_chat.room.places import follows
from quart_chat.store import keys
from quart_chat.store.appends import NONCE_KEPT
from quart_chat.store.log import LOG_ENTRIES, Log, Retention
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.servers import servers
from tests.store.valkey import Valkey

DAY = 24 * 60 * 60 * 1000  # ms
ANA, BOB = "a" * 16, "b" * 16
FUTURE = 99_999_999_999_999  # ms, in the year 5138


@pytest.fixture
def log(pipeline: Pipeline) -> Log:
    return Log(pipeline, Retention(messages=1000, room=90 * DAY))


def room_keys(room: str) -> tuple[str, ...]:
    return keys.log(room), keys.last(room), keys.messages(room), keys.meta(room)


async def test_a_message_is_read_as_it_was_appended(log: Log) -> None:
    first, new = await log.append("r", ANA, "Ana", "Oi <b>\n🎉", "n1")
    assert new
    second, _ = await log.append("r", BOB, "Bob", "Olá", "n1")
    page = (await log.newest("r")).page
    assert not page.more
    ana, bob = page.messages
    assert (ana.id, ana.author, ana.name, ana.text, ana.before) == (first, ANA, "Ana", "Oi <b>\n🎉", None)
    assert bob == Message(second, bob.at, BOB, "Bob", "Olá", Neighbour(ANA, ana.at, "Ana"))
    tail = await log.tail("r", NO_ENTRY)
    assert [entry.message for entry in tail.entries] == [ana, bob]
    assert (tail.entries[0].prev, tail.entries[1].prev, tail.end) == (NO_ENTRY, first, second)


async def test_the_same_nonce_is_appended_once(log: Log, look: Redis) -> None:
    first, new = await log.append("r", ANA, "Ana", "x", "n")
    assert new
    assert await log.append("r", ANA, "Another name", "x", "n") == (first, False)
    assert look.xlen(keys.messages("r")) == look.xlen(keys.log("r")) == 1


async def test_the_same_nonce_with_another_text_is_refused_and_changes_nothing(log: Log, look: Redis) -> None:
    first, _ = await log.append("r", ANA, "Ana", "x", "n")
    before = {key: look.dump(key) for key in look.scan_iter()}
    with pytest.raises(BadText, match="another text"):
        await log.append("r", ANA, "Ana", "y", "n")
    assert {key: look.dump(key) for key in look.scan_iter()} == before
    assert await log.append("r", ANA, "Ana", "x", "n") == (first, False)


async def test_a_nonce_is_a_person_s_and_a_room_s_own(log: Log) -> None:
    made = [await log.append(room, who, "x", "x", "n") for room in ("r", "s") for who in (ANA, BOB)]
    assert [new for _, new in made] == [True] * 4
    assert await log.said("r", ANA, ["m", "n"]) == [None, made[0][0]]


async def test_a_nonce_is_kept_for_a_day(log: Log, look: Redis) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    assert NONCE_KEPT - 10_000 < look.pttl(keys.nonce("r", ANA, "n")) <= NONCE_KEPT == 86_400_000


async def test_200_at_once_with_one_nonce_are_one_entry(log: Log, look: Redis) -> None:
    made = await asyncio.gather(*(log.append("r", ANA, "Ana", "x", "n") for _ in range(200)))
    assert len({entry_id for entry_id, _ in made}) == 1
    assert [new for _, new in made].count(True) == 1
    assert look.xlen(keys.log("r")) == look.xlen(keys.messages("r")) == 1


async def test_200_at_once_with_their_own_nonces_are_200_in_one_order(log: Log) -> None:
    made = await asyncio.gather(*(log.append("r", ANA, "Ana", str(n), f"n{n}") for n in range(200)))
    tail = await log.tail("r", NO_ENTRY)
    assert follows(tail.entries, NO_ENTRY)
    assert sorted((entry_id for entry_id, _ in made), key=order) == [entry.id for entry in tail.entries]
    assert len({entry.id for entry in tail.entries}) == 200


async def test_a_clock_that_is_set_back_keeps_the_order(log: Log, look: Redis) -> None:
    look.set(keys.last("r"), f"{FUTURE}-7")
    made = [(await log.append("r", ANA, "Ana", str(n), str(n)))[0] for n in range(3)]
    assert made == [f"{FUTURE}-8", f"{FUTURE}-9", f"{FUTURE}-10"]
    tail = await log.tail("r", f"{FUTURE}-7")
    assert follows(tail.entries, f"{FUTURE}-7")
    assert tail.end == made[-1]
    now = int(look.time()[0]) * 1000
    assert all(abs(entry.message.at - now) < 60_000 for entry in tail.entries if entry.message)  # the time of day


async def test_an_order_that_went_on_ahead_of_the_clock_is_not_trimmed_by_age(log: Log, look: Redis) -> None:
    look.set(keys.last("r"), f"{FUTURE}-7")
    for n in range(3):
        await log.append("r", ANA, "Ana", str(n), str(n))
    assert look.xlen(keys.log("r")) == 3


@pytest.mark.parametrize("count", [1, 7])
async def test_exactly_the_newest_messages_are_kept(pipeline: Pipeline, look: Redis, count: int) -> None:
    log = Log(pipeline, Retention(messages=count, room=0))
    made = [(await log.append("r", ANA, "Ana", str(n), str(n)))[0] for n in range(count + 5)]
    assert [entry_id for entry_id, _ in look.xrange(keys.messages("r"))] == made[-count:]


async def test_the_log_is_trimmed_and_then_says_that_it_cannot_tell(pipeline: Pipeline, look: Redis) -> None:
    log = Log(pipeline, Retention(messages=10, room=0))
    first, _ = await log.append("r", ANA, "Ana", "x", "first")
    for start in range(0, 1500, 100):
        await asyncio.gather(*(log.append("r", ANA, "Ana", "x", str(n)) for n in range(start, start + 100)))
    assert LOG_ENTRIES <= look.xlen(keys.log("r")) < LOG_ENTRIES + 200  # trimmed by whole nodes
    tail = await log.tail("r", first)
    assert tail.entries[0].prev != first
    assert follows(tail.entries, tail.entries[0].prev)
    assert len(tail.entries) == LOG_ENTRIES


async def test_entries_older_than_a_day_leave_the_log_but_not_the_history(log: Log, look: Redis) -> None:
    old = int(look.time()[0]) * 1000 - 2 * DAY
    body = '{"k":"m","a":"' + ANA + '","n":"Ana","t":"old"}'
    for n in range(300):
        fields = {"at": old, "before": "", "body": body}
        look.xadd(keys.log("r"), {"prev": f"{old}-{n - 1}" if n else NO_ENTRY, **fields}, id=f"{old}-{n}")
        look.xadd(
            keys.messages("r"), {"at": old, "author": ANA, "name": "Ana", "before": "", "body": body}, id=f"{old}-{n}"
        )
    look.set(keys.last("r"), f"{old}-299")
    made, _ = await log.append("r", BOB, "Bob", "new", "n")
    assert look.xlen(keys.messages("r")) == 301
    assert look.xlen(keys.log("r")) < 201  # whole nodes of 100
    assert (await log.tail("r", f"{old}-299")).entries[0].id == made
    newest = (await log.newest("r", 1)).page.messages[0]
    assert newest.before == Neighbour(ANA, old, "Ana")


async def test_a_room_that_is_used_expires_as_one(log: Log, look: Redis) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    for key in room_keys("r"):
        assert 90 * DAY - 10_000 < look.pttl(key) <= 90 * DAY, key
    for key in room_keys("r"):
        look.pexpire(key, DAY)
    await log.append("r", ANA, "Ana", "y", "m")
    for key in room_keys("r"):
        assert look.pttl(key) > 89 * DAY, key


async def test_a_room_s_end_is_put_off_once_an_hour_of_its_days_has_gone(pipeline: Pipeline, look: Redis) -> None:
    log, hour = Log(pipeline, Retention(messages=10, room=DAY)), 3_600_000
    await log.append("r", ANA, "Ana", "x", "n")
    for left, put_off in ((DAY - hour // 2, False), (DAY - 2 * hour, True), (1000, True)):
        for key in room_keys("r"):
            look.pexpire(key, left)
        await log.append("r", ANA, "Ana", "y", str(left))
        for key in room_keys("r"):
            assert (look.pttl(key) > left) == put_off, key


async def test_rooms_stay_for_ever_where_an_operator_wants_it(pipeline: Pipeline, look: Redis) -> None:
    log = Log(pipeline, Retention(messages=10, room=0))
    await log.open("r", "R", 5, ANA, "Ana")
    await log.append("r", ANA, "Ana", "x", "n")
    assert [look.pttl(key) for key in room_keys("r")] == [-1] * 4
    for key in room_keys("r"):
        look.pexpire(key, DAY)  # the setting was another one before
    await log.append("r", ANA, "Ana", "y", "m")
    assert [look.pttl(key) for key in room_keys("r")] == [-1] * 4


async def test_a_room_in_which_somebody_is_stays(log: Log, look: Redis) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    for key in room_keys("r"):
        look.pexpire(key, DAY)
    await log.keep(["r", "there-is-none"])
    assert all(look.pttl(key) > 89 * DAY for key in room_keys("r"))
    assert not look.keys("*there-is-none*")


async def test_a_room_keeps_the_title_of_its_first_opener(log: Log, look: Redis) -> None:
    assert not await log.exists("r")
    assert (await log.newest("r")).title is None
    await log.open("r", "Ré!", 5, ANA, "Ana")
    await log.open("r", "Other", 6, ANA, "Ana")
    await log.append("r", ANA, "Ana", "x", "n")
    assert await log.exists("r")
    assert (await log.newest("r")).title == "Ré!"
    assert look.hgetall(keys.meta("r")) == {"title": "Ré!", "opened": "5"}
    assert 0 < look.pttl(keys.meta("r")) <= 90 * DAY
    assert await log.titles(["r", "none"]) == {"r": "Ré!"}


async def test_who_writes_first_opens_a_room_by_its_name(log: Log) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    assert (await log.newest("r")).title == "r"


async def test_reading_leaves_nothing(log: Log, look: Redis) -> None:
    assert (await log.newest("r")).place == NO_ENTRY
    assert (await log.tail("r", NO_ENTRY)).end == (await log.end("r")).end == NO_ENTRY
    assert (await log.before("r", "5-0")).messages == (await log.after("r", "5-0")).messages == ()
    assert not await log.exists("r")
    assert await log.titles(["r"]) == {}
    assert look.keys() == []


async def test_pages_lead_through_all_of_a_room_and_back(log: Log) -> None:
    made = [(await log.append("r", ANA, "Ana", str(n), str(n)))[0] for n in range(25)]
    newest = await log.newest("r", 10)
    page, seen = newest.page, [m.id for m in newest.page.messages]
    assert newest.place == made[-1]
    while page.more:
        page = await log.before("r", page.messages[0].id, 10)
        seen = [m.id for m in page.messages] + seen
    assert seen == made
    page = await log.after("r", made[0], 10)
    assert [m.id for m in page.messages] == made[1:11]
    assert page.more
    assert not (await log.after("r", made[14], 10)).more
    assert not (await log.before("r", made[10], 10)).more


@pytest.mark.parametrize("place", [NO_ENTRY, "0-1", "999999999999999-999999999999999"])
async def test_any_place_can_be_read_from(log: Log, place: str) -> None:
    made, _ = await log.append("r", ANA, "Ana", "x", "n")
    below = order(place) < order(made)
    assert [m.id for m in (await log.before("r", place)).messages] == ([] if below else [made])
    assert [m.id for m in (await log.after("r", place)).messages] == ([made] if below else [])
    assert [e.id for e in (await log.tail("r", place)).entries] == ([made] if below else [])


async def test_a_torn_entry_keeps_its_place_and_hides_its_text(
    log: Log, look: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    look.xadd(keys.log("r"), {"prev": NO_ENTRY, "at": 1, "before": "", "body": "secret"}, id="5-0")
    look.xadd(keys.messages("r"), {"at": 1, "author": ANA, "before": "", "body": "secret"}, id="5-0")
    look.set(keys.last("r"), "5-0")
    assert [(e.id, e.message) for e in (await log.tail("r", NO_ENTRY)).entries] == [("5-0", None)]
    assert (await log.newest("r")).page.messages == ()
    assert "'event': 'entry.torn'" in caplog.text
    assert "'id': '5-0'" in caplog.text
    assert "secret" not in caplog.text


async def test_what_is_published_is_the_log_s_entry(log: Log, look: Redis, valkey: Valkey) -> None:
    with valkey.client() as other, other.pubsub(ignore_subscribe_messages=True) as hearing:
        hearing.ssubscribe(keys.channel("r"))
        hearing.get_sharded_message(timeout=5)
        await log.append("r", ANA, "Ana", "one", "1")
        await log.append("r", BOB, "Bob", "two\nlines", "2")
        await log.append("r", BOB, "Bob", "two\nlines", "2")
        heard = [hearing.get_sharded_message(timeout=5)["data"] for _ in range(2)]
        assert hearing.get_sharded_message(timeout=0.1) is None  # the retry is not told
    rows = look.xrange(keys.log("r"))
    assert heard == ["\n".join(["entry", entry_id, f["prev"], f["at"], f["before"], f["body"]]) for entry_id, f in rows]
    assert json.loads(heard[1].split("\n", 5)[5])["t"] == "two\nlines"


async def test_all_that_a_room_has_lies_in_one_slot(log: Log, look: Redis) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    held = [*look.keys(), keys.here("r"), keys.channel("r")]
    assert len({look.cluster("keyslot", key) for key in held if ":" in key}) == 1


async def test_a_store_that_is_away_is_said() -> None:
    pipeline = Pipeline(servers("unix:///nonexistent/socket"))
    try:
        with pytest.raises(StoreAway, match="does not answer"):
            await Log(pipeline, Retention(1, 0)).append("r", ANA, "Ana", "x", "n")
    finally:
        await pipeline.aclose()
