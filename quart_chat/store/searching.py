"""Looking for messages: backwards through a room, some at a time and for a while, so that nobody waits for it.

A worker keeps what it has looked through, folded: whoever types looks through the same again with every few keys. As
with pages, the store is asked each time whether that still holds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from quart_chat.errors import StoreAway
from quart_chat.kept import Kept
from quart_chat.room.changes import Changes
from quart_chat.room.entries import Entry, Message, order
from quart_chat.room.looking import Chunk, Look, chunks_of, joined
from quart_chat.room.search import Found, Hit, Query
from quart_chat.store import keys
from quart_chat.store.changing import changes_of, overlay
from quart_chat.store.client import ANSWER
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.rows import read_row

CHUNK = 100  # messages that are read at once: 2 ms of the loop
BREATH = 0.002  # seconds of looking through what is kept, after which others go on

ROOMS = 100  # of which a worker keeps what it has looked through, as long as
CHARACTERS = 10_000_000  # they have no more than these together: 40,000 messages, some 10 MB
OF_ROOM = CHARACTERS // 2  # and each of them no more than these


class _Known(NamedTuple):
    """A room's newest messages, as far as they were looked through. changed: its last change; "" for none.

    whole: these are all that it has.
    """

    chunks: tuple[Chunk, ...] = ()
    changed: str = ""
    whole: bool = False


class Searching:
    """Looks for messages in rooms."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._kept: Kept[str, _Known] = Kept(ROOMS, CHARACTERS)
        self._turn = asyncio.Lock()  # all who look at once have one chunk under way between them

    async def find(self, room: str, query: Query, before: str | None, most: int, seconds: float) -> Found:
        """Find messages, newest first; of a room that does not exist, none.

        before: the id of the message before which to begin; None: at the newest. most: messages that are enough.
        seconds: after which it ends, but never without having looked at some messages.

        Raises:
            StoreAway: no answer.
        """
        look = Look(query, before, most)
        try:
            async with asyncio.timeout(seconds + ANSWER):  # else many would wait for a silent store in turn
                await self._look(room, look, asyncio.get_running_loop().time() + seconds)
        except TimeoutError as error:
            raise StoreAway("the store does not answer: too many searches wait for it") from error
        hits = await self._hits(room, query, look.found[:most])
        if look.enough:
            return Found(hits, look.found[most - 1])
        return Found(hits) if look.ended else Found(hits, look.reached, look.at)

    async def _look(self, room: str, look: Look, until: float) -> None:
        known = await self._known(room)
        if await self._look_through(known.chunks, look, until) and known.whole:
            look.ended = True
        while not look.ended and (look.reached is None or asyncio.get_running_loop().time() < until):
            known = await self._read_on(room, known, look)

    async def _known(self, room: str) -> _Known:
        """Bring what is known of a room to how it is now; where that does not hold any more it is nothing."""
        known = self._kept.get(room)
        if known is None or not known.chunks:
            return _Known((), await self._pipeline.command("HGET", keys.meta(room), "changed") or "")
        newest = known.chunks[0].newest
        async with self._turn:
            changed, oldest, rows = await self._pipeline.together(
                ("HGET", keys.meta(room), "changed"),
                ("XRANGE", keys.messages(room), "-", "+", "COUNT", 1),
                ("XRANGE", keys.messages(room), newest, "+", "COUNT", CHUNK),
            )
            # a room loses its oldest messages alone: if it holds the newest that is known, it goes on from there
            goes_on = rows and rows[0][0] == newest and len(rows) < CHUNK
            if not goes_on or (changed or "") != known.changed:
                self._kept.put(room, fresh := _Known((), changed or ""), 0)
                return fresh
            first = order(oldest[0][0])
            chunks = [chunk for chunk in known.chunks if order(chunk.newest) >= first]
            if len(rows) > 1:
                # what befell these would have changed the room
                chunks = joined(chunks_of(_entries(rows[:0:-1])), chunks)
            whole = bool(chunks) and order(chunks[-1].oldest) <= first
            return self._keep(room, known, _Known(tuple(chunks), known.changed, whole))

    async def _look_through(self, chunks: Sequence[Chunk], look: Look, until: float) -> bool:
        """Look through chunks; tell whether these were all, or the time was over."""
        loop, rest = asyncio.get_running_loop(), deque(chunks)
        while rest and not look.ended and (look.reached is None or loop.time() < until):
            async with self._turn:
                breath = loop.time() + BREATH
                while rest and not look.ended and loop.time() < breath:
                    look.through(rest.popleft())
                await asyncio.sleep(0)
        return not rest

    async def _read_on(self, room: str, known: _Known, look: Look) -> _Known:
        """Look through what comes next, and keep it if it follows what is known."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            begin = "+" if look.next is None else f"({look.next}"
            rows = await self._pipeline.command("XREVRANGE", keys.messages(room), begin, "-", "COUNT", CHUNK)
            if not rows:
                look.ended = True
                return known
            changes = await changes_of(self._pipeline, room, [row[0] for row in rows]) if known.changed else {}
            breath = loop.time() + BREATH
            for chunk in chunks_of(_standing(entry, changes) for entry in _entries(rows)):
                if look.next == (known.chunks[-1].oldest if known.chunks else None):
                    known = self._keep(room, known, known._replace(chunks=(*known.chunks, chunk)))
                look.through(chunk)
                if look.ended:
                    return known
                if loop.time() >= breath:
                    await asyncio.sleep(0)
                    breath = loop.time() + BREATH
            look.ended = len(rows) < CHUNK
            return known

    def _keep(self, room: str, old: _Known, new: _Known) -> _Known:
        """Keep what is known now, unless it is too much, or somebody else who looks has kept another."""
        held, weight = self._kept.get(room), sum(chunk.weight for chunk in new.chunks)
        begins = not old.chunks and (held is None or not held.chunks)
        if weight <= OF_ROOM and (held is old or begins):
            self._kept.put(room, new, weight)
        return new

    async def _hits(self, room: str, query: Query, found: Sequence[str]) -> tuple[Hit, ...]:
        """Read what was found as it stands now, with the messages beside it."""
        stream = keys.messages(room)
        asked = [
            self._pipeline.together(
                ("XREVRANGE", stream, entry_id, "-", "COUNT", 2), ("XRANGE", stream, f"({entry_id}", "+", "COUNT", 1)
            )
            for entry_id in found
        ]
        read = [(_messages(upwards), _messages(after)) for upwards, after in await asyncio.gather(*asked)]
        messages = {one.id: one for upwards, after in read for one in (*upwards, *after)}
        stands = {one.id: one for one in await overlay(self._pipeline, room, tuple(messages.values()))}
        hits = []
        for entry_id, (upwards, after) in zip(found, read, strict=True):
            message = stands.get(entry_id)
            if message is None or not query.fits_message(message):  # it went, or was edited, meanwhile
                continue
            before = next((stands[one.id] for one in upwards if one.id != entry_id), None)
            hits.append(Hit(message, before, stands[after[0].id] if after else None))
        return tuple(hits)


def _entries(rows: Sequence[Any]) -> Iterator[Entry]:
    return (read_row(*row) for row in rows)


def _messages(rows: Sequence[Any]) -> list[Message]:
    return [entry.message for entry in _entries(rows) if entry.message is not None]


def _standing(entry: Entry, changes: Mapping[str, Changes]) -> Entry:
    """Give a message as it stands after what befell it."""
    if entry.message is None or entry.id not in changes:
        return entry
    return entry._replace(message=entry.message._replace(changes=changes[entry.id]))
