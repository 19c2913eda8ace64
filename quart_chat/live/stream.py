"""The fast lane: the one place that reaches under ASGI to Hypercorn's streams and transports.

`install` replaces Hypercorn's websocket stream by a subclass. It
  - offers itself to the application in the scope, as the ASGI extension EXTENSION, where one frame can be
    written to a transport directly: plain or TLS, HTTP/1.1;
  - refuses compression: Hypercorn would compress every message for every tab, and inflate without a bound;
  - holds back a tab that sends faster than it is served, for Quart's own queue has no bound;
  - answers broken frames with the right close code instead of an aborted connection;
  - closes every tab with 1012 as soon as the worker is told to end, so that it comes back elsewhere;
  - pings, and lets go of peers that are silently gone.
Where the extension is missing, the plain ASGI path does everything but these.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, cast

import hypercorn.protocol.h2
import hypercorn.protocol.h11
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.events import Body, Data, Event, StreamClosed
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import ASGIWebsocketState, FrameTooLargeError, WSStream
from hypercorn.typing import WebsocketAcceptEvent, WebsocketScope, WorkerContext
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Message, Ping
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from quart_chat.live.frames import ping_frame
from quart_chat.live.wire import AGAIN_LATER, LAST_WORDS, MAX_UNREAD, PATIENCE, RESTART, Broadcast, Gone

EXTENSION = "quart_chat.stream"
WAITING = 64  # messages of a tab that may wait for it to be served; what comes on top stays in its socket
PING_EVERY = 15.0  # seconds
SILENCE = 45.0  # seconds without a byte of a pinged peer; then it is gone
KIB = 1024
SEND_BUFFER = 256 * KIB  # of the kernel, a socket: with its default, loopback hides 4.8 MiB that nobody reads

_PING = ping_frame()

logger = logging.getLogger(__name__)


class TabStream(WSStream):
    """A tab's websocket in Hypercorn, and its `Wire` on the fast lane."""

    registry: StreamRegistry

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting = 0  # messages that Quart has and the tab has not taken
        self._broken = False
        self._catching_up = 0  # sends that wait for the peer to take them
        self._served = asyncio.Event()
        self._heard = asyncio.get_running_loop().time()
        self._transport: asyncio.WriteTransport | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._ending: asyncio.Task[None] | None = None
        self._take: Callable[[], Awaitable[str | bytes]] | None = None

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
        if isinstance(event, (Body, Data)) and self.handshake.accepted:
            if self.closed or self._broken:
                return  # what still comes is read and dropped, so that the close frame gets through
            self._heard = asyncio.get_running_loop().time()
            with suppress(LocalProtocolError):  # closed on both sides already
                self.connection.receive_data(event.data)
                await self._handle_events()
            return
        await super().handle(event)
        if isinstance(event, StreamClosed):
            self.registry.forget(self)

    async def _accept(self, message: WebsocketAcceptEvent) -> None:
        self.handshake.extensions = None  # no compression, see above
        await super()._accept(message)
        self.registry.add(self, self.context)

    async def _handle_events(self) -> None:
        for event in self.connection.events():
            if isinstance(event, Message):
                if self.state is not ASGIWebsocketState.CONNECTED:
                    continue
                try:
                    self.buffer.extend(event)
                except FrameTooLargeError:
                    self.buffer.clear()
                    await self._end(int(CloseReason.MESSAGE_TOO_BIG))
                    continue
                if event.message_finished:
                    await self._hold_back()
                    self._waiting += 1
                    if self.app_put is not None and not self.closed:
                        await self.app_put(cast(Any, self.buffer.to_message()))
                    self.buffer.clear()
            elif isinstance(event, Ping):
                await self._send_wsproto_event(event.response())
            elif isinstance(event, CloseConnection):
                if self.connection.state is ConnectionState.OPEN:  # wsproto's word for a broken frame
                    self._broken = True
                    await self._end(int(event.code))
                    return
                if self.connection.state is ConnectionState.REMOTE_CLOSING:
                    await self._send_wsproto_event(event.response())
                await self.send(StreamClosed(stream_id=self.stream_id))

    async def _hold_back(self) -> None:
        # while this waits nothing more is read of the connection, so that the peer's own buffers fill
        while self._waiting >= WAITING and not self.closed:
            self._served.clear()
            with suppress(TimeoutError):  # a handler that ended serves nobody; look again
                async with asyncio.timeout(1.0):
                    await self._served.wait()

    async def _end(self, code: int) -> None:
        """Close from below the application, and see that the connection ends."""
        if self.state is ASGIWebsocketState.CONNECTED:
            self.state = ASGIWebsocketState.CLOSED
            await self._send_wsproto_event(CloseConnection(code=code))
        self.end_soon()

    # --- the tab's side: a Wire -------------------------------------------------------------------

    def adopt(self, receive: Callable[[], Awaitable[str | bytes]]) -> bool:
        """Become the wire of an accepted tab; False where only the plain path serves it.

        receive: gives the next message that Quart has queued.
        """
        self._take = receive
        protocol = getattr(self.send, "__self__", None)
        if not isinstance(protocol, H11Protocol):
            return False  # HTTP/2 and 3 frame what is sent once more
        server = getattr(protocol.send, "__self__", None)
        if not isinstance(server, TCPServer):
            return False
        self._writer = server.writer
        self._transport = server.writer.transport
        self._transport.set_write_buffer_limits(high=64 * KIB)
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            with suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        return True

    async def receive(self) -> str | bytes:
        """Wait for the next message."""
        if self._take is None:
            raise Gone("the stream was not adopted")
        message = await self._take()
        self._waiting -= 1
        self._served.set()
        return message

    async def send_text(self, broadcast: Broadcast) -> None:
        """Write one frame and wait until the peer has taken most of it."""
        if self._writer is None or self._transport is None or not self._open():
            raise Gone("the tab is gone")
        self._catching_up += 1
        try:
            self._transport.write(broadcast.frame)
            async with asyncio.timeout(PATIENCE):
                await self._writer.drain()
        except (TimeoutError, OSError) as error:
            self._abort()
            raise Gone("the tab does not read") from error
        finally:
            self._catching_up -= 1

    def write(self, broadcast: Broadcast) -> None:
        """Write one frame to the transport, unless the tab has closed or does not read."""
        self._put(broadcast.frame)

    def _put(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or not self._open():
            return
        if transport.get_write_buffer_size() > MAX_UNREAD:
            if self._catching_up:
                return  # a heartbeat or a state: what is being sent is watched by its own time limit
            logger.info("tab.slow unread=%d", transport.get_write_buffer_size())
            self._begin(self.close(AGAIN_LATER))
            return
        transport.write(data)

    def _open(self) -> bool:
        return (
            self.state is ASGIWebsocketState.CONNECTED
            and self.connection.state is ConnectionState.OPEN
            and self._transport is not None
            and not self._transport.is_closing()
        )

    async def close(self, code: int) -> None:
        """Send a close frame if the peer still takes it; abort the transport LAST_WORDS later."""
        self.end_soon()
        if self.state is ASGIWebsocketState.CONNECTED:
            await super().app_send({"type": "websocket.close", "code": code, "reason": None})

    def end_soon(self) -> None:
        """Abort the connection if it has not closed by itself after LAST_WORDS."""
        asyncio.get_running_loop().call_later(LAST_WORDS, self._abort)

    def beat(self, broadcast: Broadcast, now: float) -> None:
        """Write a heartbeat and a ping, one write; let go of a peer that has been silent for too long."""
        if now - self._heard > SILENCE:
            self._abort()
        else:
            self._put(broadcast.frame + _PING)

    async def watch(self) -> None:
        """Ping, and return when the peer has been silent for too long: for streams that are off the fast lane."""
        clock = asyncio.get_running_loop().time
        while clock() - self._heard < SILENCE:
            with suppress(TimeoutError):  # a peer that is gone takes no ping either
                async with asyncio.timeout(PING_EVERY):
                    await self._send_wsproto_event(Ping())
            await asyncio.sleep(PING_EVERY)

    def _abort(self) -> None:
        protocol = getattr(self.send, "__self__", None)
        server = getattr(getattr(protocol, "send", None), "__self__", None)
        if not self.closed and isinstance(server, TCPServer):
            server.writer.transport.abort()

    def _begin(self, ending: Any) -> None:
        if self._ending is None:
            self._ending = self.registry.spawn(ending)
        else:
            ending.close()


class StreamWire:
    """A `Wire` on the fast lane."""

    __slots__ = ("_stream",)

    def __init__(self, stream: TabStream) -> None:
        self._stream = stream

    async def receive(self) -> str | bytes:
        """Wait for the next message."""
        return await self._stream.receive()

    async def send(self, text: str) -> None:
        """Send, and wait until it is on its way."""
        await self._stream.send_text(Broadcast(text))

    def write(self, broadcast: Broadcast) -> None:
        """Send without waiting."""
        self._stream.write(broadcast)

    async def close(self, code: int) -> None:
        """Close with a code."""
        await self._stream.close(code)

    def beat(self, broadcast: Broadcast, now: float) -> None:
        """Send a heartbeat; now: the loop's time, s."""
        self._stream.beat(broadcast, now)


class StreamRegistry:
    """All open streams of a worker; closes them with 1012 once the worker is told to end."""

    def __init__(self) -> None:
        self._streams: set[TabStream] = set()
        self._watch: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, stream: TabStream, context: WorkerContext) -> None:
        """Note an accepted stream."""
        self._streams.add(stream)
        if context.terminated.is_set():
            self.spawn(stream.close(RESTART))  # it came while the others were being closed
        if self._watch is None:
            self._watch = self.spawn(self._close_all(context))

    def forget(self, stream: TabStream) -> None:
        """Forget a stream that has ended."""
        self._streams.discard(stream)

    def spawn(self, work: Any) -> asyncio.Task[None]:
        """Run what a stream has still to do; the registry holds the task."""
        task: asyncio.Task[None] = asyncio.ensure_future(work)
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
        logger.info("tabs.restart count=%d", len(streams))
        await asyncio.gather(*(stream.close(RESTART) for stream in streams), return_exceptions=True)

    def end(self) -> None:
        """Cancel what is left at the worker's end."""
        for task in list(self._tasks):
            task.cancel()


def install(registry: StreamRegistry) -> None:
    """Make Hypercorn use streams of this registry in this process, whatever started it."""
    bound = type("TabStream", (TabStream,), {"registry": registry})
    modules = [hypercorn.protocol.h11, hypercorn.protocol.h2]
    if importlib.util.find_spec("aioquic") is not None:  # HTTP/3 is Hypercorn's own option
        modules.append(importlib.import_module("hypercorn.protocol.h3"))
    for module in modules:
        module.WSStream = bound  # type: ignore[attr-defined]


def stream_of(scope: Any) -> TabStream | None:
    """Find the stream of a websocket's ASGI scope; None where it has none."""
    found = (scope.get("extensions") or {}).get(EXTENSION)
    return found if isinstance(found, TabStream) else None
