"""The rooms that their owners show to everybody: an index of names, and what the lobby says of each."""

from __future__ import annotations

import asyncio

from quart_chat.errors import StoreAway
from quart_chat.room.entries import NO_ENTRY, order
from quart_chat.room.lobby import Listed
from quart_chat.store import keys
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.rules import read_rules

AT_ONCE = 30  # rooms, 1 ms of the worker: others go between
FRESH = 2.0  # seconds for which a worker's list holds, or that the store was away


class Directory:
    """Lists rooms for one worker; most: rooms that it lists, 0 for none."""

    def __init__(self, pipeline: Pipeline, presence: Presence, most: int) -> None:
        self._pipeline = pipeline
        self._presence = presence
        self._most = most
        self._read_at = float("-inf")
        self._listed: list[Listed] | None = []
        self._reading: asyncio.Task[None] | None = None

    async def read(self) -> list[Listed]:
        """List rooms, those in which most people are first, and of those the ones where something was said last.

        All who ask while the store is asked wait for the one answer.

        Raises:
            StoreAway: no answer, now or a moment ago.
        """
        if not self._most:
            return []
        if self._reading is None and asyncio.get_running_loop().time() >= self._read_at + FRESH:
            self._reading = asyncio.create_task(self._read_all())
        if self._reading is not None:
            await asyncio.shield(self._reading)
        if self._listed is None:
            raise StoreAway("the list of rooms could not be read")
        return self._listed

    async def _read_all(self) -> None:
        try:
            names = await self._pipeline.command("ZREVRANGE", keys.LISTED, 0, -1)
            listed: list[Listed] = []
            for start in range(0, len(names), AT_ONCE):
                found = await asyncio.gather(*map(self._look, names[start : start + AT_ONCE]))
                listed += (one for one in found if one is not None)
            listed.sort(key=lambda one: (one.people, order(one.last)), reverse=True)
            self._listed = listed[: self._most]
        except StoreAway:
            self._listed = None
        finally:
            self._read_at = asyncio.get_running_loop().time()
            self._reading = None

    async def _look(self, name: str) -> Listed | None:
        """Look at a room of the index; None where its rules do not list it, or where it is gone."""
        ((title, topic), rules, last), here = await asyncio.gather(
            self._pipeline.together(
                ("HMGET", keys.meta(name), "title", "topic"),
                ("HGET", keys.rules(name), "rules"),
                ("GET", keys.last(name)),
            ),
            self._presence.read(name),
        )
        if title is None:
            await self._pipeline.command("ZREM", keys.LISTED, name)
            return None
        held = read_rules(rules)
        if not held.is_listed:
            return None
        if held.asks:  # who has not answered sees no more of it than its title
            return Listed(name, title, "", 0, NO_ENTRY)
        return Listed(name, title, topic or "", here.count, last or NO_ENTRY)
