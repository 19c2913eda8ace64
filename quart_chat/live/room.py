"""A room as one worker has it: its tabs, its place in the log, and the broadcasts to them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from markupsafe import Markup

from quart_chat import metrics
from quart_chat.events import get_logger
from quart_chat.kept import Kept
from quart_chat.live.crier import Crier
from quart_chat.live.wire import Broadcast, Wire, told
from quart_chat.pages import faces, fragments
from quart_chat.pages.languages import Audience
from quart_chat.room.aloud import Line
from quart_chat.room.digest import Digest, digest
from quart_chat.room.entries import NO_ENTRY, Entry, Message, order
from quart_chat.room.places import Timeline
from quart_chat.store.presence import Here

BATCH = 100  # entries of one broadcast
REST = 0.001  # seconds, at least, between two broadcasts of a room: what comes meanwhile goes out as one
REST_BUSY = 0.005  # seconds, at least, after a broadcast of several
REST_PER_WORK = 1.0  # of the time that a broadcast of several took: a room has half of its worker at most
LIVE_ROWS = 250  # messages that a page keeps below its open history
TRIM_EVERY = 50  # messages between two trims
REPLAYS = 16  # that a room keeps, and
REPLAYS_LENGTH = 1_000_000  # characters of them
TYPING = 5.0  # seconds that somebody counts as typing after their last word of it
MAX_TYPISTS = 20  # that are remembered; more than three are not named anyway

logger = get_logger(__name__)


class Listener(Protocol):
    """Who is told of what a room has broadcast."""

    def take(self, news: Digest) -> None:
        """Messages and changes were broadcast."""

    def restarted(self) -> None:
        """The room goes on from another place."""


class Seat(Protocol):
    """What a room knows of a tab: where to write, and in which language and time zone."""

    wire: Wire
    audience: Audience


class LiveRoom:
    """One room of a worker.

    timeline: its newest entries, as far as they were broadcast; its place is every live tab's place.
    ready: set once the subscription is confirmed and the place is known. told: how many messages were broadcast.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.timeline = Timeline()
        self.ready = asyncio.Event()
        self.told = 0
        self.here = Here()
        self.listener: Listener | None = None
        self._tabs: dict[Audience, dict[Seat, Wire]] = {}
        self._pending: deque[Entry] = deque()
        self._resting: asyncio.TimerHandle | None = None
        self._acks: dict[Seat, deque[tuple[str, str]]] = {}  # (id, nonce) that a tab waits to hear of, oldest first
        self._moved: list[asyncio.Future[None]] = []
        self._shown: deque[str] = deque(maxlen=LIVE_ROWS + TRIM_EVERY)  # ids of the newest messages
        self._untrimmed = 0
        self._states: dict[tuple[str, str], Broadcast] = {}  # by language and face
        self._replays: Kept[tuple[str, str, Audience], Broadcast] = Kept(REPLAYS, REPLAYS_LENGTH)
        self._told_from = NO_ENTRY  # what came before it is asked of the log
        self._crier = Crier(self._announce)
        self._typists: dict[str, tuple[str, asyncio.TimerHandle]] = {}

    # --- tabs --------------------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """The id of the last entry that every live tab has been sent."""
        return self.timeline.place

    @property
    def tail(self) -> str:
        """The id of the last entry that this worker knows."""
        return self._pending[-1].id if self._pending else self.place

    def add(self, tab: Seat) -> None:
        """Let a tab in whose place is the room's."""
        self._tabs.setdefault(tab.audience, {})[tab] = tab.wire

    def remove(self, tab: Seat) -> None:
        """Let a tab go."""
        tabs = self._tabs.get(tab.audience)
        if tabs is not None:
            tabs.pop(tab, None)
            if not tabs:
                del self._tabs[tab.audience]

    # --- entries -----------------------------------------------------------------------------------

    def start(self, entries: Iterable[Entry], place: str) -> None:
        """Begin, or begin anew, at a place; entries: what led to it, as far as known."""
        entries = tuple(entries)
        self._pending.clear()
        self.timeline.restart(entries, place)
        self._told_from = NO_ENTRY
        self._shown.clear()
        self._shown.extend(entry.id for entry in entries if entry.message is not None)
        self.ready.set()
        self._arrived()
        if self.listener is not None:
            self.listener.restarted()

    def take(self, entries: Iterable[Entry]) -> bool:
        """Take entries from the feed or the log; False where some before them are missing."""
        for entry in entries:
            tail = self.tail
            if entry.prev == tail:
                self._pending.append(entry)
            elif order(entry.id) > order(tail):
                return False
        if self._pending and self._resting is None:
            self._flush()
        return True

    def _flush(self) -> None:
        """Broadcast what has gathered; the first change in a quiet room comes here at once."""
        loop = asyncio.get_running_loop()
        self._resting = None
        if not self._pending:
            return
        started = loop.time()
        batch = [self._pending.popleft() for _ in range(min(BATCH, len(self._pending)))]
        news = digest(batch)
        place = batch[-1].id
        trim = self._trim(news.messages)
        said = self._crier.take(news)
        hushed = [message for message in news.messages if self._hush(message.author)]

        def render(audience: Audience) -> str:
            face = faces.of(audience)
            shown = face.appended(self.name, news, place, audience)
            if trim is not None:
                shown += face.trimmed(self.name, trim, audience.language)
            if said:
                shown += face.aloud(said, audience.language)
            if hushed:
                shown += face.typing(self.typists(), audience.language)
            return shown

        try:
            self.broadcast(render)
        except Exception:
            # what cannot be rendered must not hold up what comes after it
            logger.exception("room.render.failed", room=self.name)
        took = loop.time() - started
        metrics.FANOUT.observe(took)
        metrics.BATCH.observe(len(batch))
        metrics.DELIVERIES.inc(len(news.messages) * sum(map(len, self._tabs.values())))
        self.told += len(news.messages)
        for entry in batch:
            self.timeline.take(entry)
        self._arrived()
        if self.listener is not None:
            try:
                self.listener.take(news)
            except Exception:
                # whoever listens must not hold up the room
                logger.exception("room.listener.failed", room=self.name)
        # The fuller the room the longer the rest and the larger the batch: no room takes the worker for itself. One
        # message alone is no load: what follows it need not wait.
        busy = max(REST_BUSY, REST_PER_WORK * took)
        rest = busy if len(batch) > 1 else REST
        self._resting = loop.call_later(rest, self._flush)

    def forget(self) -> None:
        """Tell nobody any more what led to the room's place: the log may tell it otherwise by now."""
        self._told_from = self.place
        self._replays = Kept(REPLAYS, REPLAYS_LENGTH)

    def lost(self, entries: Sequence[Entry], end: str) -> int:
        """Count the entries that were broadcast here and that the log has no more.

        entries: the log's newest ones, oldest first; end: its newest id.
        """
        if not entries:
            return len(self.timeline.held()) if order(end) < order(self.place) else 0
        known = {entry.id for entry in entries}
        first = order(entries[0].id)
        return sum(entry.id not in known and order(entry.id) >= first for entry in self.timeline.held())

    def replay(self, since: str, audience: Audience) -> Broadcast | None:
        """Give what a tab at `since` has missed up to the room's place; None where that is not at hand.

        When a worker ends, its tabs come here all at once, and most stand at the same place: one rendering serves them.
        """
        key = since, self.place, audience
        replay = self._replays.get(key)
        if replay is None:
            entries = self.timeline.after(since) if order(since) >= order(self._told_from) else None
            if entries is None:
                return None
            shown = faces.of(audience).replayed(self.name, digest(entries), self.place, audience)
            replay = told(shown, audience)
            self._replays.put(key, replay, len(replay.text))
        return replay

    def _trim(self, messages: Sequence[Message]) -> str | None:
        """Note what is shown; now and then give the id of the oldest message that pages are to keep."""
        self._shown.extend(message.id for message in messages)
        self._untrimmed += len(messages)
        if self._untrimmed < TRIM_EVERY or len(self._shown) <= LIVE_ROWS:
            return None
        self._untrimmed = 0
        return self._shown[-LIVE_ROWS]

    def broadcast(self, render: Callable[[Audience], str]) -> None:
        """Send every live tab what is rendered once for its audience."""
        for audience, tabs in list(self._tabs.items()):
            text = told(render(audience), audience)
            with text.to_many(len(tabs)):
                for wire in list(tabs.values()):
                    try:
                        wire.write(text)
                    except Exception:
                        # one tab's transport must not end the room's broadcast
                        logger.exception("tab.write.failed")

    # --- who waits for the room's place ---------------------------------------------------------------

    def acknowledge(self, kept: Iterable[tuple[str, str]], tab: Seat) -> None:
        """Send a tab its acknowledgements once the room has been sent these entries: (id, nonce), oldest first."""
        self._acks.setdefault(tab, deque()).extend(kept)
        self._send_acks(tab, order(self.place))

    def _send_acks(self, tab: Seat, place: tuple[int, int]) -> None:
        waiting = self._acks[tab]
        reached: list[Markup] = []
        while waiting and order(waiting[0][0]) <= place:
            reached.append(fragments.acknowledged(waiting.popleft()[1]))
        if not waiting:
            del self._acks[tab]
        if reached:
            tab.wire.write(Broadcast("".join(reached)))

    def forget_acks(self, tab: Seat) -> None:
        """Forget what a tab that left was waiting for."""
        self._acks.pop(tab, None)

    async def moved(self, within: float) -> None:
        """Wait until the place has changed; within: seconds after which it looks again anyway."""
        waiter = asyncio.get_running_loop().create_future()
        self._moved.append(waiter)
        try:
            async with asyncio.timeout(within):
                await waiter
        except TimeoutError:
            pass
        finally:
            if waiter in self._moved:
                self._moved.remove(waiter)

    def _arrived(self) -> None:
        place = order(self.place)
        for tab in list(self._acks):
            self._send_acks(tab, place)
        woken, self._moved = self._moved, []
        for waiter in woken:
            if not waiter.done():
                waiter.set_result(None)

    # --- states ------------------------------------------------------------------------------------

    def show_here(self, here: Here) -> None:
        """Take the newest snapshot of who is here, and show what changed of it."""
        before, self.here = self.here, here
        if here == before:
            return
        self._states.clear()
        named = len(here.people)
        if here.people == before.people and before.count > named < here.count:
            # in a full room people come and go all the time, mostly among those that are not named: 10 KB a tab less
            self.broadcast(lambda audience: faces.of(audience).crowd(named, here.count, audience.language))
        else:
            self.broadcast(lambda audience: faces.of(audience).people(here.people, here.count, audience.language))

    def typists(self) -> list[tuple[str, str]]:
        """Who is typing: (public id, name)."""
        return [(person, name) for person, (name, _) in self._typists.items()]

    def states(self, audience: Audience) -> Broadcast:
        """Give who is here and who is typing, for a tab that comes in; rendered once for the many that come at once."""
        face, language = faces.of(audience), audience.language
        key = language, audience.face
        if key not in self._states:
            people = face.people(self.here.people, self.here.count, language)
            self._states[key] = told(people + face.typing(self.typists(), language), audience)
        return self._states[key]

    def types(self, person: str, name: str) -> None:
        """Note that somebody is typing; it ends by itself."""
        loop = asyncio.get_running_loop()
        known = self._typists.get(person)
        if known is not None:
            known[1].cancel()
        elif len(self._typists) >= MAX_TYPISTS:
            return
        self._typists[person] = (name, loop.call_later(TYPING, self._stopped, person))
        self._states.clear()
        if known is None or known[0] != name:
            self._show_typing()

    def _stopped(self, person: str) -> None:
        if self._hush(person):
            self._show_typing()

    def _hush(self, person: str) -> bool:
        known = self._typists.pop(person, None)
        if known is not None:
            known[1].cancel()
            self._states.clear()
        return known is not None

    def _announce(self, said: Sequence[Line]) -> None:
        self.broadcast(lambda audience: faces.of(audience).aloud(said, audience.language))

    def _show_typing(self) -> None:
        self.broadcast(lambda audience: faces.of(audience).typing(self.typists(), audience.language))

    def end(self) -> None:
        """Cancel what is still timed."""
        for _, timer in self._typists.values():
            timer.cancel()
        self._crier.end()
        if self._resting is not None:
            self._resting.cancel()
