"""A worker's live floor over a real store, with wires that end in the model of a page."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from quart_chat.live.asker import Asker
from quart_chat.live.changer import Changer
from quart_chat.live.company import Company
from quart_chat.live.hub import Hub
from quart_chat.live.leftovers import Leftovers
from quart_chat.live.phrases import Phrases
from quart_chat.live.prover import Prover
from quart_chat.live.sayer import Sayer
from quart_chat.live.stream import WAITING
from quart_chat.live.tab import Tab
from quart_chat.live.warden import Warden
from quart_chat.live.wire import Broadcast, Gone
from quart_chat.pages.languages import Audience
from quart_chat.room.entries import NO_ENTRY, Entry, Message
from quart_chat.room.people import Person, new_id
from quart_chat.shelf.shelf import Shelf
from quart_chat.store.archive import Archive
from quart_chat.store.deeds import Deeds
from quart_chat.store.feed import Feed
from quart_chat.store.holdings import Holdings
from quart_chat.store.limits import Limits
from quart_chat.store.log import Log, Retention
from quart_chat.store.people import People
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.reads import Reads
from quart_chat.store.rules import RoomRules
from quart_chat.store.servers import servers
from tests.promise.page import Page
from tests.store.valkey import Valkey

PATIENCE = 10.0  # seconds until a test gives a state up
ENGLISH = Audience("en", "UTC")
ANA = "a" * 16  # public ids
EVA = "e" * 16
KEY = "the key of these workers"


def somebody(name: str = "Ana") -> Person:
    return Person(new_id(), name)


def no_files(pipeline: Pipeline) -> Leftovers:
    """Make what takes files away, where there are none."""
    return Leftovers(Holdings(pipeline), Shelf(None, Path("/nonexistent")))


def page_at(place: str = NO_ENTRY) -> Page:
    """Make a page whose list is still empty."""
    return Page(f'<input id="since" value="{place}"><ol id="log"></ol>')


def entry(number: int, *, author: str = ANA, text: str | None = None) -> Entry:
    """Make the entry of that number, from 1, in a chain without gaps."""
    entry_id = f"{number}-0"
    message = Message(entry_id, 1000 * number, author, "Ana", text or f"t{number}", None)
    return Entry(entry_id, f"{number - 1}-0", message)


def chain(first: int, last: int) -> list[Entry]:
    return [entry(number) for number in range(first, last + 1)]


async def until(seen: Callable[[], object], what: str = "", patience: float = PATIENCE) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + patience
    while not seen():
        assert time.monotonic() < deadline, f"never saw: {what or seen}"
        await asyncio.sleep(0.002)


class PageWire:
    """A `Wire` that ends in a page.

    taking: while it is clear, what is sent and awaited stays on its way.
    """

    def __init__(self, page: Page | None = None) -> None:
        self.page = page or page_at()
        self.frames: list[str] = []
        self.broadcasts: list[Broadcast] = []
        self.codes: list[int] = []
        self.taking = asyncio.Event()
        self.taking.set()
        self.gone = False
        self._sent: asyncio.Queue[str | bytes] = asyncio.Queue()

    def put(self, frame: str | bytes | None = None, **fields: object) -> None:
        """Send as the page would: a form's fields, or any frame."""
        self._sent.put_nowait(json.dumps(fields) if frame is None else frame)

    @property
    def served(self) -> bool:
        """Whether all that the page sent has been taken."""
        return self._sent.empty()

    def holding(self, mark: str) -> list[str]:
        return [frame for frame in self.frames if mark in frame]

    async def receive(self) -> list[str | bytes]:
        taken = [await self._sent.get()]
        while not self._sent.empty() and len(taken) < WAITING:
            taken.append(self._sent.get_nowait())
        return taken

    async def send(self, broadcast: Broadcast) -> None:
        await self.taking.wait()
        if self.gone:
            raise Gone("it left")
        self._take(broadcast.text)

    def write(self, broadcast: Broadcast) -> None:
        self.broadcasts.append(broadcast)
        self._take(broadcast.text)

    async def close(self, code: int) -> None:
        self.codes.append(code)

    def _take(self, text: str) -> None:
        self.frames.append(text)
        self.page.apply(text)


@dataclass(eq=False)
class BareTab:
    """What a room sees of a tab."""

    wire: Any = field(default_factory=PageWire)
    audience: Audience = ENGLISH

    @property
    def page(self) -> Page:
        page: Page = self.wire.page
        return page


