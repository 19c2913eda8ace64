"""Who reads a room, as one worker knows it: whose page is looked at, and what the others are told of in the background.

Broadcasts do not wait for any of it. What is new is counted from the room's own count, so that a message costs nothing
for each of those who rest; how far people have read is noted for all of them at once, some time after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from quart_chat.errors import StoreAway
from quart_chat.events import get_logger
from quart_chat.live.room import LiveRoom
from quart_chat.live.wire import Broadcast, Wire
from quart_chat.pages import fragments
from quart_chat.pages.languages import Audience
from quart_chat.room.entries import NO_ENTRY, Message, order
from quart_chat.room.people import Person
from quart_chat.room.reading import MOST, NO_NEWS, News, people_meant
from quart_chat.store.reads import Reads

NOTE = 1.0  # seconds in which what people read is gathered, before it is noted; more in a full room
NOTE_PER_PERSON = 0.005
AGAIN = 5.0  # the same after the store was away
LEFT = 0.05  # the same where a tab closes: whoever opens the next page is to find where they stopped
TELL = 2.0  # seconds until a page in the background is told: what is read elsewhere meanwhile is not new to it
TELL_PER_WORK = 10.0  # of the time that telling took: a tenth of the worker at most
LAG = 1.0  # seconds between two looks for whether this worker is as far as the store
CALL_EVERY = 3.0  # seconds between two sounds for one person

logger = get_logger(__name__)

Run = Callable[[Coroutine[Any, Any, None]], object]


class ReadingTab(Protocol):
    """What is to be known of a tab. looking: its page is in the foreground; None: it never said.

    sounds: a mention may be heard there.
    """

    wire: Wire
    audience: Audience
    person: Person
    looking: bool | None
    sounds: bool


@dataclass(slots=True)
class _Reader:
    """One person. public: their id. tabs: those that said whether they are looked at.

    read: how far they have read, as far as this worker knows. news: what was new when the room had counted to `at`.
    told: what their tabs show; None: not known. called: when they last heard a sound, the loop's time.
    """

    public: str
    at: int
    read: str = NO_ENTRY
    tabs: list[ReadingTab] = field(default_factory=list)
    news: News = NO_NEWS
    told: News | None = NO_NEWS
    called: float = 0.0


class Readers:
    """The readers of one room. run: runs a short task."""

    def __init__(self, room: LiveRoom, reads: Reads, run: Run) -> None:
        self._room = room
        self._reads = reads
        self._run = run
        self._title: str | None = None  # not known before somebody says whether they look
        self._asking = False
        self._people: dict[str, _Reader] = {}
        self._lookers: set[str] = set()  # people who look at one of their tabs
        self._resters: set[str] = set()  # people who have a tab that nobody looks at
        self._count = 0  # messages that this worker has broadcast here
        self._unnoted: dict[str, str] = {}  # people who stopped looking, or wrote: how far they have read
        self._moved = False  # since those who look were noted
        self._noting: asyncio.TimerHandle | None = None
        self._telling: asyncio.TimerHandle | None = None

    # --- tabs --------------------------------------------------------------------------------------

    def enter(self, tab: ReadingTab) -> None:
        """Take a tab whose page has been sent all that there is."""
        if tab.looking is None or self._has(tab):
            return
        self.turn(tab)
        reader = self._people[tab.person.public]
        reader.told = None  # its page may show what an earlier connection told it
        self._tell_one(reader)

    def turn(self, tab: ReadingTab) -> None:
        """Note that a tab is looked at from now on, or no more."""
        public = tab.person.public
        reader = self._people.get(public)
        if reader is None:
            reader = self._people[public] = _Reader(public, self._count)
        is_new, was_looking = not reader.tabs, public in self._lookers
        if tab not in reader.tabs:
            reader.tabs.append(tab)
            if not tab.looking:
                reader.told = None
        self._sort(reader, public)
        tab.wire.write(Broadcast(fragments.looks(looking=bool(tab.looking))))
        if tab.looking or was_looking:
            self._has_read(reader)
            self._tell_one(reader)
        elif is_new:
            self._run(self._recount(public))
        self._tell_soon()
        self._ask_for_title()

    def leave(self, tab: ReadingTab, *, whole: bool) -> None:
        """Let a tab go. whole: it had been sent all that there is."""
        public = tab.person.public
        if not self._has(tab):
            return
        reader = self._people[public]
        if tab.looking and whole:
            self._has_read(reader)
            self._note_soon(LEFT)
        reader.tabs.remove(tab)
        self._sort(reader, public)
        if not reader.tabs:
            del self._people[public]

    def _has(self, tab: ReadingTab) -> bool:
        reader = self._people.get(tab.person.public)
        return reader is not None and tab in reader.tabs

    def _sort(self, reader: _Reader, public: str) -> None:
        for people, has in (
            (self._lookers, any(tab.looking for tab in reader.tabs)),
            (self._resters, any(not tab.looking for tab in reader.tabs)),
        ):
            (people.add if has else people.discard)(public)

    def _has_read(self, reader: _Reader) -> None:
        """Note that somebody has read all that the room has."""
        reader.read, reader.at, reader.news = self._room.place, self._count, NO_NEWS
        self._unnoted[reader.public] = reader.read
        self._note_soon()

    # --- what the room says ------------------------------------------------------------------------

    def take(self, messages: Sequence[Message]) -> None:
        """Take messages that have just been broadcast."""
        self._count += len(messages)
        if not self._people or not messages:
            return
        for number, message in enumerate(messages, self._count - len(messages) + 1):
            author = self._people.get(message.author)
            if author is not None and message.author not in self._lookers:  # whoever writes has read what there was
                author.read, author.at, author.news = message.id, number, NO_NEWS
                self._unnoted[message.author] = message.id
            for public in people_meant(message):
                reader = self._people.get(public)
                if reader is not None and public not in self._lookers:
                    reader.news = self._news(reader, meant=1)
                    reader.at = self._count
                    self._call(reader, message)
        self._moved |= bool(self._lookers)
        self._note_soon()
        self._tell_soon()

    def read_elsewhere(self, places: Mapping[str, str]) -> None:
        """Take how far people have read, as any worker noted it: public id to entry id."""
        for public, place in places.items():
            reader = self._people.get(public)
            if reader is None or public in self._lookers or order(place) <= order(reader.read):
                continue
            left = self._room.shown_after(place)
            reader.read, reader.at = place, self._count
            reader.news = News(min(MOST, len(left)), min(reader.news.meant, len(left)), left[0] if left else "")
            self._tell_soon()

    def restarted(self) -> None:
        """Count anew: the room goes on from another place, and nobody knows what came between."""
        for public in self._resters - self._lookers:
            self._run(self._recount(public))

    def _news(self, reader: _Reader, meant: int = 0) -> News:
        """Work out what is new to somebody by now; meant: messages that mean them, not counted yet."""
        if reader.public in self._lookers:
            return NO_NEWS
        held = reader.news
        came = self._count - reader.at
        if not came and not meant:
            return held
        first = held.first or self._room.shown_at(came)
        return News(min(MOST, held.new + came), min(MOST, held.meant + meant), first)

    async def _recount(self, public: str) -> None:
        """Ask the store what is new to somebody."""
        unread = await self._reads.unread(self._room.name, public)
        while order(self._room.place) < order(unread.end):
            await self._room.moved(LAG)  # what was counted there must not be counted here once more
        reader = self._people.get(public)
        if reader is None or public in self._lookers or unread.read is None:
            return
        if order(unread.read) >= order(reader.read):  # else it was not noted yet
            reader.read, reader.news = unread.read, unread.news
            reader.at = self._count - len(self._room.shown_after(unread.end))
            self._tell_soon()

    def _ask_for_title(self) -> None:
        if self._title is None and not self._asking:
            self._asking = True
            self._run(self._read_title())

    async def _read_title(self) -> None:
        try:
            self._title = await self._reads.title(self._room.name)
        finally:
            self._asking = False
        for reader in self._people.values():
            self._tell_one(reader)

    # --- what is noted -----------------------------------------------------------------------------

    def _note_soon(self, within: float | None = None) -> None:
        """Note how far people have read; within: seconds, None for when it is due."""
        if within is not None and self._noting is not None:
            self._noting.cancel()
            self._noting = None
        if self._noting is None and (self._unnoted or self._moved):
            delay = NOTE + NOTE_PER_PERSON * len(self._people) if within is None else within
            self._noting = asyncio.get_running_loop().call_later(delay, self._note)

    def _note(self) -> None:
        self._noting = None
        self._run(self.note())

    async def note(self) -> None:
        """Note how far people have read."""
        places, self._unnoted = self._unnoted, {}
        if self._moved:
            self._moved = False
            places |= dict.fromkeys(self._lookers, self._room.place)
        if not places:
            return
        try:
            if not await self._reads.note(self._room.name, places):
                self._unnoted = {**places, **self._unnoted}  # goes with the next: a room begins with its first message
        except StoreAway:
            self._unnoted = {**places, **self._unnoted}
            self._note_soon(AGAIN)

    # --- what is told ------------------------------------------------------------------------------

    def _tell_soon(self) -> None:
        if self._telling is None and self._resters:
            self._telling = asyncio.get_running_loop().call_later(TELL, self._tell)

    def _tell(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._ask_for_title()  # it has one since its first message
        frames: dict[tuple[News, str], Broadcast] = {}
        for public in self._resters:
            self._tell_one(self._people[public], frames)
        rest = TELL_PER_WORK * (loop.time() - began)
        self._telling = loop.call_later(rest, self._rested) if rest > TELL else None

    def _rested(self) -> None:
        self._telling = None
        self._tell_soon()

    def _tell_one(self, reader: _Reader, frames: dict[tuple[News, str], Broadcast] | None = None) -> None:
        """Show somebody's tabs what is new to them, where they do not know it; frames: what others were told."""
        news, told = self._news(reader), reader.told
        if self._title is None or news == told:
            return
        if told is not None and (news.new, news.meant) == (told.new, told.meant):
            return
        reader.told = news
        if told is not None and told.new:
            news = news._replace(first="")  # the line is where it has to be
        frames = {} if frames is None else frames
        for tab in reader.tabs:
            key = news, tab.audience.language
            if key not in frames:
                frames[key] = Broadcast(fragments.unread(self._title, *key))
            tab.wire.write(frames[key])

    def _call(self, reader: _Reader, message: Message) -> None:
        """Let somebody hear that they are meant, in one of their tabs."""
        now = asyncio.get_running_loop().time()
        tab = next((tab for tab in reader.tabs if tab.sounds), None)
        if tab is None or (reader.called and now - reader.called < CALL_EVERY):
            return
        reader.called = now
        tab.wire.write(Broadcast(fragments.called(self._room.name, message, tab.audience.language)))

    def end(self) -> None:
        """Cancel what is timed."""
        for timer in (self._noting, self._telling):
            if timer is not None:
                timer.cancel()
