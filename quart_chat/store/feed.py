"""The feed: a worker's subscription, on which the rooms that it follows come in.

A subscription can break, and a half-dead link can hide it. So whoever listens is told of every
confirmed subscription, and reads the log on from its place; and the feed sends itself a word every few seconds by
each server that it hears, and begins anew when that does not come back.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from redis.exceptions import ResponseError

from quart_chat.errors import StoreAway
from quart_chat.events import get_logger
from quart_chat.room.entries import Entry, TornEntry, is_entry_id, read_entry
from quart_chat.store import keys
from quart_chat.store.client import ANSWER, Pool, answering
from quart_chat.store.line import Line, pack
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.servers import Servers

PROBE = 2.0  # seconds between two words to itself
DEAF = 6.0  # seconds without hearing one: begin anew
PROBED = "probe"  # the word to itself
FIELDS = 5  # of an entry: id, prev, at, before, body (`append.lua`)
BACK_OFF = (0.1, 0.25, 0.5, 1.0, 2.0)  # seconds between attempts

logger = get_logger(__name__)


ORDER = ("ruled", "reported", "admission", "expired")  # words of those who keep a room


class Listener(Protocol):
    """Who is told what comes in; called in the loop, must not block."""

    def confirmed(self, room: str) -> None:
        """The room is followed from now on: what came before must be read from the log.

        Also where the log has become another one: its room was deleted.
        """

    def entries(self, room: str, entries: Sequence[Entry]) -> None:
        """Entries were appended, in this order."""

    def here(self, room: str) -> None:
        """Who is here has changed; read it."""

    def typing(self, room: str, person: str, name: str) -> None:
        """Somebody is typing; person: public id."""

    def read(self, room: str, places: Mapping[str, str]) -> None:
        """People have read on: public id to the id of the last entry that they were shown."""

    def admission(self, room: str, person: str, until: int) -> None:
        """Somebody may not be in a room any more; person: public id, "" where that may be anybody.

        until: where they come from is banned until then, ms, too; 0: it is not.
        """

    def ruled(self, room: str) -> None:
        """A room has other rules."""

    def expired(self, room: str) -> None:
        """A room has let go of its oldest messages."""

    def reported(self, room: str, entry_id: str, keepers: Sequence[str]) -> None:
        """A message was reported; keepers: public ids of those who are to be told."""

    def renamed(self, person: str, name: str) -> None:
        """Somebody has a new name."""

    def forgotten(self, person: str) -> None:
        """Somebody wants to be forgotten; person: public id."""

    def revoked(self, ticket: str) -> None:
        """A token was taken back; ticket: by which it is known."""

    def lost(self, reason: str) -> None:
        """Nothing comes in any more."""

    def found(self) -> None:
        """The store answers again; confirmations follow."""


class Feed:
    """Follows rooms until it is closed; connects again by itself.

    servers: say which of them has a room's channel, and open connections. pipeline: what this worker says to others
    goes by it.
    """

    def __init__(self, servers: Servers, pipeline: Pipeline, worker: str) -> None:
        self._servers = servers
        self._pipeline = pipeline
        self._worker = worker
        self._rooms: set[str] = set()
        self._listener: Listener
        self._following = False  # since it began, and until it is lost
        self._version = 0  # of the servers, as it began
        self._channels: dict[Pool, dict[str, None]] = {}  # what each server was asked for, or will be
        self._lines: dict[Pool, Line] = {}
        self._heard_itself: dict[Pool, float] = {}  # loop time at which the last word to itself came back
        self._leaving: Counter[str] = Counter()  # channels that a server was told are no longer wanted
        self._lost_by = ""  # why the feed has to begin anew; empty while it has not
        self._wake = asyncio.Event()

    def follow(self, room: str) -> None:
        """Follow a room; `confirmed` is called when it holds, now or after the next connection."""
        self._rooms.add(room)
        if self._following:
            self._want(keys.channel(room))

    def leave(self, room: str) -> None:
        """Follow a room no longer."""
        self._rooms.discard(room)
        channel = keys.channel(room)
        for pool, channels in self._channels.items():
            if channel in channels:
                del channels[channel]
                if pool in self._lines:
                    self._leaving[channel] += 1
                    self._lines[pool].write(pack("SUNSUBSCRIBE", channel))

    def _want(self, channel: str) -> None:
        pool = self._servers.of(channel)
        self._channels.setdefault(pool, {})[channel] = None
        if pool in self._lines:
            self._lines[pool].write(pack("SSUBSCRIBE", channel))
        else:
            self._wake.set()  # a first room on that server

    async def say_typing(self, room: str, person: str, name: str) -> None:
        """Tell the room that somebody is typing."""
        await self._publish(keys.channel(room), "typing\n" + json.dumps([person, name]))

    async def say_renamed(self, person: str, name: str) -> None:
        """Tell every worker of a new name."""
        await self._publish(keys.RENAMED, json.dumps([person, name]))

    async def say_forgotten(self, person: str) -> None:
        """Tell every worker that somebody wants to be forgotten."""
        await self._publish(keys.RENAMED, json.dumps([person]))

    async def say_revoked(self, ticket: str) -> None:
        """Tell every worker that a token was taken back; ticket: by which it is known."""
        await self._publish(keys.RENAMED, json.dumps(["", ticket]))  # nobody's: older workers pass over it

    async def _publish(self, channel: str, payload: str) -> None:
        await self._pipeline.command("SPUBLISH", channel, payload)

    async def run(self, listener: Listener) -> None:
        """Listen for ever; end by cancelling."""
        self._listener = listener
        attempt = 0
        while True:
            try:
                await self._begin()
                attempt = 0
                listener.found()
                await self._go_on()
            except StoreAway as away:
                if not attempt:  # a store that stays away is one event, however often it is tried
                    logger.warning("feed.lost", reason=type(away.__cause__ or away).__name__)
                listener.lost(str(away))
            finally:
                self._hang_up()
            await asyncio.sleep(BACK_OFF[min(attempt, len(BACK_OFF) - 1)])
            attempt += 1

    async def _begin(self) -> None:
        with answering():
            await self._servers.refresh()
        self._version = self._servers.version
        self._following = True
        for channel in (keys.probe(self._worker), keys.RENAMED, *map(keys.channel, sorted(self._rooms))):
            self._want(channel)
        await self._open_lines()

    async def _open_lines(self) -> None:
        """Connect to each server that has something of what is wanted."""
        for pool in [pool for pool, channels in self._channels.items() if channels and pool not in self._lines]:
            with answering():
                line = await Line.open(pool, partial(self._heard, pool), self._lost, ANSWER)
            self._lines[pool] = line
            self._heard_itself[pool] = asyncio.get_running_loop().time()
            line.write(b"".join(pack("SSUBSCRIBE", channel) for channel in self._channels[pool]))

    def _hang_up(self) -> None:
        self._following = False
        for line in self._lines.values():
            line.close()
        for held in (self._lines, self._channels, self._heard_itself, self._leaving):
            held.clear()
        self._lost_by = ""
        self._wake.clear()

    async def _go_on(self) -> None:
        """Listen until something breaks."""
        loop = asyncio.get_running_loop()
        word = f"{PROBED}\n{self._worker}"
        while True:
            # a store that does not even take the word is away as well; _publish then raises
            probed = [next(iter(channels)) for channels in self._channels.values() if channels]
            await asyncio.gather(*(self._publish(channel, word) for channel in probed))
            with suppress(TimeoutError):
                async with asyncio.timeout(PROBE):
                    await self._wake.wait()
            self._wake.clear()
            if self._lost_by:
                raise StoreAway(self._lost_by)
            if any(loop.time() - self._heard_itself[pool] > DEAF for pool in self._lines if self._channels[pool]):
                raise StoreAway("the subscription has gone silent")
            self._check_places()
            await self._open_lines()

    def _check_places(self) -> None:
        if self._version == self._servers.version:
            return
        self._version = self._servers.version
        for pool, channels in self._channels.items():
            if any(self._servers.of(channel) is not pool for channel in channels):
                raise StoreAway("rooms have moved to other servers of the cluster")

    def _break(self, reason: str) -> None:
        self._lost_by = self._lost_by or reason
        self._wake.set()

    def _lost(self, reason: str) -> None:
        self._break(f"the store does not answer: {reason}")

    def _heard(self, pool: Pool, word: Any) -> None:
        if isinstance(word, ResponseError):  # to a subscription
            self._break(f"the store refuses: {word}")
            return
        kind, channel, payload = word
        if kind == "smessage":
            try:
                self._tell(pool, channel, payload)
            except (TornEntry, ValueError, TypeError, RecursionError) as error:
                # a word that nobody here wrote: the chain of `prev` shows what it stood for
                logger.error("feed.torn", reason=type(error).__name__)  # noqa: TRY400 - its text stays out
        elif kind == "ssubscribe" and not keys.is_own(channel):
            self._listener.confirmed(keys.room_of(channel))
        elif kind == "sunsubscribe":
            if self._leaving[channel]:
                self._leaving[channel] -= 1
            else:
                self._break("a room has moved to another server of the cluster")

    def _tell_of(self, person: str, *name: str) -> None:
        """Tell of somebody, or of a token, which is nobody's here."""
        if not person:
            self._listener.revoked(*name)
        elif name:
            self._listener.renamed(person, *name)
        else:
            self._listener.forgotten(person)

    def _tell(self, pool: Pool, channel: str, payload: str) -> None:
        if channel == keys.RENAMED and not payload.startswith(PROBED):
            self._tell_of(*json.loads(payload))
            return
        room = keys.room_of(channel)
        kind, _, rest = payload.partition("\n")
        if kind == "entry":
            fields = rest.split("\n")  # none of them holds a line end
            if len(fields) % FIELDS:
                raise TornEntry("fields are missing")
            entries = [read_entry(*fields[at : at + FIELDS]) for at in range(0, len(fields), FIELDS)]
            self._listener.entries(room, entries)
        elif kind == "here":
            self._listener.here(room)
        elif kind == "reset":
            self._listener.confirmed(room)  # the log is another one: read it on, and find that out
        elif kind == "read":
            places = dict(line.split(" ") for line in rest.split("\n"))
            if all(map(is_entry_id, places.values())):
                self._listener.read(room, places)
        elif kind in ORDER:
            self._tell_of_order(room, kind, rest)
        elif kind == "typing":
            self._listener.typing(room, *json.loads(rest))
        elif kind == PROBED and rest == self._worker:
            self._heard_itself[pool] = asyncio.get_running_loop().time()

    def _tell_of_order(self, room: str, kind: str, rest: str) -> None:
        if kind == "ruled":
            self._listener.ruled(room)
        elif kind == "expired":
            self._listener.expired(room)
        elif kind == "reported":
            entry_id, *keepers = rest.split(" ")
            if is_entry_id(entry_id):
                self._listener.reported(room, entry_id, keepers)
        else:
            person, _, until = rest.partition(" ")
            self._listener.admission(room, person, int(until or 0))
