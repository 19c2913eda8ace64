"""A network of the test's own: a TCP proxy between browser and server that cuts, and that swallows."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

State = Literal["whole", "cut", "silent"]


class Proxy:
    """Passes bytes between a port of its own and the server's, until it is told otherwise.

    port: the server's, on loopback.
    """

    def __init__(self, port: int) -> None:
        self.url = ""
        self._target = port
        self._state: State = "whole"
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self._state = "cut"
        self._abort()  # which ends the tasks
        await asyncio.gather(*self._tasks)

    def cut(self) -> None:
        """Break all connections, and every new one at once."""
        self._state = "cut"
        self._abort()

    def silence(self) -> None:
        """Swallow every byte in both directions; nobody is told."""
        self._state = "silent"

    def heal(self) -> None:
        """Pass bytes again; connections that lost some are broken, for nothing could mend them."""
        if self._state == "silent":
            self._abort()
        self._state = "whole"

    def _abort(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        there: asyncio.StreamWriter | None = None
        try:
            if self._state == "cut":
                return
            answers, there = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(there)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, there))
                both.create_task(self._pass(answers, writer))
        except* OSError:
            pass  # one of the two is gone
        finally:
            for end in (writer, there):
                if end is not None:
                    self._writers.discard(end)
                    end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while read := await reader.read(65_536):
                if self._state == "whole":
                    writer.write(read)
                    await writer.drain()
            if self._state == "whole":
                writer.transport.close()
