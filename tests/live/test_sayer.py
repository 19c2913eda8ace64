"""What puts messages into a room: several at once are what the same ones singly are, over a real store."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quart_chat.errors import BadText, Refused, Spent, StoreAway, TooFast
from quart_chat.live.changer import Changer
from quart_chat.live.company import Company
from quart_chat.live.phrases import Phrases
from quart_chat.live.prover import Prover
from quart_chat.live.sayer import Done, Sayer
from quart_chat.room.commands import Say
from quart_chat.room.entries import ACTION, NO_ENTRY, ROLL, order
from quart_chat.room.limits import RENAMES
from quart_chat.room.people import Person
from quart_chat.store.deeds import Deeds
from quart_chat.store.feed import Feed
from quart_chat.store.limits import Limits
from quart_chat.store.log import Log, Retention
from quart_chat.store.people import People
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.rules import RoomRules
from quart_chat.store.servers import servers
from tests.live.rig import no_files, somebody

ROOMS = (f"room-{number}" for number in itertools.count())
HOME = "192.0.2.1"


class Said:
    """A sayer and its store, with limits."""

    def __init__(self, pipeline: Pipeline, *, per_minute: int = 0, rooms_per_hour: int = 0) -> None:
        self.log = Log(pipeline, Retention(1000, 0))
        self.people = People(pipeline)
        limits = Limits(pipeline, "w", 0)
        company = Company(self.log, Presence(pipeline, "w"))
        self.rules = rules = RoomRules(pipeline, lambda: 1)
        changer = Changer(
            *(self.log, limits, company, no_files(pipeline), rules),
            characters=20,
            per_minute=0,
            keep_versions=False,
            clock=lambda: 1,
        )
        self.sayer = Sayer(
            self.log,
            Feed(servers("unix:///nonexistent/socket"), pipeline, "w"),
            self.people,
            limits,
            changer,
            company=company,
            rules=rules,
            prover=Prover(
                Deeds(pipeline),
                People(pipeline),
                Feed(servers("unix:///nonexistent/socket"), pipeline, "w"),
                limits,
                Phrases(),
            ),
            characters=20,
            per_minute=per_minute,
            rooms_per_hour=rooms_per_hour,
            file_bytes=100,
            clock=lambda: 1,
        )

    async def texts(self, room: str) -> list[str]:
        entries = (await self.log.tail(room, NO_ENTRY)).entries
        return [entry.message.text for entry in entries if entry.message is not None]


def says(*texts: str) -> list[Say]:
    return [Say(text, f"n-{text[:9]}") for text in texts]


def kinds(results: Sequence[str | Refused | Done]) -> list[str]:
    """What became of each: "in", or the name of what it is."""
    return ["in" if isinstance(one, str) else type(one).__name__ for one in results]


async def test_several_messages_come_in_in_their_order(pipeline: Pipeline) -> None:
    said = Said(pipeline)
    results = await said.sayer.say_all("r", somebody(), HOME, says("a", "b", "c"))
    assert kinds(results) == ["in"] * 3
    assert sorted(map(str, results), key=order) == results
    assert await said.texts("r") == ["a", "b", "c"]


async def test_what_cannot_be_kept_is_told_in_its_place_and_holds_up_nothing(pipeline: Pipeline) -> None:
    said = Said(pipeline, per_minute=3)
    person = somebody()
    results = await said.sayer.say_all("r", person, HOME, says("\ud800", "a", "x" * 21, "b", " ", "c"))
    assert kinds(results) == ["BadText", "in", "BadText", "in", "BadText", "in"]
    assert await said.texts("r") == ["a", "b", "c"]  # and what is no message is not counted either
    assert kinds(await said.sayer.say_all("r", person, HOME, says("x" * 21))) == ["BadText"]


async def test_where_the_limit_ends_the_answers_end(pipeline: Pipeline) -> None:
    said = Said(pipeline, per_minute=2)
    person = somebody()
    results = await said.sayer.say_all("r", person, HOME, says("a", "b", "c", "x" * 21, "d"))
    assert kinds(results) == ["in", "in", "TooFast"]
    assert isinstance(results[-1], TooFast)
    assert 0 < results[-1].retry_after <= 30
    assert await said.texts("r") == ["a", "b"]
    assert kinds(await said.sayer.say_all("r", person, HOME, says("c", "d"))) == ["TooFast"]
    assert kinds(await said.sayer.say_all("r", somebody(), HOME, says("e"))) == ["in"]  # it is each person's own


async def test_what_cannot_be_kept_before_the_limit_s_end_is_still_told(pipeline: Pipeline) -> None:
    said = Said(pipeline, per_minute=1)
    results = await said.sayer.say_all("r", somebody(), HOME, says("a", "x" * 21, "b", "y" * 21))
    assert kinds(results) == ["in", "BadText", "TooFast"]


async def test_retries_of_what_is_in_the_room_pass_a_limit_that_is_used_up(pipeline: Pipeline) -> None:
    said = Said(pipeline, per_minute=2)
    person = somebody()
    first = await said.sayer.say_all("r", person, HOME, says("a", "b"))
    again = await said.sayer.say_all("r", person, HOME, says("a", "b", "c", "a"))
    assert again[:2] == first
    assert kinds(again) == ["in", "in", "TooFast"]
    assert await said.sayer.say_all("r", person, HOME, says("b", "a")) == first[::-1]


async def test_a_nonce_that_went_with_another_text_is_told_and_the_others_are_in(pipeline: Pipeline) -> None:
    said = Said(pipeline)
    person = somebody()
    results = await said.sayer.say_all("r", person, HOME, [Say("a", "n"), Say("b", "n"), Say("c", "m"), Say("a", "n")])
    assert kinds(results) == ["in", "Spent", "in", "in"]
    assert results[0] == results[3]
    assert await said.texts("r") == ["a", "c"]
    with pytest.raises(Spent):
        await said.sayer.say("r", person, HOME, Say("d", "n"))


async def test_an_address_has_a_limit_of_its_own_for_all_who_write_there(pipeline: Pipeline) -> None:
    said = Said(pipeline, per_minute=1)  # ten an address
    for _ in range(10):
        assert kinds(await said.sayer.say_all("r", somebody(), HOME, says("a"))) == ["in"]
    (late,) = await said.sayer.say_all("r", somebody(), HOME, says("a"))
    assert isinstance(late, TooFast)
    assert "network" in str(late)
    assert kinds(await said.sayer.say_all("r", somebody(), "192.0.2.2", says("a"))) == ["in"]


async def test_who_is_refused_for_their_address_has_spent_nothing_of_their_own(pipeline: Pipeline) -> None:
    said = Said(pipeline, per_minute=1)  # ten an address
    for _ in range(10):
        await said.sayer.say("r", somebody(), HOME, Say("a", "n"))
    eva = somebody("Eva")
    assert kinds(await said.sayer.say_all("r", eva, HOME, says("b"))) == ["TooFast"]
    assert kinds(await said.sayer.say_all("r", eva, "192.0.2.2", says("b"))) == ["in"]


async def test_rooms_are_limited_by_person_wherever_they_are(pipeline: Pipeline) -> None:
    said = Said(pipeline, rooms_per_hour=2)
    eva = somebody("Eva")
    for number in range(2):
        await said.sayer.open(f"room {number}", eva, f"192.0.2.{number}")
    with pytest.raises(TooFast, match="You opened many new rooms"):
        await said.sayer.open("one more", eva, "192.0.2.3")
    await said.sayer.open("of another", somebody(), "192.0.2.3")
    await said.sayer.open("room 1", eva, "192.0.2.3")  # it is open already


async def test_a_room_that_may_not_be_opened_takes_nothing_and_one_that_is_open_takes_all(pipeline: Pipeline) -> None:
    said = Said(pipeline, rooms_per_hour=1)
    person = somebody()
    assert kinds(await said.sayer.say_all("first", person, HOME, says("a", "b"))) == ["in", "in"]
    assert kinds(await said.sayer.say_all("second", person, HOME, says("a", "b"))) == ["TooFast"]
    assert kinds(await said.sayer.say_all("first", person, HOME, says("c"))) == ["in"]
    assert await said.texts("second") == []


async def test_who_writes_has_visited_the_room_and_who_is_refused_has_not(pipeline: Pipeline) -> None:
    said = Said(pipeline, per_minute=1)
    person, other = somebody(), somebody()
    await said.sayer.say_all("r", person, HOME, says("a", "b"))
    await said.sayer.say_all("r", other, HOME, says("x" * 21))
    assert await said.people.visited(person.public) == ["r"]
    assert await said.people.visited(other.public) == []


async def test_a_store_that_is_away_is_raised_and_not_told_of_one_message() -> None:
    pipeline = Pipeline(servers("unix:///nonexistent/socket"))
    try:
        with pytest.raises(StoreAway):
            await Said(pipeline).sayer.say_all("r", somebody(), HOME, says("a", "b"))
    finally:
        await pipeline.aclose()


TEXT = st.sampled_from(["a", "b", "c", "x" * 21, " "])
SAY = st.builds(Say, TEXT, st.sampled_from(["1", "2", "3", "4", "5", "6"]))

# a message and its own retry in one batch: past the limit the retry is told to come again, though it costs nothing
BATCH = st.lists(SAY, min_size=1, max_size=6, unique_by=lambda say: say.nonce)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(BATCH, max_size=5), st.sampled_from([0, 1, 2, 3, 4, 5, 6]))
async def test_messages_said_at_once_are_what_they_are_said_one_by_one(
    pipeline: Pipeline, batches: list[list[Say]], per_minute: int
) -> None:
    said = Said(pipeline, per_minute=per_minute)
    at_once, singly = next(ROOMS), next(ROOMS)
    one, other = Person("one" + at_once, "Ana"), Person("other" + at_once, "Ana")
    for batch in batches:
        together = await said.sayer.say_all(at_once, one, at_once, batch)
        apart: list[str | Refused] = []
        for say in batch:
            apart += await said.sayer.say_all(singly, other, singly, [say])
            if isinstance(apart[-1], TooFast):
                break
        assert kinds(together) == kinds(apart)
    assert await said.texts(at_once) == await said.texts(singly)


async def test_what_is_thrown_is_thrown_once_however_often_it_is_sent(pipeline: Pipeline) -> None:
    said = Said(pipeline)
    person = somebody()
    first = [await said.sayer.say("dice", person, HOME, Say("/roll 20d1000", "n")) for _ in range(3)]
    assert len(set(first)) == 1
    (message,) = [entry.message for entry in (await said.log.tail("dice", NO_ENTRY)).entries]
    assert message is not None
    assert message.kind == ROLL
    assert message.text.startswith("20d1000: ")
    with pytest.raises(Spent):
        await said.sayer.say("dice", person, HOME, Say("/roll 20d999", "n"))


async def test_a_new_name_is_that_of_what_comes_after_it(pipeline: Pipeline) -> None:
    said = Said(pipeline)
    person = somebody()
    asked = says("a", "/nick Zoé", "/me b", "/help", "/nope", "/nick \u200b")
    results = await said.sayer.say_all("n", person, HOME, asked)
    assert kinds(results) == ["in", "Done", "in", "Done", "BadText", "BadName"]
    assert [one.tells for one in results if isinstance(one, Done)] == [False, True]
    messages = [entry.message for entry in (await said.log.tail("n", NO_ENTRY)).entries]
    assert [(one.name, one.text, one.kind) for one in messages if one] == [(person.name, "a", ""), ("Zoé", "b", ACTION)]
    assert await said.people.name(person.public) == "Zoé"


async def test_too_many_names_are_refused_and_what_was_written_after_them_is_not(pipeline: Pipeline) -> None:
    said = Said(pipeline)
    person = somebody()
    results = await said.sayer.say_all(
        "n2", person, HOME, [*says(*(f"/nick {n:03}" for n in range(25))), Say("x", "x")]
    )
    assert kinds(results) == ["Done"] * RENAMES.most + ["BadText"] * (25 - RENAMES.most) + ["in"]


async def test_a_message_said_alone_is_raised_or_gives_its_id(pipeline: Pipeline) -> None:
    said = Said(pipeline, per_minute=1)
    person = somebody()
    entry_id = await said.sayer.say("r", person, HOME, Say("a", "n"))
    assert await said.sayer.say("r", person, HOME, Say("a", "n")) == entry_id
    with pytest.raises(TooFast):
        await said.sayer.say("r", person, HOME, Say("b", "m"))
    with pytest.raises(BadText):
        await said.sayer.say("r", person, HOME, Say("", "m"))
