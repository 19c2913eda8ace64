"""Looking through rooms of a real store: what is kept of them is never older than they are."""

from __future__ import annotations

import asyncio
import random
from zoneinfo import ZoneInfo

import pytest
from redis import Redis

from quart_chat.errors import StoreAway
from quart_chat.room import changes
from quart_chat.room.changes import Held, write_held
from quart_chat.room.digest import quote_of
from quart_chat.room.entries import Change, Message, order, write_change
from quart_chat.room.search import Found, Query, read
from quart_chat.store import keys, searching
from quart_chat.store.appends import Draft
from quart_chat.store.changing import Value
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.searching import CHUNK, Searching
from quart_chat.store.servers import servers
from tests.store.conftest import Trips

ANA, BOB = "a" * 16, "b" * 16
DAY = 24 * 60 * 60 * 1000  # ms
FUTURE = 99_999_999_999_999  # ms, in the year 5138
LONG = 60.0  # seconds: as long as it takes
UTC = ZoneInfo("UTC")


@pytest.fixture
def log(pipeline: Pipeline) -> Log:
    return Log(pipeline, Retention(messages=1000, room=90 * DAY))


@pytest.fixture
def look_for(pipeline: Pipeline) -> Searching:
    return Searching(pipeline)


async def say(log: Log, *texts: str, room: str = "r") -> list[str]:
    made = []
    for start in range(0, len(texts), 100):
        drafts = [Draft(ANA, "Ana", text, f"{random.random()}") for text in texts[start : start + 100]]
        made += [one.id for one in await log.append_all(room, drafts)]
    return made


async def change(log: Log, entry_id: str, make: object, room: str = "r") -> None:
    found = await log.changes.find(room, entry_id)
    held: Held = make(found.held, found.message)  # type: ignore[operator]
    body = write_change(Change(entry_id, "Ana", "", held.shown, text=True, reactions=True))
    values = [Value("changes", entry_id, found.written, write_held(held))]
    assert await log.changes.write(room, body, values, about=entry_id, scrub=held.deleted)


async def edit(log: Log, entry_id: str, text: str) -> None:
    await change(log, entry_id, lambda held, message: changes.edit(held, (0, message.said), text, 5, keep=False))


async def delete(log: Log, entry_id: str) -> None:
    await change(log, entry_id, lambda held, message: changes.delete())


async def react(log: Log, entry_id: str) -> None:
    await change(log, entry_id, lambda held, message: changes.react(held, "🎉", BOB, "Bob"))


async def find(
    searching_: Searching, typed: str, before: str | None = None, most: int = 20, seconds: float = LONG
) -> Found:
    return await searching_.find("r", read(typed, UTC), before, most, seconds)


async def texts(searching_: Searching, typed: str, **how: object) -> list[str]:
    return [hit.message.said for hit in (await find(searching_, typed, **how)).hits]  # type: ignore[arg-type]


async def everything(searching_: Searching, typed: str, seconds: float, most: int = 20) -> list[str]:
    """Search on to the end."""
    ids, before = [], None
    while True:
        found = await find(searching_, typed, before, most, seconds)
        ids += [hit.message.id for hit in found.hits]
        if found.rest is None:
            return ids
        before = found.rest


async def test_what_fits_is_found_newest_first_with_what_is_beside_it(log: Log, look_for: Searching) -> None:
    await say(log, "hello one", "x", "hello two", "y", "z", "hello three")
    found = await find(look_for, "hello")
    assert [(h.before and h.before.text, h.message.text, h.after and h.after.text) for h in found.hits] == [
        ("z", "hello three", None),
        ("x", "hello two", "y"),
        (None, "hello one", "x"),
    ]
    assert (found.rest, found.back) == (None, None)


async def test_messages_are_found_as_they_stand(log: Log, look_for: Searching) -> None:
    first, second, third = await say(log, "apple", "apple pie", "apple tart")
    for _ in range(2):
        assert await texts(look_for, "apple") == ["apple tart", "apple pie", "apple"]
    await edit(log, second, "cherry")
    assert await texts(look_for, "apple") == ["apple tart", "apple"]
    assert await texts(look_for, "cherry") == ["cherry"]
    await delete(log, third)
    assert await texts(look_for, "apple") == ["apple"]
    assert await texts(look_for, "from:ana") == ["cherry", "apple"]
    await react(log, first)
    (hit,) = (await find(look_for, "apple")).hits
    assert hit.message.changes is not None
    assert hit.after is not None
    assert hit.after.said == "cherry"


