"""What befell messages, in a real store: compared before it is written, read with its messages, and gone with them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest
from redis import Redis

from quart_chat.room.attachments import Attached
from quart_chat.room.changes import NOTHING, Held, delete, edit, react, versions_of, write_held, write_versions
from quart_chat.room.digest import digest, quote_of
from quart_chat.room.entries import NO_ENTRY, Change, Header, Message, write_change, write_message, write_pins
from quart_chat.store import changing, keys
from quart_chat.store.appends import Draft
from quart_chat.store.changing import Found, Teller, Value
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline

ANA, BOB = "a" * 16, "b" * 16
DAY = 24 * 60 * 60 * 1000  # ms
SECRET = "s3cret"


@pytest.fixture
def log(pipeline: Pipeline) -> Log:
    return Log(pipeline, Retention(messages=100, room=DAY))


async def say(log: Log, *texts: str) -> list[str]:
    return [(await log.append("r", ANA, "Ana", text, text))[0] for text in texts]


async def reply(log: Log, text: str, to: str) -> str:
    quoted = (await log.changes.find("r", to)).message
    assert quoted is not None
    (appended,) = await log.append_all("r", [Draft(BOB, "Bob", text, text, reply=quote_of(quoted))])
    return appended.id


async def write(log: Log, entry_id: str, held: Held, found: Found | None = None, *, scrub: bool = False) -> str | None:
    """Write what befell a message, as somebody did who had found it so."""
    found = found or await log.changes.find("r", entry_id)
    change = Change(entry_id, "Ana", "", held.shown, text=True, reactions=True)
    values = [
        Value("changes", entry_id, found.written, write_held(held)),
        Value("changes", versions_of(entry_id), found.versions, write_versions(held.versions)),
    ]
    return await log.changes.write("r", write_change(change), values, about=entry_id, scrub=scrub)


async def newest(log: Log) -> Sequence[Message]:
    return (await log.newest("r")).page.messages


def everything(look: Redis) -> str:
    """All that the store holds, but the nonces' digests."""
    held: list[object] = []
    for key in look.scan_iter("*"):
        kind = look.type(key)
        if kind == "stream":
            held.append(look.xrange(key))
        elif kind == "hash":
            held.append(look.hgetall(key))
        else:
            held.append(look.get(key))
    return json.dumps(held)


async def test_a_message_is_found_as_it_stands(log: Log) -> None:
    first, second = await say(log, "a", "b")
    await write(log, first, edit(NOTHING, (1, "a"), "c", 7, keep=True))
    found = await log.changes.find("r", first)
    assert found.message is not None
    assert (found.message.text, found.message.said) == ("a", "c")
    assert found.held.versions == ((1, "a"),)
    other = await log.changes.find("r", second)
    assert (other.message and other.message.said, other.held) == ("b", NOTHING)
    assert (other.title, other.written, other.versions, other.pins) == ("r", "", "", "")
    assert (await log.changes.find("r", "5-0")).message is None
    assert (await log.changes.find("r", NO_ENTRY)).message is None


async def test_every_page_has_its_messages_as_they_stand(log: Log) -> None:
    first, second, third = await say(log, "a", "b", "c")
    await reply(log, "d", first)
    assert [one.said for one in await newest(log)] == ["a", "b", "c", "d"]
    await write(log, first, edit(NOTHING, (1, "a"), "A", 7, keep=False))
    await write(log, second, delete())
    await write(log, third, react(NOTHING, "🎉", BOB, "Bob"))
    pages = [
        await newest(log),
        (await log.before("r", "99999999999999-0")).messages,
        (await log.after("r", NO_ENTRY)).messages,
        (await log.around("r", second)).page.messages,
    ]
    for page in pages:
        assert [(one.said, one.deleted) for one in page] == [("A", False), ("b", True), ("c", False), ("d", False)]
        assert page[2].changes is not None
        assert page[2].changes.reactions[0].emoji == "🎉"
        assert page[3].reply is not None
        assert (page[3].reply.id, page[3].reply.text) == (first, "A")


async def test_a_change_is_an_entry_of_the_log(log: Log) -> None:
    (first,) = await say(log, "a")
    place = await write(log, first, edit(NOTHING, (1, "a"), "b", 7, keep=False))
    tail = await log.tail("r", first)
    assert tail.end == place == tail.entries[-1].id
    assert tail.entries[-1].prev == first
    assert [change.changes.text for change in digest(tail.entries).changes] == ["b"]
    assert (await log.newest("r")).place == place


async def test_what_another_changed_meanwhile_is_not_overwritten(log: Log) -> None:
    (first,) = await say(log, "a")
    seen = await log.changes.find("r", first)
    assert await write(log, first, react(NOTHING, "🎉", ANA, "Ana"), seen)
    before = await log.tail("r", NO_ENTRY)
    assert await write(log, first, react(NOTHING, "👍", BOB, "Bob"), seen) is None
    assert await log.tail("r", NO_ENTRY) == before
    assert list((await log.changes.find("r", first)).held.reactions) == ["🎉"]


