"""A proxy that breaks what it carries: between workers and their store, or between tabs and workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

MOST = 65536  # bytes of one reading

Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@dataclass(eq=False)
class _Link:
    """One connection and its other half."""

    ours: asyncio.StreamWriter  # to who connected
    theirs: asyncio.StreamWriter  # to what is behind
    is_feed: bool = False  # it has subscribed to something
    starved: bool = False  # nothing reaches who connected any more
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def abort(self) -> None:
        for writer in (self.ours, self.theirs):
            writer.transport.abort()


class FaultProxy:
    """Carries connections to a target, as whole or as broken as it is told.

    target: a host and port, or the path of a socket. chance: seeded, so that a failure can be run again.
    """

    def __init__(self, target: tuple[str, int] | Path, chance: Random) -> None:
        self._target = target
        self._chance = chance
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self._delay = 0.0  # seconds, at most, for each piece
        self._pieces = 0  # bytes, at most; 0: as they come
        self.port = 0
        self.opened = 0  # connections, ever

    @property
    def url(self) -> str:
        """What REDIS_URL has to be."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for link in list(self._links):
            link.abort()
            for task in link.tasks:
                task.cancel()

    # --- faults ------------------------------------------------------------------------------------

    def blackhole(self) -> None:
        """Let nothing through, and close nothing: what is sent waits."""
        self._flowing.clear()

    def reset(self) -> None:
        """Break all connections off, and every new one, until healed."""
        self._refusing = True
        self.cut()

    def cut(self) -> None:
        """Break all connections off; new ones are carried."""
        for link in list(self._links):
            link.abort()

    def starve(self) -> int:
        """Let nothing through any more on the subscriptions that there are, and keep them open; gives how many."""
        feeds = [link for link in self._links if link.is_feed]
        for link in feeds:
            link.starved = True
        return len(feeds)

    def slow(self, delay: float, pieces: int = 0) -> None:
        """Hold each piece back for up to so many seconds, and cut what comes into pieces of so many bytes."""
        self._delay = delay
        self._pieces = pieces

    def heal(self) -> None:
        """Carry everything again. What was starved stays so until it is closed: such a link does not recover."""
        self._refusing = False
        self._delay, self._pieces = 0.0, 0
        self._flowing.set()

    # --- carrying ----------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        if self._refusing:
            writer.transport.abort()
            return
        await self._flowing.wait()
        try:
            if isinstance(self._target, Path):
                back_reader, back_writer = await asyncio.open_unix_connection(self._target)
            else:
                back_reader, back_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, back_writer)
        self._links.add(link)
        link.tasks = [
            asyncio.create_task(self._carry(link, reader, back_writer, up=True)),
            asyncio.create_task(self._carry(link, back_reader, writer, up=False)),
        ]
        try:
            await asyncio.wait(link.tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            link.abort()
            self._links.discard(link)

    async def _carry(
        self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(MOST):
                if up and b"SSUBSCRIBE" in data:
                    link.is_feed = True
                for piece in self._cut(data):
                    await self._flowing.wait()
                    if self._delay:
                        await asyncio.sleep(self._chance.uniform(0, self._delay))
                    if up or not link.starved:
                        writer.write(piece)
                        await writer.drain()

    def _cut(self, data: bytes) -> list[bytes]:
        size = self._pieces or len(data)
        return [data[start : start + size] for start in range(0, len(data), size)]