class Ear:
    """Stands between the feed and the hub.

    drop: says which entries are lost on the way.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.drop: Callable[[Entry], bool] = lambda _: False
        self.heard: list[Entry] = []
        self.confirmations: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hub, name)

    def confirmed(self, room: str) -> None:
        self.confirmations.append(room)
        self._hub.confirmed(room)

    def entries(self, room: str, entries: Sequence[Entry]) -> None:
        self.heard.extend(entries)
        if kept := [entry for entry in entries if not self.drop(entry)]:
            self._hub.entries(room, kept)


class SlowLog(Log):
    """A log whose answers can be held back after they were read.

    reading: while it is clear, answers are on their way. read: how many were.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.reading = asyncio.Event()
        self.reading.set()
        self.read = 0

    async def end(self, *args: Any) -> Any:
        return await self._held(super().end(*args))

    async def tail(self, *args: Any) -> Any:
        return await self._held(super().tail(*args))

    async def _held(self, answer: Any) -> Any:
        found = await answer
        self.read += 1
        await self.reading.wait()
        return found


def _now() -> int:
    return time.time_ns() // 1_000_000


class Worker:
    """A hub with its feed, running.

    per_minute: messages of a person, 0 for no limit.
    """

    def __init__(self, valkey: Valkey, name: str = "w1", *, per_minute: int = 0) -> None:
        store = servers(valkey.url)
        self._pipeline = pipeline = Pipeline(store)
        self.log = SlowLog(pipeline, Retention(10_000, 0))
        self.feed = Feed(store, pipeline, name)
        self.presence = Presence(pipeline, name)
        self.rules = rules = RoomRules(pipeline, _now)
        reads = Reads(pipeline, People(pipeline), 0, _now)
        self.hub = Hub(self.log, self.feed, self.presence, reads, rules, worker=name)
        self.ear = Ear(self.hub)
        limits = Limits(pipeline, name, 0)
        archive = Archive(pipeline, Retention(10_000, 0))
        phrases = Phrases()
        self.warden = Warden(
            self.rules, People(pipeline), archive, leftovers=no_files(pipeline), limits=limits, phrases=phrases
        )
        self.asker = Asker(self.rules, limits, (KEY,), _now)
        company = Company(self.log, self.presence)
        self.changer = Changer(
            self.log,
            limits,
            company,
            no_files(pipeline),
            rules,
            characters=4000,
            per_minute=0,
            keep_versions=False,
            clock=_now,
        )
        self.sayer = Sayer(
            self.log,
            self.feed,
            People(pipeline),
            limits,
            self.changer,
            company=company,
            rules=rules,
            prover=Prover(Deeds(pipeline), People(pipeline), self.feed, limits, phrases),
            characters=4000,
            per_minute=per_minute,
            rooms_per_hour=0,
            file_bytes=0,
            clock=_now,
        )
        self._serving: dict[Tab, asyncio.Task[None]] = {}
        self._feeding: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._feeding = asyncio.create_task(self.feed.run(self.ear))
        await until(lambda: self.hub.away is None, "the store")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for tab in list(self._serving):
            await self.disconnect(tab)
        assert self._feeding is not None
        self._feeding.cancel()
        await asyncio.gather(self._feeding, return_exceptions=True)
        await self.hub.close()
        await self._pipeline.aclose()

    def connect(self, room: str, page: Page | None = None, person: Person | None = None, *, resume: bool = True) -> Tab:
        """Serve a page's socket; resume: send what the page sends first."""
        wire = PageWire(page)
        tab = Tab(
            self.hub, self.sayer, wire, room=room, person=person or somebody(), audience=ENGLISH, address="127.0.0.1"
        )
        self._serving[tab] = asyncio.create_task(self._serve(tab))
        if resume:
            wire.put(act="resume", since=wire.page.place)
        return tab

    async def _serve(self, tab: Tab) -> None:
        with suppress(Gone):
            await tab.run()

    async def enter(self, room: str, page: Page | None = None, person: Person | None = None) -> Tab:
        """Connect a page, and wait until its tab is live."""
        tab = self.connect(room, page, person)
        await until(lambda: tab.live is not None, "that the tab is live")
        return tab

    async def disconnect(self, tab: Tab) -> None:
        """Lose a tab's socket."""
        task = self._serving.pop(tab)
        task.cancel()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
        assert outcome is None or isinstance(outcome, asyncio.CancelledError), outcome

    async def say(self, room: str, *texts: str) -> list[str]:
        """Append messages of somebody without a tab; give their ids."""
        return [(await self.log.append(room, EVA, "Eva", text, f"n-{text}"))[0] for text in texts]


def page(tab: Tab) -> Page:
    return wire(tab).page


def wire(tab: Tab) -> PageWire:
    assert isinstance(tab.wire, PageWire)
    return tab.wire


async def see(tabs: Iterable[Tab], texts: list[str]) -> None:
    """Wait until pages list these texts, and complain of what is wrong with them."""
    for tab in tabs:
        await until(lambda tab=tab: page(tab).texts == texts or page(tab).faults, f"{texts}, but {page(tab).texts}")
        assert not page(tab).faults
