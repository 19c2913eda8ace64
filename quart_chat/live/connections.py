"""Hypercorn's connections, with what they leave behind mended; `install` puts these in their places.

Nothing of a connection that has ended stays: no task that waits for what cannot come, and no circle of references,
which only the collector would find. What is no handshake gets an answer and not a traceback, and who has just come to a
worker that ends gets theirs.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import h11
import hypercorn.asyncio.run
import hypercorn.protocol
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Closed, Event
from hypercorn.protocol.events import Data, Request
from hypercorn.protocol.h11 import H11Protocol, H11WSConnection
from hypercorn.typing import H11SendableEvent

SETTLE = 0.2  # seconds in which an idle connection of a worker that ends may still ask something
KEY = 16  # bytes of a handshake's key


class Ended:
    """Stands where a connection's protocol or stream was."""

    idle = True

    async def handle(self, event: object) -> None:
        """Pass over what still comes."""


ENDED: Any = Ended()


class LateStreams(dict[int, Any]):
    """Streams of an HTTP/2 connection. What comes late for one that has ended is no reason to end the others."""

    def __missing__(self, stream_id: int) -> Ended:
        return cast(Ended, ENDED)


class _Nothing(H11WSConnection):
    """Stands where the HTTP/1.1 of a connection was: nothing comes of it any more, and nothing goes out."""

    def __init__(self) -> None:
        """Hold nothing."""

    def receive_data(self, data: bytes) -> None:
        """Pass over what still comes."""

    def next_event(self) -> Data | type[h11.NEED_DATA]:
        """Say that there is nothing."""
        return h11.NEED_DATA

    def send(self, event: H11SendableEvent) -> bytes:
        """Write nothing."""
        return b""


NOTHING = _Nothing()


class Http1(H11Protocol):
    """HTTP/1.1 that stops waiting to read on when its connection ends.

    Hypercorn's waits until the answer before has been sent, also when its peer has gone meanwhile: for ever.
    """

    async def handle(self, event: Event) -> None:
        """Take what came in, or the end."""
        await super().handle(event)
        if isinstance(event, Closed):
            self.connection = NOTHING
            await self.can_read.set()

    async def read_no_more(self) -> None:
        """Pass over whatever else comes: the answer that goes out is the last one.

        Whoever asks on before it ends would hold up the reading, which alone sees that they leave.
        """
        self.connection = NOTHING
        await self.can_read.set()


class Server(TCPServer):
    """A connection that lets go of what it was made of when it ends.

    Else its protocols refer to it as it does to them, and so does what the reader failed by, through its traceback.
    """

    async def run(self) -> None:
        """Serve the connection to its end."""
        try:
            await super().run()
        finally:
            self.let_go()

    async def _idle_timeout(self) -> None:
        """Wait until the connection has been idle for too long, or until the worker ends, and close it.

        A worker that ends still has connections of which it has not read what they ask, for it closes what is idle
        before it stops listening: they get no answer if it does that at once. What asks now ends this.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self.config.keep_alive_timeout):
                await self.context.terminated.wait()
                await asyncio.sleep(SETTLE)
        await asyncio.shield(self._initiate_server_close())

    def let_go(self) -> None:
        """Break the circles: to look for them among ten thousand tabs takes the collector a second."""
        self.protocol = ENDED
        failed = self.reader.exception()
        if failed is not None:
            failed.__traceback__ = None


def lawful(handshake: Request) -> Request:
    """Give a handshake as it is, or, if its lines are none (RFC 6455, section 4.2.1), without them: that gets 400.

    Hypercorn fails at lines that are no ASCII, and takes any key.
    """
    for given, value in handshake.headers:
        name = given.lower()
        if name == b"sec-websocket-key" and not _is_key(value):
            break
        if (name in (b"connection", b"upgrade") or name.startswith(b"sec-websocket-")) and not value.isascii():
            break
    else:
        return handshake
    return replace(handshake, headers=[line for line in handshake.headers if line[0].lower() == b"host"])


def _is_key(value: bytes) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == KEY
    except binascii.Error:
        return False


def install() -> None:
    """Make Hypercorn use these in this process, whatever started it."""
    hypercorn.asyncio.run.TCPServer = Server  # type: ignore[attr-defined]
    hypercorn.protocol.H11Protocol = Http1  # type: ignore[attr-defined]
