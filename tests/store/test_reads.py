"""How far people have read, in a real store, and what it counts as new; the pure count is its model."""

from __future__ import annotations

import itertools
import json
from random import Random

import pytest
from redis import Redis

from quart_chat.room.changes import NOTHING, Held, delete, edit, react, write_held
from quart_chat.room.digest import quote_of
from quart_chat.room.entries import PIN, Change, write_change
from quart_chat.room.mentions import Mention
from quart_chat.room.reading import MOST, NO_NEWS, News, news_in
from quart_chat.store import keys, reads
from quart_chat.store.appends import Draft
from quart_chat.store.changing import Value
from quart_chat.store.log import Log, Retention
from quart_chat.store.people import People
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.reads import Reads

ANA, BOB, EVA = "a" * 16, "b" * 16, "e" * 16
NAMES = {ANA: "Ana", BOB: "Bob", EVA: "Eva"}
DAY = 24 * 60 * 60 * 1000  # ms
NOW = 1_700_000_000_000
_NUMBERS = itertools.count()


@pytest.fixture
def log(pipeline: Pipeline) -> Log:
    return Log(pipeline, Retention(messages=1000, room=DAY))


@pytest.fixture
def places(pipeline: Pipeline) -> Reads:
    return Reads(pipeline, People(pipeline), DAY, lambda: NOW)


async def say(log: Log, author: str, text: str = "text") -> str:
    return (await log.append("r", author, NAMES[author], text, f"s{next(_NUMBERS)}"))[0]


async def news(places: Reads, person: str) -> News:
    return (await places.unread("r", person)).news


async def test_nothing_is_noted_of_a_room_that_there_is_not(places: Reads, look: Redis) -> None:
    assert not await places.note("r", {ANA: "5-0"})
    assert not look.keys("*")
    unread = await places.unread("r", ANA)
    assert (unread.title, unread.end, unread.read, unread.news) == (None, "0-0", None, NO_NEWS)


async def test_nobody_goes_back_and_every_step_on_is_told(log: Log, places: Reads, look: Redis) -> None:
    await say(log, EVA)
    heard = look.pubsub()
    heard.execute_command("SSUBSCRIBE", keys.channel("r"))
    heard.parse_response()
    for place in ("100-0", "99-9", "100-1", "100-1", "20-0", "1000-0"):
        await places.note("r", {ANA: place})
    assert look.hget(keys.read("r"), ANA) == "1000-0"
    told = [heard.parse_response(timeout=5)[2] for _ in range(3)]
    assert told == [f"read\n{ANA} {place}" for place in ("100-0", "100-1", "1000-0")]
    assert 0 < look.pttl(keys.read("r")) <= DAY
    heard.close()


async def test_who_reads_for_the_first_time_has_been_there(log: Log, places: Reads, pipeline: Pipeline) -> None:
    entry_id = await say(log, EVA)
    await places.note("r", {ANA: entry_id})
    assert await People(pipeline).visited(ANA) == ["r"]


async def test_those_who_have_not_been_there_for_longest_are_forgotten(
    log: Log, places: Reads, look: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "REMEMBERED", 10)
    monkeypatch.setattr(reads, "AT_ONCE", 4)
    await say(log, EVA)
    await places.note("r", {f"{number:016x}": f"{number}-0" for number in range(1, 12)})
    assert sorted(look.hgetall(keys.read("r")).values(), key=lambda one: int(one[:-2])) == [
        f"{number}-0" for number in range(3, 12)
    ]


async def test_what_others_wrote_since_is_counted_and_from_most_on_no_more(log: Log, places: Reads) -> None:
    first = await say(log, EVA)
    assert await news(places, ANA) == NO_NEWS  # nothing is known of her
    await places.note("r", {ANA: first, EVA: first})
    second = await say(log, EVA, "two")
    await say(log, ANA, "mine")
    unread = await places.unread("r", ANA)
    assert (unread.title, unread.read, unread.news) == ("r", first, News(1, 0, second))
    assert unread.end == (await log.newest("r")).place
    await log.append_all("r", [Draft(EVA, "Eva", f"t{n}", f"n{n}") for n in range(MOST + 20)])
    assert await news(places, ANA) == News(MOST, 0, second)
    assert (await news(places, EVA)).new == 1


