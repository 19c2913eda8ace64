"""The fast lane: it reaches under ASGI to Hypercorn's streams and transports.

`install` replaces Hypercorn's websocket stream by a subclass. It
  - offers itself to the application in the scope, as the ASGI extension EXTENSION, where one frame can be
    written to a transport directly: plain or TLS, HTTP/1.1;
  - serves a tab on without the application, whose route has returned: that spares 14 KB and three tasks a tab;
  - agrees on compression that all tabs share (`live/deflate`): Hypercorn would compress every message for every tab,
    and inflate without a bound;
  - holds back a tab that sends faster than it is served;
  - answers broken frames with the right close code instead of an aborted connection;
  - closes every tab with 1012 as soon as the worker is told to end, so that it comes back elsewhere;
  - pings, and lets go of peers that are silently gone.
Where the extension is missing, the plain ASGI path does everything but these.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import importlib.util
import os
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, Protocol, cast

import hypercorn.protocol.h2
import hypercorn.protocol.h11
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.events import Body, Data, Event, Request, Response, StreamClosed
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import H11Protocol, H11WSConnection
from hypercorn.protocol.ws_stream import ASGIWebsocketState, FrameTooLargeError, WSStream
from hypercorn.typing import ASGISendEvent, WebsocketAcceptEvent, WebsocketScope, WorkerContext
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Message, Ping
from wsproto.events import Event as WSProtoEvent
from wsproto.frame_protocol import CloseReason
from wsproto.handshake import server_extensions_handshake
from wsproto.utilities import LocalProtocolError

from quart_chat import metrics
from quart_chat.events import get_logger
from quart_chat.live import connections
from quart_chat.live.connections import LateStreams, lawful
from quart_chat.live.deflate import Deflater, SharedDeflate
from quart_chat.live.frames import ping_frame
from quart_chat.live.wire import AGAIN_LATER, LAST_WORDS, MAX_UNREAD, PATIENCE, RESTART, Broadcast, Gone
from quart_chat.tasks import end_tasks

EXTENSION = "quart_chat.stream"
WAITING = 64  # messages of a tab that may wait for it to be served; what comes on top stays in its socket
PING_EVERY = 15.0  # seconds
SILENCE = 45.0  # seconds without a byte of a pinged peer; then it is gone
KIB = 1024
SEND_BUFFER = 256 * KIB  # of the kernel, a socket: with its default, loopback hides 4.8 MiB that nobody reads

_PING = ping_frame()

logger = get_logger(__name__)


class Lane(Protocol):
    """A stream of Hypercorn's, as its wire and the registry know it."""

    def silent(self, now: float) -> bool:
        """Tell whether a peer has not been heard of for too long; now: the loop's time, s."""

    def abort(self) -> None:
        """Break the connection off."""

    def send_away(self) -> None:
        """Close a tab that does not read."""

    async def receive(self) -> Sequence[str | bytes]:
        """Wait for messages, and take those that are there."""

    async def close(self, code: int) -> None:
        """Close with a code, and do not wait for a peer that has stopped reading."""


class Breakable:
    """A stream of Hypercorn's that can break its connection off."""

    registry: StreamRegistry
    closed: bool
    stream_id: int
    send: Callable[[Event], Awaitable[None]]
    _aborting: asyncio.TimerHandle | None = None  # breaks off what has not closed in time

    def end_soon(self) -> None:
        """Abort the connection if it has not closed by itself after LAST_WORDS."""
        if self._aborting is None:
            self._aborting = asyncio.get_running_loop().call_later(LAST_WORDS, self.abort)

    def abort(self) -> None:
        """Break the connection off; over HTTP/2 the stream alone, for others share the connection."""
        if self.closed:
            return
        server = server_of(self.send)
        if server is not None:
            server.writer.transport.abort()
        else:
            self.registry.spawn(self._drop())

    async def _drop(self) -> None:
        await self.send(StreamClosed(stream_id=self.stream_id))


