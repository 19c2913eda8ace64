"""The rooms that their owners show to everybody: an index of names, and what the lobby says of each."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from quart_chat.room.entries import NO_ENTRY, order
from quart_chat.store import keys
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.rules import read_rules

LOOKED_AT = 200  # rooms of the index, those that were listed last: 2 ms of the store
FRESH = 2.0  # seconds for which a worker's list holds


class Listed(NamedTuple):
    """A room as the lobby shows it to everybody.

    name: in addresses; topic: "" for none; people: how many are here; last: its newest entry's id.
    """

    name: str
    title: str
    topic: str
    people: int
    last: str


class Directory:
    """Lists rooms for one worker; most: rooms that it lists, 0 for none."""

    def __init__(self, pipeline: Pipeline, presence: Presence, most: int) -> None:
        self._pipeline = pipeline
        self._presence = presence
        self._most = most
        self._read_at = float("-inf")
        self._listed: list[Listed] = []
        self._one_by_one = asyncio.Lock()

    async def read(self) -> list[Listed]:
        """List rooms, those in which most people are first, and of those the ones where something was said last.

        Raises:
            StoreAway: no answer.
        """
        if not self._most:
            return []
        async with self._one_by_one:
            if asyncio.get_running_loop().time() >= self._read_at + FRESH:
                names = await self._pipeline.command("ZREVRANGE", keys.LISTED, 0, LOOKED_AT - 1)
                found = await asyncio.gather(*map(self._look, names))
                listed = [one for one in found if one is not None]
                listed.sort(key=lambda one: (one.people, order(one.last)), reverse=True)
                self._listed = listed[: self._most]
                self._read_at = asyncio.get_running_loop().time()
        return self._listed

    async def _look(self, name: str) -> Listed | None:
        """Look at a room of the index; None where its rules do not list it, or where it is gone."""
        (title, topic), rules, last, here = await asyncio.gather(
            self._pipeline.command("HMGET", keys.meta(name), "title", "topic"),
            self._pipeline.command("HGET", keys.rules(name), "rules"),
            self._pipeline.command("GET", keys.last(name)),
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
