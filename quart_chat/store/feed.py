"""The feed: a worker's one subscription, on which the rooms that it follows come in.

A subscription can break, and redis-py or a half-dead link can hide it. So whoever listens is told of every
confirmed subscription, and reads the log on from its place; and the feed sends itself a word every few seconds,
and begins anew when that does not come back.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from quart_chat.errors import StoreAway
from quart_chat.room.entries import Entry, TornEntry, read_entry
from quart_chat.store import keys
from quart_chat.store.client import ANSWER, Client, answering
from quart_chat.tasks import end_if_cancelled

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
    """Follows rooms until it is closed; connects again by itself."""

    def __init__(self, subscriber: Client, client: Client, worker: str) -> None:
        self._subscriber = subscriber
        self._client = client
        self._probe = keys.probe(worker)
        self._rooms: set[str] = set()
        self._pubsub: PubSub | None = None
        self._broken = asyncio.Event()  # a subscription may be missing: begin anew with all of them
        self._telling = asyncio.Lock()
        self._heard = 0.0  # loop time at which the last word to itself came back

    async def follow(self, room: str) -> None:
        """Follow a room; `confirmed` is called when it holds, now or after the next connection."""
        self._rooms.add(room)
        await self._tell("ssubscribe", room)

    async def leave(self, room: str) -> None:
        """Follow a room no longer."""
        self._rooms.discard(room)
        await self._tell("sunsubscribe", room)

    async def _tell(self, verb: str, room: str) -> None:
        async with self._telling:
            pubsub = self._pubsub
            if pubsub is None:
                return  # the next connection subscribes to all that is wanted
            # redis-py would mend a broken connection here, beside its reader, and without what is not subscribed yet
            if pubsub.connection is None or not pubsub.connection.is_connected:
                self._broken.set()
                return
            try:
                with answering():
                    await getattr(pubsub, verb)(keys.channel(room))
            except (StoreAway, AttributeError):  # the latter is how redis-py finds its writer gone
                self._broken.set()

    async def say_typing(self, room: str, person: str, name: str) -> None:
        """Tell the room that somebody is typing."""
        await self._publish(keys.channel(room), "typing\n" + json.dumps([person, name]))

    async def say_renamed(self, person: str, name: str) -> None:
        """Tell every worker of a new name."""
        await self._publish(keys.RENAMED, json.dumps([person, name]))

    async def _publish(self, channel: str, payload: str) -> None:
        with answering():
            await self._client.spublish(channel, payload)

    async def run(self, listener: Listener) -> None:
        """Listen for ever; end by cancelling."""
        attempt = 0
        while True:
            try:
                async with self._connection() as pubsub, asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._keep_probing())
                    attempt = 0
                    listener.found()
                    await self._listen(pubsub, listener)
            except* (RedisError, OSError, StoreAway, AttributeError) as group:
                error: BaseException = group
                while isinstance(error, BaseExceptionGroup):
                    error = error.exceptions[0]
                if not attempt:  # a store that stays away is one event, however often it is tried
                    logger.warning("feed.lost reason=%s", type(error).__name__)
                listener.lost(str(error))
            end_if_cancelled()
            await asyncio.sleep(BACK_OFF[min(attempt, len(BACK_OFF) - 1)])
            attempt += 1

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[PubSub]:
        pubsub: PubSub = self._subscriber.pubsub()
        try:
            async with asyncio.timeout(2 * ANSWER):
                await pubsub.ssubscribe(self._probe, keys.RENAMED)
            self._heard = asyncio.get_running_loop().time()
            self._broken.clear()
            self._pubsub = pubsub
            rooms = sorted(self._rooms)
            for start in range(0, len(rooms), 500):
                await pubsub.ssubscribe(*(keys.channel(room) for room in rooms[start : start + 500]))
            end_if_cancelled()
            yield pubsub
        finally:
            self._pubsub = None
            with suppress(RedisError, OSError, AttributeError):
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _keep_probing(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            # a store that does not even take the word is away as well; _publish then raises
            await self._publish(self._probe, "?")
            with suppress(TimeoutError):
                async with asyncio.timeout(PROBE):
                    await self._broken.wait()
            if self._broken.is_set() or loop.time() - self._heard > DEAF:
                raise StoreAway("the subscription has gone silent")

    async def _listen(self, pubsub: PubSub, listener: Listener) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            message: dict[str, Any] | None = await pubsub.get_message(timeout=None)
            if message is None:
                continue
            kind, channel = message["type"], message["channel"]
            if channel == self._probe:
                self._heard = clock()
            elif kind == "ssubscribe" and channel != keys.RENAMED:
                listener.confirmed(keys.room_of(channel))
            elif kind == "smessage":
                try:
                    _dispatch(listener, channel, message["data"])
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