async def test_a_text_that_looks_like_a_mention_is_none(log: Log, places: Reads) -> None:
    await places.note("r", {ANA: await say(log, EVA)})
    for text in (f'"p":[["Ana","{ANA}"]]', f'["x","{ANA}"]', ANA, f'1-0","{ANA}","'):
        await say(log, EVA, text)
    (named,) = await log.append_all("r", [Draft(EVA, ANA, "a name", "n1", mentions=(Mention(ANA, BOB),))])
    assert named.new
    assert await news(places, ANA) == News(5, 0, (await log.newest("r")).page.messages[1].id)


@pytest.mark.parametrize("held", ["", "{", "[]", "7", '{"k":"m","p":7,"r":3}', '{"p":[5,"x"]}'])
async def test_what_is_torn_breaks_no_count(log: Log, places: Reads, look: Redis, held: str) -> None:
    await places.note("r", {ANA: await say(log, EVA)})
    fields = {"at": "1", "author": EVA, "name": "Eva", "before": "", "body": held + f" {ANA}"}
    torn = look.xadd(keys.messages("r"), fields)
    look.hset(keys.changes("r"), torn, held + f" {ANA}")
    whole = look.xadd(keys.messages("r"), {**fields, "body": json.dumps({"k": "m", "p": [["Ana", ANA]]})})
    look.hset(keys.changes("r"), whole, held)
    look.set(keys.last("r"), whole)
    assert (await news(places, ANA)).new == 2


@pytest.mark.parametrize("seed", range(3))
async def test_it_counts_as_the_pure_count_does(log: Log, places: Reads, seed: int) -> None:
    """Whatever people said, edited, deleted, answered and pinned, whoever reads from wherever."""
    chatter = Random(seed)
    ids: list[str] = []
    for number in range(120):
        author = chatter.choice((ANA, BOB, EVA))
        meant = tuple(Mention(NAMES[one], one) for one in (ANA, BOB, EVA) if chatter.random() < 0.15)
        to = (await log.changes.find("r", chatter.choice(ids))).message if ids and chatter.random() < 0.3 else None
        kind = PIN if chatter.random() < 0.1 else ""
        reply = None if to is None else quote_of(to)
        draft = Draft(author, NAMES[author], f"t{number}", f"n{number}", kind, f"t{number}", reply, meant)
        (appended,) = await log.append_all("r", [draft])
        ids.append(appended.id)
        if chatter.random() < 0.4:
            await change(log, chatter.choice(ids), chatter)
    messages = (await log.newest("r", 200)).page.messages
    for person in NAMES:
        for read in chatter.sample(ids, 8):
            await places.note("r", {person: read})
            stands = (await places.unread("r", person)).read or ""
            assert await news(places, person) == news_in(messages, stands, person)


async def change(log: Log, entry_id: str, chance: Random) -> None:
    found = await log.changes.find("r", entry_id)
    if found.message is None or found.message.deleted:
        return
    held = chance.choice(
        [
            delete(),
            edit(found.held, (1, "x"), "new", 5, keep=False, mentions=(Mention("Bob", BOB),)),
            edit(found.held, (1, "x"), "new", 5, keep=False),
            react(found.held, "👍", BOB, "Bob") if found.held != NOTHING else react(NOTHING, "👍", ANA, "Ana"),
        ]
    )
    body = write_change(Change(entry_id, "x", "", held.shown, text=True, reactions=True))
    await log.changes.write("r", body, [Value("changes", entry_id, found.written, write_held(held))], about=entry_id)


async def test_nobody_has_read_further_than_the_room_has_come(log: Log, places: Reads) -> None:
    end = await say(log, EVA)
    await places.note("r", {ANA: "999999999999999-0"})
    assert await places.places("r", [ANA, BOB]) == {ANA: end, BOB: None}
    second = await say(log, EVA, "two")
    assert await news(places, ANA) == News(1, 0, second)


