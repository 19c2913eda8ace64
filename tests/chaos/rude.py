"""Clients without manners, on bare sockets, and a server that tells what it still holds of them.

`python -m tests.chaos.rude` is the chat with one more route, /held.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import struct
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from quart import Quart

from tests.web.frames import CLOSE, FIN, MASK, PING, PONG, RSV1, TEXT, frame

PATIENCE = 5.0  # seconds until a server that has not answered hangs
AT_ONCE = 50  # connections
TOLD = 400  # bytes of what was sent that the report of a failure shows, of each piece
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close by RST

T = TypeVar("T")
Item = TypeVar("Item")


class Gone(Exception):
    """The server has ended the connection."""


class Closed(Exception):
    """The server sent a close frame with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Peer(asyncio.Protocol):
    """One connection, as bytes: what it sends need make no sense, what comes back has to.

    history: all that it has sent.
    """

    def __init__(self) -> None:
        self.history: list[bytes] = []
        self.came = bytearray()
        self.ended = False
        self._transport: asyncio.Transport  # from when it is connected
        self._news: asyncio.Future[None] | None = None

    @classmethod
    async def connect(cls, port: int) -> Peer:
        _, peer = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return peer

    # --- asyncio's side ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.came += data
        self._wake()

    def eof_received(self) -> None:
        self.ended = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    # --- what it does ------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        self.history.append(data)
        self._transport.write(data)

    def finish(self) -> None:
        """Send nothing more, and go on reading."""
        if not self._transport.is_closing():
            with suppress(OSError):
                self._transport.write_eof()

    def close(self) -> None:
        self._transport.close()

    def reset(self) -> None:
        """Be gone at once and without a word."""
        if not self._transport.is_closing():
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._transport.abort()

    async def until(self, seen: Callable[[], T | None], what: str) -> T:
        """Wait for something in what came.

        Raises:
            Gone: the connection has ended, and it was not there. AssertionError: nor was it after PATIENCE.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := seen()) is None:
                    if self.ended:
                        raise Gone(f"{what} never came")
                    self._news = asyncio.get_running_loop().create_future()
                    await self._news
                return found
        except TimeoutError:
            raise AssertionError(f"{PATIENCE} s without {what}; there is {bytes(self.came[:300])!r}") from None

    def story(self) -> str:
        """Tell what it has sent, one piece a line."""
        return "\n".join(f"  {len(data)} bytes: {data[:TOLD]!r}" for data in self.history)

    async def end(self) -> None:
        """Wait until the server closes the connection."""
        await self.until(lambda: self.ended or None, "an end")

    async def head(self) -> bytes:
        """Read the head of an answer."""
        await self.until(lambda: b"\r\n\r\n" in self.came or None, "an answer")
        head, _, rest = self.came.partition(b"\r\n\r\n")
        self.came = rest
        return bytes(head)

    async def frame(self) -> bytes:
        """Read a frame of the server's, strictly, and give what it carries, inflated.

        Raises:
            Closed: it is a close frame.
        """
        first, payload = await self.until(self._frame, "a frame")
        assert first & 0x30 == 0, "a reserved bit"
        assert first & FIN, "a message in parts"
        opcode = first & 0xF
        assert opcode in (TEXT, CLOSE, PING, PONG), f"an opcode {opcode}"
        if opcode == CLOSE:
            raise Closed(int.from_bytes(payload[:2], "big") if payload else 1005)
        if first & RSV1:
            assert opcode == TEXT, "a compressed control frame"
            payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
        assert opcode != TEXT or payload.decode().startswith("<"), "a text that is no HTML"
        return payload

    def _frame(self) -> tuple[int, bytes] | None:
        came = self.came
        if len(came) < 2:
            return None
        first, length = came[0], came[1]
        assert not length & MASK, "a masked frame"
        begin = 2
        if length > 125:
            begin += 2 if length == 126 else 8
            if len(came) < begin:
                return None
            length = int.from_bytes(came[2:begin], "big")
        if len(came) < begin + length:
            return None
        payload = bytes(came[begin : begin + length])
        del came[: begin + length]
        return first, payload

    async def text(self, part: bytes) -> None:
        """Read to a text with this in it."""
        while part not in await self.frame():
            pass

    async def closed(self) -> int:
        """Read to the server's close frame, and give its code."""
        try:
            while True:
                await self.frame()
        except Closed as closed:
            return closed.code


def form(**fields: Any) -> bytes:
    """Encode a frame of a page's form."""
    return frame(TEXT, json.dumps(fields).encode())


def handshake(port: int, room: str, cookie: str, *more: bytes, without: bytes = b"") -> bytes:
    """Write a page's handshake; more: lines; without: what the name of a line begins with that is left out."""
    lines = [
        b"GET /r/%b/ws HTTP/1.1" % room.encode(),
        b"Host: 127.0.0.1:%d" % port,
        b"Origin: http://127.0.0.1:%d" % port,
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Version: 13",
        b"Cookie: %b" % cookie.encode(),
    ]
    kept = [line for line in lines if not (without and line.startswith(without))]
    return b"\r\n".join([*kept, *more]) + b"\r\n\r\n"


async def all_of(items: Iterable[Item], work: Callable[[Item], Awaitable[None]]) -> None:
    """Work on all of them, AT_ONCE at a time; the first failure ends it."""
    left = iter(items)

    async def one_after_the_other() -> None:
        for item in left:
            await work(item)

    workers = [asyncio.create_task(one_after_the_other()) for _ in range(AT_ONCE)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


# --- what a worker holds -------------------------------------------------------------------------------


def memory(pid: int) -> int:
    """Give what a process has in memory, KiB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1])


def descriptors(pid: int) -> Counter[str]:
    """Count what a process has open, by kind."""
    kinds: Counter[str] = Counter()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):
            kinds[re.sub(r"\d+", "", os.readlink(f"/proc/{pid}/fd/{fd}"))] += 1
    return kinds


def create_app() -> Quart:
    """Make the chat, with a route that tells of its worker and of that one's tasks."""
    from quart_chat.app import create_app as chat

    app = chat()

    @app.get("/held")
    async def held() -> dict[str, Any]:
        names = (getattr(task.get_coro(), "__qualname__", "?") for task in asyncio.all_tasks())
        return {"pid": os.getpid(), "tasks": Counter(names)}

    return app


if __name__ == "__main__":
    from quart_chat.cli import main

    main(prog_name="quart-chat", obj="tests.chaos.rude:create_app")
