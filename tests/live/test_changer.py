"""What changes something in a room, by two workers at once, over a real store."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence

import pytest

from quart_chat.errors import BadText, NoMessage, NotYours, Refused, TooFast
from quart_chat.live.changer import MOST_PINS, Changer
from quart_chat.live.company import Company
from quart_chat.room.digest import digest
from quart_chat.room.entries import NO_ENTRY, Header, Message
from quart_chat.room.limits import DELETIONS
from quart_chat.room.people import Person
from quart_chat.store.changing import Changing, Found
from quart_chat.store.limits import Limits
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.rules import RoomRules
from tests.live.rig import no_files, somebody

ROOMS = (f"change-{number}" for number in itertools.count())
HOME = "192.0.2.1"


class Room:
    """One room, and two workers that change it."""

    def __init__(self, pipeline: Pipeline, *, per_minute: int = 0, keep: bool = False) -> None:
        self.name = next(ROOMS)
        self.ana, self.bob = somebody("Ana"), somebody("Bob")
        self.log = Log(pipeline, Retention(1000, 0))
        limits, clock = Limits(pipeline, "w", 0), itertools.count(1_000).__next__
        company = Company(self.log, Presence(pipeline, "w"))
        self.rules = RoomRules(pipeline, lambda: 1_000)
        self.one, self.two = (
            Changer(
                *(self.log, limits, company, no_files(pipeline), self.rules),
                characters=50,
                per_minute=per_minute,
                keep_versions=keep,
                clock=clock,
            )
            for _ in range(2)
        )

    async def say(self, text: str, person: Person | None = None) -> str:
        person = person or self.ana
        return (await self.log.append(self.name, person.public, person.name, text, text))[0]

    async def newest(self) -> Sequence[Message]:
        return (await self.log.newest(self.name)).page.messages

    async def header(self) -> Header:
        return (await self.log.newest(self.name)).header

    async def told(self) -> tuple[Sequence[Message], Header]:
        """What a tab shows that was there all the time."""
        found = digest((await self.log.tail(self.name, NO_ENTRY)).entries)
        return found.messages, found.header or Header()


@pytest.fixture
def room(pipeline: Pipeline) -> Room:
    return Room(pipeline)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Awaitable[object]]], None]:
    """Let something be done between the next reading of a change and its writing."""

    def once(do: Callable[[], Awaitable[object]]) -> None:
        find = Changing.find

        async def found(self: Changing, room: str, entry_id: str) -> Found:
            monkeypatch.setattr(Changing, "find", find)
            seen = await find(self, room, entry_id)
            await do()
            return seen

        monkeypatch.setattr(Changing, "find", found)

    return once


async def test_one_edits_and_deletes_one_s_own_alone(room: Room) -> None:
    mine = await room.say("mine")
    with pytest.raises(NotYours):
        await room.one.edit(room.name, room.bob, HOME, mine, "his")
    with pytest.raises(NotYours):
        await room.one.delete(room.name, room.bob, HOME, mine)
    with pytest.raises(BadText):
        await room.one.edit(room.name, room.ana, HOME, mine, " ")
    with pytest.raises(BadText):
        await room.one.edit(room.name, room.ana, HOME, mine, "x" * 51)
    assert [one.said for one in await room.newest()] == ["mine"]
    await room.one.edit(room.name, room.ana, HOME, mine, "mine, edited")
    place = (await room.log.newest(room.name)).place
    await room.one.edit(room.name, room.ana, HOME, mine, "mine, edited")
    assert (await room.log.newest(room.name)).place == place  # it says that already
    await room.one.delete(room.name, room.ana, HOME, mine)
    await room.one.delete(room.name, room.ana, HOME, mine)  # as does this
    assert [one.deleted for one in await room.newest()] == [True]
    for change in (
        room.one.edit(room.name, room.ana, HOME, mine, "back"),
        room.one.react(room.name, room.ana, HOME, mine, "🎉"),
        room.one.pin(room.name, room.ana, HOME, mine),
        room.one.react(room.name, room.ana, HOME, "5-0", "🎉"),
        room.one.delete(room.name, room.ana, HOME, "5-0"),
    ):
        with pytest.raises(NoMessage):
            await change


@pytest.mark.parametrize("keep", [False, True])
async def test_earlier_texts_are_kept_where_that_is_wanted(pipeline: Pipeline, keep: bool) -> None:
    room = Room(pipeline, keep=keep)
    mine = await room.say("first")
    await room.one.edit(room.name, room.ana, HOME, mine, "second")
    await room.two.edit(room.name, room.ana, HOME, mine, "third")
    found = await room.log.changes.find(room.name, mine)
    assert [text for _, text in found.held.versions] == (["first", "second"] if keep else [])
    await room.one.delete(room.name, room.ana, HOME, mine)
    assert (await room.log.changes.find(room.name, mine)).versions == ""


async def test_what_nobody_wrote_by_hand_nobody_edits(room: Room) -> None:
    mine = await room.say("text")
    await room.one.pin(room.name, room.ana, HOME, mine)
    (*_, told) = await room.newest()
    with pytest.raises(NotYours):
        await room.one.edit(room.name, room.ana, HOME, told.id, "x")


async def test_changes_of_two_workers_at_once_are_all_there(room: Room) -> None:
    mine = await room.say("text")
    people = [somebody(f"p{number}") for number in range(20)]
    workers = itertools.cycle([room.one, room.two])
    await asyncio.gather(*(next(workers).react(room.name, one, HOME, mine, "👍") for one in people))
    (message,) = await room.newest()
    assert message.changes is not None
    assert message.changes.reactions[0].number == 20
    assert (await room.told())[0] == (message,)


async def test_a_reaction_whose_answer_was_lost_is_not_taken_back_by_the_next_attempt(
    room: Room, meanwhile: Callable[[Callable[[], Awaitable[object]]], None]
) -> None:
    mine = await room.say("text")
    meanwhile(lambda: room.two.react(room.name, room.bob, HOME, mine, "👍"))
    await room.one.react(room.name, room.bob, HOME, mine, "👍")
    (message,) = await room.newest()
    assert message.changes is not None
    assert message.changes.reactions[0].number == 1


@pytest.mark.parametrize("first", ["pin", "delete", "edit"])
async def test_what_is_pinned_while_it_changes_stands_as_it_became(
    room: Room, meanwhile: Callable[[Callable[[], Awaitable[object]]], None], first: str
) -> None:
    mine = await room.say("s3cret")
    do = {
        "pin": lambda by: by.pin(room.name, room.bob, HOME, mine),
        "delete": lambda by: by.delete(room.name, room.ana, HOME, mine),
        "edit": lambda by: by.edit(room.name, room.ana, HOME, mine, "harmless"),
    }
    other = "delete" if first == "pin" else "pin"
    meanwhile(lambda: do[other](room.two))
    try:
        await do[first](room.one)
    except NoMessage:
        assert first == "pin"
    header = await room.header()
    assert [one.text for one in header.pins] == (["harmless"] if first == "edit" else [])
    assert (await room.told())[1] == header


async def test_a_topic_and_a_pin_at_once_are_both_told(
    room: Room, meanwhile: Callable[[Callable[[], Awaitable[object]]], None]
) -> None:
    mine = await room.say("text")
    meanwhile(lambda: room.two.pin(room.name, room.bob, HOME, mine))
    await room.one.set_topic(room.name, room.ana, HOME, " a  topic ")
    header = await room.header()
    assert (header.topic, len(header.pins)) == ("a topic", 1)
    assert (await room.told())[1] == header
    await room.two.set_topic(room.name, room.ana, HOME, "")
    assert await room.header() == header._replace(topic="")


async def test_pins_are_few_and_one_whose_message_is_gone_can_be_taken_off(room: Room) -> None:
    ids = [await room.say(f"text {number}") for number in range(MOST_PINS + 1)]
    for entry_id in ids[:-1]:
        await room.one.pin(room.name, room.bob, HOME, entry_id)
        await room.one.pin(room.name, room.bob, HOME, entry_id)
    with pytest.raises(BadText, match="at most 10"):
        await room.one.pin(room.name, room.bob, HOME, ids[-1])
    await room.log._pipeline.command("XDEL", f"c:{{{room.name}}}:messages", ids[0])
    await room.one.unpin(room.name, room.ana, HOME, ids[0])
    await room.one.unpin(room.name, room.ana, HOME, ids[0])
    await room.one.pin(room.name, room.bob, HOME, ids[-1])
    assert [one.id for one in (await room.header()).pins] == ids[1:]


async def test_a_room_that_is_not_there_gets_no_topic(pipeline: Pipeline) -> None:
    room = Room(pipeline)
    with pytest.raises(BadText, match="Say something first"):
        await room.one.set_topic(room.name, room.ana, HOME, "topic")
    assert not await room.log.exists(room.name)


async def test_changes_are_limited_and_deletions_more_so(pipeline: Pipeline) -> None:
    room = Room(pipeline, per_minute=3)
    mine = await room.say("text")
    for number in range(3):
        await room.one.edit(room.name, room.ana, HOME, mine, str(number))
    with pytest.raises(TooFast):
        await room.one.edit(room.name, room.ana, HOME, mine, "too much")
    for _ in range(3):  # have a limit of their own
        await room.one.react(room.name, room.ana, HOME, mine, "👍")
    with pytest.raises(TooFast):
        await room.one.react(room.name, room.ana, HOME, mine, "👍")
    room = Room(pipeline)
    ids = [await room.say(f"text {number}") for number in range(DELETIONS.most + 1)]
    for entry_id in ids[:-1]:
        await room.one.delete(room.name, room.ana, HOME, entry_id)
    with pytest.raises(Refused):
        await room.one.delete(room.name, room.ana, HOME, ids[-1])
    assert [one.deleted for one in await room.newest()] == [True] * DELETIONS.most + [False]
