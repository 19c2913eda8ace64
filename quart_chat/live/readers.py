"""Who reads a room, as one worker knows it: whose page is looked at, and what the others are told in the background.

Broadcasts do not wait for any of it. What is new to somebody is counted from the room's newest messages, which all
share; how far people have read is noted for all of them at once, some time after.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from quart_chat.errors import StoreAway
from quart_chat.events import get_logger
from quart_chat.live.room import LiveRoom
from quart_chat.live.wire import Broadcast, Wire
from quart_chat.pages import fragments
from quart_chat.pages.dress import PLAIN, Dress
from quart_chat.pages.languages import Audience
from quart_chat.room.digest import Digest
from quart_chat.room.entries import NO_ENTRY, PAST_ALL, Change, Message, order
from quart_chat.room.people import Person
from quart_chat.room.reading import MOST, NO_NEWS, RECENT, News, Recent
from quart_chat.store.log import Log
from quart_chat.store.reads import Reads

NOTE = 1.0  # seconds in which what people read is gathered, before it is noted; more in a full room:
NOTE_PER_PERSON = 0.0005  # a thousand people take the store 2.5 ms
LEFT = 0.05  # seconds in which those are noted whose tab has closed: their next page is to know where they stopped
AGAIN = 5.0  # seconds after which the store is asked again, where it was away
TELL = 1.0  # seconds, and those until others have noted it: what is read elsewhere meanwhile is not new to a page
TELL_PER_WORK = 10.0  # of the CPU time that telling took: a tenth of the worker at most

logger = get_logger(__name__)

Run = Callable[[Coroutine[Any, Any, None]], object]


class ReadingTab(Protocol):
    """What is to be known of a tab. looking: its page is in the foreground; None: it never said.

    live: the room while broadcasts reach it. sounds: a mention may be heard there. since: where its page stood as it
    connected again; None where it did not.
    """

    wire: Wire
    audience: Audience
    person: Person
    live: LiveRoom | None
    looking: bool | None
    sounds: bool
    since: str | None


@dataclass(slots=True)
class _Reader:
    """One person. tabs: those that said whether they are looked at. away: those of them that may be back in a moment.

    came: where the room was as the first of them said so, or where its page stood as that connected again.
    heard: where the room was then, or the last mention that was to be heard.
    read: how far they have read; known: as far as the store knows, too.
    missed: where a page stood that was looked at while its connection was gone; "" for none.
    told: what their tabs show; None: not known.
    """

    public: str
    came: str
    heard: str
    tabs: list[ReadingTab] = field(default_factory=list)
    away: list[ReadingTab] = field(default_factory=list)
    read: str = NO_ENTRY
    known: bool = False
    missed: str = ""
    told: News | None = NO_NEWS


class Readers:
    """The readers of one room. run: runs a short task."""

    def __init__(self, room: LiveRoom, reads: Reads, log: Log, run: Run, dress: Dress = PLAIN) -> None:
        self._room = room
        self._reads = reads
        self._log = log
        self._run = run
        self._dress = dress
        self._title: str | None = None  # a room has none before its first message
        self._recent = Recent()
        self._seeded = False  # what is remembered is all that there was
        self._forgotten = 0  # times that it was forgotten: what was being read then is of no use
        self._late: list[Change] = []  # that came while it was read
        self._people: dict[str, _Reader] = {}
        self._lookers: set[str] = set()  # people who look at one of their tabs
        self._resters: set[str] = set()  # people who have a tab that nobody looks at
        self._asked: set[str] = set()  # people of whom the store has still to say how far they have read
        self._asking = False
        self._aside: dict[str, _Reader] = {}  # people all of whose tabs are away, until these are back or gone for good
        self._unnoted: dict[str, str] = {}  # people who stopped looking, or wrote: how far they have read
        self._moved = False  # since those who look were noted
        self._noting: asyncio.TimerHandle | None = None
        self._leaving: asyncio.TimerHandle | None = None
        self._telling: asyncio.TimerHandle | None = None
        self._ended = False

    # --- tabs --------------------------------------------------------------------------------------

    def enter(self, tab: ReadingTab) -> None:
        """Take a tab whose page has been sent all that there is."""
        if tab.looking is None or self._has(tab):
            return
        reader = self._seat(tab)
        reader.told = None  # its page may show what an earlier connection told it
        if tab.looking and tab.since is not None:
            reader.missed = tab.since
        self._turned(tab, reader)

    def turn(self, tab: ReadingTab) -> None:
        """Note that a tab is looked at from now on, or no more; one that is not let in yet is taken as it is then."""
        if self._has(tab):
            reader = self._people[tab.person.public]
        elif tab.live is not None:
            reader = self._seat(tab)
            reader.told = reader.told if tab.looking else None
        else:
            return
        reader.missed = ""  # a line that could not be told until now would be one that nobody understands
        self._turned(tab, reader)

    def _turned(self, tab: ReadingTab, reader: _Reader) -> None:
        was_looking = reader.public in self._lookers
        self._sort(reader)
        self._write(tab, Broadcast(fragments.looks(looking=bool(tab.looking))))
        if tab.looking or was_looking:
            self._has_read(reader)
            self._note_soon()
        elif not reader.known:
            self._asked.add(reader.public)
        if tab.looking and self._seeded:
            self._tell_one(reader, {})
        self._ask()
        self._tell_soon()

    def leave(self, tab: ReadingTab, *, whole: bool, returns: bool = False) -> None:
        """Let a tab go. whole: it had been sent all that there is. returns: it is back in a moment, or leaves."""
        if not self._has(tab):
            self._give_up(tab)
            return
        reader = self._people[tab.person.public]
        if tab.looking and whole:
            self._has_read(reader)
        if reader.public in self._unnoted and self._leaving is None:
            self._leaving = asyncio.get_running_loop().call_later(LEFT, self._note_left)
        reader.tabs.remove(tab)
        if returns:
            reader.away.append(tab)
        self._sort(reader)
        if not reader.tabs:
            del self._people[reader.public]
            self._asked.discard(reader.public)
            if reader.away:
                self._aside[reader.public] = reader

    def _give_up(self, tab: ReadingTab) -> None:
        """Forget a tab that was to be back; with the last of them goes what is known of who had it."""
        public = tab.person.public
        reader = self._people.get(public) or self._aside.get(public)
        if reader is not None and tab in reader.away:
            reader.away.remove(tab)
            if not reader.away:
                self._aside.pop(public, None)

    def read_by(self, public: str) -> str | None:
        """Tell how far somebody has read, where this worker knows it better than the store; None where it does not."""
        if public in self._lookers:
            return self._room.place
        reader = self._people.get(public)
        return reader.read if reader is not None and reader.known else self._unnoted.get(public)

    def _seat(self, tab: ReadingTab) -> _Reader:
        public = tab.person.public
        reader = self._people.get(public)
        if reader is None and public in self._aside:
            reader = self._people[public] = self._aside.pop(public)
            reader.known = False  # they may have read on elsewhere meanwhile
        elif reader is None:
            place = self._room.place
            came = place if tab.since is None else min(tab.since, place, key=order)
            reader = self._people[public] = _Reader(public, came, heard=place)
        if tab in reader.away:
            reader.away.remove(tab)
        reader.tabs.append(tab)
        return reader

    def _has(self, tab: ReadingTab) -> bool:
        reader = self._people.get(tab.person.public)
        return reader is not None and tab in reader.tabs

    def _sort(self, reader: _Reader) -> None:
        for people, has in (
            (self._lookers, any(tab.looking for tab in reader.tabs)),
            (self._resters, any(not tab.looking for tab in reader.tabs)),
        ):
            (people.add if has else people.discard)(reader.public)

    def _has_read(self, reader: _Reader) -> None:
        """Note that somebody has read all that the room has."""
        reader.read, reader.known = self._room.place, True
        self._unnoted[reader.public] = reader.read

    # --- what the room says ------------------------------------------------------------------------

    def take(self, news: Digest) -> None:
        """Take what has just been broadcast."""
        if not self._people:
            self._forget()
            return
        self._recent.take(news.messages)
        for change in news.changes:
            self._recent.change(change)
        if not self._seeded:
            self._late += news.changes
        for message in news.messages:
            author = self._people.get(message.author)
            if author is not None and message.author not in self._lookers:  # whoever writes has read what there was
                author.read, author.known = message.id, True
                self._unnoted[message.author] = message.id
        self._moved |= bool(self._lookers)
        self._note_soon()
        self._tell_soon()

    def read_elsewhere(self, places: Mapping[str, str]) -> None:
        """Take how far people have read, as any worker noted it: public id to entry id."""
        for public, place in places.items():
            reader = self._people.get(public)
            if reader is not None and public not in self._lookers and order(place) > order(reader.read):
                reader.read, reader.known = place, True
                self._tell_soon()

    def restarted(self) -> None:
        """Begin anew: the room goes on from another place, and nobody knows what came between."""
        self._forget()
        for public in self._resters - self._lookers:
            self._people[public].known = False
            self._asked.add(public)
        self._ask()

    def look_again(self) -> None:
        """Count from what the room has now: it has lost some."""
        self._forget()
        self._ask()

    def _forget(self) -> None:
        self._recent.clear()
        self._late.clear()
        self._seeded = False
        self._forgotten += 1

    # --- what the store says -----------------------------------------------------------------------

    def _ask(self) -> None:
        """Ask the store for what is not known: the newest messages, and how far people have read."""
        if not self._asking and not self._ended and (self._asked or not self._seeded):
            self._asking = True
            self._run(self._read_all())

    async def _read_all(self) -> None:
        try:
            while not self._ended and self._people and (self._asked or not self._seeded):
                try:
                    await self._read_some()
                except StoreAway:
                    await asyncio.sleep(AGAIN)
        finally:
            self._asking = False
        self._tell()

    async def _read_some(self) -> None:
        if not self._seeded:
            self._late.clear()
            forgotten = self._forgotten
            # not as a newest page, of which a worker keeps as many as it has memory for
            name = self._room.name
            page, titles = await asyncio.gather(self._log.before(name, PAST_ALL, RECENT), self._log.titles([name]))
            self._title = titles.get(name, self._title)
            if forgotten == self._forgotten:
                self._recent.take(page.messages)
                self._recent.cut |= page.more
                for change in self._late:
                    self._recent.change(change)
                self._seeded = True
            # else what came meanwhile was forgotten, and is not in what was read: it is read once more
        asked = list(self._asked)
        found = await self._reads.places(self._room.name, asked)
        self._asked.difference_update(asked)
        for public, place in found.items():
            reader = self._people.get(public)
            if reader is None or reader.known:
                continue
            # where nothing is known of somebody, nothing was new to them as they came
            reader.read, reader.known = max(reader.read, place or reader.came, key=order), True

    # --- what is noted -----------------------------------------------------------------------------

    @property
    def _due(self) -> float:
        """Seconds in which what people read is noted."""
        return NOTE + NOTE_PER_PERSON * len(self._people)

    def _note_soon(self, within: float | None = None) -> None:
        if self._noting is None and (self._unnoted or self._moved):
            self._noting = asyncio.get_running_loop().call_later(within or self._due, self._note)

    def _note(self) -> None:
        self._noting = None
        self._run(self.note())

    def _note_left(self) -> None:
        self._leaving = None
        self._run(self._note_places())

    async def note(self) -> None:
        """Note how far people have read, those who look among them."""
        if self._moved:
            self._moved = False
            self._unnoted |= dict.fromkeys(self._lookers, self._room.place)
        await self._note_places()

    async def _note_places(self) -> None:
        places, self._unnoted = self._unnoted, {}
        if not places:
            return
        try:
            if not await self._reads.note(self._room.name, places):
                # a room begins with its first message: whoever is still there is noted then
                places = {public: place for public, place in places.items() if public in self._people}
                self._unnoted = {**places, **self._unnoted}
        except StoreAway:
            self._unnoted = {**places, **self._unnoted}
            self._note_soon(AGAIN)

    # --- what is told ------------------------------------------------------------------------------

    def _tell_soon(self) -> None:
        if self._telling is None and self._resters:
            self._telling = asyncio.get_running_loop().call_later(self._due + TELL, self._tell_in_turn)

    def _tell_in_turn(self) -> None:
        self._telling = None
        began = time.thread_time()  # no clock of the wall: a machine that stood still has not worked
        if self._title is None:
            self._seeded = False  # it has one since its first message
        if self._seeded:
            self._tell()
        else:
            self._ask()
        rest = TELL_PER_WORK * (time.thread_time() - began)
        if rest > TELL:
            self._telling = asyncio.get_running_loop().call_later(rest, self._rested)

    def _rested(self) -> None:
        self._telling = None
        self._tell_soon()

    def _tell(self) -> None:
        """Show everybody's tabs what is new to them."""
        frames: dict[tuple[News, str], Broadcast] = {}
        for reader in list(self._people.values()):
            if reader.told is None or reader.public in self._resters:
                self._tell_one(reader, frames)

    def _tell_one(self, reader: _Reader, frames: dict[tuple[News, str], Broadcast]) -> None:
        """Show somebody's tabs what is new to them, where they do not show it; frames: what others were told."""
        if self._title is None or not reader.known:
            return
        looking, told = reader.public in self._lookers, reader.told
        news = NO_NEWS if looking else self._recent.news(reader.read, reader.public)
        if told is not None and _same(news, told):
            return
        reader.told = news
        shown = news
        if looking and reader.missed:
            shown = news._replace(first=self._recent.news(reader.missed, reader.public).first)
            reader.missed = ""
        elif told is not None and news.first == told.first:
            shown = news._replace(first="")  # the line is where it has to be
        for tab in reader.tabs:
            key = shown, tab.audience.language
            if key not in frames:
                frames[key] = Broadcast(fragments.unread(self._title, *key, self._dress))
            self._write(tab, frames[key])
        message = self._recent.last_meaning(reader.public) if news.meant else None
        if message is not None and order(message.id) > order(reader.heard):
            reader.heard = message.id
            self._run(self._call(reader, message))

    async def _call(self, reader: _Reader, message: Message) -> None:
        """Let somebody hear that a message means them, in one of their tabs."""
        tab = next((tab for tab in reader.tabs if tab.sounds), None)
        if tab is not None and await self._reads.may_call(reader.public):
            self._write(tab, Broadcast(fragments.called(self._room.name, message, tab.audience.language)))

    def _write(self, tab: ReadingTab, told: Broadcast) -> None:
        try:
            tab.wire.write(told)
        except Exception:
            # one tab's transport must not keep the others from being told
            logger.exception("tab.write.failed")

    async def part(self) -> None:
        """End: cancel what is timed, and note what was read."""
        self._ended = True
        for timer in (self._noting, self._leaving, self._telling):
            if timer is not None:
                timer.cancel()
        await self.note()


def _same(news: News, told: News) -> bool:
    """Tell whether a page that shows one shows the other; from MOST on the first is not looked for any more."""
    if (news.new, news.meant) != (told.new, told.meant):
        return False
    return news.first == told.first or news.new == MOST
