"""Whose page is looked at, and what the others are told: on two workers over one store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from quart_chat.errors import StoreAway
from quart_chat.live import readers
from quart_chat.live.tab import Tab
from quart_chat.room.commands import Say
from quart_chat.room.people import Person
from quart_chat.room.reading import MOST
from quart_chat.room.rights import Rules
from quart_chat.store import keys
from quart_chat.store.archive import Archive
from quart_chat.store.log import Retention
from quart_chat.store.people import People
from quart_chat.store.reads import Reads
from tests.live.rig import Worker, page_at, somebody, until, wire
from tests.store.valkey import Valkey

ROOM = "room"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told and noted after seconds is after a moment, in the same order."""
    monkeypatch.setattr(readers, "NOTE", 0.02)
    monkeypatch.setattr(readers, "TELL", 0.1)
    monkeypatch.setattr(readers, "TELL_PER_WORK", 0.0)  # a test's own heap takes the collector a second now and then


@pytest.fixture
async def worker(valkey: Valkey) -> AsyncIterator[Worker]:
    async with Worker(valkey) as worker:
        await worker.say(ROOM, "first")
        yield worker


def look(*tabs: Tab) -> None:
    for tab in tabs:
        wire(tab).put(act="look")


async def rest(*tabs: Tab) -> None:
    for tab in tabs:
        wire(tab).put(act="rest")
        await until(lambda tab=tab: tab.looking is False, "that it rests")  # type: ignore[misc]


async def known(worker: Worker, *names: str) -> None:
    """Wait until people can be meant by their names."""
    live = worker.hub._rooms[ROOM]
    await until(lambda: set(names) <= {name for _, name in live.here.people}, f"that {names} are here")


def away_at_first(monkeypatch: pytest.MonkeyPatch, name: str) -> list[str]:
    """Let the store be away for the first two times that `Reads` is asked by that name; gives what was asked."""
    monkeypatch.setattr(readers, "AGAIN", 0.02)
    ask, asked = getattr(Reads, name), list[str]()

    async def away(*args: Any) -> Any:
        asked.append(name)
        if len(asked) < 3:
            raise StoreAway("it is away")
        return await ask(*args)

    monkeypatch.setattr(Reads, name, away)
    return asked


def titles(tab: Tab) -> list[str]:
    """What the page's title was told to be, without the room's own."""
    told = [frame.partition("<title>")[2].partition("</title>")[0] for frame in wire(tab).holding("<title>")]
    return [title.replace("room · Quart Chat", "").strip() for title in told]


async def shows(tab: Tab, title: str) -> None:
    await until(lambda: titles(tab)[-1:] == [title], f"the title {title!r}, but {titles(tab)}")


async def noted(valkey: Valkey, person: Person, place: str) -> None:
    """Wait until the store knows how far somebody has read."""
    with valkey.client() as client:
        await until(lambda: client.hget(keys.read(ROOM), person.public) == place, "that their place is known")


def line(tab: Tab) -> str:
    """The id of the message under the last line above what is new."""
    return wire(tab).holding('class="new"')[-1].rpartition('hx-target="#m-')[2].partition('"')[0]