async def test_what_is_not_there_is_not_changed(log: Log, look: Redis) -> None:
    (first,) = await say(log, "a")
    seen = await log.changes.find("r", first)
    look.xdel(keys.messages("r"), first)
    assert await write(log, first, delete(), seen) is None
    assert not look.exists(keys.changes("r"))


async def test_all_of_a_change_is_written_or_nothing(log: Log, look: Redis) -> None:
    (first,) = await say(log, "a")
    header = Header("topic", ())
    values = [Value("meta", "topic", "", "topic"), Value("meta", "pins", "not so", "x")]
    assert await log.changes.write("r", "{}", values) is None
    assert look.hget(keys.meta("r"), "topic") is None
    teller = Teller(BOB, "Bob", write_message(BOB, "Bob", "topic", "topic"))
    told = write_message(BOB, "Bob", "topic", "topic", header=header)
    assert await log.changes.write("r", told, values[:1], teller=teller)
    assert (await log.changes.find("r", first)).header == (await log.newest("r")).header == header
    last = (await newest(log))[-1]
    assert (last.author, last.kind, last.text, last.before) == (BOB, "topic", "topic", (ANA, last.before[1], "Ana"))  # type: ignore[index]
    assert (await log.tail("r", first)).entries[-1].header == header
    await log.changes.write("r", "{}", [Value("meta", "topic", "topic", "")])
    assert look.hexists(keys.meta("r"), "topic") is False


@pytest.mark.parametrize("kept", [False, True])
async def test_nothing_stays_of_what_a_deleted_message_said(log: Log, look: Redis, kept: bool) -> None:
    before, first, *_ = await say(log, "before", SECRET, "after")
    await reply(log, "an answer", first)
    found = await log.changes.find("r", first)
    message = found.message
    assert message is not None
    pinned = Header("", (quote_of(message),))
    teller = Teller(BOB, "Bob", write_message(BOB, "Bob", "", "pin", reply=pinned.pins[0]))
    told = write_message(BOB, "Bob", "", "pin", reply=pinned.pins[0], header=pinned)
    await log.changes.write("r", told, [Value("meta", "pins", "", write_pins(pinned.pins))], teller=teller)
    await write(log, first, edit(NOTHING, (1, SECRET), f"{SECRET} again", 7, keep=kept))
    await say(log, "last")
    ids = [entry.id for entry in (await log.tail("r", NO_ENTRY)).entries]
    chain = [entry.prev for entry in (await log.tail("r", NO_ENTRY)).entries]
    stays = look.pttl(keys.messages("r"))
    assert SECRET in everything(look)
    found = await log.changes.find("r", first)
    values = [
        Value("changes", first, found.written, write_held(delete())),
        Value("changes", versions_of(first), found.versions, ""),
        Value("meta", "pins", found.pins, ""),
    ]
    change = write_change(Change(first, "Ana", "", delete().shown, text=True, reactions=True), Header())
    place = await log.changes.write("r", change, values, about=first, scrub=True)
    assert place
    look.delete(keys.nonce("r", ANA, SECRET))  # its key is the text in this test
    assert SECRET not in everything(look)
    entries = (await log.tail("r", NO_ENTRY)).entries
    assert [entry.id for entry in entries] == [*ids, place]
    assert [entry.prev for entry in entries] == [*chain, ids[-1]]
    found_ = digest(entries)
    assert [one.deleted for one in found_.messages] == [False, True, False, False, False, False]
    assert (await newest(log))[0].said == "before"
    assert [one.deleted for one in await newest(log)] == [False, True, False, False, False, False]
    assert stays - 10_000 < look.pttl(keys.messages("r")) <= stays
    assert look.pttl(keys.log("r")) > 0
    assert not look.exists(keys.rewritten("r"))
    await say(log, "the room goes on")
    assert (await newest(log))[-1].said == "the room goes on"
    assert (await log.before("r", first)).messages[0].id == before


async def test_torn_rows_keep_no_message_from_being_deleted(log: Log, look: Redis) -> None:
    first, second = await say(log, SECRET, "b")
    for body in ("torn", f'"{first}"', f'[{{"r":"{first}"}}]', f'{{"r":"{first}","h":5}}', f'{{"h":["{first}",5]}}'):
        look.xadd(keys.messages("r"), {"at": 1, "author": ANA, "name": "Ana", "before": "", "body": body})
        last = look.xadd(keys.log("r"), {"prev": second, "at": 1, "before": "", "body": body})
    look.set(keys.last("r"), last)
    assert await write(log, first, delete(), scrub=True)
    assert SECRET not in json.dumps(look.xrange(keys.messages("r")) + look.xrange(keys.log("r")))
    assert [one.deleted for one in await newest(log)] == [True, False]


