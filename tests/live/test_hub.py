"""Tabs enter rooms, and feeds fail: over a real store."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import Any

import pytest

from quart_chat.live import attendance, hub
from quart_chat.live.tab import Tab
from quart_chat.pages import fragments
from quart_chat.room.lookalikes import beside
from quart_chat.room.people import Person, default_name, new_id
from tests.live.rig import ENGLISH, PATIENCE, Worker, page, see, somebody, until, wire
from tests.promise.page import Page
from tests.store.valkey import Valkey

ROOM = "room"


async def loaded(worker: Worker) -> Page:
    """Load a page, as `GET /r/room` renders it."""
    newest = await worker.log.newest(ROOM)
    rows = fragments.messages(newest.page.messages, ROOM, ENGLISH)
    return Page(f'<input id="since" value="{newest.place}"><ol id="log">{rows}</ol>')


def lists(tab: Tab) -> list[str]:
    """The frames in which a tab was sent messages."""
    return wire(tab).holding('class="message')


# --- where a tab enters ----------------------------------------------------------------------------


async def test_a_page_that_is_up_to_date_enters_and_is_sent_no_message(worker: Worker) -> None:
    await worker.say(ROOM, "a", "b")
    tab = await worker.enter(ROOM, await loaded(worker))
    assert lists(tab) == []
    await worker.say(ROOM, "c")
    await see([tab], ["a", "b", "c"])
    assert len(lists(tab)) == 1


async def test_a_page_that_is_behind_is_sent_what_it_missed_once(worker: Worker) -> None:
    await worker.say(ROOM, "a", "b")
    behind = await loaded(worker)
    await worker.say(ROOM, "c", "d")
    tab = await worker.enter(ROOM, behind)
    await worker.say(ROOM, "e")
    await see([tab], ["a", "b", "c", "d", "e"])
    assert len(page(tab).runs) == 1


async def test_a_replay_of_what_a_page_shows_already_shows_it_once(worker: Worker) -> None:
    (first, *_) = await worker.say(ROOM, "a", "b", "c")
    shown = await loaded(worker)
    shown.place = first  # its list went on, and its place did not
    tab = await worker.enter(ROOM, shown)
    await see([tab], ["a", "b", "c"])


async def test_a_reconnect_reads_no_store_while_the_worker_remembers(worker: Worker) -> None:
    await worker.say(ROOM, "a")
    behind = await loaded(worker)
    first = await worker.enter(ROOM, await loaded(worker))
    await worker.say(ROOM, "b", "c")
    await see([first], ["a", "b", "c"])
    read = worker.log.read
    tab = await worker.enter(ROOM, behind)
    await see([tab], ["a", "b", "c"])
    assert worker.log.read == read


@pytest.mark.parametrize(
    "since",
    ["5-0", "0-0", "9999999999999-0", "999999999999999-1", "garbage", "", "٣-٠", None, 7, ["1-0"]],
)
async def test_a_place_that_the_log_never_had_gets_the_newest_page(worker: Worker, since: object) -> None:
    await worker.say(ROOM, *[f"t{number}" for number in range(220)])
    tab = worker.connect(ROOM, resume=False)
    wire(tab).put(act="resume", since=since)
    await see([tab], [f"t{number}" for number in range(170, 220)])
    await worker.say(ROOM, "last")
    await see([tab], [*[f"t{number}" for number in range(170, 220)], "last"])


async def test_who_missed_more_than_a_replay_holds_gets_the_newest_page(worker: Worker) -> None:
    await worker.say(ROOM, "first")
    behind = await loaded(worker)
    await worker.say(ROOM, *[f"t{number}" for number in range(201)])
    tab = await worker.enter(ROOM, behind)
    assert len(page(tab).runs) == 2
    assert page(tab).texts == [f"t{number}" for number in range(151, 201)]


async def test_who_missed_just_what_a_replay_holds_is_sent_it_all(worker: Worker) -> None:
    await worker.say(ROOM, "first")
    behind = await loaded(worker)
    texts = [f"t{number}" for number in range(200)]
    await worker.say(ROOM, *texts)
    tab = await worker.enter(ROOM, behind)
    assert page(tab).texts == ["first", *texts]


async def test_a_page_that_is_ahead_of_its_worker_waits_for_it_and_is_sent_nothing_twice(worker: Worker) -> None:
    first = await worker.enter(ROOM, await loaded(worker))
    worker.ear.drop = lambda _: True
    await worker.say(ROOM, "a")
    ahead = await loaded(worker)
    tab = worker.connect(ROOM, ahead)
    await until(lambda: wire(tab).served)
    worker.ear.drop = lambda _: False
    await worker.say(ROOM, "b")  # shows the worker that "a" is missing
    await see([first, tab], ["a", "b"])
    assert len(page(tab).runs) == 1


async def test_the_newest_page_can_be_asked_for_at_any_time(worker: Worker) -> None:
    await worker.say(ROOM, *[f"t{number}" for number in range(60)])
    tab = await worker.enter(ROOM, await loaded(worker))
    await worker.say(ROOM, "live")
    wire(tab).put(act="newest")
    await until(lambda: len(page(tab).runs) == 2, "the newest page")
    await until(lambda: tab.live is not None)
    await worker.say(ROOM, "on")
    await see([tab], [*[f"t{number}" for number in range(11, 60)], "live", "on"])


async def test_a_second_resume_of_a_live_tab_moves_nothing(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    await worker.say(ROOM, "a")
    await see([tab], ["a"])
    wire(tab).put(act="resume", since="0-0")
    await until(lambda: len(wire(tab).holding('id="connection"')) == 2, "the state again")
    await worker.say(ROOM, "b")
    await see([tab], ["a", "b"])


async def test_pages_that_enter_while_messages_stream_in_miss_nothing_and_see_nothing_twice(
    worker: Worker, chance: Random
) -> None:
    texts: list[str] = []
    tabs: list[Tab] = []
    pages: dict[int, Page] = {}

    async def write() -> None:
        for number in range(300):
            texts.append(f"t{number}")
            await worker.say(ROOM, texts[-1])
            for _ in range(chance.choice((0, 0, 0, 3, 12))):
                await asyncio.sleep(0)

    async def come_and_go() -> None:
        shown = await loaded(worker)
        pages[id(shown)] = shown
        for _ in range(chance.randint(1, 4)):
            for _ in range(chance.randint(0, 40)):
                await asyncio.sleep(0)
            tab = worker.connect(ROOM, shown)
            wire(tab).taking.clear()
            for _ in range(chance.randint(0, 25)):
                await asyncio.sleep(0)
            wire(tab).taking.set()
            if chance.random() < 0.3:
                wire(tab).put(act="newest")
            for _ in range(chance.randint(0, 60)):
                await asyncio.sleep(0)
            if chance.random() < 0.3:
                worker.hub.confirmed(ROOM)  # as after a break: everything is read once more
            await worker.disconnect(tab)
        tabs.append(worker.connect(ROOM, shown))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        for _ in range(60):
            tasks.create_task(come_and_go())
    log = [message.text for message in (await worker.log.newest(ROOM, 1000)).page.messages]
    assert log == texts
    for tab in tabs:
        await until(lambda tab=tab: page(tab).texts[-1:] == texts[-1:], "the end")
        for run in page(tab).runs:
            shown = list(run.shown.values())
            start = texts.index(shown[0]) if shown else 0
            assert shown == texts[start : start + len(shown)]
        assert not page(tab).faults


# --- a feed that fails -----------------------------------------------------------------------------


async def test_entries_that_the_feed_loses_are_mended_by_the_next(worker: Worker, chance: Random) -> None:
    tabs = [await worker.enter(ROOM) for _ in range(3)]
    worker.ear.drop = lambda _: chance.random() < 0.4
    texts = [f"t{number}" for number in range(150)]
    for text in texts:
        await worker.say(ROOM, text)
        if chance.random() < 0.2:
            await asyncio.sleep(0.002)
    worker.ear.drop = lambda _: False
    await worker.say(ROOM, "last")
    await see(tabs, [*texts, "last"])


async def test_a_worker_that_lost_more_than_the_log_keeps_shows_the_newest_page(worker: Worker, valkey: Valkey) -> None:
    tab = await worker.enter(ROOM)
    await worker.say(ROOM, "a")
    await see([tab], ["a"])
    worker.ear.drop = lambda _: True
    await worker.say(ROOM, *[f"t{number}" for number in range(60)])
    with valkey.client() as store:
        store.xtrim(f"c:{{{ROOM}}}:log", maxlen=5, approximate=False)
    worker.ear.drop = lambda _: False
    await worker.say(ROOM, "last")
    await see([tab], [*[f"t{number}" for number in range(11, 60)], "last"])
    assert len(page(tab).runs) == 2
    await worker.say(ROOM, "on")
    await until(lambda: page(tab).texts[-1] == "on")
    assert not page(tab).faults


async def test_what_comes_while_a_room_opens_is_shown_without_waiting_for_another(worker: Worker) -> None:
    worker.log.reading.clear()
    tab = worker.connect(ROOM)
    await until(lambda: worker.log.read, "the reading of the room's end")
    await worker.say(ROOM, "a")  # after it was read, before the answer is there
    await until(lambda: worker.ear.heard, "the entry")
    worker.log.reading.set()
    await see([tab], ["a"])


async def test_what_comes_while_a_gap_is_mended_is_shown_without_waiting_for_another(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    worker.ear.drop = lambda entry: entry.message is not None and entry.message.text == "a"
    worker.log.reading.clear()
    read = worker.log.read
    await worker.say(ROOM, "a", "b")
    await until(lambda: worker.log.read > read, "the reading of what is missing")
    await worker.say(ROOM, "c")
    await until(lambda: len(worker.ear.heard) == 3, "the entry")
    worker.log.reading.set()
    await see([tab], ["a", "b", "c"])


async def test_what_was_lost_in_a_break_during_mending_is_read_again(worker: Worker, valkey: Valkey) -> None:
    tab = await worker.enter(ROOM)
    worker.log.reading.clear()
    read = worker.log.read
    worker.hub.confirmed(ROOM)
    await until(lambda: worker.log.read > read, "a reading")
    worker.ear.drop = lambda _: True
    await worker.say(ROOM, "a")  # nobody hears it, for the subscription breaks
    await until(lambda: worker.ear.heard)
    worker.ear.drop = lambda _: False
    worker.ear.confirmations.clear()
    with valkey.client() as store:
        store.client_kill_filter(_type="pubsub")
    await until(lambda: ROOM in worker.ear.confirmations, "a new subscription")
    worker.log.reading.set()
    await see([tab], ["a"])


async def test_rooms_that_are_opened_while_the_feed_breaks_become_ready(worker: Worker, valkey: Valkey) -> None:
    tabs = []
    with valkey.client() as store:
        for number in range(30):
            tabs.append(worker.connect(f"r{number}"))
            if number % 5 == 0:
                store.client_kill_filter(_type="pubsub")
            await asyncio.sleep(0)
    for number, tab in enumerate(tabs):
        await until(lambda tab=tab: tab.live is not None, f"that r{number} is ready")
        await worker.say(f"r{number}", "a")
    await see(tabs, ["a"])


async def test_a_room_that_is_opened_again_as_it_closes_is_followed(worker: Worker) -> None:
    first = await worker.enter(ROOM)
    await worker.disconnect(first)
    worker.hub._close_if_empty(ROOM)  # as its timer does
    tab = Tab(worker.hub, worker.sayer, wire(first), room=ROOM, person=somebody(), audience=ENGLISH, address="x")
    worker.hub.greet(tab)
    try:
        async with asyncio.timeout(PATIENCE):
            await worker.hub.enter(tab, "0-0")  # in this step of the loop: what closing still has to do comes later
        await until(lambda: not worker.hub._tasks, "the end of the closing")
        await worker.say(ROOM, "a")
        await see([tab], ["a"])
    finally:
        worker.hub.leave(tab)


async def test_a_room_whose_opener_left_at_once_opens_for_the_next(worker: Worker) -> None:
    gone = worker.connect(ROOM)
    await until(lambda: ROOM in worker.hub._rooms)
    await worker.disconnect(gone)
    tab = await worker.enter(ROOM)
    await worker.say(ROOM, "a")
    await see([tab], ["a"])


async def test_a_store_that_dies_is_shown_and_everything_goes_on_when_it_is_back() -> None:
    with Valkey(append_only=True) as valkey:
        async with Worker(valkey) as worker:
            tab = await worker.enter(ROOM)
            wire(tab).put(act="say", text="a", nonce="k-0")
            await until(lambda: page(tab).taken == ["k-0"], "the acknowledgement")
            valkey.kill()
            await until(lambda: page(tab).states["connection"].get("class") == "store", "that the store is away")
            late = worker.connect("other")
            page(tab).write("k-1", "b")
            wire(tab).put(act="say", text="b", nonce="k-1")
            await until(lambda: page(tab).forms["say-k-1"].why, "that it waits")
            assert page(tab).forms["say-k-1"].again == 3.0
            valkey.start()
            await until(lambda: page(tab).states["connection"].get("class") == "live", "that it is back", 20)
            wire(tab).put(act="say", text="b", nonce="k-1")
            await see([tab], ["a", "b"])
            await until(lambda: not page(tab).forms, "the acknowledgement")
            await until(lambda: late.live is not None, "that the other room opened")


# --- who leaves ------------------------------------------------------------------------------------


async def test_an_enter_that_is_under_way_ends_as_its_tab_leaves(worker: Worker) -> None:
    await worker.say(ROOM, "a")
    tab = worker.connect(ROOM, resume=False)
    wire(tab).taking.clear()
    wire(tab).put(act="resume", since="0-0")
    await until(lambda: worker.log.read >= 2 or tab.opened, "that it enters")
    await worker.disconnect(tab)
    await until(lambda: not worker.hub._tasks, "the end of its task")
    assert tab.live is None
    assert tab not in worker.hub._tabs


async def test_a_tab_that_leaves_in_the_moment_it_resumes_leaves_nothing(worker: Worker) -> None:
    for steps in range(30):
        tab = worker.connect(ROOM)
        for _ in range(steps):
            await asyncio.sleep(0)
        await worker.disconnect(tab)
    await until(lambda: not worker.hub._tasks)
    assert not worker.hub._tabs


async def test_a_tab_that_leaves_as_its_room_opens_breaks_it_for_nobody_else(worker: Worker) -> None:
    elsewhere = await worker.enter("elsewhere")
    for steps in range(40):
        name = f"r{steps}"
        gone = worker.connect(name)
        for _ in range(steps):
            await asyncio.sleep(0)
        staying = worker.connect(name)
        await worker.disconnect(gone)
        await until(lambda staying=staying: staying.live is not None, f"that {name} opens, left after {steps} steps")
    states = wire(elsewhere).holding('id="connection"')
    assert len(states) == 1, f"the subscription of all rooms broke: {states}"


async def test_rooms_without_tabs_are_let_go(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "LINGER", 0.05)
    monkeypatch.setattr(attendance, "GRACE", 0.01)
    for number in range(20):
        await worker.disconnect(await worker.enter(f"r{number}"))
    kept = await worker.enter("kept")
    await worker.disconnect(await worker.enter("kept"))
    await until(lambda: list(worker.hub._rooms) == ["kept"], "that the empty rooms are gone")
    await until(lambda: worker.feed._rooms == {"kept"})
    assert list(worker.hub._attendance) == ["kept"]
    assert list(worker.hub._people) == [kept.person.public]
    await worker.say("kept", "a")
    await see([kept], ["a"])


# --- who need not hear of it -------------------------------------------------------------------------


def followers(valkey: Valkey, room: str) -> int:
    """How many workers the store tells of a room."""
    with valkey.client() as store:
        return int(store.execute_command("PUBSUB", "SHARDNUMSUB", f"c:{{{room}}}:live")[1])


async def test_a_worker_without_tabs_in_a_room_is_not_told_of_it(
    worker: Worker, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "LINGER", 0.05)
    async with Worker(valkey, "w2") as other:
        ana = await worker.enter("here")
        eva = await other.enter("there")
        assert (followers(valkey, "here"), followers(valkey, "there")) == (1, 1)
        for number in range(20):
            await other.say("here", f"t{number}")
        await worker.say("there", "x")
        await see([ana], [f"t{number}" for number in range(20)])
        await see([eva], ["x"])
        assert [entry.message.text for entry in other.ear.heard if entry.message] == ["x"]
        assert "here" not in other.hub._rooms

        visit = await other.enter("here")
        assert followers(valkey, "here") == 2
        await other.disconnect(visit)
        await until(lambda: followers(valkey, "here") == 1, "that the room which was left is followed no longer")
        heard = len(other.ear.heard)
        await worker.say("here", "later")
        await other.say("there", "y")  # what it hears next
        await see([eva], ["x", "y"])
        assert len(other.ear.heard) == heard + 1


async def test_a_room_that_was_left_is_followed_for_a_while_so_that_a_reload_opens_nothing_anew(
    worker: Worker, valkey: Valkey
) -> None:
    await worker.say(ROOM, "a")
    tab = await worker.enter(ROOM, await loaded(worker))
    await worker.disconnect(tab)
    assert followers(valkey, ROOM) == 1
    read = worker.log.read
    again = await worker.enter(ROOM, page(tab))
    assert worker.log.read == read
    assert again.live is tab.live or worker.ear.confirmations == [ROOM]


async def test_a_tab_that_missed_nothing_is_in_at_once_and_every_other_is_not(worker: Worker) -> None:
    (first,) = await worker.say(ROOM, "a")
    await worker.enter(ROOM, await loaded(worker))
    place = worker.hub._rooms[ROOM].place
    tab = worker.connect(ROOM, await loaded(worker), resume=False)
    await until(lambda: tab in worker.hub._tabs)
    assert not worker.hub.enter_at_once(tab, place := worker.hub._rooms[ROOM].place)  # nobody knows whether it may
    tab.admitted = True
    for since in (None, "0-0", "5-0", "999999999999999-0"):
        assert not worker.hub.enter_at_once(tab, since)
        assert tab.live is None
    assert place == first
    tasks = len(worker.hub._tasks)
    assert worker.hub.enter_at_once(tab, place)  # in one step, without a task
    assert len(worker.hub._tasks) == tasks
    assert tab.live is worker.hub._rooms[ROOM]
    assert tab.counted
    assert tab.opened
    await worker.say(ROOM, "b")
    await see([tab], ["a", "b"])


async def test_no_tab_is_in_at_once_before_its_room_is_ready(worker: Worker) -> None:
    worker.log.reading.clear()
    opener = worker.connect(ROOM)
    await until(lambda: worker.log.read, "the reading of the room's end")
    tab = worker.connect(ROOM, resume=False)
    await until(lambda: tab in worker.hub._tabs)
    tab.admitted = True
    assert not worker.hub.enter_at_once(tab, "0-0")
    assert tab.live is None
    worker.log.reading.set()
    await until(lambda: opener.live is not None, "that it opens")
    assert worker.hub.enter_at_once(tab, "0-0")


# --- states ----------------------------------------------------------------------------------------


def names(tab: Tab) -> str:
    state = page(tab).states.get("people")
    return state.text if state else ""


async def test_who_comes_and_goes_is_shown(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendance, "GRACE", 0.05)
    ana = await worker.enter(ROOM, person=somebody("Ana"))
    eva = await worker.enter(ROOM, person=somebody("Eva"))
    await until(lambda: "Eva" in names(ana))
    assert page(ana).states["count"].text == "2"
    await worker.disconnect(eva)
    await until(lambda: "Eva" not in names(ana), "that Eva has left")


async def test_a_reload_is_not_told_to_anybody(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendance, "GRACE", 0.3)
    ana = await worker.enter(ROOM, person=somebody("Ana"))
    person = somebody("Eva")
    eva = await worker.enter(ROOM, person=person)
    await until(lambda: "Eva" in names(ana))
    told = len(wire(ana).holding('id="people"'))
    for _ in range(3):
        await worker.disconnect(eva)
        eva = await worker.enter(ROOM, person=person)
    second = await worker.enter(ROOM, person=person)
    await worker.disconnect(eva)
    await asyncio.sleep(0.6)  # past the grace: one tab is still open
    assert len(wire(ana).holding('id="people"')) == told
    await worker.disconnect(second)
    await until(lambda: "Eva" not in names(ana), "that Eva has left")


async def test_people_on_two_workers_see_each_other(worker: Worker, valkey: Valkey) -> None:
    async with Worker(valkey, "w2") as other:
        ana = await worker.enter(ROOM, person=somebody("Ana"))
        eva = await other.enter(ROOM, person=somebody("Eva"))
        for tab in (ana, eva):
            await until(lambda tab=tab: "Ana" in names(tab) and "Eva" in names(tab), "both")


async def test_typing_reaches_the_room_and_is_passed_on_at_most_every_two_seconds(worker: Worker) -> None:
    ana = await worker.enter(ROOM, person=somebody("Ana"))
    eva = await worker.enter(ROOM, person=somebody("Eva"))
    for _ in range(20):
        wire(eva).put(act="typing")
    await until(lambda: "Eva" in page(ana).states["typing"].text, "that Eva types")
    await until(lambda: wire(eva).served)
    # one word, and the one that every tab gets as it enters
    assert len(wire(ana).holding("typist")) == 1
    wire(eva).put(act="say", text="done", nonce="k-0")
    await until(lambda: "Eva" not in page(ana).states["typing"].text, "that she has finished")


async def test_a_new_name_reaches_all_tabs_of_a_person_on_every_worker(worker: Worker, valkey: Valkey) -> None:
    async with Worker(valkey, "w2") as other:
        person = somebody("Old")
        tabs = [await worker.enter(ROOM, person=person), await other.enter("elsewhere", person=person)]
        stranger = await worker.enter(ROOM, person=somebody("Eva"))
        await worker.feed.say_renamed(person.public, "New")
        for tab in tabs:
            await until(lambda tab=tab: "me" in page(tab).states, "the new name")
            assert page(tab).states["me"].text == "New"
        assert "me" not in page(stranger).states
        await until(lambda: "New" in names(stranger), "the new name among the people")
        wire(tabs[1]).put(act="say", text="hello", nonce="k-0")
        await see([tabs[1]], ["hello"])
        assert json.loads(str(await _newest_body(valkey, "elsewhere")))["n"] == "New"


async def test_who_chose_a_name_that_is_another_s_is_told_and_who_chose_none_is_not(
    worker: Worker, valkey: Valkey
) -> None:
    async with Worker(valkey, "w2") as other:
        await worker.enter(ROOM, person=somebody("Paula"))
        chose, same = Person(new_id(), "PAULA"), somebody("x")
        chose_none = Person(same.id, default_name(same.id))
        await worker.enter(ROOM, person=somebody(chose_none.name))
        await until(lambda: len(worker.hub._rooms[ROOM].here.people) == 2, "two people")
        second, third = await other.enter(ROOM, person=chose), await other.enter(ROOM, person=chose_none)
        beside_, numbered = beside("PAULA", chose.public)[0], beside(chose_none.name, same.public)[0]
        await until(lambda: page(second).states.get("me") and page(third).states.get("me"), "their names")
        assert page(second).states["me"].text == beside_
        assert page(third).states["me"].text == numbered
        assert wire(second).holding(f"Here you are {beside_} until you choose another name.")
        assert not wire(third).holding("until you choose another name.")
        wire(second).put(act="say", text="hello", nonce="k-0")
        await see([second], ["hello"])
        assert json.loads(str(await _newest_body(valkey, ROOM)))["n"] == beside_


async def test_who_wants_to_be_forgotten_is_sent_away_from_every_worker_at_once(worker: Worker, valkey: Valkey) -> None:
    async with Worker(valkey, "w2") as other:
        person = somebody("Leaver")
        tabs = [await worker.enter(ROOM, person=person), await other.enter("elsewhere", person=person)]
        stranger = await worker.enter(ROOM, person=somebody("Eva"))
        await until(lambda: "Leaver" in names(stranger), "both")
        await worker.feed.say_forgotten(person.public)
        for tab in tabs:
            await until(lambda tab=tab: wire(tab).codes, "that it is closed")
            assert wire(tab).codes == [1008]
            assert wire(tab).holding("You are forgotten here.")
        assert not wire(stranger).codes
        await until(lambda: "Leaver" not in names(stranger), "that they are gone", patience=attendance.GRACE / 2)


async def _newest_body(valkey: Valkey, room: str) -> object:
    with valkey.client() as store:
        return store.xrevrange(f"c:{{{room}}}:messages", count=1)[0][1]["body"]


async def test_a_room_that_breaks_keeps_no_other_from_being_renewed(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await worker.enter("broken")
    await worker.enter(ROOM)
    renewed: list[str] = []
    renew = worker.presence.renew

    async def breaking(room: str, people: Any) -> Any:
        if room == "broken":
            raise IndexError("as a bug would")
        renewed.append(room)
        return await renew(room, people)

    monkeypatch.setattr(hub, "RENEW", 0.01)
    monkeypatch.setattr(worker.presence, "renew", breaking)
    renewing = asyncio.create_task(worker.hub.renew())
    await until(lambda: renewed.count(ROOM) > 1, "two renewals of the room beside it")
    renewing.cancel()