class TabStream(Breakable, WSStream):
    """A tab's websocket in Hypercorn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        protocol = getattr(self.send, "__self__", None)
        if isinstance(protocol, H2Protocol) and not isinstance(protocol.streams, LateStreams):
            protocol.streams = LateStreams(protocol.streams)
        self._inbox: list[str | bytes] = []  # messages that the tab has not taken
        self._taker: asyncio.Future[None] | None = None  # the tab waits for messages
        self._held: asyncio.Future[None] | None = None  # the connection waits for the tab
        self._broken = False
        self._heard = asyncio.get_running_loop().time()
        self._wire: StreamWire | None = None
        self._ending: asyncio.Task[None] | None = None
        self._serving: asyncio.Task[None] | None = None
        self._adopted = False  # what comes in is taken from here, and not by the application
        self._kept = False  # served without the application

    def __deepcopy__(self, memo: dict[int, Any]) -> TabStream:
        """Stay the one stream when a middleware copies the scope (Hypercorn's ProxyFix does)."""
        return self

    # --- Hypercorn's side --------------------------------------------------------------------------

    @property
    def scope(self) -> WebsocketScope:
        """The ASGI scope; it is set once, and then carries this stream."""
        return self._scope

    @scope.setter
    def scope(self, scope: WebsocketScope) -> None:
        scope["extensions"][EXTENSION] = cast(Any, self)
        self._scope = scope

    async def handle(self, event: Event) -> None:
        """Take what came in from the connection."""
        if isinstance(event, (Body, Data)):
            await self._take(event)
        elif isinstance(event, Request):
            await super().handle(lawful(event))
            if self.closed:  # refused, and nobody else would close the connection
                await self._drop()
        else:
            await super().handle(event)
            if isinstance(event, StreamClosed):
                self._let_go()

    async def _take(self, event: Body | Data) -> None:
        if self.closed or self._broken:
            return  # what still comes is read and dropped, so that the close frame gets through
        if not self.handshake.accepted:  # RFC 6455, section 4.1: a client waits for the answer
            await self._send_error_response(400)
            await self._drop()
            return
        self._heard = asyncio.get_running_loop().time()
        with suppress(LocalProtocolError):  # closed on both sides already
            self.connection.receive_data(event.data)
            await self._handle_events()

    def _let_go(self) -> None:
        """Hold nothing more, and let nobody wait: the stream has closed."""
        self._shut()
        self._wire = None
        self.registry.forget(self)
        cast(Any, self._scope).get("extensions", {}).pop(EXTENSION, None)  # or the two would hold each other
        if self._serving is not None and self._serving is not asyncio.current_task():
            self._serving.cancel()
        _wake(self._held)
        _wake(self._taker)
        if self._aborting is not None:
            self._aborting.cancel()

    async def app_send(self, message: ASGISendEvent | None) -> None:
        """Take what the application sends; once the tab is served without it, that is only that its route ended."""
        if not self._kept:
            await super().app_send(message)

    async def _accept(self, message: WebsocketAcceptEvent) -> None:
        offers, self.handshake.extensions = self.handshake.extensions, None  # Hypercorn's own would be per tab
        deflate = SharedDeflate()
        answer = server_extensions_handshake(offers or [], [deflate])
        own = [(b"sec-websocket-extensions", answer)] if answer else []
        self.state = ASGIWebsocketState.CONNECTED
        status, headers, self.connection = self.handshake.accept(
            message.get("subprotocol"), [*message.get("headers", []), *own]
        )
        if deflate.enabled():
            self.connection = Connection(ConnectionType.SERVER, [deflate])
        await self.send(Response(stream_id=self.stream_id, status_code=status, headers=headers))
        await self.config.log.access(self.scope, {"status": status, "headers": []}, time.time() - self.start_time)
        if self.closed:
            return  # it left meanwhile
        if self._wire is not None:
            self._wire.open(self.registry.deflater if deflate.enabled() else None)
        self.registry.add(self, self.context)

    async def _send_wsproto_event(self, event: WSProtoEvent) -> None:
        with self._wire.aside() if self._wire is not None else nullcontext():
            await super()._send_wsproto_event(event)

    async def _handle_events(self) -> None:
        for event in self.connection.events():
            if isinstance(event, Message):
                if self.state is ASGIWebsocketState.CONNECTED:
                    await self._collect(event)
            elif isinstance(event, Ping):
                await self._send_wsproto_event(event.response())
            elif isinstance(event, CloseConnection):
                self._shut()
                if self.connection.state is ConnectionState.OPEN:  # wsproto's word for a broken frame
                    self._broken = True
                    await self._end(int(event.code))
                    return
                if self.connection.state is ConnectionState.REMOTE_CLOSING:
                    await self._send_wsproto_event(event.response())
                await self._drop()

    async def _collect(self, event: Message[Any]) -> None:
        """Put a message together, and into the inbox."""
        if self.buffer.value is None and event.message_finished and len(event.data) <= self.buffer.max_length:
            message = event.data
        else:
            try:
                self.buffer.extend(event)
            except FrameTooLargeError:
                self.buffer.clear()
                await self._end(int(CloseReason.MESSAGE_TOO_BIG))
                return
            if not event.message_finished:
                return
            held = self.buffer.to_message()
            self.buffer.clear()
            message = held["text"] if held["text"] is not None else held["bytes"]
        # while this waits nothing more is read of the connection, so that the peer's own buffers fill
        while len(self._inbox) >= WAITING and not self.closed:
            self._held = asyncio.get_running_loop().create_future()
            await self._held
        message = message if isinstance(message, str) else bytes(message)
        if self._adopted:
            self._inbox.append(message)
            _wake(self._taker)
        elif self.app_put is not None:
            text, data = (message, None) if isinstance(message, str) else (None, message)
            await self.app_put({"type": "websocket.receive", "text": text, "bytes": data})

    async def _end(self, code: int) -> None:
        """Close from below the application, and see that the connection ends."""
        self._shut()
        if self.state is ASGIWebsocketState.CONNECTED:
            self.state = ASGIWebsocketState.CLOSED
            await self._send_wsproto_event(CloseConnection(code=code))
        self.end_soon()

    def _shut(self) -> None:
        """Write nothing more: a frame after the closing one would be unlawful (RFC 6455, section 5.5.1)."""
        if self._wire is not None:
            self._wire.shut()

    # --- the tab's side ----------------------------------------------------------------------------

    def adopt(self) -> StreamWire | None:
        """Give the wire of a tab that is about to be accepted; None where only the plain path serves it.

        Either way `receive` then gives what comes in.
        """
        self._adopted = True
        server = server_of(self.send)
        if server is None:
            return None
        transport = server.writer.transport
        if self.closed or transport.is_closing():
            return None  # it left while it was let in: uvloop lets nothing more be set
        transport.set_write_buffer_limits(high=64 * KIB)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            with suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._wire = StreamWire(self, server.writer)
        return self._wire

    def keep(self, serving: Coroutine[Any, Any, None]) -> None:
        """Serve the tab by this from now on, in a task that ends with the stream; the application's route may return.

        serving: closes the wire before it ends, unless the tab has left.
        """
        self._kept = True
        # a context of its own: that of the route would hold all that Quart knows of the handshake
        self._serving = self.registry.spawn(self._serve(serving), context=contextvars.Context())
        self._serving.add_done_callback(lambda _: serving.close())  # cancelled before it began, nobody has awaited it
        self.app_put = None
        self._scope = cast(Any, {})
        self.handshake.extensions = self.handshake.subprotocols = self.handshake.connection_tokens = None
        protocol = getattr(self.send, "__self__", None)
        connection = getattr(protocol, "connection", None)
        if isinstance(connection, H11WSConnection):
            connection.h11_connection = cast(Any, None)  # it has sent the 101, and that was its last

    async def _serve(self, serving: Coroutine[Any, Any, None]) -> None:
        try:
            await serving
        finally:
            self._serving = None  # a cancelled task holds its frames, and they hold this
            if not self.closed:
                await self._end(int(CloseReason.NORMAL_CLOSURE))
                await self._drop()

    async def receive(self) -> list[str | bytes]:
        """Wait for messages, and take those that are there."""
        while not self._inbox:
            if self.closed:
                raise Gone("the tab has left")
            self._taker = asyncio.get_running_loop().create_future()
            await self._taker
        taken, self._inbox = self._inbox, []
        _wake(self._held)
        return taken

    async def close(self, code: int) -> None:
        """Send a close frame if the peer still takes it; abort the transport LAST_WORDS later."""
        self.end_soon()
        self._shut()
        if self.state is ASGIWebsocketState.CONNECTED:
            await super().app_send({"type": "websocket.close", "code": code, "reason": None})

    def silent(self, now: float) -> bool:
        """Tell whether a peer that was pinged has not been heard of for too long; now: the loop's time, s."""
        return now - self._heard > SILENCE

    async def watch(self) -> None:
        """Ping, and return when the peer has been silent for too long: for streams that are off the fast lane."""
        clock = asyncio.get_running_loop().time
        while not self.silent(clock()):
            with suppress(TimeoutError):  # a peer that is gone takes no ping either
                async with asyncio.timeout(PING_EVERY):
                    await self._send_wsproto_event(Ping())
            await asyncio.sleep(PING_EVERY)

    def send_away(self) -> None:
        """Close a tab that does not read."""
        if self._ending is None:
            metrics.SLOW.inc()
            self._ending = self.registry.spawn(self.close(AGAIN_LATER))


class StreamWire:
    """A `Wire` on the fast lane: an encoded frame goes straight to the socket, or to its transport.

    Broadcasts touch this alone, out of all that a tab is made of: with a thousand tabs nothing of it is in the
    processor's caches. So it knows by itself whether the socket is free, and is told before it closes.
    """

    __slots__ = ("_catching_up", "_deflater", "_descriptor", "_free", "_lane", "_others", "_stream", "_writer")

    def __init__(self, stream: Lane, writer: asyncio.StreamWriter) -> None:
        self._stream = stream
        self._writer = writer
        self._lane: asyncio.WriteTransport | None = None  # None before the handshake's answer, and once it closes
        self._descriptor: int | None = None  # of the socket, where what the transport is given goes there as it is
        self._free: int | None = None  # the same, while nothing waits in the transport and it is not about to close
        self._deflater: Deflater | None = None
        self._catching_up = 0  # sends that wait for the peer to take them
        self._others = 0  # frames that go out past this: they and what comes after them keep their order

    def open(self, deflater: Deflater | None) -> None:
        """Let frames go out; deflater: None where the tab takes them plain."""
        self._lane = lane = self._writer.transport
        self._deflater = deflater
        raw = lane.get_extra_info("socket")
        if raw is not None and lane.get_extra_info("sslcontext") is None:
            self._hear_of_the_end(lane.get_protocol())
            self._descriptor = raw.fileno()

    def _hear_of_the_end(self, protocol: asyncio.BaseProtocol) -> None:
        """See that no write goes to the descriptor once it is closed: it may be another connection's then."""

        def lost(error: Exception | None) -> None:  # a transport closes its socket after this, whatever ended it
            self.shut()
            del protocol.connection_lost
            protocol.connection_lost(error)

        protocol.connection_lost = lost  # type: ignore[method-assign,assignment]

    def shut(self) -> None:
        """Let nothing more out."""
        self._lane = self._free = None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let something else write to the transport; what is written meanwhile waits there for its turn."""
        self._others += 1
        self._free = None
        try:
            yield
        finally:
            self._others -= 1

    def write(self, broadcast: Broadcast) -> None:
        """Write one frame, unless the tab has closed or does not read."""
        if self._deflater is None:
            data, pages = broadcast.frame, broadcast.pages
        else:
            data, pages = broadcast.deflated(self._deflater), None
        free = self._free
        if free is not None:
            try:
                sent = os.write(free, data) if pages is None else pages.send(free)
            except OSError:
                sent = 0  # the socket is full, or broken: the transport finds out in its own way
            if sent == len(data):
                return
            self._free = None
            data = data[sent:]
        self._put(data)

    def _put(self, data: bytes) -> None:
        lane = self._lane
        if lane is None or lane.is_closing():
            return
        unread = lane.get_write_buffer_size()
        if unread <= MAX_UNREAD:
            lane.write(data)
            if not self._others and not lane.get_write_buffer_size():
                self._free = self._descriptor
        elif not self._catching_up:  # else what is being sent has a time limit of its own
            logger.info("tab.slow", unread=unread)
            self._stream.send_away()

    def beat(self, broadcast: Broadcast, now: float) -> None:
        """Write a heartbeat and a ping, one write; let go of a peer that has been silent for too long.

        now: the loop's time, s.
        """
        if self._stream.silent(now):
            self._stream.abort()
        else:
            self._free = None
            self._put(broadcast.frame + _PING)

    async def receive(self) -> Sequence[str | bytes]:
        """Wait for messages."""
        return await self._stream.receive()

    async def send(self, broadcast: Broadcast) -> None:
        """Write one frame, and wait until the peer has taken most of it."""
        lane = self._lane
        if lane is None or lane.is_closing():
            raise Gone("the tab is gone")
        self._catching_up += 1
        self._free = None
        try:
            lane.write(broadcast.frame if self._deflater is None else broadcast.deflated(self._deflater))
            async with asyncio.timeout(PATIENCE):
                await self._writer.drain()
        except (TimeoutError, OSError) as error:
            self._stream.abort()
            raise Gone("the tab does not read") from error
        finally:
            self._catching_up -= 1

    async def close(self, code: int) -> None:
        """Close with a code."""
        await self._stream.close(code)


class StreamRegistry:
    """All open streams of a worker; closes them with 1012 once the worker is told to end.

    deflater: compresses for all of them.
    """

    def __init__(self) -> None:
        self.deflater = Deflater()
        self._streams: set[Lane] = set()
        self._watch: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, stream: Lane, context: WorkerContext) -> None:
        """Note an accepted stream."""
        self._streams.add(stream)
        if context.terminated.is_set():
            self.spawn(stream.close(RESTART))  # it came while the others were being closed
        if self._watch is None:
            # in a context of its own, or the first tab's would last as long as the worker
            self._watch = self.spawn(self._close_all(context), contextvars.Context())

    def forget(self, stream: Lane) -> None:
        """Forget a stream that has ended."""
        self._streams.discard(stream)

    def spawn(self, work: Coroutine[Any, Any, None], context: contextvars.Context | None = None) -> asyncio.Task[None]:
        """Run what a stream has to do; the registry holds the task."""
        task = asyncio.create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("stream.failed", exc_info=task.exception())

    async def _close_all(self, context: WorkerContext) -> None:
        await context.terminated.wait()
        streams = list(self._streams)
        logger.info("tabs.restart", count=len(streams))
        await asyncio.gather(*(stream.close(RESTART) for stream in streams), return_exceptions=True)

    async def end(self) -> None:
        """End what is left at the worker's end."""
        await end_tasks(self._tasks)


def install(registry: StreamRegistry) -> None:
    """Make Hypercorn use streams of this registry in this process, whatever started it."""
    connections.install()
    bound = type("TabStream", (TabStream,), {"registry": registry})
    modules = [hypercorn.protocol.h11, hypercorn.protocol.h2]
    if importlib.util.find_spec("aioquic") is not None:  # HTTP/3 is Hypercorn's own option
        modules.append(importlib.import_module("hypercorn.protocol.h3"))
    for module in modules:
        module.WSStream = bound  # type: ignore[attr-defined]


def server_of(send: object) -> TCPServer | None:
    """Find the connection below a stream, if it is that one's alone; HTTP/2 and 3 share it, and frame what is sent.

    send: with which the stream hands on what goes out.
    """
    protocol = getattr(send, "__self__", None)
    if not isinstance(protocol, H11Protocol):
        return None
    server = getattr(protocol.send, "__self__", None)
    return server if isinstance(server, TCPServer) else None


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def stream_of(scope: Any) -> TabStream | None:
    """Find the stream of a websocket's ASGI scope; None where it has none."""
    found = (scope.get("extensions") or {}).get(EXTENSION)
    return found if isinstance(found, TabStream) else None
