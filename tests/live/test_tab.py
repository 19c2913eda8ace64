"""One connection's life: what its page sends, and what it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import pytest

from quart_chat.errors import BadText, Refused, StoreAway, TooFast
from quart_chat.live import tab as tabs
from quart_chat.live.tab import Tab
from quart_chat.room import arrival
from quart_chat.room.commands import Say
from tests.live.rig import ENGLISH, PageWire, Worker, page, see, somebody, until, wire
from tests.promise.page import Page

ROOM = "room"


class Script:
    """A `Sayer` whose answers a test writes: an error by text, raised once each time it stands there."""

    def __init__(self) -> None:
        self.errors: dict[str, list[Exception]] = {}
        self.said: list[str] = []
        self.pause = 0.0  # s that the next message takes
        self.patient: list[tuple[str, bool]] = []  # the first text of each call, and whether it came as it was told to

    async def say_all(
        self, _room: str, _person: object, _address: str, asked: Sequence[Say], *, patient: bool = False
    ) -> list[str | Refused]:
        self.patient.append((asked[0].text, patient))
        await asyncio.sleep(self.pause)
        self.pause = 0.0
        results: list[str | Refused] = []
        for say in asked:
            error = self.errors[say.text].pop(0) if self.errors.get(say.text) else None
            if isinstance(error, Refused):
                results.append(error)
                if isinstance(error, TooFast):
                    break  # what comes after it is not tried
            elif error is not None:
                raise error
            else:
                self.said.append(say.text)
                results.append(f"{len(self.said)}-0")
        return results

    async def typing(self, _room: str, _person: object) -> None: ...


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def alone(worker: Worker, script: Script, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PageWire]:
    """The wire of a tab whose sayer is the script; it has not entered, and is not waited for."""
    monkeypatch.setattr(tabs, "SENT_WITHIN", 0.0)
    one = PageWire()
    tab = Tab(
        worker.hub,
        script,  # type: ignore[arg-type]
        one,
        room=ROOM,
        person=somebody(),
        audience=ENGLISH,
        address="127.0.0.1",
    )
    serving = asyncio.create_task(tab.run())
    yield one
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


def say(wire: PageWire, *texts: str) -> None:
    """Submit the forms of texts, in order; a text's form keeps its nonce."""
    for text in texts:
        nonce = f"k-{text}"
        if f"say-{nonce}" not in wire.page.forms:
            wire.page.write(nonce, text)
        wire.put(act="say", text=text, nonce=nonce)


async def test_messages_do_not_overtake_one_that_has_to_come_again(alone: PageWire, script: Script) -> None:
    script.errors["a"] = [TooFast("wait", 0.5), TooFast("wait", 0.5)]
    say(alone, "a", "b", "c")
    await until(lambda: all(form.why for form in alone.page.forms.values()))
    assert script.said == []
    assert alone.page.forms["say-k-b"].again > 0.5  # type: ignore[operator] - after the one that it waits for
    say(alone, "b", "c")  # too early: the first is not in yet
    say(alone, "a")  # and is refused once more
    say(alone, "b")
    await until(lambda: alone.served and not script.errors["a"])
    assert script.said == []
    say(alone, "a", "b", "c")
    await until(lambda: len(script.said) == 3)
    assert script.said == ["a", "b", "c"]
    await until(lambda: not alone.page.forms)


async def test_a_message_is_patient_that_comes_again_as_told_and_no_sooner(alone: PageWire, script: Script) -> None:
    script.errors["a"] = [TooFast("wait", 60.0), TooFast("wait", 0.3)]
    say(alone, "a")
    await until(lambda: len(script.patient) == 1, "the first try")
    say(alone, "a")
    await until(lambda: len(script.patient) == 2, "one that comes too early")
    told = asyncio.get_running_loop().time()
    await until(lambda: asyncio.get_running_loop().time() > told + 0.4)
    say(alone, "a")
    await until(lambda: script.said == ["a"])
    say(alone, "b")
    await until(lambda: script.said == ["a", "b"])
    assert script.patient == [("a", False), ("a", False), ("a", True), ("b", False)]


async def test_a_message_that_never_comes_again_holds_the_others_back_for_a_while_only(
    alone: PageWire, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabs, "HELD", 0.2)
    script.errors["a"] = [TooFast("wait", 0.1)]
    say(alone, "a", "b")
    await until(lambda: len(alone.holding("say-k-b")) == 1, "that it waits")
    assert script.said == []
    while not script.said:  # as its page does
        say(alone, "b")
        await asyncio.sleep(0.5)  # longer than it may be held for by itself
    assert script.said == ["b"]
    assert len(alone.holding("say-k-b")) <= 3


async def test_a_message_that_is_refused_for_good_holds_nothing_back(alone: PageWire, script: Script) -> None:
    script.errors["a"] = [TooFast("wait", 0.1), BadText("no")]
    say(alone, "a", "b", "a", "b")
    await until(lambda: script.said == ["b"])
    form = alone.page.forms["say-k-a"]
    assert form.text == "a"
    assert form.again is None


