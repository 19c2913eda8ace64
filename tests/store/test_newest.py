from __future__ import annotations

import random

import pytest
from redis import Redis

from quart_chat.room.entries import NO_ENTRY
from quart_chat.store import keys, newest
from quart_chat.store.log import Log, Retention
from quart_chat.store.newest import NewestPages
from quart_chat.store.pipeline import Pipeline

ANA = "a" * 16
DAY = 24 * 60 * 60 * 1000  # ms
KEPT = 7  # messages that the rooms keep


@pytest.fixture
def log(pipeline: Pipeline) -> Log:
    return Log(pipeline, Retention(messages=KEPT, room=DAY))


async def say(log: Log, *texts: str, room: str = "r") -> str:
    for text in texts:
        made, _ = await log.append(room, ANA, "Ana", text, text)
    return made


async def texts(log: Log, size: int = 4, room: str = "r") -> list[str]:
    return [message.text for message in (await log.newest(room, size)).page.messages]


def forget(look: Redis, room: str = "r") -> None:
    """Let a room lapse; that takes a day or more, and a millisecond at least, which keeps ids apart."""
    look.delete(keys.log(room), keys.last(room), keys.messages(room), keys.meta(room))
    began = look.time()[1] // 1000
    while look.time()[1] // 1000 == began:
        pass


async def test_a_page_that_nothing_changed_is_the_same_object(log: Log) -> None:
    await say(log, "a", "b")
    first = await log.newest("r")
    assert await log.newest("r") is first
    place = await say(log, "c")
    second = await log.newest("r")
    assert [message.text for message in second.page.messages] == ["a", "b", "c"]
    assert second.place == place
    assert second.page.messages[0] is first.page.messages[0]  # it was not read again


async def test_what_another_worker_appends_is_on_the_next_page(log: Log, pipeline: Pipeline) -> None:
    other = Log(pipeline, Retention(messages=KEPT, room=DAY))
    for number in range(12):
        await say((log, other)[number % 2], str(number))
        assert await texts(log) == await texts(other) == [str(n) for n in range(number + 1)][-4:]


async def test_a_page_shows_no_more_than_the_room_keeps(log: Log, pipeline: Pipeline) -> None:
    await say(log, *map(str, range(10)))
    page = (await log.newest("r", 50)).page
    assert ([message.text for message in page.messages], page.more) == ([str(n) for n in range(3, 10)], False)
    stricter = Log(pipeline, Retention(messages=2, room=DAY))
    await say(stricter, "last")
    assert await texts(log, 50) == ["9", "last"]
    assert not (await log.newest("r", 2)).page.more
    assert (await log.newest("r", 1)).page.more


@pytest.mark.parametrize("new", [4, 5, 6, 20])
async def test_more_new_messages_than_a_page_holds_leave_no_gap(log: Log, new: int) -> None:
    await say(log, "old")
    assert await texts(log) == ["old"]
    await say(log, *map(str, range(new)))
    assert await texts(log) == [str(n) for n in range(new)][-4:]


async def test_a_room_that_lapsed_shows_nothing_of_before(log: Log, look: Redis) -> None:
    await say(log, "a", "b")
    assert await texts(log) == ["a", "b"]
    forget(look)
    gone = await log.newest("r", 4)
    assert (gone.page.messages, gone.page.more, gone.place, gone.title) == ((), False, NO_ENTRY, None)
    await say(log, "new")
    assert await texts(log) == ["new"]


async def test_a_room_that_lapsed_unseen_and_began_again_shows_nothing_of_before(log: Log, look: Redis) -> None:
    await say(log, "a", "b", "c")
    assert await texts(log) == ["a", "b", "c"]
    forget(look)
    await say(log, "new", "newer")
    assert await texts(log) == ["new", "newer"]


async def test_so_does_one_whose_clock_was_set_back(log: Log, look: Redis) -> None:
    look.set(keys.last("r"), "99999999999999-0")
    await say(log, "a", "b", "c")
    assert await texts(log) == ["a", "b", "c"]
    forget(look)
    await say(log, "new")
    assert await texts(log) == ["new"]


async def test_a_message_that_an_operator_took_out_is_gone(log: Log, look: Redis) -> None:
    await say(log, "a", "b", "c")
    (middle,) = (message.id for message in (await log.newest("r", 4)).page.messages if message.text == "b")
    look.xdel(keys.messages("r"), middle)
    assert await texts(log) == ["a", "c"]


async def test_a_title_comes_and_goes_by_itself(log: Log, look: Redis) -> None:
    await say(log, "a")
    assert (await log.newest("r")).title == "r"
    look.hset(keys.meta("r"), "title", "Ré!")
    assert (await log.newest("r")).title == "Ré!"
    look.delete(keys.meta("r"))
    assert (await log.newest("r")).title is None
    assert await texts(log) == ["a"]


async def test_an_entry_that_is_no_message_moves_the_place_alone(log: Log, look: Redis) -> None:
    await say(log, "a")
    before = await log.newest("r")
    look.set(keys.last("r"), "99999999999999-0")
    after = await log.newest("r")
    assert (after.place, after.page) == ("99999999999999-0", before.page)


async def test_a_torn_message_keeps_its_place_on_the_page(log: Log, look: Redis) -> None:
    await say(log, "a")
    assert await texts(log) == ["a"]
    look.xadd(keys.messages("r"), {"at": 1, "author": ANA, "name": "Ana", "before": "", "body": "torn"})
    look.set(keys.last("r"), look.xrevrange(keys.messages("r"), count=1)[0][0])
    assert await texts(log) == ["a"]
    await say(log, "b", "c")
    assert await texts(log) == ["a", "b", "c"]  # the fourth is the torn one
    await say(log, "d")
    assert await texts(log) == ["b", "c", "d"]


async def test_rooms_do_not_mix(log: Log) -> None:
    await say(log, "a")
    await say(log, "b", room="s")
    for _ in range(2):
        assert (await texts(log), await texts(log, room="s")) == (["a"], ["b"])


async def test_whatever_happens_a_kept_page_is_what_a_new_reader_sees(pipeline: Pipeline, look: Redis) -> None:
    chance = random.Random(7)
    logs = [Log(pipeline, Retention(messages=most, room=DAY)) for most in (3, 6, 100)]
    for step in range(300):
        log = chance.choice(logs)
        if chance.random() < 0.03:
            forget(look)
        for number in range(chance.choice([0, 1, 1, 2, 7])):
            await say(log, f"{step}.{number}")
        reader = chance.choice(logs)
        seen = await reader.newest("r", 4)
        assert seen == await NewestPages(pipeline).read("r", 4), step


async def test_kept_pages_are_bounded(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "ROOMS", 3)
    monkeypatch.setattr(newest, "CHARACTERS", 10_000)
    pages, log = NewestPages(pipeline), Log(pipeline, Retention(100, 0))
    for number in range(6):
        await say(log, "x", room=f"r{number}")
        await pages.read(f"r{number}", 50)
    assert len(pages._kept) == 3
    await say(log, *("x" * 3000 + str(n) for n in range(4)), room="r5")  # more than all may have
    for _ in range(2):
        assert len((await pages.read("r5", 50)).page.messages) == 5
    assert pages._kept.weight <= 10_000