async def test_what_a_message_answers_is_not_searched(log: Log, look_for: Searching) -> None:
    (first,) = await say(log, "the question")
    quoted = quote_of((await log.changes.find("r", first)).message)  # type: ignore[arg-type]
    await log.append_all("r", [Draft(BOB, "Bob", "an answer", "n", reply=quoted)])
    assert await texts(look_for, "question") == ["the question"]
    (hit,) = (await find(look_for, "answer")).hits
    assert hit.message.reply == quoted


async def test_a_page_leads_on_to_the_next(log: Log, look_for: Searching) -> None:
    made = await say(log, *(f"hello {n}" for n in range(45)))
    found = await find(look_for, "hello")
    assert [hit.message.id for hit in found.hits] == made[:-21:-1]
    assert found.rest == made[25]
    assert found.back is None
    found = await find(look_for, "hello", found.rest)
    assert [hit.message.id for hit in found.hits] == made[24:4:-1]
    found = await find(look_for, "hello", found.rest)
    assert [hit.message.id for hit in found.hits] == made[4::-1]
    assert found.rest is None


async def test_no_page_leads_to_an_empty_one(log: Log, look_for: Searching) -> None:
    await say(log, "other", *(f"hello {n}" for n in range(20)))
    assert (await find(look_for, "hello")).rest is None


async def test_a_search_whose_time_is_over_says_how_far_it_looked(
    log: Log, look_for: Searching, pipeline: Pipeline
) -> None:
    made = await say(log, "hello first", *("x" for _ in range(3 * CHUNK)), "hello last")
    found = await find(look_for, "hello", seconds=0.0)
    assert [hit.message.text for hit in found.hits] == ["hello last"]
    assert found.rest == made[-CHUNK]
    (message,) = (await log.around("r", made[-CHUNK], 1)).page.messages[:1]
    assert found.back == message.at
    assert await everything(Searching(pipeline), "hello", 0.0) == [made[-1], made[0]]
    assert await everything(look_for, "hello", 0.0) == [made[-1], made[0]]  # what is known takes time too


async def test_what_was_looked_through_is_read_once(log: Log, look_for: Searching, trips: Trips) -> None:
    await say(log, *(f"text {n}" for n in range(5 * CHUNK)))
    trips.count = 0
    assert await texts(look_for, "nothing") == []
    assert trips.count > 5
    trips.count = 0
    assert await texts(look_for, '"text 7"') == ["text 7"]
    assert trips.count == 3  # whether it still holds, what was found, and how that stands
    await say(log, "text 7 again")
    trips.count = 0
    assert await texts(look_for, '"text 7"') == ["text 7 again", "text 7"]
    assert trips.count == 3


async def test_a_room_that_is_too_large_is_kept_in_part(
    log: Log, look_for: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "OF_ROOM", 50_000)
    made = await say(log, "hello first", *("x" for _ in range(3 * CHUNK)), "hello last")
    for _ in range(3):
        assert await everything(look_for, "hello", LONG) == [made[-1], made[0]]
        assert 0 < look_for._kept.weight <= 50_000


async def test_a_room_that_is_not_there_stays_so(look_for: Searching, look: Redis) -> None:
    for before in (None, "5-0", "0-0"):
        assert await find(look_for, "hello before:2030 after:1970", before) == Found()
    assert look.keys() == []
    assert len(look_for._kept) == 0


async def test_a_room_that_lapses_or_comes_back_is_as_it_is_then(log: Log, look_for: Searching, look: Redis) -> None:
    await say(log, "hello old")
    assert await texts(look_for, "hello") == ["hello old"]
    look.delete(*keys.held("r"))
    assert await texts(look_for, "hello") == []
    await say(log, "hello new")
    assert await texts(look_for, "hello") == ["hello new"]


async def test_messages_that_the_room_has_no_more_are_not_found(pipeline: Pipeline, look_for: Searching) -> None:
    log = Log(pipeline, Retention(messages=150, room=0))
    await say(log, *(f"hello {n}" for n in range(150)))
    assert len(await everything(look_for, "hello", LONG)) == 150
    made = await say(log, *(f"bye {n}" for n in range(50)))
    assert len(await everything(look_for, "hello", LONG)) == 100
    await say(log, *(f"hello {n}" for n in range(150)))
    assert made[0] not in await everything(look_for, "bye", LONG)
    assert len(await everything(look_for, "hello", LONG)) == 150


async def test_torn_messages_are_passed_over(log: Log, look_for: Searching, look: Redis) -> None:
    torn = {"at": 1, "author": ANA, "name": "Ana", "before": "", "body": "hello"}
    look.xadd(keys.messages("r"), torn, id="5-0")
    assert await texts(look_for, "hello") == []
    await say(log, "hello")
    look.xadd(keys.messages("r"), torn, id=f"{FUTURE}-0")
    for _ in range(2):
        (hit,) = (await find(look_for, "hello")).hits
        assert (hit.before, hit.after) == (None, None)


