"""The feed: a worker's one subscription, on which the rooms that it follows come in.

A subscription can break, and a half-dead link can hide it. So whoever listens is told of every
confirmed subscription, and reads the log on from its place; and the feed sends itself a word every few seconds,
and begins anew when that does not come back.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from redis.exceptions import ResponseError

from quart_chat.errors import StoreAway
from quart_chat.room.entries import Entry, TornEntry, read_entry
from quart_chat.store import keys
from quart_chat.store.client import ANSWER, Pool, answering
from quart_chat.store.line import Line, pack
from quart_chat.store.pipeline import Pipeline

PROBE = 2.0  # seconds between two words to itself
DEAF = 6.0  # seconds without hearing one: begin anew
FIELDS = 5  # of an entry: id, prev, at, before, body (`append.lua`)
BACK_OFF = (0.1, 0.25, 0.5, 1.0, 2.0)  # seconds between attempts

logger = logging.getLogger(__name__)


class Listener(Protocol):
    """Who is told what comes in; called in the loop, must not block."""

    def confirmed(self, room: str) -> None:
        """The room is followed from now on: what came before must be read from the log."""

    def entries(self, room: str, entries: Sequence[Entry]) -> None:
        """Entries were appended, in this order."""

    def here(self, room: str) -> None:
        """Who is here has changed; read it."""

    def typing(self, room: str, person: str, name: str) -> None:
        """Somebody is typing; person: public id."""

    def renamed(self, person: str, name: str) -> None:
        """Somebody has a new name."""

    def lost(self, reason: str) -> None:
        """Nothing comes in any more."""

    def found(self) -> None:
        """The store answers again; confirmations follow."""


class Feed:
    """Follows rooms until it is closed; connects again by itself.

    pool: opens connections. pipeline: what this worker says to others goes by it.
    """

    def __init__(self, pool: Pool, pipeline: Pipeline, worker: str) -> None:
        self._pool = pool
        self._pipeline = pipeline
        self._probe = keys.probe(worker)
        self._rooms: set[str] = set()
        self._listener: Listener
        self._line: Line | None = None
        self._broken = asyncio.Event()
        self._reason = ""  # of the break
        self._heard_itself = 0.0  # loop time at which the last word to itself came back

    def follow(self, room: str) -> None:
        """Follow a room; `confirmed` is called when it holds, now or after the next connection."""
        self._rooms.add(room)
        self._tell("SSUBSCRIBE", keys.channel(room))

    def leave(self, room: str) -> None:
        """Follow a room no longer."""
        self._rooms.discard(room)
        self._tell("SUNSUBSCRIBE", keys.channel(room))

    def _tell(self, verb: str, *channels: str) -> None:
        if self._line is not None:  # else the next connection subscribes to all that is wanted
            self._line.write(b"".join(pack(verb, channel) for channel in channels))

    async def say_typing(self, room: str, person: str, name: str) -> None:
        """Tell the room that somebody is typing."""
        await self._publish(keys.channel(room), "typing\n" + json.dumps([person, name]))

    async def say_renamed(self, person: str, name: str) -> None:
        """Tell every worker of a new name."""
        await self._publish(keys.RENAMED, json.dumps([person, name]))

    async def _publish(self, channel: str, payload: str) -> None:
        await self._pipeline.command("SPUBLISH", channel, payload)

    async def run(self, listener: Listener) -> None:
        """Listen for ever; end by cancelling."""
        self._listener = listener
        attempt = 0
        while True:
            try:
                await self._connect()
                attempt = 0
                listener.found()
                await self._keep_probing()
            except StoreAway as away:
                if not attempt:  # a store that stays away is one event, however often it is tried
                    logger.warning("feed.lost reason=%s", type(away.__cause__ or away).__name__)
                listener.lost(str(away))
            finally:
                self._hang_up()
            await asyncio.sleep(BACK_OFF[min(attempt, len(BACK_OFF) - 1)])
            attempt += 1

    async def _connect(self) -> None:
        self._broken.clear()
        with answering():
            self._line = await Line.open(self._pool, self._heard, self._lost, ANSWER)
        self._heard_itself = asyncio.get_running_loop().time()
        self._tell("SSUBSCRIBE", self._probe, keys.RENAMED, *map(keys.channel, self._rooms))

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    async def _keep_probing(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            # a store that does not even take the word is away as well; _publish then raises
            await self._publish(self._probe, "?")
            with suppress(TimeoutError):
                async with asyncio.timeout(PROBE):
                    await self._broken.wait()
            if self._broken.is_set():
                raise StoreAway(self._reason)
            if loop.time() - self._heard_itself > DEAF:
                raise StoreAway("the subscription has gone silent")

    def _lost(self, reason: str) -> None:
        self._line = None
        self._reason = f"the store does not answer: {reason}"
        self._broken.set()

    def _heard(self, word: Any) -> None:
        if isinstance(word, ResponseError):  # to a subscription
            self._reason = f"the store refuses: {word}"
            self._broken.set()
            return
        kind, channel, payload = word
        if channel == self._probe:
            self._heard_itself = asyncio.get_running_loop().time()
        elif kind == "ssubscribe" and channel != keys.RENAMED:
            self._listener.confirmed(keys.room_of(channel))
        elif kind == "smessage":
            try:
                _dispatch(self._listener, channel, payload)
            except (TornEntry, ValueError, TypeError, RecursionError) as error:
                # a word that nobody here wrote: the chain of `prev` shows what it stood for
                logger.error("feed.torn reason=%s", type(error).__name__)  # noqa: TRY400 - its text stays out


def _dispatch(listener: Listener, channel: str, payload: str) -> None:
    if channel == keys.RENAMED:
        listener.renamed(*json.loads(payload))
        return
    room = keys.room_of(channel)
    kind, _, rest = payload.partition("\n")
    if kind == "entry":
        fields = rest.split("\n")  # none of them holds a line end
        if len(fields) % FIELDS:
            raise TornEntry("fields are missing")
        listener.entries(room, [read_entry(*fields[at : at + FIELDS]) for at in range(0, len(fields), FIELDS)])
    elif kind == "here":
        listener.here(room)
    elif kind == "typing":
        listener.typing(room, *json.loads(rest))