async def test_a_store_that_does_not_answer_makes_a_message_wait(alone: PageWire, script: Script) -> None:
    script.errors["a"] = [StoreAway("away")]
    say(alone, "a", "b")
    await until(lambda: all(form.why for form in alone.page.forms.values()))
    assert alone.page.forms["say-k-a"].again == tabs.STORE_AGAIN
    assert script.said == []


async def test_a_message_that_was_refused_can_be_corrected_and_is_then_taken_away(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    page(tab).write("k-0", "x" * 5000)
    wire(tab).put(act="say", text="x" * 5000, nonce="k-0")
    await until(lambda: page(tab).forms["say-k-0"].why, "the refusal")
    form = page(tab).forms["say-k-0"]
    assert form.text == "x" * 5000
    wire(tab).put(act="say", text="short", nonce=form.nonce)
    await see([tab], ["short"])
    await until(lambda: not page(tab).forms, "the end of the form")


async def test_a_nonce_that_went_with_another_text_gets_a_form_that_can_be_sent(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    wire(tab).put(act="say", text="one", nonce="k-0")
    await until(lambda: page(tab).taken == ["k-0"], "the acknowledgement")
    page(tab).write("k-0", "two")
    wire(tab).put(act="say", text="two", nonce="k-0")
    await until(lambda: any(form.why for form in page(tab).forms.values()), "the refusal")
    (form,) = page(tab).forms.values()
    assert form.nonce != "k-0"
    wire(tab).put(act="say", text=form.text, nonce=form.nonce)
    await see([tab], ["one", "two"])
    await until(lambda: not page(tab).forms, "the end of the form")


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b"])
async def test_an_empty_message_is_taken_away_and_kept_nowhere(alone: PageWire, script: Script, text: str) -> None:
    alone.page.write("k-0", text)
    alone.put(act="say", text=text, nonce="k-0")
    await until(lambda: not alone.page.forms)
    assert script.said == []


async def test_a_message_that_comes_twice_is_acknowledged_twice_and_shown_once(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    for _ in range(2):
        wire(tab).put(act="say", text="a", nonce="k-0")
    await until(lambda: page(tab).taken == ["k-0", "k-0"], "two acknowledgements")
    await see([tab], ["a"])


async def test_an_acknowledgement_comes_after_its_message(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    for number in range(100):
        wire(tab).put(act="say", text=f"t{number}", nonce=f"k-{number}")
    await until(lambda: len(page(tab).taken) == 100, "all acknowledgements")
    shown: set[str] = set()
    for frame in wire(tab).frames:
        one = Page('<input id="since" value="0-0"><ol id="log"></ol>')
        one.apply(frame)
        shown.update(one.texts)
        assert {f"t{nonce.removeprefix('k-')}" for nonce in one.taken} <= shown
    assert page(tab).taken == [f"k-{number}" for number in range(100)]


async def test_a_message_from_a_tab_that_has_not_resumed_is_taken(worker: Worker) -> None:
    tab = worker.connect(ROOM, resume=False)
    wire(tab).put(act="say", text="early", nonce="k-0")
    await until(lambda: page(tab).taken == ["k-0"], "the acknowledgement")
    wire(tab).put(act="resume", since="0-0")
    await see([tab], ["early"])


async def test_bad_frames_are_answered_with_one_notice_a_second(
    alone: PageWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tabs.NOTICE_EVERY == 1.0
    monkeypatch.setattr(tabs, "NOTICE_EVERY", 0.3)
    bad: list[Any] = [
        "",
        "{",
        "[]",
        "1",
        '{"act":"fly"}',
        '{"act":"say"}',
        b"\x00",
        '{"act":"say","text":[],"nonce":"x"}',
    ]
    for frame in bad * 10:
        alone.put(frame)
    await until(lambda: alone.served)
    assert len(alone.page.notices) == 1
    await asyncio.sleep(0.4)
    alone.put("{")
    await until(lambda: len(alone.page.notices) == 2, "another notice")


async def test_empty_messages_too_are_answered_with_one_notice_a_second(alone: PageWire) -> None:
    for number in range(50):
        alone.put(act="say", text="", nonce=f"k-{number}")
    await until(lambda: len(alone.page.taken) == 50)
    assert len(alone.page.notices) <= 1


async def test_a_tab_that_sends_too_many_frames_is_read_more_slowly(alone: PageWire) -> None:
    for _ in range(2 * tabs.MOST_HELD):
        alone.put(act="typing")
    for _ in range(5000):
        await asyncio.sleep(0)
    assert not alone.served


async def test_a_flood_of_messages_that_are_refused_is_read_more_slowly(alone: PageWire, script: Script) -> None:
    # each one that is held back costs something, and is remembered: a flood of them must not get the worker for itself
    script.errors["a"] = [TooFast("wait", 60.0)]
    say(alone, "a")
    for number in range(2000):
        alone.put(act="say", text="x", nonce=f"f-{number}")
    for _ in range(10_000):
        await asyncio.sleep(0)
    assert not alone.served


async def test_a_tab_ends_though_its_cancelling_was_swallowed_on_the_way(worker: Worker) -> None:
    # Python 3.11's wait_for swallows a cancelling that comes together with the result, and redis-py uses it
    class Swallowing(Script):
        async def say_all(self, *arguments: object, **how: object) -> list[str | Refused]:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            assert task is not None
            done = loop.create_future()
            loop.call_soon(done.set_result, None)
            loop.call_soon(loop.call_soon, task.cancel)
            await asyncio.wait_for(done, 1)
            return ["1-0"]

    one = PageWire()
    tab = Tab(
        worker.hub,
        Swallowing(),  # type: ignore[arg-type]
        one,
        room=ROOM,
        person=somebody(),
        audience=ENGLISH,
        address="127.0.0.1",
    )
    serving = asyncio.create_task(tab.run())
    one.put(act="resume", since="0-0")
    one.put(act="say", text="a", nonce="k-0")
    done, _ = await asyncio.wait({serving}, timeout=1)
    try:
        assert done, "its task goes on for ever, and counts as here"
        assert tab not in worker.hub._tabs
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_a_tab_whose_cancelling_was_swallowed_before_it_began_ends_too(worker: Worker, script: Script) -> None:
    async def admitted() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await Tab(
            worker.hub,
            script,  # type: ignore[arg-type]
            PageWire(),
            room=ROOM,
            person=somebody(),
            audience=ENGLISH,
            address="127.0.0.1",
        ).run()

    serving = asyncio.create_task(admitted())
    await asyncio.sleep(0)
    serving.cancel()
    done, _ = await asyncio.wait({serving}, timeout=1)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert done, "its task waits for ever"
    assert not worker.hub._tabs


async def test_garbage_in_every_field_ends_no_connection(worker: Worker) -> None:
    tab = await worker.enter(ROOM)
    values: list[Any] = [None, 1, True, [], {}, "", "\ud800", "x" * 70_000, "\u0000", "0-0", "٣-٠", "1-" + "9" * 400]
    for act in ("say", "resume", "typing", "newest", "compose", "", None):
        for value in values:
            wire(tab).put(json.dumps({"act": act, "text": value, "nonce": "k", "since": value}))
            wire(tab).put(json.dumps({"act": act, "text": "t", "nonce": value}))
    wire(tab).put(act="say", text="still here", nonce="k-last")
    await until(lambda: "k-last" in page(tab).taken, "that it is served on")
    assert not page(tab).faults


async def test_a_message_that_took_long_does_not_let_those_behind_it_be_overtaken(
    alone: PageWire, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a pause of the store: while one message is stuck in it, the hold of those that come again must not run out
    monkeypatch.setattr(tabs, "HELD", 0.1)
    script.errors["a"] = [TooFast("wait", 0.1)]
    say(alone, "a", "b")
    await until(lambda: all(form.why for form in alone.page.forms.values()))
    script.pause = 0.5
    say(alone, "a", "c", "b", "c")
    await until(lambda: len(script.said) == 3)
    assert script.said == ["a", "b", "c"]


@pytest.mark.parametrize("together", [True, False])
async def test_what_a_page_wrote_while_it_was_away_waits_for_what_it_had_sent_before(
    worker: Worker, together: bool
) -> None:
    """As htmx sends it on a reconnect: its queue first, then the resume form, and then all that it still holds."""
    tab = worker.connect("r", resume=False)
    page_wire = wire(tab)

    async def apart() -> None:
        if not together:
            await until(lambda: page_wire.served, "that it is taken")

    page_wire.put(act="typing")
    await apart()
    say(page_wire, "2", "3")
    await apart()
    page_wire.put(act="resume", since=page_wire.page.place)
    await apart()
    page_wire.put(headers={})  # a button whose form is gone
    say(page_wire, "1")
    await apart()
    say(page_wire, "2", "3")
    await until(lambda: len(page(tab).rows) == 3, "all of them", patience=tabs.SENT_WITHIN)
    assert page(tab).texts == ["1", "2", "3"]
    await until(lambda: not page(tab).forms, "that they are acknowledged")
    assert not page(tab).notices
    assert not page(tab).faults


async def test_messages_of_who_never_says_where_they_stand_are_taken_after_a_moment(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabs, "SENT_WITHIN", 0.05)
    tab = worker.connect("r", resume=False)
    say(wire(tab), "a", "b")
    await until(lambda: not page(tab).forms, "that they are acknowledged")
    listener = await worker.enter("r")
    await until(lambda: [text for _, text in page(listener).rows] == ["a", "b"], "both")


async def test_a_tab_does_not_hold_more_than_a_page_writes_ahead(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival, "MOST_CHARACTERS", 10)
    tab = worker.connect("r", resume=False)
    say(wire(tab), "a" * 4, "b" * 4)
    await until(lambda: wire(tab).served)
    assert len(page(tab).forms) == 2
    say(wire(tab), "c" * 4)
    await until(lambda: not page(tab).forms, "that they are acknowledged", patience=tabs.SENT_WITHIN)