async def test_a_clock_that_was_set_back_hides_nothing_of_today(log: Log, look_for: Searching, look: Redis) -> None:
    (before,) = await say(log, "hello before")
    look.set(keys.last("r"), f"{order(before)[0] + DAY // 2}-0")  # as if it had been set back by half a day
    await say(log, "hello after")
    today = "after:2000 before:2100"
    assert await texts(look_for, f"hello {today}") == ["hello after", "hello before"]
    look.set(keys.last("r"), f"{FUTURE}-0")
    await say(log, "hello again")
    assert await texts(look_for, "hello after:2000") == ["hello again", "hello after", "hello before"]


async def test_others_go_on_while_a_room_is_looked_through(log: Log, look_for: Searching) -> None:
    await say(log, *("x" * 2000 for _ in range(2 * CHUNK)))  # five of them make a chunk
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await find(look_for, " ".join("abcdefghij"))
    cold, turns = turns, 0
    await find(look_for, "a b c d e f g h i xx")
    task.cancel()
    assert cold > 10
    assert turns > 2


async def test_many_who_search_at_once_find_the_same(log: Log, look_for: Searching) -> None:
    made = await say(log, *(f"{'hello' if n % 7 == 0 else 'x'} {n}" for n in range(5 * CHUNK)))
    found = await asyncio.gather(*(everything(look_for, "hello", LONG) for _ in range(10)))
    assert all(one == made[::-1][made[::-1].index(made[497]) :: 7] for one in found)
    assert await everything(look_for, "hello", LONG) == found[0]


async def test_a_search_that_is_given_up_holds_up_no_other(
    log: Log, look_for: Searching, monkeypatch: pytest.MonkeyPatch, trips: Trips
) -> None:
    made = await say(log, *("x" for _ in range(5 * CHUNK)))
    await find(look_for, "hello")
    await react(log, made[0])  # what is known does not hold any more
    with monkeypatch.context() as patched:

        async def given_up(*_: object) -> None:
            raise asyncio.CancelledError

        patched.setattr(look_for, "_read_on", given_up)
        with pytest.raises(asyncio.CancelledError):
            await find(look_for, "hello")
    await find(look_for, "hello")
    trips.count = 0
    await find(look_for, "hello")
    assert trips.count < 5  # it is known again
    for _ in range(5):
        task = asyncio.create_task(find(look_for, "hello"))
        await asyncio.sleep(0.001)
        task.cancel()
    assert (await asyncio.wait_for(find(look_for, "hello"), 10)).hits == ()


@pytest.mark.parametrize("seed", range(4))
async def test_two_workers_find_what_the_room_holds_whatever_befalls_it(
    pipeline: Pipeline, look: Redis, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "CHUNK", 7)
    chance = random.Random(seed)
    log = Log(pipeline, Retention(messages=40, room=0))
    workers = Searching(pipeline), Searching(pipeline)
    words = ["apple", "pear", "plum"]
    for step in range(120):
        held = [entry_id for entry_id, _ in look.xrange(keys.messages("r"))]
        act = chance.choice(["say", "say", "say", "edit", "delete", "react", "go"])
        if act == "go" and chance.random() < 0.1:
            look.delete(*keys.held("r"))
        elif act == "say" or not held:
            await say(log, *(f"{chance.choice(words)} {step}" for _ in range(chance.choice([1, 1, 3, 12]))))
        elif act == "edit":
            await _maybe(
                log,
                held,
                chance,
                lambda held, message: changes.edit(held, (0, ""), chance.choice(words), 5, keep=False),
            )
        elif act == "delete":
            await _maybe(log, held, chance, lambda held, message: changes.delete())
        else:
            await _maybe(log, held, chance, lambda held, message: changes.react(held, "🎉", BOB, "Bob"))
        word, worker = chance.choice(words), chance.choice(workers)
        expected = await _brute(log, read(word, UTC))
        assert await everything(worker, word, chance.choice([0.0, LONG]), most=chance.choice([1, 3, 20])) == expected


async def _maybe(log: Log, held: list[str], chance: random.Random, make: object) -> None:
    entry_id = chance.choice(held)
    found = await log.changes.find("r", entry_id)
    if found.message is not None and not found.message.deleted:
        await change(log, entry_id, make)


async def _brute(log: Log, query: Query) -> list[str]:
    messages: tuple[Message, ...] = (await log.newest("r", 1000)).page.messages
    return [message.id for message in reversed(messages) if query.fits_message(message)]


async def test_a_store_that_is_away_is_said() -> None:
    pipeline = Pipeline(servers("unix:///nonexistent/socket"))
    try:
        with pytest.raises(StoreAway):
            await find(Searching(pipeline), "hello")
    finally:
        await pipeline.aclose()