async def test_a_page_that_nobody_looks_at_is_told_what_is_new(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    await rest(tab)
    second, *_ = await worker.say(ROOM, "second", "third")
    await shows(tab, "(2)")
    assert line(tab) == second
    await worker.say(ROOM, "fourth")
    await shows(tab, "(3)")
    assert len(wire(tab).holding('class="new"')) == 1  # the line stays where it is
    look(tab)
    await shows(tab, "")
    await rest(tab)
    fifth, *_ = await worker.say(ROOM, "fifth")
    await shows(tab, "(1)")
    assert line(tab) == fifth


async def test_a_page_that_is_looked_at_is_told_nothing(worker: Worker) -> None:
    tab, resting = await worker.enter(ROOM), await worker.enter(ROOM)
    look(tab)
    await rest(resting)
    await worker.say(ROOM, "second")
    await shows(resting, "(1)")
    assert titles(tab) == []


async def test_a_page_that_never_said_is_told_nothing(worker: Worker) -> None:
    silent, resting = await worker.enter(ROOM), await worker.enter(ROOM)
    await rest(resting)
    await worker.say(ROOM, "second")
    await shows(resting, "(1)")
    assert titles(silent) == []
    assert not [frame for frame in wire(silent).frames if "looking" in frame]


async def test_what_means_somebody_is_counted_apart(worker: Worker) -> None:
    bob = Person(somebody().id, "Bob")
    tab, stranger = await worker.enter(ROOM, person=bob), await worker.enter(ROOM)
    await known(worker, "Bob")
    await rest(tab, stranger)
    for number, text in enumerate(("@Bob hello", "no more", "@bob again")):
        await worker.sayer.say(ROOM, somebody("Eva"), "127.0.0.1", Say(text, f"n{number}"))
    await shows(tab, "(3, @2)")
    await shows(stranger, "(3)")


async def test_what_is_read_in_one_tab_is_read_in_all(worker: Worker, other: Worker) -> None:
    bob = somebody("Bob")
    here, there = await worker.enter(ROOM, person=bob), await other.enter(ROOM, person=bob)
    await rest(here, there)
    await worker.say(ROOM, "second", "third")
    await shows(here, "(2)")
    await shows(there, "(2)")
    look(here)
    await shows(there, "")
    await worker.say(ROOM, "fourth")  # read here at once
    await until(lambda: wire(there).holding("fourth"), "the message there")
    stranger = await other.enter(ROOM)
    await rest(stranger)
    await worker.say(ROOM, "fifth")
    await shows(stranger, "(1)")
    assert titles(there)[-1] == ""


async def test_another_tab_of_one_s_own_on_the_same_worker_reads_for_all(worker: Worker) -> None:
    bob = somebody("Bob")
    one, two = await worker.enter(ROOM, person=bob), await worker.enter(ROOM, person=bob)
    await rest(one)
    look(two)
    await until(lambda: wire(two).holding('value="1"'), "that it looks")
    stranger = await worker.enter(ROOM)
    await rest(stranger)
    await worker.say(ROOM, "second")
    await shows(stranger, "(1)")
    assert "(1)" not in titles(one)
    await worker.disconnect(two)
    await worker.say(ROOM, "third")
    await shows(one, "(1)")


async def test_who_was_away_is_told_of_what_came_meanwhile(valkey: Valkey, worker: Worker, other: Worker) -> None:
    bob = somebody("Bob")
    tab = await worker.enter(ROOM, person=bob)
    look(tab)
    await until(lambda: tab.looking, "that it looks")
    await rest(tab)
    read = wire(tab).page.place
    second, *_ = await worker.say(ROOM, "second")
    await shows(tab, "(1)")
    page = wire(tab).page
    await worker.disconnect(tab)
    await noted(valkey, bob, read)
    await worker.say(ROOM, "third", "fourth")
    again = other.connect(ROOM, page, bob, resume=False)
    wire(again).put(act="resume", since=page.place, looking="0")
    await shows(again, "(3)")
    assert line(again) == second


async def test_where_nothing_is_known_of_who_was_away_all_since_their_page_is_new(
    worker: Worker, other: Worker
) -> None:
    tab = await worker.enter(ROOM)
    page = wire(tab).page
    await worker.disconnect(tab)  # it never said whether it was looked at
    second, *_ = await worker.say(ROOM, "second", "third")
    again = other.connect(ROOM, page, tab.person, resume=False)
    wire(again).put(act="resume", since=page.place, looking="0")
    await shows(again, "(2)")
    assert line(again) == second


async def test_a_page_whose_number_was_read_elsewhere_meanwhile_loses_it_as_it_comes_back(
    worker: Worker, other: Worker
) -> None:
    bob = somebody("Bob")
    tab, elsewhere = await worker.enter(ROOM, person=bob), await other.enter(ROOM, person=bob)
    await rest(tab)
    await worker.say(ROOM, "second")
    await shows(tab, "(1)")
    page = wire(tab).page
    await worker.disconnect(tab)
    look(elsewhere)
    await until(lambda: wire(elsewhere).holding('value="1"'), "that it looks")
    for looking in ("0", "1"):
        back = worker.connect(ROOM, page, bob, resume=False)
        wire(back).put(act="resume", since=page.place, looking=looking)
        await shows(back, "")
        await worker.disconnect(back)


async def test_own_messages_are_not_new(worker: Worker) -> None:
    bob = somebody("Bob")
    tab = await worker.enter(ROOM, person=bob)
    await rest(tab)
    await worker.say(ROOM, "second")
    await shows(tab, "(1)")
    await worker.sayer.say(ROOM, bob, "127.0.0.1", Say("mine", "n"))
    await shows(tab, "")


async def test_it_is_counted_as_far_as_most_and_then_told_no_more(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    await rest(tab)
    await worker.say(ROOM, *(f"t{number}" for number in range(MOST + 5)))
    await shows(tab, "(99+)")
    told = len(titles(tab))
    bob = somebody("Bob")
    stranger = await worker.enter(ROOM, person=bob)
    await rest(stranger)
    await worker.say(ROOM, "another")
    await shows(stranger, "(1)")
    assert len(titles(tab)) == told


async def test_a_machine_that_stood_still_while_it_told_tells_the_next_thing_as_soon_as_ever(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "TELL_PER_WORK", 1000.0)
    tell = readers.Readers._tell

    def stalled(self: readers.Readers) -> None:
        time.sleep(0.3)
        tell(self)

    monkeypatch.setattr(readers.Readers, "_tell", stalled)
    tab = await worker.enter(ROOM)
    await rest(tab)
    await worker.say(ROOM, "second")
    await shows(tab, "(1)")
    await worker.say(ROOM, "third")
    await shows(tab, "(2)")


async def test_who_turns_away_and_leaves_at_once_is_noted_as_they_leave(
    valkey: Valkey, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "NOTE", 60.0)
    tab = await worker.enter(ROOM)
    look(tab)
    await until(lambda: tab.looking, "that it looks")
    await rest(tab)
    await worker.disconnect(tab)
    await noted(valkey, tab.person, wire(tab).page.place)


async def test_what_was_read_is_noted_when_the_tab_or_the_worker_ends(valkey: Valkey, worker: Worker) -> None:
    bob, eva = somebody("Bob"), somebody("Eva")
    async with Worker(valkey, "w3") as ending:
        tab, stays = await ending.enter(ROOM, person=bob), await ending.enter(ROOM, person=eva)
        look(tab, stays)
        await until(lambda: tab.looking and stays.looking, "that they look")
        (second,) = await worker.say(ROOM, "second")
        await until(lambda: wire(tab).holding("second"), "the message")
        await ending.disconnect(tab)
    with valkey.client() as client:
        assert client.hmget(keys.read(ROOM), [bob.public, eva.public]) == [second, second]


def heard(*tabs: Tab) -> list[str]:
    """The frames that were heard in any of these tabs."""
    return [frame for tab in tabs for frame in wire(tab).holding("<audio")]


async def mention(worker: Worker, text: str) -> None:
    await worker.sayer.say(ROOM, somebody("Eva"), "127.0.0.1", Say(text, text.encode().hex()))


async def test_one_who_is_meant_hears_it_once_whatever_tabs_they_have(worker: Worker, other: Worker) -> None:
    bob = somebody("Bob")
    tabs = [await worker.enter(ROOM, person=bob), await worker.enter(ROOM, person=bob)]
    tabs.append(await other.enter(ROOM, person=bob))
    deaf = await worker.enter(ROOM, person=somebody("Deaf"))
    await known(worker, "Bob", "Deaf")
    for tab in tabs:
        wire(tab).put(act="sound", on="1")
    await rest(*tabs, deaf)
    for text in ("@Bob hello", "@Bob again", "@Deaf hello", "<b>@Deaf</b>"):
        await mention(worker, text)
    for tab in tabs:
        await shows(tab, "(4, @2)")
    await shows(deaf, "(4, @2)")
    await until(lambda: heard(*tabs), "the sound")
    assert len(heard(*tabs, deaf)) == 1
    assert "@Bob" in heard(*tabs)[0]


async def test_one_who_looks_hears_nothing_in_another_tab(
    worker: Worker, other: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "TELL", 1.0)  # what is read elsewhere is known by then, on a machine that is busy too
    bob = somebody("Bob")
    resting, looked_at = await worker.enter(ROOM, person=bob), await other.enter(ROOM, person=bob)
    deaf = await worker.enter(ROOM, person=somebody("Deaf"))
    await known(worker, "Bob", "Deaf")
    wire(resting).put(act="sound", on="1")
    await rest(resting, deaf)
    look(looked_at)
    await until(lambda: wire(looked_at).holding('value="1"'), "that it looks")
    await mention(worker, "@Bob and @Deaf")
    await shows(deaf, "(1, @1)")
    assert not heard(resting, looked_at)
    assert titles(resting)[-1:] in ([], [""])


async def test_a_page_that_was_shown_or_hidden_is_asked_which(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    look(tab)
    wire(tab).put(act="glance")
    await until(lambda: tab.looking is False, "that it rests")
    (probe,) = wire(tab).holding('id="probe"')
    assert 'hx-trigger="intersect once"' in probe


async def test_a_room_that_nobody_opened_yet_takes_readers(valkey: Valkey, worker: Worker) -> None:
    tab = await worker.enter("empty", page_at())
    look(tab)
    await until(lambda: tab.looking, "that it looks")
    await rest(tab)
    await worker.say("empty", "first")
    await until(lambda: wire(tab).holding("<title>(1) empty · Quart Chat</title>"), "the number")
    with valkey.client() as client:
        await until(lambda: client.hget(keys.read("empty"), tab.person.public) == "0-0", "that its place is known")


async def test_what_could_not_be_noted_is_noted_later(
    valkey: Valkey, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = away_at_first(monkeypatch, "note")
    tab = await worker.enter(ROOM)
    look(tab)
    await noted(valkey, tab.person, wire(tab).page.place)
    assert len(tried) == 3


async def test_a_tab_that_closes_has_its_own_person_noted_and_delays_no_other(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "NOTE", 0.3)
    monkeypatch.setattr(readers, "LEFT", 0.01)
    note, noted = Reads.note, list[int]()

    async def counted(reads: Reads, room: str, places: dict[str, str]) -> bool:
        noted.append(len(places))
        return await note(reads, room, places)

    monkeypatch.setattr(Reads, "note", counted)
    tabs = [await worker.enter(ROOM) for _ in range(40)]
    look(*tabs)
    await until(lambda: sum(noted) >= len(tabs), "that all are noted")
    noted.clear()
    (second,) = await worker.say(ROOM, "second")
    await until(lambda: wire(tabs[0]).holding(second), "the message")
    for tab in tabs[20:]:
        await worker.disconnect(tab)
    await until(lambda: max(noted, default=0) >= 20, "that those who stayed are noted as well")
    assert sum(count >= 20 for count in noted) == 1


async def test_a_tab_that_turns_away_while_it_gets_the_newest_page_rests(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    look(tab)
    await until(lambda: wire(tab).holding('value="1"'), "that it looks")
    wire(tab).taking.clear()
    wire(tab).put(act="newest")
    await until(lambda: tab.live is None, "that it is out")
    wire(tab).put(act="rest")
    await until(lambda: tab.looking is False, "that it rests")
    wire(tab).taking.set()
    await until(lambda: tab.live is not None, "that it is in again")
    await worker.say(ROOM, "second")
    await shows(tab, "(1)")


async def test_a_tab_that_cannot_be_written_to_keeps_nothing_from_the_others(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, tab = await worker.enter(ROOM), await worker.enter(ROOM)
    await rest(broken, tab)
    monkeypatch.setattr(wire(broken), "write", lambda _: 1 / 0)
    await worker.say(ROOM, "second")
    await shows(tab, "(1)")
    await worker.say(ROOM, "third")
    await shows(tab, "(2)")


async def test_what_was_read_elsewhere_in_part_moves_the_line_and_counts_no_mention_twice(
    worker: Worker, other: Worker
) -> None:
    bob = somebody("Bob")
    tab, there = await worker.enter(ROOM, person=bob), await other.enter(ROOM, person=bob)
    await known(worker, "Bob")
    await rest(tab, there)
    await mention(worker, "@Bob look")
    await until(lambda: wire(tab).holding("look"), "the mention")
    read = wire(tab).page.place
    third, *_ = await worker.say(ROOM, "third", "fourth")
    await shows(tab, "(3, @1)")
    await Reads(worker.log._pipeline, People(worker.log._pipeline), 0, lambda: 0).note(ROOM, {bob.public: read})
    await shows(tab, "(2)")
    await shows(there, "(2)")
    assert line(tab) == third


async def test_a_place_that_this_worker_has_not_reached_is_one_that_was_read(worker: Worker) -> None:
    bob = somebody("Bob")
    tab = await worker.enter(ROOM, person=bob)
    stranger = await worker.enter(ROOM)
    await rest(tab, stranger)
    await until(lambda: len(titles(tab)) == len(titles(stranger)) == 1, "that both are told")
    worker.ear.drop = lambda _: True  # it will find out by the next entry
    (second,) = await worker.say(ROOM, "second")
    await Reads(worker.log._pipeline, People(worker.log._pipeline), 0, lambda: 0).note(ROOM, {bob.public: second})
    worker.ear.drop = lambda _: False
    await worker.say(ROOM, "third")
    await shows(stranger, "(2)")
    await shows(tab, "(1)")


async def test_the_number_does_not_blink_as_a_page_comes_back(worker: Worker) -> None:
    bob = somebody("Bob")
    tab, stays = await worker.enter(ROOM, person=bob), await worker.enter(ROOM)
    look(tab)
    await until(lambda: wire(tab).holding('value="1"'), "that it looks")
    await rest(tab, stays)
    await worker.say(ROOM, "second")
    await shows(tab, "(1)")
    page = wire(tab).page
    await worker.disconnect(tab)
    again = worker.connect(ROOM, page, bob, resume=False)
    wire(again).put(act="resume", since=page.place, looking="0")
    await shows(again, "(1)")
    assert titles(again) == ["(1)"]


async def test_a_page_that_was_in_front_while_it_was_cut_off_gets_the_line(worker: Worker) -> None:
    bob = somebody("Bob")
    tab = await worker.enter(ROOM, person=bob)
    look(tab)
    await until(lambda: wire(tab).holding('value="1"'), "that it looks")
    page, stays = wire(tab).page, await worker.enter(ROOM)
    await worker.disconnect(tab)
    second, *_ = await worker.say(ROOM, "second", "third")
    await until(lambda: wire(stays).holding("third"), "the third")  # else they came while it was in front
    again = worker.connect(ROOM, page, bob, resume=False)
    wire(again).put(act="resume", since=page.place, looking="1")
    await until(lambda: wire(again).holding('class="new"'), "the line")
    assert line(again) == second
    assert titles(again) == [""]


async def test_new_rules_take_no_number_away(worker: Worker) -> None:
    """Whoever has the room open is looked at again, and the store knows nothing of how far they have read."""
    bob = somebody("Bob")
    tab, stranger = await worker.enter(ROOM, person=bob), await worker.enter(ROOM)
    await rest(tab, stranger)
    await worker.say(ROOM, "second")
    await shows(tab, "(1)")
    bars = tab.bars
    await worker.rules.set_rules(ROOM, Rules(slow=5))
    await until(lambda: tab.bars > bars and tab.live is not None, "that it was looked at, and is back")
    await worker.say(ROOM, "third")
    await shows(tab, "(2)")
    await shows(stranger, "(2)")


async def test_who_is_sent_away_leaves_nothing_behind(worker: Worker) -> None:
    tabs = [await worker.enter(ROOM, person=somebody(name)) for name in ("Bob", "Eva")]
    await rest(*tabs)
    for tab in tabs:
        await worker.rules.ban(ROOM, tab.person.public, tab.person.name, 10**13)
    await until(lambda: all(wire(tab).codes for tab in tabs), "that they are sent away")
    held = worker.hub._readers[ROOM]
    assert held._people == held._aside == {}, "their sockets may take long to close"


async def test_who_closes_a_page_as_it_is_looked_at_is_forgotten_with_their_last(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = somebody("Bob")
    one, two = await worker.enter(ROOM, person=bob), await worker.enter(ROOM, person=bob)
    await rest(one, two)
    await worker.say(ROOM, "second")
    await shows(two, "(1)")
    standing, known = worker.rules.standing, asyncio.Event()

    async def slow(*args: Any) -> Any:
        await known.wait()
        return await standing(*args)

    monkeypatch.setattr(worker.rules, "standing", slow)
    held = worker.hub._readers[ROOM]
    await worker.rules.set_rules(ROOM, Rules(slow=5))
    await until(lambda: bob.public in held._aside, "that both are looked at")
    await worker.disconnect(one)
    known.set()
    await until(lambda: bob.public in held._people, "that the other is back")
    await worker.say(ROOM, "third")
    await shows(two, "(2)")  # and not anew from one
    known.clear()
    await worker.rules.set_rules(ROOM, Rules())
    await until(lambda: bob.public in held._aside, "that it is looked at")
    await worker.disconnect(two)
    assert held._people == held._aside == {}


async def test_what_is_deleted_or_edited_meanwhile_counts_as_it_stands(worker: Worker) -> None:
    bob, eva = somebody("Bob"), somebody("Eva")
    tab = await worker.enter(ROOM, person=bob)
    await known(worker, "Bob")
    await rest(tab)
    for text in ("one", "two"):
        await worker.sayer.say(ROOM, eva, "127.0.0.1", Say(text, text))
    await shows(tab, "(2)")
    first, second = list(wire(tab).page.run.shown)[-2:]
    await worker.changer.delete(ROOM, eva, "127.0.0.1", first.removeprefix("m-"))
    await shows(tab, "(1)")
    await worker.changer.edit(ROOM, eva, "127.0.0.1", second.removeprefix("m-"), "@Bob two")
    await shows(tab, "(1, @1)")


async def test_a_room_that_is_deleted_has_nothing_new(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    await rest(tab)
    await worker.say(ROOM, "second")
    await shows(tab, "(1)")
    await Archive(worker.log._pipeline, Retention(100, 0)).delete(ROOM)
    await shows(tab, "")


async def test_a_store_that_was_away_is_asked_again(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    away_at_first(monkeypatch, "places")
    tab = await worker.enter(ROOM)
    await rest(tab)
    await worker.say(ROOM, "second")
    await shows(tab, "(1)")


async def test_what_comes_while_the_newest_are_read_and_forgotten_once_more_is_counted_and_heard(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = somebody("Bob")
    tab = await worker.enter(ROOM, person=bob)
    await known(worker, "Bob")
    wire(tab).put(act="sound", on="1")
    await rest(tab)
    await worker.say(ROOM, "second")
    await shows(tab, "(1)")
    before, read, on_its_way = worker.log.before, list[str](), asyncio.Event()

    async def slow(*args: Any) -> Any:
        found = await before(*args)
        read.append(ROOM)
        await on_its_way.wait()
        return found

    monkeypatch.setattr(worker.log, "before", slow)
    worker.hub.expired(ROOM)
    await until(lambda: read, "that the newest are read")
    await mention(worker, "@Bob look")
    await until(lambda: wire(tab).holding("look</"), "the mention")
    worker.hub.expired(ROOM)  # by the next step of the same work
    on_its_way.set()
    await shows(tab, "(2, @1)")
    await until(lambda: heard(tab), "the sound")
    assert len(read) == 2


async def test_those_who_leave_a_room_that_there_is_not_are_forgotten(worker: Worker) -> None:
    stays = await worker.enter("empty", page_at())
    look(stays)
    for _ in range(5):
        tab = await worker.enter("empty", page_at())
        look(tab)
        await until(lambda tab=tab: wire(tab).holding('value="1"'), "that it looks")  # type: ignore[misc]
        await worker.disconnect(tab)
    held = worker.hub._readers["empty"]
    await until(lambda: set(held._unnoted) <= {stays.person.public} and not held._leaving, "that only one is left")


async def test_this_worker_knows_better_than_the_store_how_far_one_has_read(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    public = tab.person.public
    assert worker.hub.read_by(ROOM, public) is worker.hub.read_by("nowhere", public) is None
    look(tab)
    await until(lambda: wire(tab).holding('value="1"'), "that it looks")
    (second,) = await worker.say(ROOM, "second")
    await until(lambda: wire(tab).holding("second"), "the message")
    assert worker.hub.read_by(ROOM, public) == second
    await rest(tab)
    await worker.say(ROOM, "third")
    await shows(tab, "(1)")
    assert worker.hub.read_by(ROOM, public) == second
