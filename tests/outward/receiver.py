"""Somebody's server, on loopback: what it was sent, and what it answers."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network
from typing import Any, NamedTuple

LOOPBACK = (ip_network("127.0.0.0/8"),)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answering(status: int, more: str = "") -> bytes:
    return f"HTTP/1.1 {status} X\r\n{more}Content-Length: 0\r\n\r\n".encode()


class Post(NamedTuple):
    """headers: by their names in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return str(self.told["data"].get("text", self.told["type"]))


class Receiver:
    """answer: gives what is answered to the post of that number, from 0; None: nothing, ever."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.connections = 0
        self.port = 0
        self.answer: Callable[[int], bytes | None] = lambda _: OK
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    @property
    def texts(self) -> list[str]:
        return [post.text for post in self.posts]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/x?y=1"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open[writer] = asyncio.current_task()
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
                headers = {name.lower(): value for name, value in (re.split(": ?", one, maxsplit=1) for one in fields)}
                body = await reader.readexactly(int(headers["content-length"]))
                answer = self.answer(len(self.posts))
                self.posts.append(Post(line, headers, body))
                if answer is not None:
                    writer.write(answer)
                    await writer.drain()
        writer.close()

    async def hang_up(self) -> None:
        for writer in self._open:
            writer.close()
        await asyncio.gather(*filter(None, self._open.values()), return_exceptions=True)


@asynccontextmanager
async def receiving(trust: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Serve; trust: for TLS."""
    one = Receiver()
    server = await asyncio.start_server(one._serve, "127.0.0.1", 0, ssl=trust)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        await one.hang_up()
