"""The log of a room in Redis streams: append one entry, read on from a place, read pages of messages."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from quart_chat.errors import Spent
from quart_chat.room.entries import NO_ENTRY, Entry, Message, TornEntry, order, read_entry, write_message
from quart_chat.room.places import REPLAY
from quart_chat.store import keys
from quart_chat.store.client import Client, answering, script

PAGE = 50  # messages of a page of history
SECONDS = 1000  # ms
HOURS = 3600 * SECONDS
DAYS = 24 * HOURS
NONCE_KEPT = 1 * HOURS  # how long a retry is known as one: a laptop's nap; 180 bytes each
LOG_ENTRIES = 5 * REPLAY  # what a worker that lost its feed may read on
LOG_AGE = 1 * DAYS

logger = logging.getLogger(__name__)

Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things stay.

    messages: the newest that a room keeps; room: ms that an unused room stays, 0 for ever.
    """

    messages: int
    room: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of messages, oldest first.

    more: whether older ones (read backwards) or newer ones (read forwards) lie beyond it.
    """

    messages: tuple[Message, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Newest:
    """A room as it stands: its newest page, and the place that belongs to it, read in one go.

    title: None where the room does not exist yet.
    """

    page: Page
    place: str
    title: str | None


@dataclass(frozen=True, slots=True)
class Tail:
    """Entries after a place, oldest first, and the log's newest id at that moment."""

    entries: tuple[Entry, ...]
    end: str


class Log:
    """All rooms' logs, as one worker reads and writes them."""

    def __init__(self, client: Client, retention: Retention) -> None:
        self._client = client
        self._retention = retention
        self._append = script(client, "append.lua")

    async def append(self, room: str, author: str, name: str, text: str, nonce: str) -> tuple[str, bool]:
        """Append a message, once for each nonce of its author.

        author: public id; name: as the room shows it; text: as `clean_text` left it.

        Gives its id, and False where that nonce had been appended before.

        Raises:
            Spent: the nonce was used with another text.
            StoreAway: whether it was appended is unknown; the same nonce may be sent again.
        """
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        with answering():
            taken, entry_id = await self._append(
                keys=[
                    keys.log(room),
                    keys.last(room),
                    keys.messages(room),
                    keys.meta(room),
                    keys.nonce(room, author, nonce),
                    keys.channel(room),
                ],
                args=[
                    write_message(author, name, text),
                    author,
                    digest,
                    room,
                    NONCE_KEPT,
                    LOG_ENTRIES,
                    LOG_AGE,
                    self._retention.messages,
                    self._retention.room,
                    name,
                ],
            )
        if taken < 0:
            raise Spent("This form was sent before with another text.")
        return str(entry_id), bool(taken)

    async def said(self, room: str, author: str, nonce: str) -> str | None:
        """Tell the id under which a nonce was appended; None where it was not."""
        with answering():
            held = await self._client.get(keys.nonce(room, author, nonce))
        return None if held is None else str(held).split(" ", 1)[0]

    async def open(self, room: str, title: str, now: int) -> None:
        """Open a room under the title that its first opener gave; an open room keeps what it has.

        now: ms since the epoch.
        """
        with answering():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.hsetnx(keys.meta(room), "title", title)
                pipe.hsetnx(keys.meta(room), "opened", str(now))
                if self._retention.room:
                    pipe.pexpire(keys.meta(room), self._retention.room)
                await pipe.execute()

    async def keep(self, rooms: Iterable[str]) -> None:
        """Put off the end of rooms in which somebody is, though nobody writes."""
        if not self._retention.room:
            return
        with answering():
            async with self._client.pipeline(transaction=False) as pipe:
                for room in rooms:
                    for key in (keys.log(room), keys.last(room), keys.messages(room), keys.meta(room)):
                        pipe.pexpire(key, self._retention.room)
                await pipe.execute()

    async def exists(self, room: str) -> bool:
        """Tell whether somebody opened the room or wrote in it."""
        with answering():
            return bool(await self._client.exists(keys.meta(room)))

    async def titles(self, rooms: list[str]) -> dict[str, str]:
        """Give the titles of those of these rooms that exist."""
        with answering():
            async with self._client.pipeline(transaction=False) as pipe:
                for room in rooms:
                    pipe.hget(keys.meta(room), "title")
                found = await pipe.execute()
        return {room: title for room, title in zip(rooms, found, strict=True) if title is not None}

    async def newest(self, room: str, count: int = PAGE) -> Newest:
        """Read a room's newest page together with the place that it shows."""
        with answering():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.xrevrange(keys.messages(room), count=count + 1)
                pipe.get(keys.last(room))
                pipe.hget(keys.meta(room), "title")
                rows, end, title = await pipe.execute()
        return Newest(_page(rows[::-1], count, backwards=True), end or NO_ENTRY, title)

    async def before(self, room: str, entry_id: str, count: int = PAGE) -> Page:
        """Read the messages that come before one, as many as a page holds."""
        if order(entry_id) == order(NO_ENTRY):
            return Page((), False)  # Redis refuses to read what lies before the smallest id
        with answering():
            rows = await self._client.xrevrange(keys.messages(room), max=f"({entry_id}", count=count + 1)
        return _page((rows or [])[::-1], count, backwards=True)

    async def after(self, room: str, entry_id: str, count: int = PAGE) -> Page:
        """Read the messages that come after one, as many as a page holds."""
        with answering():
            rows = await self._client.xrange(keys.messages(room), min=f"({entry_id}", count=count + 1)
        return _page(list(rows or []), count, backwards=False)

    async def tail(self, room: str, since: str, count: int = LOG_ENTRIES) -> Tail:
        """Read the log on from a place."""
        with answering():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.xrange(keys.log(room), min=f"({since}", count=count)
                pipe.get(keys.last(room))
                rows, end = await pipe.execute()
        return Tail(tuple(_entry(*row) for row in rows), end or NO_ENTRY)

    async def end(self, room: str, count: int = REPLAY) -> Tail:
        """Read the log's newest entries."""
        with answering():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.xrevrange(keys.log(room), count=count)
                pipe.get(keys.last(room))
                rows, end = await pipe.execute()
        return Tail(tuple(_entry(*row) for row in rows[::-1]), end or NO_ENTRY)


def _entry(entry_id: str, fields: Fields) -> Entry:
    prev = fields.get("prev", NO_ENTRY)
    try:
        return read_entry(entry_id, prev, fields["at"], fields["before"], fields["body"])
    except (TornEntry, KeyError) as error:
        logger.error("entry.torn id=%s: %s", entry_id, type(error).__name__)  # noqa: TRY400 - its text stays out
        return Entry(entry_id, prev, None)


def _page(rows: list[Any], count: int, *, backwards: bool) -> Page:
    more = len(rows) > count
    if more:
        rows = rows[1:] if backwards else rows[:-1]
    entries = (_entry(entry_id, {"prev": NO_ENTRY, **fields}) for entry_id, fields in rows)
    return Page(tuple(entry.message for entry in entries if entry.message is not None), more)
