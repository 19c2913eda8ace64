"""Endless answers: a room's faces over plain HTTP, each a tab whose connection carries one answer that goes on.

`install` replaces Hypercorn's stream of a request by a subclass. It offers itself to the application in the scope, as
`live/stream` does for websockets, and where the connection is HTTP/1.1 it serves the answer on without the
application: what Quart would do for each piece costs more than all the rest. Elsewhere (HTTP/1.0, HTTP/2) the
application sends what `PlainWire` queues.
"""

from __future__ import annotations

import asyncio
import contextvars
import socket
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, cast

import hypercorn.protocol.h2
import hypercorn.protocol.h11
from hypercorn.protocol.events import Data, Event, StreamClosed
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream
from hypercorn.typing import ASGISendEvent, HTTPScope

from quart_chat import metrics
from quart_chat.live.connections import Http1
from quart_chat.live.frames import LAST_CHUNK, chunk
from quart_chat.live.stream import SEND_BUFFER, Breakable, StreamRegistry, StreamWire, server_of
from quart_chat.live.wire import LAST_WORDS, MAX_UNREAD, PATIENCE, Broadcast, Gone

EXTENSION = "quart_chat.endless"
KIB = 1024
KEEP_ALIVE = 15  # seconds between two probes of a silent peer, and
UNANSWERED = 45_000  # ms after which one that takes nothing counts as gone: it answers no ping


class Opening:
    """What stands before all that an answer says, and comes once: also where the answer ends and has said nothing.

    A page that ended empty would not know that it is to come again.
    """

    def __init__(self, write: Callable[[float | None], str] = lambda again: "") -> None:
        """Take what writes it, by the seconds past the end at which to ask again; 0.0: soon; None: never."""
        self._write: Callable[[float | None], str] | None = write

    def take(self, again: float | None = 0.0) -> str:
        """Give it the first time, and then nothing."""
        write, self._write = self._write, None
        return write(again) if write is not None else ""


