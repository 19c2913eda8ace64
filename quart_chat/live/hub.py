"""The hub: a worker's rooms, each with its tabs, fed by the one feed. A tab enters where its place is the room's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import replace
from typing import Any

from quart_chat import metrics
from quart_chat.errors import StoreAway
from quart_chat.events import get_logger
from quart_chat.live.attendance import Attendance
from quart_chat.live.bearers import OPENS_NOTHING
from quart_chat.live.readers import Readers
from quart_chat.live.room import LiveRoom
from quart_chat.live.stream import StreamWire
from quart_chat.live.tab import Tab
from quart_chat.live.wire import POLICY, Broadcast, Gone, told
from quart_chat.pages import faces, fragments, languages
from quart_chat.pages.aloud import back
from quart_chat.pages.dress import PLAIN, Dress
from quart_chat.pages.languages import PAGE, Audience
from quart_chat.room.digest import digest
from quart_chat.room.entries import Entry, order
from quart_chat.room.people import default_name
from quart_chat.room.places import REPLAY, missed
from quart_chat.room.rights import outside
from quart_chat.store.feed import Feed
from quart_chat.store.log import LOG_ENTRIES, Log
from quart_chat.store.newest import Newest
from quart_chat.store.presence import RENEW, Presence
from quart_chat.store.reads import Reads
from quart_chat.store.rules import RoomRules
from quart_chat.tasks import end_tasks

HEARTBEAT = 15.0  # seconds; a page takes the connection for broken after 22 without one
LINGER = 30.0  # seconds that a room without tabs is still followed: a reload opens nothing anew
LONG = 300  # messages that the page of an endless answer grows by
MOST_AUDIENCES = 64  # of a worker
LOOK_AGAIN = 1.0  # seconds before the log is read again after the store was away
FORGOTTEN = "You are forgotten here."
KEEP_EVERY = 450  # renewals, about an hour, between two extensions of a room's life

logger = get_logger(__name__)


class Hub:
    """All rooms of one worker. It listens to the feed (`store.feed.Listener`).

    worker: a short name of this worker, shown in pages as where a tab is. zone: of the server.
    away: why the store does not answer; None while it does. answered: set once it has, for the first time.
    """

    def __init__(
        self,
        log: Log,
        feed: Feed,
        presence: Presence,
        reads: Reads,
        rules: RoomRules,
        *,
        worker: str,
        zone: str = "UTC",
        dress: Dress = PLAIN,
    ) -> None:
        self.worker = worker
        self.away: str | None = "the store has not answered yet"
        self.answered = asyncio.Event()
        self._lost = False
        self._zone = zone
        self._dress = dress
        self._audiences: Counter[Audience] = Counter()
        self._log = log
        self._feed = feed
        self._presence = presence
        self._reads = reads
        self._rules = rules
        self._rooms: dict[str, LiveRoom] = {}
        self._attendance: dict[str, Attendance] = {}
        self._readers: dict[str, Readers] = {}
        self._people: dict[str, set[Tab]] = {}
        self._tabs: set[Tab] = set()
        self._mending: set[str] = set()  # rooms that are read on
        self._again: set[str] = set()  # those that must be once more
        self._reading: set[str] = set()
        self._bars: Counter[str] = Counter()
        self._closing: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._states: dict[tuple[str, str, bool], Broadcast] = {}

    # --- a tab's life ------------------------------------------------------------------------------

    def seat(self, tab: Tab) -> None:
        """Note a tab that begins; past some audiences, each of which is rendered for, it gets the server's times."""
        if tab.audience not in self._audiences and len(self._audiences) >= MOST_AUDIENCES:
            tab.audience = tab.audience._replace(zone=self._zone, hours="")
        self._audiences[tab.audience] += 1

    def greet(self, tab: Tab) -> None:
        """Note a tab whose socket is open, and show it the connection's state at once."""
        self._tabs.add(tab)
        self._people.setdefault(tab.person.public, set()).add(tab)
        tab.wire.write(self._state(tab.audience))

    def enter_at_once(self, tab: Tab, since: str | None) -> bool:
        """Let a tab in that has missed nothing, as most have; False where `enter` has to see to it."""
        room = self._rooms.get(tab.room)
        if room is None or not room.ready.is_set() or since != room.place or not tab.admitted:
            return False
        tab.opened = True
        self._join(room, tab)
        return True

    async def enter(self, tab: Tab, since: str | None) -> None:
        """Send a tab what it missed, and let it in; since: its place, None where it wants the newest page.

        Raises:
            Gone: it left meanwhile.
        """
        room = await self._open(tab)
        place = since
        while True:
            if tab not in self._tabs:
                raise Gone("the tab has left")
            try:
                if not tab.admitted:
                    await self._admit(tab)
                elif place is None:
                    place = await self._send_newest(room, tab)
                elif place == room.place:
                    self._join(room, tab)  # no await since the comparison: nothing was broadcast in between
                    return
                elif order(place) > order(room.place):
                    place = await self._await_place(room, place)
                else:
                    place = await self._send_missed(room, tab, place)
            except StoreAway:
                await asyncio.sleep(LOOK_AGAIN)

    async def _send_newest(self, room: LiveRoom, tab: Tab) -> str:
        newest = await self._log.newest(room.name)
        shown = _newest(room, newest, tab.audience)
        metrics.REPLAYS.labels("newest").inc()
        await tab.wire.send(told(shown, tab.audience))
        return newest.place

    async def _send_missed(self, room: LiveRoom, tab: Tab, place: str) -> str | None:
        metrics.REPLAYS.labels("replay").inc()
        replay = room.replay(place, tab.audience)
        if replay is not None:
            reached = room.place
            await tab.wire.send(replay)
            return reached
        tail = await self._log.tail(room.name, place, REPLAY + 1)
        found = missed(place, tail.entries, tail.end)
        if found is None:
            return None
        shown = faces.of(tab.audience).replayed(room.name, digest(found.entries), found.place, tab.audience)
        await tab.wire.send(told(shown, tab.audience))
        return found.place

    async def _await_place(self, room: LiveRoom, place: str) -> str | None:
        """Wait for this worker to reach a place that another one or the page's reading had already."""
        tail = await self._log.tail(room.name, place, 1)
        if order(tail.end) < order(place):
            return None  # a place that the log never had
        await room.moved(LOOK_AGAIN)
        return place

    def _join(self, room: LiveRoom, tab: Tab) -> None:
        room.add(tab)
        tab.live = room
        tab.told_from = room.told
        if not tab.counted:
            tab.counted = True
            self._attendance[room.name].arrive(tab.person)
            if tab.since is not None:
                tab.wire.write(Broadcast(back(tab.audience.language)))
        tab.wire.write(room.states(tab.audience))
        shown = self._attendance[room.name].shown(tab.person)
        if shown != tab.person.name and tab.audience.face == PAGE:
            tab.wire.write(Broadcast(fragments.me(replace(tab.person, name=shown), tab.audience.language)))
        self._readers[room.name].enter(tab)

    def turn(self, tab: Tab) -> None:
        """Note that a tab is looked at from now on, or no more."""
        readers = self._readers.get(tab.room)
        if readers is not None:
            readers.turn(tab)

    def read_by(self, room: str, public: str) -> str | None:
        """Tell how far somebody has read a room, where this worker knows it better than the store."""
        readers = self._readers.get(room)
        return readers.read_by(public) if readers is not None else None

    def step_out(self, tab: Tab) -> None:
        """Stop broadcasting to a tab that is about to enter again; it stays counted as here."""
        if tab.live is not None:
            tab.live.remove(tab)
            tab.live = None

    def leave(self, tab: Tab) -> None:
        """Let a tab go for good."""
        self._audiences[tab.audience] -= 1
        if self._audiences[tab.audience] <= 0:
            del self._audiences[tab.audience]
        self._tabs.discard(tab)
        tabs = self._people.get(tab.person.public, set())
        tabs.discard(tab)
        if not tabs:
            self._people.pop(tab.person.public, None)
        room = self._rooms.get(tab.room)
        whole = tab.live is not None
        self.step_out(tab)
        if room is None:
            return
        self._readers[room.name].leave(tab, whole=whole)
        room.forget_acks(tab)
        tab.opened = False
        if tab.counted:
            tab.counted = False
            self._attendance[room.name].depart(tab.person)
        self._close_later(room.name)

    # --- rooms -------------------------------------------------------------------------------------

    async def _open(self, tab: Tab) -> LiveRoom:
        room = self._rooms.get(tab.room)
        if room is None:
            room = self._rooms[tab.room] = LiveRoom(tab.room)
            self._attendance[tab.room] = Attendance(room, self._presence, self.run, self._show_name)
            room.listener = self._readers[tab.room] = Readers(room, self._reads, self._log, self.run, self._dress)
            self._feed.follow(tab.room)
        tab.opened = True
        await room.ready.wait()
        return room

    def _close_later(self, name: str) -> None:
        old = self._closing.pop(name, None)
        if old is not None:
            old.cancel()
        # in a context of its own: the tab's would hold its connection for as long
        self._closing[name] = asyncio.get_running_loop().call_later(
            LINGER, self._close_if_empty, name, context=Context()
        )

    def _close_if_empty(self, name: str) -> None:
        self._closing.pop(name, None)
        room = self._rooms.get(name)
        if room is None or any(tab.opened and tab.room == name for tab in self._tabs):
            return
        room.end()
        self._attendance.pop(name).end()
        self.run(self._readers.pop(name).part())
        del self._rooms[name]
        self._bars.pop(name, None)
        self._feed.leave(name)

    # --- the feed ----------------------------------------------------------------------------------

    def confirmed(self, room: str) -> None:
        """Read on from the room's place: what was published before the subscription held is in the log."""
        if room in self._rooms:
            self._mend(room)
            self._attendance[room].tell()
            self._bars[room] += 1
            self.run(self._look_again(room))  # what was said of it meanwhile, nobody heard

    def entries(self, room: str, entries: Sequence[Entry]) -> None:
        """Take entries; a gap before them is mended from the log."""
        live = self._rooms.get(room)
        if live is None:
            return
        if not live.ready.is_set():
            self._mend(room)  # the reading that is under way may have been too early for it
        elif not live.take(entries):
            metrics.GAPS.inc()
            logger.info("room.gap", room=room)
            self._mend(room)

    def here(self, room: str) -> None:
        """Read who is here, once for many words of it."""
        if room in self._rooms and room not in self._reading:
            self._reading.add(room)
            self.run(self._read_here(room))

    async def _read_here(self, room: str) -> None:
        live = self._rooms.get(room)
        if live is not None:
            await asyncio.sleep(min(1.0, 0.0005 * live.here.count))
        self._reading.discard(room)
        live = self._rooms.get(room)
        if live is not None:
            with suppress(StoreAway):
                live.show_here(await self._presence.read(room))

    def typing(self, room: str, person: str, name: str) -> None:
        """Show who is typing."""
        live = self._rooms.get(room)
        if live is not None:
            live.types(person, name)

    def read(self, room: str, places: Mapping[str, str]) -> None:
        """Take how far people have read."""
        if room in self._readers:
            self._readers[room].read_elsewhere(places)

    def admission(self, room: str, person: str, until: int) -> None:
        """Look whether people may still be in a room: nothing more reaches them until that is known."""
        self._bars[room] += 1
        tabs = self._people.get(person, ()) if person else self._tabs
        here = [tab for tab in tabs if tab.room == room]
        if until:
            for address, name in {tab.address: tab.person.name for tab in here}.items():
                self.run(self._ban_network(room, address, name, until))
        for tab in here:
            self._bar(tab)

    def bars(self, room: str) -> int | None:
        """Tell how often people of a room had to be looked at again; None while this worker does not hear of it."""
        live = self._rooms.get(room)
        return self._bars[room] if live is not None and live.ready.is_set() else None

    def _bar(self, tab: Tab) -> None:
        """Let nothing reach a tab until it is known that it may be in its room."""
        tab.bars += 1
        tab.admitted = False
        since = None if tab.live is None else tab.live.place
        if since is not None:
            self._readers[tab.room].leave(tab, whole=True, returns=True)
            self.step_out(tab)
            tab.enter_again(since)

    async def _ban_network(self, room: str, address: str, name: str, until: int) -> None:
        try:
            await self._rules.ban_network(room, address, name, until)
        except StoreAway as away:
            logger.warning("network.not_banned", room=room, reason=str(away))

    async def _admit(self, tab: Tab) -> None:
        """See whether a tab may be in its room, which this worker follows: what changes from now on, it hears.

        Raises:
            Gone: it may not; it is told, and closed. StoreAway: nobody knows.
        """
        bars = tab.bars
        standing = await self._rules.standing(tab.room, tab.person.public, tab.address)
        if not standing.inside:
            self._send_away(tab, outside(standing).message)
            raise Gone("it may not be in the room")
        tab.admitted = tab.bars == bars

    def _send_away(self, tab: Tab, why: str) -> None:
        """Close a tab for good; why: a message id."""
        if tab.room in self._readers:
            self._readers[tab.room].leave(tab, whole=False)  # it may take long to close
        self.step_out(tab)
        language = tab.audience.language
        tab.wire.write(told(faces.of(tab.audience).sent_away(languages.say(language, why), language), tab.audience))
        self.run(tab.wire.close(POLICY))

    async def _look_again(self, name: str) -> None:
        """Send away who may not be in a room any more."""
        waiting = [tab for tab in self._tabs if tab.room == name and tab.live is not None]
        while waiting:
            try:
                with suppress(Gone):
                    await self._admit(waiting[-1])
                waiting.pop()
            except StoreAway:
                await asyncio.sleep(LOOK_AGAIN)

    def ruled(self, room: str) -> None:
        """Tell a room's tabs that it has other rules."""
        live = self._rooms.get(room)
        if live is not None:
            live.broadcast(lambda audience: faces.of(audience).ruled(room, audience.language))
            self.admission(room, "", 0)

    def expired(self, room: str) -> None:
        """Forget what a room has no more: tabs that come again are sent what the log has, and counted for anew."""
        live = self._rooms.get(room)
        if live is not None:
            live.forget()
            self._readers[room].look_again()

    def reported(self, room: str, entry_id: str, keepers: Sequence[str]) -> None:
        """Show those who keep order that a message was reported."""
        for tab in [tab for public in keepers for tab in self._people.get(public, ()) if tab.room == room]:
            shown = faces.of(tab.audience).reported(room, entry_id, tab.audience.language)
            tab.wire.write(told(shown, tab.audience))

    def renamed(self, person: str, name: str) -> None:
        """Use a new name in all tabs of a person, and show it to them."""
        for tab in list(self._people.get(person, ())):
            tab.rename(name)
            if tab.audience.face == PAGE:
                tab.wire.write(Broadcast(fragments.me(tab.person, tab.audience.language)))
            if tab.counted:
                self._attendance[tab.room].rename(person, name)

    def forgotten(self, person: str) -> None:
        """Send all tabs of a person away for good, and take them off the lists of who is here at once."""
        for tab in list(self._people.get(person, ())):
            if tab.counted:
                tab.counted = False
                self._attendance[tab.room].forget(person)
            self._send_away(tab, FORGOTTEN)

    def revoked(self, ticket: str) -> None:
        """End what goes on with a token that was taken back."""
        for tab in [tab for tab in self._tabs if tab.ticket == ticket]:
            self._send_away(tab, OPENS_NOTHING)

    def _show_name(self, room: str, person: str, shown: str) -> None:
        """Tell somebody in a room's tabs that their name is another's there, and what they are called meanwhile."""
        for tab in self._people.get(person, ()):
            if tab.room == room and tab.audience.face == PAGE:
                language, name = tab.audience.language, tab.person.name
                html = fragments.me(replace(tab.person, name=shown), language)
                if name != default_name(tab.person.id):  # nobody minds a number behind a name that they did not choose
                    html += fragments.named_otherwise(name, shown, language)
                tab.wire.write(Broadcast(html))

    def check(self) -> None:
        """Raise StoreAway while the store is known not to answer."""
        if self.away is not None:
            raise StoreAway(self.away)

    def lost(self, reason: str) -> None:
        """Show that nothing can be sent or received now."""
        if self.away is None:
            logger.warning("store.away")
            self._lost = True
            self.away = reason
            self._show_state()
        self.away = reason

    def found(self) -> None:
        """Show that it goes on."""
        self.answered.set()
        if self.away is not None:
            if self._lost:
                logger.info("store.back")
            self.away = None
            self._show_state()

    # --- mending -----------------------------------------------------------------------------------

    def _mend(self, room: str) -> None:
        if room in self._mending:
            self._again.add(room)  # what is being read now may be older than what asked for this
        else:
            self._mending.add(room)
            self.run(self._mend_room(room))

    async def _mend_room(self, name: str) -> None:
        try:
            while (room := self._rooms.get(name)) is not None and self.away is None:
                self._again.discard(name)
                try:
                    if await self._read_on(room) and name not in self._again:
                        return
                except StoreAway as error:
                    logger.warning("room.unread", room=name, reason=str(error))
                    await asyncio.sleep(LOOK_AGAIN)
        finally:
            self._mending.discard(name)

    async def _read_on(self, room: LiveRoom) -> bool:
        """Read the log after what is known; False where it has to be read once more."""
        if not room.ready.is_set():
            tail = await self._log.end(room.name)
            room.start(tail.entries, tail.end)
            return True
        known = room.tail
        tail = await self._log.tail(room.name, known)
        if room.tail != known:
            return False  # the feed went on meanwhile
        found = missed(known, tail.entries, tail.end, LOG_ENTRIES)
        if found is not None:
            self.expired(room.name)  # whoever could not hear has not heard of that, too
            return room.take(found.entries)
        newest = await self._log.newest(room.name)
        logger.warning("room.restart", room=room.name)
        lost = newest.title is not None and await self._count_lost(room)  # without a title it was deleted
        room.start((), newest.place)

        def render(audience: Audience) -> str:
            shown = _newest(room, newest, audience)
            if lost:
                shown += faces.of(audience).notice(fragments.lost(audience.language), audience.language)
            return shown

        room.broadcast(render)
        return True

    async def _count_lost(self, room: LiveRoom) -> int:
        """Count what was shown and is gone from the log: a replica became the master before it had all."""
        tail = await self._log.end(room.name)
        lost = room.lost(tail.entries, tail.end)
        if lost:
            metrics.LOST.inc(lost)
            logger.error("room.lost", room=room.name, entries=lost)
        return lost

    # --- what a worker does for all its tabs ---------------------------------------------------------

    @property
    def tabs(self) -> int:
        """How many tabs this worker has."""
        return len(self._tabs)

    @property
    def rooms(self) -> int:
        """How many rooms it follows."""
        return len(self._rooms)

    async def beat(self) -> None:
        """Send every tab a heartbeat, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(HEARTBEAT)
            for count, tab in enumerate(list(self._tabs)):
                beat = self._state(tab.audience)
                if self._is_over(tab, loop.time()):
                    self.run(tab.end())  # it comes again by itself, and begins anew
                    continue
                if isinstance(tab.wire, StreamWire):
                    tab.wire.beat(beat, loop.time())
                else:
                    tab.wire.write(beat)
                if count % 500 == 499:
                    await asyncio.sleep(0)  # messages go between

    async def renew(self) -> None:
        """Renew what this worker leases, for ever."""
        rounds = 0
        while True:
            await asyncio.sleep(RENEW)
            rounds += 1
            for name, attendance in list(self._attendance.items()):
                if attendance:
                    try:
                        await attendance.renew()
                    except Exception:
                        # one room must not keep the others from being renewed
                        logger.exception("room.renew.failed", room=name)
            if rounds % KEEP_EVERY == 0:
                with suppress(StoreAway):
                    await self._log.keep([name for name, here in self._attendance.items() if here])

    def _is_over(self, tab: Tab, now: float) -> bool:
        """Tell whether an endless answer has to end: its page has grown by many messages, or is old."""
        if tab.ends is None:
            return False
        return now >= tab.ends or (tab.live is not None and tab.live.told - tab.told_from > LONG)

    def _state(self, audience: Audience) -> Broadcast:
        key = (audience.language, audience.face, self.away is None)
        if key not in self._states:
            state: fragments.State = "live" if self.away is None else "store"
            shown = faces.of(audience).connection(state, audience.language, self.worker)
            self._states[key] = told(shown, audience)
        return self._states[key]

    def _show_state(self) -> None:
        for tab in list(self._tabs):
            tab.wire.write(self._state(tab.audience))

    async def close(self) -> None:
        """End: let the leases lapse, note what was read, and cancel what runs."""
        for timer in self._closing.values():
            timer.cancel()
        await asyncio.gather(*(attendance.part() for attendance in self._attendance.values()))
        await asyncio.gather(*(readers.part() for readers in self._readers.values()))
        for room in self._rooms.values():
            room.end()
        await end_tasks(self._tasks)

    def run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a short task that the hub owns."""

        async def guarded() -> None:
            try:
                await work
            except (Gone, StoreAway):
                pass  # a tab that left, or a store that is told by the feed
            except Exception:
                logger.exception("hub.task.failed")

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # cancelled before it began, nobody has awaited it
        return task


def _newest(room: LiveRoom, newest: Newest, audience: Audience) -> str:
    page, face = newest.page, faces.of(audience)
    return face.newest(room.name, page.messages, newest.place, newest.header, audience, more=page.more)