async def test_a_count_is_made_again_only_where_something_changed(log: Log, places: Reads, look: Redis) -> None:
    first = await say(log, EVA)
    await places.note("r", {ANA: first})
    second = await say(log, EVA, "two")
    assert await news(places, ANA) == News(1, 0, second)
    look.hset(keys.changes("r"), second, '{"d":1}')  # which no script of ours does alone: a new count would miss it
    assert await news(places, ANA) == News(1, 0, second)
    third = await say(log, EVA, "three")
    assert await news(places, ANA) == News(1, 0, third)
    look.xtrim(keys.messages("r"), maxlen=0)  # as old messages go, of which no entry tells
    assert await news(places, ANA) == NO_NEWS
    await places.note("r", {ANA: third})
    assert await news(places, ANA) == NO_NEWS


async def test_where_rooms_stay_for_ever_so_do_their_readers(
    log: Log, places: Reads, pipeline: Pipeline, look: Redis
) -> None:
    end = await say(log, EVA)
    await places.note("r", {ANA: end})
    await Reads(pipeline, People(pipeline), 0, lambda: NOW).note("r", {BOB: end})
    assert look.pttl(keys.read("r")) == -1


async def test_one_of_many_lets_somebody_hear(places: Reads) -> None:
    assert [await places.may_call(ANA) for _ in range(3)] == [True, False, False]
    assert await places.may_call(BOB)


async def line(places: Reads, person: str = ANA) -> str | None:
    found = (await places.unread("r", person)).line
    return found and f"{found.name}: {found.text}"


async def test_the_last_line_comes_along_as_it_stands_and_without_what_was_deleted(log: Log, places: Reads) -> None:
    assert await line(places) is None
    first = await say(log, EVA, "**one** ||hidden||")
    assert await line(places) == "Eva: one ▒▒▒"
    second = await say(log, BOB, "two " + "x" * 500)
    found = (await places.unread("r", ANA)).line
    assert found is not None
    assert (found.id, found.author, len(found.text)) == (second, BOB, 140)
    await befall(log, second, delete())
    assert await line(places) == "Eva: one ▒▒▒"
    await befall(log, first, edit(NOTHING, (0, "one"), "other", NOW, keep=False))
    assert await line(places) == "Eva: other"
    await befall(log, first, delete())
    assert await line(places) is None
    for number in range(reads.BEHIND):
        await befall(log, await say(log, EVA, f"t{number}"), delete())
    assert await line(places) is None


async def test_a_line_that_has_not_changed_is_not_sent_again_whoever_asks(
    log: Log, places: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    made = reads._line
    monkeypatch.setattr(reads, "_line", lambda *args: (read.append(args[0] if args else ""), made(*args))[1])
    first = await say(log, EVA, "one")
    for person in (ANA, BOB, ANA):
        assert await line(places, person) == "Eva: one"
    assert read == [first]
    await places.note("r", {ANA: first})
    assert await line(places) == "Eva: one"
    assert read == [first]
    second = await say(log, EVA, "two")
    assert await line(places) == await line(places, BOB) == "Eva: two"
    assert read == [first, second]


async def test_a_line_that_went_by_age_is_told_no_more(log: Log, places: Reads, look: Redis) -> None:
    first, second = await say(log, EVA, "one"), await say(log, EVA, "two")
    assert await line(places) == "Eva: two"
    look.xdel(keys.messages("r"), second)  # no entry tells of it
    assert await line(places) == "Eva: one"
    look.xdel(keys.messages("r"), first)
    assert await line(places) is None
    look.delete(*keys.held("r"))
    assert await line(places) is None
    await say(log, EVA, "anew")
    assert await line(places) == "Eva: anew"


@pytest.mark.parametrize("held", ["", "{", "[]", '{"k":"m"}'])
async def test_a_torn_last_line_is_none(log: Log, places: Reads, look: Redis, held: str) -> None:
    await say(log, EVA)
    torn = look.xadd(keys.messages("r"), {"at": "1", "author": EVA, "name": "Eva", "before": "", "body": held})
    look.set(keys.last("r"), torn)
    assert await line(places) is None


async def befall(log: Log, entry_id: str, held: Held) -> None:
    found = await log.changes.find("r", entry_id)
    assert found.message is not None
    body = write_change(Change(entry_id, found.message.name, "", held.shown, text=True, reactions=False))
    values = [Value("changes", entry_id, found.written, write_held(held))]
    assert await log.changes.write("r", body, values, about=entry_id)