async def test_a_room_that_is_too_large_to_be_written_anew_hides_what_was_deleted(
    log: Log, look: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "SCRUBBED", 1)
    first, _ = await say(log, SECRET, "b")
    await write(log, first, delete(), scrub=True)
    assert SECRET in json.dumps(look.xrange(keys.messages("r")))
    assert SECRET not in json.dumps(look.xrange(keys.log("r")))
    assert [one.deleted for one in await newest(log)] == [True, False]


async def test_an_answer_that_was_on_its_way_does_not_bring_back_what_was_deleted(log: Log, look: Redis) -> None:
    (first,) = await say(log, SECRET)
    quoted = quote_of((await newest(log))[0])
    await write(log, first, delete(), scrub=True)
    await log.append_all("r", [Draft(BOB, "Bob", "late", "late", reply=quoted)])
    look.delete(keys.nonce("r", ANA, SECRET))
    assert SECRET not in everything(look)
    answer = (await newest(log))[-1]
    assert (answer.said, answer.reply and answer.reply.text) == ("late", "")


async def test_what_befell_messages_goes_with_them(pipeline: Pipeline, look: Redis) -> None:
    log = Log(pipeline, Retention(messages=3, room=DAY))
    first, second, third = await say(log, "a", "b", "c")
    await write(log, first, edit(NOTHING, (1, "a"), "A", 2, keep=True))
    for one in (second, third):
        await write(log, one, react(NOTHING, "🎉", ANA, "Ana"))
    await reply(log, "d", first)
    assert sorted(look.hkeys(keys.changes("r"))) == [second, third]
    (*_, answer) = await newest(log)
    assert answer.reply is not None
    assert answer.reply.text == ""  # its message is gone, and with it what it became
    teller = Teller(BOB, "Bob", write_message(BOB, "Bob", "t", "topic"))
    await log.changes.write("r", teller.body, [Value("meta", "topic", "", "t")], teller=teller)
    assert look.hkeys(keys.changes("r")) == [third]
    await say(Log(pipeline, Retention(messages=1, room=DAY)), "e")
    assert look.hkeys(keys.changes("r")) == []


async def test_it_lapses_with_its_room_and_is_put_off_with_it(log: Log, look: Redis) -> None:
    (first,) = await log.append_all("r", [Draft(ANA, "Ana", "a", "a", files=(Attached("a.txt", "1" * 64, 1),))])
    await write(log, first.id, react(NOTHING, "🎉", ANA, "Ana"))
    look.hset(keys.members("r"), BOB, "Bob")
    look.pexpire(keys.members("r"), DAY)
    apart = keys.read("r"), keys.record("r")  # which lapse by those who look, and by what is noted
    written = [key for key in keys.held("r") if key not in apart]
    for key in written:
        assert DAY - 10_000 < look.pttl(key) <= DAY, key
        look.pexpire(key, DAY // 2)
    await say(log, "b")
    for key in written:
        assert DAY - 10_000 < look.pttl(key) <= DAY, key


async def test_torn_changes_hide_no_message(log: Log, look: Redis, caplog: pytest.LogCaptureFixture) -> None:
    first, second = await say(log, "a", "b")
    look.hset(keys.changes("r"), mapping={first: "torn", versions_of(second): "torn"})
    look.hset(keys.meta("r"), mapping={"changed": "x", "pins": "torn"})
    assert [one.said for one in await newest(log)] == ["a", "b"]
    found = await log.changes.find("r", first)
    assert (found.message and found.message.said, found.header) == ("a", Header())
    assert "changes.torn" in caplog.text


async def test_a_page_that_a_worker_keeps_learns_of_every_change(log: Log, pipeline: Pipeline) -> None:
    other = Log(pipeline, Retention(messages=100, room=DAY))
    first, second = await say(log, "a", "b")
    for number in range(10):
        held = edit(NOTHING, (1, "a"), str(number), 7, keep=False)
        await write(log if number % 2 else other, (first, second)[number % 3 == 0], held)
        if number == 5:
            await say(log, "c")
        assert await newest(log) == await newest(other) == (await log.after("r", NO_ENTRY)).messages
    kept = await log.newest("r")
    assert await log.newest("r") is kept


async def test_changes_at_once_are_all_there_or_told(log: Log) -> None:
    (first,) = await say(log, "a")

    async def put(person: str) -> None:
        while True:
            found = await log.changes.find("r", first)
            if await write(log, first, react(found.held, "👍", person, "x"), found):
                return

    await asyncio.gather(*(put(f"{n:016x}") for n in range(30)))
    assert (await log.changes.find("r", first)).held.shown.reactions[0].number == 30
