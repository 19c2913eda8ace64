"""A room as one worker has it: its tabs, its place in the log, and the broadcasts to them."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from markupsafe import Markup

from quart_chat.live.wire import Broadcast, Wire
from quart_chat.pages import fragments
from quart_chat.pages.languages import Audience
from quart_chat.room.entries import Entry, Message, order
from quart_chat.room.places import Timeline
from quart_chat.store.presence import Here

BATCH = 100  # entries of one broadcast
REST = 0.002  # seconds, at least, between two broadcasts of a room: what comes meanwhile goes out as one
LIVE_ROWS = 250  # messages that a page keeps below its open history
TRIM_EVERY = 50  # messages between two trims
TYPING = 5.0  # seconds that somebody counts as typing after their last word of it
MAX_TYPISTS = 20  # that are remembered; more than three are not named anyway

logger = logging.getLogger(__name__)


class Seat(Protocol):
    """What a room knows of a tab: where to write, and in which language and time zone."""

    wire: Wire
    audience: Audience


class LiveRoom:
    """One room of a worker.

    timeline: its newest entries, as far as they were broadcast; its place is every live tab's place.
    ready: set once the subscription is confirmed and the place is known.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.timeline = Timeline()
        self.ready = asyncio.Event()
        self.here = Here()
        self._tabs: dict[Audience, set[Seat]] = {}
        self._pending: deque[Entry] = deque()
        self._resting: asyncio.TimerHandle | None = None
        self._acks: deque[tuple[tuple[int, int], Seat, Callable[[], str]]] = deque()
        self._moved: list[asyncio.Future[None]] = []
        self._shown: deque[str] = deque(maxlen=LIVE_ROWS + TRIM_EVERY)  # ids of the newest messages
        self._untrimmed = 0
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

    def tabs(self) -> Iterator[Seat]:
        """Give all live tabs."""
        for tabs in self._tabs.values():
            yield from tabs

    def add(self, tab: Seat) -> None:
        """Let a tab in whose place is the room's."""
        self._tabs.setdefault(tab.audience, set()).add(tab)

    def remove(self, tab: Seat) -> None:
        """Let a tab go."""
        tabs = self._tabs.get(tab.audience)
        if tabs is not None:
            tabs.discard(tab)
            if not tabs:
                del self._tabs[tab.audience]

    # --- entries -----------------------------------------------------------------------------------

    def start(self, entries: Iterable[Entry], place: str) -> None:
        """Begin, or begin anew, at a place; entries: what led to it, as far as known."""
        entries = tuple(entries)
        self._pending.clear()
        self.timeline.restart(entries, place)
        self._shown.clear()
        self._shown.extend(entry.id for entry in entries if entry.message is not None)
        self.ready.set()
        self._arrived()

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
        messages = [entry.message for entry in batch if entry.message is not None]
        place = batch[-1].id
        trim = self._trim(messages)
        hushed = [message for message in messages if self._hush(message.author)]

        def render(audience: Audience) -> Markup:
            frame = fragments.appended(messages, place, audience)
            if trim is not None:
                frame += fragments.trimmed(self.name, trim, audience.language)
            if hushed:
                frame += fragments.typing(self.typists(), audience.language)
            return frame

        try:
            self.broadcast(render)
        except Exception:
            # what cannot be rendered must not hold up what comes after it
            logger.exception("room.render failed room=%s", self.name)
        for entry in batch:
            self.timeline.take(entry)
        self._arrived()
        # the fuller the room the longer the rest and the larger the batch: no room takes the worker for itself
        rest = max(REST, loop.time() - started)
        self._resting = loop.call_later(rest, self._flush)

    def _trim(self, messages: list[Message]) -> str | None:
        """Note what is shown; now and then give the id of the oldest message that pages are to keep."""
        self._shown.extend(message.id for message in messages)
        self._untrimmed += len(messages)
        if self._untrimmed < TRIM_EVERY or len(self._shown) <= LIVE_ROWS:
            return None
        self._untrimmed = 0
        return self._shown[-LIVE_ROWS]

    def broadcast(self, render: Callable[[Audience], Markup]) -> None:
        """Send every live tab what is rendered once for its audience."""
        for audience, tabs in list(self._tabs.items()):
            text = Broadcast(str(render(audience)))
            for tab in list(tabs):
                _write(tab, text)

    # --- who waits for the room's place ---------------------------------------------------------------

    def acknowledge(self, entry_id: str, tab: Seat, render: Callable[[], str]) -> None:
        """Send a tab its acknowledgement once the room has been sent that entry."""
        at = order(entry_id)
        if at <= order(self.place):
            _write(tab, Broadcast(render()))
        else:
            self._acks.append((at, tab, render))

    def forget_acks(self, tab: Seat) -> None:
        """Forget what a tab that left was waiting for."""
        self._acks = deque(ack for ack in self._acks if ack[1] is not tab)

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
        waiting: deque[tuple[tuple[int, int], Seat, Callable[[], str]]] = deque()
        for ack in self._acks:
            if ack[0] <= place:
                _write(ack[1], Broadcast(ack[2]()))
            else:
                waiting.append(ack)
        self._acks = waiting
        woken, self._moved = self._moved, []
        for waiter in woken:
            if not waiter.done():
                waiter.set_result(None)

    # --- states ------------------------------------------------------------------------------------

    def show_here(self, here: Here) -> None:
        """Take the newest snapshot of who is here, and show it where it changed."""
        if here != self.here:
            self.here = here
            self.broadcast(lambda audience: fragments.people(here.people, here.count, audience.language))

    def typists(self) -> list[tuple[str, str]]:
        """Who is typing: (public id, name)."""
        return [(person, name) for person, (name, _) in self._typists.items()]

    def types(self, person: str, name: str) -> None:
        """Note that somebody is typing; it ends by itself."""
        loop = asyncio.get_running_loop()
        known = self._typists.get(person)
        if known is not None:
            known[1].cancel()
        elif len(self._typists) >= MAX_TYPISTS:
            return
        self._typists[person] = (name, loop.call_later(TYPING, self._stopped, person))
        if known is None or known[0] != name:
            self._show_typing()

    def _stopped(self, person: str) -> None:
        if self._hush(person):
            self._show_typing()

    def _hush(self, person: str) -> bool:
        known = self._typists.pop(person, None)
        if known is not None:
            known[1].cancel()
        return known is not None

    def _show_typing(self) -> None:
        self.broadcast(lambda audience: fragments.typing(self.typists(), audience.language))

    def end(self) -> None:
        """Cancel what is still timed."""
        for _, timer in self._typists.values():
            timer.cancel()
        if self._resting is not None:
            self._resting.cancel()


def _write(tab: Seat, text: Broadcast) -> None:
    try:
        tab.wire.write(text)
    except Exception:
        # one tab's transport must not end the room's broadcast
        logger.exception("tab.write failed")
