"""A page and its tab in simulated time: whatever refuses its messages, none overtakes another, and none is lost.

Everything that takes time is drawn by chance: answers of the store, pauses of it, what the page writes meanwhile, and
frames that wait because the tab sends too many. The page comes again as htmx does: by its forms' own timers.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter, deque
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from quart_chat.errors import BadText, Refused, Spent, StoreAway, TooFast
from quart_chat.live import tab as tabs
from quart_chat.live.stream import WAITING
from quart_chat.live.tab import Tab
from quart_chat.room.commands import Say, read_command
from tests.live.clock import Clock
from tests.live.rig import ENGLISH, PageWire, somebody
from tests.promise.page import Form, Page

IN, FAST, LONG, BAD, SPENT, LOST, KEPT = "in", "fast", "long", "bad", "spent", "lost", "kept"
"""What the store answers: taken; a limit for a moment, or for many seconds; a text that cannot be kept, a nonce that
was used; no answer to all of a call, of which nothing was kept or all."""

GIVEN_UP = 10_000  # s: nothing takes so long


@dataclass
class Chance:
    """What happens, in turn: answers to messages, seconds that calls of the store take, whether it is known as away."""

    answers: Iterator[str]
    pauses: Iterator[float]
    away: Iterator[bool]


class Allowance:
    """Messages of a minute, all at once or spread (GCRA)."""

    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self._full = 0.0

    def take(self, now: float) -> float:
        """Take one; gives the seconds to wait where none is left."""
        interval = 60.0 / self._most
        full = max(self._full, now) + interval
        if full > now + 60.0 + 1e-9:
            return full - now - 60.0
        self._full = full
        return 0.0


@dataclass
class World:
    """The tab's hub and sayer, its page, and the socket between them."""

    clock: Clock
    chance: Chance
    page: Page
    inbox: deque[str] = field(default_factory=deque)
    kept: dict[str, str] = field(default_factory=dict)  # text by nonce, as they came into the room
    refused: dict[str, str] = field(default_factory=dict)  # for good, by nonce: a second look changes nothing
    calm: bool = False  # from now on all is well
    down: bool = False
    limit: Allowance | None = None

    # --- the hub's side ------------------------------------------------------------------------------

    def check(self) -> None:
        if self.down:
            raise StoreAway("away")

    # --- the sayer's side ----------------------------------------------------------------------------

    async def say_all(
        self, _room: str, _person: object, _address: str, asked: Sequence[Say], **_: object
    ) -> list[str | Refused]:
        assert asked
        self.clock.pass_(0.01 if self.calm else next(self.chance.pauses))
        results: list[str | Refused] = []
        fresh: list[Say] = []
        fails = keeps = False
        for say in asked:
            if self.limit is not None and say.nonce not in self.kept and (wait := self.limit.take(self.clock.now)):
                results.append(TooFast("wait", wait))
                break
            calm = self.calm or self.limit is not None or say.nonce in self.kept
            answer = IN if calm else next(self.chance.answers)
            answer = self.refused.get(say.nonce, answer)
            if answer in (BAD, SPENT):
                self.refused[say.nonce] = answer
            if answer == BAD:
                results.append(BadText("no"))
            elif answer == SPENT:
                results.append(Spent("used"))
            elif answer in (FAST, LONG):
                results.append(TooFast("wait", 0.3 if answer == FAST else 20.0))
                break
            else:
                fails, keeps = fails or answer in (LOST, KEPT), keeps or answer == KEPT
                fresh.append(say)
                results.append("1-0")
        if not fails or keeps:
            self.kept.update({say.nonce: say.text for say in fresh if say.nonce not in self.kept})
        if fails:
            raise StoreAway("no answer")
        return results

    # --- the page's side -----------------------------------------------------------------------------

    def write(self, first: int, count: int) -> None:
        for number in range(first, first + count):
            self.send(self.page.write(f"k-{number}", text_of(number)))

    def send(self, form: Form) -> None:
        self.inbox.append(json.dumps({"act": "say", "text": form.text, "nonce": form.nonce}))

    def look(self, frame: str) -> None:
        """Start the timers of forms that a frame gave back to come again."""
        for name in re.findall(r'<form id="(say-[^"]+)"', frame):
            form = self.page.forms.get(name)
            if form is not None and form.again is not None:
                delay, form.again = form.again, None
                self.clock.call_later(delay, self.come_again, name)

    def come_again(self, name: str) -> None:
        if name in self.page.forms:
            self.send(self.page.forms[name])

    # --- time ----------------------------------------------------------------------------------------

    async def sleep(self, seconds: float) -> None:
        self.clock.pass_(seconds)
        self.turn()

    def turn(self) -> None:
        self.down = not self.calm and next(self.chance.away)


class Wire(PageWire):
    """Starts the page's timers as a frame comes in, and not when the tab has come to an end."""

    world: World

    def _take(self, text: str) -> None:
        super()._take(text)
        self.world.look(text)