class EndlessStream(Breakable, HTTPStream):
    """A request in Hypercorn whose answer may go on for as long as its reader stays."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._serving: Coroutine[Any, Any, None] | None = None  # what is to serve the answer once its head is out
        self._task: asyncio.Task[None] | None = None
        self._wire: PieceWire | None = None
        self._opening = Opening()
        self._left: asyncio.Future[None] | None = None
        self._kept = False  # served without the application

    # --- Hypercorn's side --------------------------------------------------------------------------

    @property
    def scope(self) -> HTTPScope:
        """The ASGI scope; it is set once, and then tells of this stream, which it does not hold."""
        return self._scope

    @scope.setter
    def scope(self, scope: HTTPScope) -> None:
        cast(Any, scope["extensions"])[EXTENSION] = weakref.ref(self)
        self._scope = scope

    async def handle(self, event: Event) -> None:
        """Take what came in, or the end; of a request whose answer goes on nothing more is wanted."""
        if not self._kept or isinstance(event, StreamClosed):
            await super().handle(event)
        if isinstance(event, StreamClosed):
            self._let_go()

    async def app_send(self, message: ASGISendEvent | None) -> None:
        """Take what the application sends: of an answer that goes on without it, the head alone."""
        if self._serving is None and not self._kept:
            await super().app_send(message)
        elif message is not None and message["type"] == "http.response.start" and self._serving is not None:
            serving, self._serving = self._serving, None
            self._kept = message["status"] == 200
            if self._kept:
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await super().app_send(message)
            if self._kept:
                await self._go_on(serving)
            else:  # something failed after the route
                serving.close()

    async def _go_on(self, serving: Coroutine[Any, Any, None]) -> None:
        wire, protocol = self._wire, getattr(self.send, "__self__", None)
        if isinstance(protocol, Http1):
            await protocol.read_no_more()
        if self.closed or wire is None:
            serving.close()
            return
        wire.open(None)
        self.app_put = cast(Any, None)
        self.registry.add(self, self.context)
        # a context of its own: that of the route would hold all that Quart knows of the request
        self._task = self.registry.spawn(self._serve(serving), context=contextvars.Context())
        self._task.add_done_callback(lambda _: serving.close())  # cancelled before it began, nobody has awaited it

    async def _serve(self, serving: Coroutine[Any, Any, None]) -> None:
        try:
            await serving
        finally:
            self._task = None
            if not self.closed:
                await self._end()

    async def _end(self) -> None:
        """End the body as HTTP does: whoever reads it knows that nothing broke. The connection closes after it."""
        self._shut()
        if self.state is ASGIHTTPState.RESPONSE:
            self.state = ASGIHTTPState.CLOSED
            opening = self._opening.take()
            with suppress(OSError):
                last = chunk(opening) + LAST_CHUNK if opening else LAST_CHUNK
                await self.send(Data(stream_id=self.stream_id, data=last))
            await self.config.log.access(cast(Any, self._scope), self.response, time.time() - self.start_time)
        await self.send(StreamClosed(stream_id=self.stream_id))

    def _shut(self) -> None:
        if self._wire is not None:
            self._wire.shut()

    def _let_go(self) -> None:
        """Hold nothing more, and let nobody wait: the answer has ended."""
        self._shut()
        self._wire = None
        self.registry.forget(self)
        if self._serving is not None:
            self._serving.close()
            self._serving = None
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        if self._left is not None and not self._left.done():
            self._left.set_result(None)
        if self._aborting is not None:
            self._aborting.cancel()

    # --- the tab's side ----------------------------------------------------------------------------

    def adopt(self) -> PieceWire | None:
        """Give the wire of an answer that is about to go on; None where the application has to send it."""
        server = server_of(self.send)
        if server is None or self._scope["http_version"] != "1.1" or self._scope["method"] != "GET":
            return None
        transport = server.writer.transport
        if self.closed or transport.is_closing():
            return None
        transport.set_write_buffer_limits(high=64 * KIB)
        self.watch()
        self._wire = PieceWire(self, server.writer)
        return self._wire

    def watch(self) -> None:
        """Let little wait in the kernel, which finds out that a peer is gone; for a connection of its own."""
        server = server_of(self.send)
        raw = server.writer.transport.get_extra_info("socket") if server is not None else None
        if raw is not None:
            _watch(raw)

    def keep(self, serving: Coroutine[Any, Any, None], opening: Opening) -> None:
        """Serve the answer by this once its head is out; nothing that the application sends of its body counts.

        serving: returns when the answer is to end. opening: what it says first.
        """
        self._serving = serving
        self._opening = opening

    async def receive(self) -> list[str | bytes]:
        """Wait until the reader has left: nothing comes from it.

        Raises:
            Gone: it has.
        """
        if not self.closed:
            self._left = asyncio.get_running_loop().create_future()
            await self._left
        raise Gone("the reader has left")

    async def close(self, code: int) -> None:
        """End the answer; abort the connection LAST_WORDS later, if its reader does not take the end."""
        self.end_soon()
        if not self.closed:
            await self._end()

    def silent(self, now: float) -> bool:
        """Tell whether the peer has been silent for too long: it never says anything, and the kernel watches it."""
        return False

    def send_away(self) -> None:
        """Break off an answer whose reader does not read: its end would come out of order."""
        metrics.SLOW.inc()
        self.abort()


class PieceWire(StreamWire):
    """The wire of an endless answer: what it writes are chunks, and there are no pings."""

    __slots__ = ()

    def beat(self, broadcast: Broadcast, now: float) -> None:
        """Write a heartbeat."""
        self.write(broadcast)

    async def receive(self) -> Sequence[str | bytes]:
        """Wait until the reader has left."""
        return await self._stream.receive()


class QueuedWire:
    """A `Wire` whose answer the application sends: `pieces` are its body."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._queue: list[str] = []
        self._unread = 0  # bytes of what is queued
        self._more = asyncio.Event()
        self._taken = asyncio.Event()
        self._left = asyncio.Event()
        self._over = False
        self._stream: EndlessStream | None = None
        self._aborting: asyncio.TimerHandle | None = None

    async def pieces(
        self, serving: Coroutine[Any, Any, None], stream: EndlessStream | None
    ) -> AsyncGenerator[str, None]:
        """Give the body piece by piece, while the tab is served.

        serving: returns when it is to end. stream: Hypercorn's, if it is that; when its worker ends, this does.
        """
        self._stream = stream
        if stream is not None:
            stream.watch()
            stream.registry.add(self, stream.context)
        task = asyncio.create_task(serving)
        task.add_done_callback(lambda _: self._finish())
        try:
            while True:
                self._more.clear()
                while self._queue:
                    text = "".join(self._queue)
                    self._queue.clear()
                    self._unread = 0
                    yield text
                self._taken.set()
                if self._over:
                    return
                await self._more.wait()
        finally:
            self._over = True
            self._left.set()
            if stream is not None:
                stream.registry.forget(self)
            if self._aborting is not None:
                self._aborting.cancel()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            serving.close()  # cancelled before it began, nobody has awaited it

    def _finish(self) -> None:
        """End after what was written; whoever does not take that within LAST_WORDS is broken off."""
        if self._over:
            return
        if opening := self._opening.take():
            self._queue.append(opening)
        self._over = True
        self._left.set()  # a reader that stands still would keep its tab
        self._more.set()
        if self._stream is not None:
            self._aborting = asyncio.get_running_loop().call_later(LAST_WORDS, self._stream.abort)

    def write(self, broadcast: Broadcast) -> None:
        """Queue what goes to everybody; a reader that is too slow for it gets the end, and can go on from its place."""
        if self._over or not broadcast.text:
            return
        if self._unread > MAX_UNREAD:
            metrics.SLOW.inc()
            self._finish()
            return
        self._queue.append(broadcast.text)
        self._unread += len(broadcast.frame)
        self._taken.clear()
        self._more.set()

    async def send(self, broadcast: Broadcast) -> None:
        """Queue something of any size, and wait until it is on its way."""
        if self._over:
            raise Gone("the reader has left")
        if not broadcast.text:
            return
        self._queue.append(broadcast.text)
        self._taken.clear()
        self._more.set()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._taken.wait()
        except TimeoutError as error:
            self._finish()
            raise Gone("the reader does not read") from error

    async def receive(self) -> Sequence[str | bytes]:
        """Wait until the reader has left: nothing comes from it."""
        await self._left.wait()
        raise Gone("the reader has left")

    async def close(self, code: int) -> None:
        """End the answer, after what was written."""
        self._finish()

    # --- as the registry knows it --------------------------------------------------------------------

    def silent(self, now: float) -> bool:
        """Tell nothing: what carries the answer finds out."""
        return False

    def abort(self) -> None:
        """End it."""
        self._finish()

    def send_away(self) -> None:
        """End it."""
        self._finish()


def _watch(raw: socket.socket) -> None:
    """Let the kernel find out that a peer is silently gone."""
    with suppress(OSError, AttributeError):  # what a system does not know of these
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEP_ALIVE)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEP_ALIVE)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED)


def install(registry: StreamRegistry) -> None:
    """Make Hypercorn use streams of this registry in this process, whatever started it."""
    bound = type("EndlessStream", (EndlessStream,), {"registry": registry})
    for module in (hypercorn.protocol.h11, hypercorn.protocol.h2):
        module.HTTPStream = bound  # type: ignore[attr-defined]


def endless_of(scope: Any) -> EndlessStream | None:
    """Find the stream of a request's ASGI scope; None where it has none."""
    found = (scope.get("extensions") or {}).get(EXTENSION)
    stream = found() if isinstance(found, weakref.ref) else None
    return stream if isinstance(stream, EndlessStream) else None
