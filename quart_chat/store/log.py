"""The log of a room in Redis streams: append one entry, read on from a place, read pages of messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from quart_chat.config import DAYS, Settings
from quart_chat.errors import Unwelcome
from quart_chat.room.changes import NOTHING
from quart_chat.room.digest import Record, unquoted
from quart_chat.room.entries import NO_ENTRY, Entry, Header, order
from quart_chat.room.places import REPLAY
from quart_chat.room.rights import PRIVATE
from quart_chat.store import keys
from quart_chat.store.appends import Appended, Appends, Draft
from quart_chat.store.changing import Changing, header_of, held_of, overlay
from quart_chat.store.line import Argument
from quart_chat.store.newest import Newest, NewestPages, Page, as_first
from quart_chat.store.pipeline import Pipeline, Script
from quart_chat.store.rows import read_row

PAGE = 50  # messages of a page of history
SECONDS = 1000  # ms
LOG_ENTRIES = 5 * REPLAY  # what a worker that lost its feed may read on
MOST_OF_MS = 10**15 - 1  # no more entries are of one ms
SET_BACK = DAYS * SECONDS  # ms by which a clock may have been set back
LOG_AGE = 1 * DAYS * SECONDS


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things stay.

    messages: the newest that a room keeps; room: ms that an unused room stays, 0 for ever.
    """

    messages: int
    room: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take what an operator chose."""
        return cls(settings.messages_per_room, settings.room_days * DAYS * SECONDS)


def told(retention: Retention) -> tuple[int, int, int, int]:
    """Give what scripts that begin with `entry.lua` are told of every room first."""
    return LOG_ENTRIES, LOG_AGE, retention.messages, retention.room


@dataclass(frozen=True, slots=True)
class Tail:
    """Entries after a place, oldest first, and the log's newest id at that moment."""

    entries: tuple[Entry, ...]
    end: str


class About(NamedTuple):
    """What a room is, without what is said in it. opened: ms since the epoch; 0: not known."""

    title: str
    opened: int
    header: Header


@dataclass(frozen=True, slots=True)
class Around:
    """The messages around one. found: whether it is among them; newer: whether more lie beyond the page."""

    page: Page
    found: bool
    newer: bool


