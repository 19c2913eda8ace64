"""What is kept of a person: the name they chose, and the rooms they have been in. Both fade when unused."""

from __future__ import annotations

from quart_chat.store import keys
from quart_chat.store.line import Argument
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.rules import renamed

KEPT = 400 * 24 * 60 * 60 * 1000  # ms, as long as browsers keep the cookie
VISITED = 30  # rooms that the lobby lists


class People:
    """Names and visited rooms by public id."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def name(self, person: str) -> str | None:
        """Give the name that somebody chose; None where they did not."""
        found = await self._pipeline.command("GET", keys.name(person))
        return None if found is None else str(found)

    async def rename(self, person: str, name: str) -> None:
        """Keep a new name, also in the rooms that they keep: it is nobody else's there."""
        await self._pipeline.command("SET", keys.name(person), name, "PX", KEPT)
        await renamed(self._pipeline, person, name, await self.visited(person))

    async def forget_name(self, person: str, generated: str) -> None:
        """Keep no name; generated: which is theirs again."""
        await self._pipeline.command("DEL", keys.name(person))
        await renamed(self._pipeline, person, generated, await self.visited(person))

    async def visit(self, person: str, room: str, now: int, *, again: bool = True) -> None:
        """Note that somebody is in a room now.

        now: ms since the epoch. again: False leaves it as it is where they have been there before.
        """
        visited = keys.visited(person)
        added: tuple[Argument, ...] = ("ZADD", visited, now, room) if again else ("ZADD", visited, "NX", now, room)
        await self._pipeline.together(
            added,
            ("ZREMRANGEBYRANK", visited, 0, -VISITED - 1),
            ("PEXPIRE", visited, KEPT),
        )

    async def visited(self, person: str) -> list[str]:
        """Give the rooms that somebody has been in, latest first."""
        found = await self._pipeline.command("ZREVRANGE", keys.visited(person), 0, -1)
        return [str(room) for room in found]

    async def visits(self, person: str) -> list[tuple[str, int]]:
        """Give the same, each with when they were there last, ms since the epoch."""
        found = await self._pipeline.command("ZREVRANGE", keys.visited(person), 0, -1, "WITHSCORES")
        return [(str(room), int(float(at))) for room, at in zip(found[::2], found[1::2], strict=True)]

    async def leave(self, person: str, room: str) -> None:
        """Forget that somebody was in a room."""
        await self._pipeline.command("ZREM", keys.visited(person), room)