def text_of(number: int) -> str:
    """Every fifth form is sent empty, as the one in use is by a reconnect."""
    return str(number) if number % 5 != 3 else " "


def finish(work: Coroutine[Any, Any, None]) -> None:
    """Run what waits for nothing but simulated time."""
    with pytest.raises(StopIteration):
        work.send(None)


def live(
    monkeypatch: pytest.MonkeyPatch, chance: Chance, writes: Sequence[tuple[int, float]], *, per_minute: int = 0
) -> tuple[World, int]:
    """Live through it all; gives how many messages were written.

    writes: (messages at once, seconds after the ones before). per_minute: the limit, 0 where all is chance's.
    """
    clock = Clock(monkeypatch)
    page = Page('<input id="since" value="0-0"><ol id="log"></ol>')
    world = World(clock, chance, page)
    if per_minute:
        world.limit = Allowance(per_minute)
    monkeypatch.setattr(asyncio, "sleep", world.sleep)
    wire = Wire(page)
    wire.world = world
    tab = Tab(
        world,  # type: ignore[arg-type]
        world,  # type: ignore[arg-type]
        wire,
        room="room",
        person=somebody(),
        audience=ENGLISH,
        address="",
    )
    written, at = 0, 0.0
    for count, later in writes:
        at += later
        clock.call_later(at, world.write, written, count)
        written += count
    if not per_minute:
        clock.call_later(at + 60.0, setattr, world, "calm", True)
    while world.inbox or clock.pass_to_next():
        assert clock.now < GIVEN_UP, "it never comes to an end"
        if world.inbox:
            world.turn()
            commands = [read_command(world.inbox.popleft()) for _ in range(min(WAITING, len(world.inbox)))]
            finish(tab._serve(commands))
    return world, written


def judge(world: World, written: int) -> None:
    """Complain of what was overtaken, lost, or both in the room and given back."""
    came = [int(text) for text in world.kept.values()]
    assert came == sorted(came), f"{came}: some were overtaken"
    back = {form.text for form in world.page.forms.values()}
    assert all(form.why for form in world.page.forms.values()), "a form has no answer"
    texts = [text_of(number) for number in range(written)]
    assert Counter([*world.kept.values(), *back]) == Counter(text for text in texts if text.strip())
    assert not world.page.faults


ANSWERS = st.lists(st.sampled_from([IN, IN, IN, FAST, FAST, LONG, BAD, SPENT, LOST, KEPT]), min_size=1, max_size=25)
PAUSES = st.lists(st.sampled_from([0.001, 0.001, 0.1, 0.4, 3.0]), min_size=1, max_size=8)
AWAY = st.lists(st.booleans(), min_size=1, max_size=8)
WRITES = st.lists(st.tuples(st.integers(1, 5), st.sampled_from([0.0, 0.05, 0.3, 2.0])), min_size=1, max_size=12)


@pytest.mark.parametrize("at_once", [tabs.FRAMES_AT_ONCE, 2.0], ids=["as it is", "with a tab that is always paced"])
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANSWERS, PAUSES, AWAY, WRITES)
@example([FAST, IN, LOST, IN], [0.001], [False], [(3, 0.0), (3, 0.05), (2, 0.3)])
def test_what_a_page_writes_comes_in_once_and_in_its_order_or_is_given_back(  # noqa: PLR0917 - drawn by hypothesis
    monkeypatch: pytest.MonkeyPatch,
    at_once: float,
    answers: list[str],
    pauses: list[float],
    away: list[bool],
    writes: list[tuple[int, float]],
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(tabs, "FRAMES_AT_ONCE", at_once)
        world, written = live(patch, Chance(cycle(answers), cycle(pauses), cycle(away)), writes)
    judge(world, written)


def test_a_store_that_goes_away_amid_a_batch_turns_no_order_round(monkeypatch: pytest.MonkeyPatch) -> None:
    away = [False] * 5 + [True] + [False] * 20  # as the tab waits after the second batch's empty form
    chance = Chance(cycle([BAD] * 4 + [LOST] * 3 + [IN] * 9), cycle([0.001]), cycle(away))
    with monkeypatch.context() as patch:
        patch.setattr(tabs, "FRAMES_AT_ONCE", 2.0)
        world, written = live(patch, chance, [(5, 0.0), (5, 0.05)])
    judge(world, written)


@pytest.mark.parametrize("count", [100, 300, 500])
def test_hours_of_writing_offline_come_in_whole_and_in_order(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Sixty come in at once, then one a second; all others were given back meanwhile, and come again and again."""
    with monkeypatch.context() as patch:
        chance = Chance(cycle(()), cycle([0.005]), cycle([False]))
        world, written = live(patch, chance, [(count, 0.0)], per_minute=60)
    judge(world, written)
    assert not world.page.forms