class Log:
    """All rooms' logs, as one worker reads and writes them."""

    def __init__(self, pipeline: Pipeline, retention: Retention) -> None:
        self._pipeline = pipeline
        self._retention = retention
        self._appends = Appends(pipeline, told(retention))
        self.changes = Changing(pipeline, told(retention))
        self._newest = NewestPages(pipeline)
        self._keep = Script.load("keep.lua")
        self._open = Script.load("shut.lua", "open.lua")

    async def append(self, room: str, author: str, name: str, text: str, nonce: str) -> tuple[str, bool]:
        """Append a message, once for each nonce of its author.

        author: public id; name: as the room shows it; text: as `clean_text` left it.

        Gives its id, and False where that nonce had been appended before.

        Raises:
            Spent: the nonce was used with another text.
            StoreAway: whether it was appended is unknown; the same nonce may be sent again.
        """
        (appended,) = await self.append_all(room, [Draft(author, name, text, nonce)])
        if appended.refused:
            raise appended.refused
        return appended.id, appended.new

    async def append_all(self, room: str, drafts: Sequence[Draft]) -> list[Appended]:
        """Append messages of one sender in their order, each once for its nonce; tells of each what became of it.

        Raises:
            StoreAway: whether any was appended is unknown; the same nonces may be sent again.
        """
        return await self._appends.add(room, drafts)

    async def said(self, room: str, author: str, nonces: Sequence[str]) -> list[str | None]:
        """Tell the ids under which nonces were appended; None for one that was not."""
        asked = [self._pipeline.command("GET", keys.nonce(room, author, nonce)) for nonce in nonces]
        return [None if held is None else str(held).split(" ", 1)[0] for held in await asyncio.gather(*asked)]

    async def open(self, room: str, title: str, now: int, public: str, name: str) -> None:
        """Open a room under the title that its first opener gave, who then owns it; an open room keeps what it has.

        now: ms since the epoch. public, name: of who opens it.

        Raises:
            Unwelcome: a private room of that name was deleted, and they may not open another one yet.
        """
        args = (title, now, self._retention.room, public, name)
        names = keys.meta(room), keys.rules(room), keys.members(room)
        if not await self._pipeline.script(self._open, names, args):
            raise Unwelcome(PRIVATE)

    async def keep(self, rooms: Iterable[str]) -> None:
        """Put off the end of rooms in which somebody is, though nobody writes."""
        if not self._retention.room:
            return
        kept = [(keys.meta(room), *keys.held(room)) for room in rooms]
        await asyncio.gather(*(self._pipeline.script(self._keep, one, [self._retention.room]) for one in kept))

    async def exists(self, room: str) -> bool:
        """Tell whether somebody opened the room or wrote in it."""
        return bool(await self._pipeline.command("EXISTS", keys.meta(room)))

    async def titles(self, rooms: list[str]) -> dict[str, str]:
        """Give the titles of those of these rooms that exist."""
        found = await asyncio.gather(*(self._pipeline.command("HGET", keys.meta(room), "title") for room in rooms))
        return {room: title for room, title in zip(rooms, found, strict=True) if title is not None}

    async def about(self, room: str) -> About | None:
        """Tell what a room is; None where there is none of that name."""
        found = await self._pipeline.command("HMGET", keys.meta(room), "title", "opened", "topic", "pins")
        title, opened, topic, pins = found
        return None if title is None else About(title, int(opened or 0), header_of(topic, pins))

    async def newest(self, room: str, count: int = PAGE) -> Newest:
        """Read a room's newest page together with the place that it shows."""
        return await self._newest.read(room, count)

    async def before(self, room: str, entry_id: str, count: int = PAGE) -> Page:
        """Read the messages that come before one, as many as a page holds."""
        if order(entry_id) == order(NO_ENTRY):
            return Page((), False)  # Redis refuses to read what lies before the smallest id
        rows = await self._pipeline.command("XREVRANGE", keys.messages(room), f"({entry_id}", "-", "COUNT", count + 1)
        page = await self._page(room, rows[::-1], count, backwards=True)
        return page if page.more else Page(as_first(page.messages), more=False)

    async def after(self, room: str, entry_id: str, count: int = PAGE) -> Page:
        """Read the messages that come after one, as many as a page holds."""
        rows = await self._pipeline.command("XRANGE", keys.messages(room), f"({entry_id}", "+", "COUNT", count + 1)
        page = await self._page(room, rows, count, backwards=False)
        return Page(as_first(page.messages), page.more) if order(entry_id) == order(NO_ENTRY) else page

    async def records(
        self, room: str, count: int, since: int = 0, until: int | None = None
    ) -> AsyncGenerator[Sequence[Record], None]:
        """Read a room's messages with all that befell them, oldest first, `count` at a time.

        since, until: ms since the epoch, from the first and before the second; None: all.
        """
        place = f"{since - 1}-{MOST_OF_MS}" if since > 0 else NO_ENTRY  # ids are the time of day, or above it
        while True:
            page = await self.after(room, place, count)
            if not page.messages:
                return
            held = await held_of(self._pipeline, room, [message.id for message in page.messages])
            yield [
                Record(one, held.get(one.id, NOTHING))
                for one in page.messages
                if since <= one.at and (until is None or one.at < until)
            ]
            place = page.messages[-1].id
            if not page.more or (until is not None and order(place)[0] >= until + SET_BACK):
                return

    async def around(self, room: str, entry_id: str, count: int = PAGE) -> Around:
        """Read the messages around one, as many as a page holds, the one in their middle."""
        half = count // 2
        before, found, after = await asyncio.gather(
            self.before(room, entry_id, half),
            self._pipeline.command("XRANGE", keys.messages(room), entry_id, entry_id),
            self.after(room, entry_id, half),
        )
        page = await self._page(room, found, 1, backwards=False)
        begins = page.messages if before.messages else as_first(page.messages)
        messages = (*before.messages, *begins, *after.messages)
        return Around(Page(messages, before.more), found=bool(page.messages), newer=after.more)

    async def _page(self, room: str, rows: list[Any], count: int, *, backwards: bool) -> Page:
        more = len(rows) > count
        if more:
            rows = rows[1:] if backwards else rows[:-1]
        messages = tuple(entry.message for entry in (read_row(*row) for row in rows) if entry.message is not None)
        return Page(await overlay(self._pipeline, room, messages), more)

    async def tail(self, room: str, since: str, count: int = LOG_ENTRIES) -> Tail:
        """Read the log on from a place."""
        return await self._tail(room, ("XRANGE", keys.log(room), f"({since}", "+", "COUNT", count))

    async def as_it_stands(self, room: str, tail: Tail) -> Tail:
        """Give entries with their messages as they stand now: edited since, or deleted."""
        messages = tuple(entry.message for entry in tail.entries if entry.message is not None)
        stand = {message.id: message for message in await overlay(self._pipeline, room, messages)}
        return Tail(tuple(entry._replace(message=stand.get(entry.id)) for entry in tail.entries), tail.end)

    async def end(self, room: str, count: int = REPLAY) -> Tail:
        """Read the log's newest entries."""
        tail = await self._tail(room, ("XREVRANGE", keys.log(room), "+", "-", "COUNT", count))
        return Tail(tail.entries[::-1], tail.end)

    async def _tail(self, room: str, asked: tuple[Argument, ...]) -> Tail:
        rows, end, oldest = await self._pipeline.together(
            asked, ("GET", keys.last(room)), ("XRANGE", keys.messages(room), "-", "+", "COUNT", 1)
        )
        first = oldest[0][0] if oldest else None
        return Tail(tuple(unquoted(read_row(*row), first) for row in rows), end or NO_ENTRY)
