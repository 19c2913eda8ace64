"""A slow line between browser and server: one rate for all connections, a delay each way, and lost segments."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

SEGMENT = 1448  # bytes of a TCP segment over Ethernet, without its headers
HEADERS = 66  # bytes of Ethernet, IP and TCP that go with each


class Line(NamedTuple):
    """rate: bytes a second, each way. delay: seconds, each way. lost: share of the segments.

    again: seconds until a lost one is sent again, a round trip and Linux's least wait; what comes after it waits.
    """

    rate: float
    delay: float
    lost: float = 0
    again: float = 0.6


class _Way:
    """One direction of the line, which all connections share."""

    def __init__(self, line: Line, chance: random.Random) -> None:
        self._line, self._chance, self._free = line, chance, 0.0
        self.bytes = 0

    def arrival(self, size: int) -> float:
        """Take a segment in; returns when it is there, by the loop's clock."""
        now = asyncio.get_running_loop().time()
        self.bytes += size
        self._free = max(now, self._free) + (size + HEADERS) / self._line.rate
        lost = self._line.again if self._chance.random() < self._line.lost else 0
        return self._free + self._line.delay + lost


class Link:
    """Passes bytes between a port of its own and the server's, as slowly as the line does.

    What is left out: slow start. All that a page needs to be seen fits into the first ten segments of its connection.
    """

    def __init__(self, port: int, line: Line, seed: int) -> None:
        self.port = 0
        self._target, self._line = port, line
        chance = random.Random(seed)
        self.up, self.down = _Way(line, chance), _Way(line, chance)
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()  # which ends the tasks
        await asyncio.gather(*self._tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        loop = asyncio.get_running_loop()
        # the browser's connection stands at once, for it is on this machine: what it sends waits for the handshake
        stands = max(self.up.arrival(0), loop.time()) + self._line.delay
        answers, there = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, there}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, there, self.up, stands))
                both.create_task(self._pass(answers, writer, self.down, 0))
        except* OSError:
            pass  # one of the two is gone
        finally:
            for end in (writer, there):
                self._writers.discard(end)
                end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: _Way, stands: float) -> None:
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                at, some = await under_way.get()
                await asyncio.sleep(at - loop.time())
                if not some:
                    with suppress(OSError):
                        writer.write_eof()
                    return
                writer.write(some)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(deliver())
            last = stands
            await asyncio.sleep(stands - loop.time())
            while True:
                some = await reader.read(65_536)
                for start in range(0, len(some), SEGMENT):
                    piece = some[start : start + SEGMENT]
                    last = max(last, way.arrival(len(piece)))
                    under_way.put_nowait((last, piece))
                if not some:
                    under_way.put_nowait((max(last, loop.time() + self._line.delay), b""))
                    return
