"""What a tab's connection is to the floor above it: receive, send, broadcast, close. Nothing of Quart or Hypercorn.

Two kinds: the fast lane (`live/stream`) writes an encoded frame straight to the transport; `PlainWire` goes
through ASGI, one task a tab, and works with any server and over HTTP/2.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from quart_chat.events import get_logger
from quart_chat.live.deflate import PAYS, Deflater
from quart_chat.live.frames import chunk, deflated_frame, text_frame
from quart_chat.live.zerocopy import SharedPages, shared_pages
from quart_chat.pages.languages import PAGE, Audience

KIB = 1024
MAX_UNREAD = 1024 * KIB  # bytes that a tab may leave unread; then it is sent away, and comes back by its resume
PATIENCE = 30.0  # seconds that a catching-up tab may take over what it was sent
LAST_WORDS = 5.0  # seconds that a close frame may take before the transport is aborted

RESTART = 1012  # close codes, RFC 6455 and the IANA registry
AGAIN_LATER = 1013
POLICY = 1008
FAILED = 1011

logger = get_logger(__name__)


class Gone(Exception):
    """The tab is no longer there, or does not read any more."""


class Broadcast:
    """One text for many tabs: encoded for the fast lane once, and deflated at most once.

    frame: the text as one frame. pages: how sockets share it, while it is sent to many and they gain by it; else None.
    """

    __slots__ = ("_deflated", "frame", "pages", "text")
    encode: Callable[[str], bytes] = staticmethod(text_frame)  # as a connection carries it

    def __init__(self, text: str) -> None:
        self.text = text
        self.frame = self.encode(text)
        self.pages: SharedPages | None = None
        self._deflated: bytes | None = None

    @contextmanager
    def to_many(self, tabs: int) -> Iterator[None]:
        """While so many tabs are written to, let them share the frame's memory."""
        self.pages = pages = shared_pages(self.frame, tabs)
        try:
            yield
        finally:
            self.pages = None
            if pages is not None:
                pages.close()

    def deflated(self, deflater: Deflater) -> bytes:
        """Give the text as one frame for who takes permessage-deflate; a short one stays as it is."""
        if self._deflated is None:
            payload = self.text.encode()
            self._deflated = deflated_frame(deflater.deflate(payload)) if len(payload) >= PAYS else self.frame
        return self._deflated


class Piece(Broadcast):
    """The same for many endless answers of HTTP/1.1: `frame` is one chunk of a body (RFC 9112, section 7.1)."""

    __slots__ = ()
    encode = staticmethod(chunk)


def told(text: str, audience: Audience) -> Broadcast:
    """Make what is sent to tabs of an audience, in the way in which their connections carry it."""
    return Broadcast(text) if audience.face == PAGE else Piece(text)


class Wire(Protocol):
    """A tab's connection."""

    async def receive(self) -> Sequence[str | bytes]:
        """Wait for messages, and take those that are there, oldest first.

        A tab that sends faster than this is called waits in its own socket.

        Raises:
            Gone: the tab is not there.
        """

    async def send(self, broadcast: Broadcast) -> None:
        """Send, and wait until it is on its way.

        Raises:
            Gone: the tab is not there, or did not read for PATIENCE.
        """

    def write(self, broadcast: Broadcast) -> None:
        """Send without waiting; a tab that has left MAX_UNREAD bytes unread is sent away instead."""

    async def close(self, code: int) -> None:
        """Close with a code, and do not wait for a peer that has stopped reading."""


class PlainWire:
    """A tab's connection through plain ASGI: a bounded queue, and one task that sends from it."""

    def __init__(
        self,
        receive: Callable[[], Awaitable[Sequence[str | bytes]]],
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
    ) -> None:
        self._receive = receive
        self._send = send
        self._close = close
        self._queue: deque[tuple[str, int]] = deque()  # texts, and the bytes that count
        self._unread = 0  # bytes
        self._more = asyncio.Event()
        self._sent = asyncio.Event()
        self._slow = asyncio.Event()

    async def receive(self) -> Sequence[str | bytes]:
        """Wait for messages."""
        return await self._receive()

    async def send(self, broadcast: Broadcast) -> None:
        """Send after all that was written, and wait for it; it may be of any size."""
        self._put(broadcast.text, 0)
        try:
            async with asyncio.timeout(PATIENCE):
                while self._queue and not self._slow.is_set():
                    self._sent.clear()
                    await self._sent.wait()
        except TimeoutError:
            self._slow.set()
        if self._slow.is_set():
            raise Gone("the tab does not read")

    def write(self, broadcast: Broadcast) -> None:
        """Queue what goes to everybody."""
        if not self._slow.is_set():
            self._put(broadcast.text, len(broadcast.frame))

    def _put(self, text: str, size: int) -> None:
        if size and self._unread > MAX_UNREAD:  # as on the fast lane: what waits counts, not what comes on top
            self._slow.set()
        self._queue.append((text, size))
        self._unread += size
        self._more.set()

    async def close(self, code: int) -> None:
        """Close with a code; give up after LAST_WORDS."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await self._close(code)

    async def pump(self) -> None:
        """Send what is queued, until the tab is too slow for it; whoever made the wire runs this beside the tab."""
        while True:
            while self._queue:
                text, size = self._queue[0]
                sending = asyncio.ensure_future(self._send(text))
                slow = asyncio.ensure_future(self._slow.wait())
                try:
                    await asyncio.wait({sending, slow}, return_when=asyncio.FIRST_COMPLETED)
                    if not sending.done():
                        raise Gone("the tab does not read")
                    sending.result()
                finally:
                    sending.cancel()
                    slow.cancel()
                self._queue.popleft()
                self._unread -= size
                self._sent.set()
            self._more.clear()
            self._sent.set()
            await self._more.wait()
