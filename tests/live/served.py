"""A worker in the test's own loop, on a real port: what its tests look into is at hand."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import hypercorn.asyncio.run
import hypercorn.protocol
import hypercorn.protocol.h2
import hypercorn.protocol.h11
from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Sockets
from hypercorn.utils import wrap_app
from quart import Quart
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from quart_chat.app import create_app
from quart_chat.config import Settings
from quart_chat.live.hub import Hub
from quart_chat.live.stream import StreamRegistry
from quart_chat.live.tab import Tab
from quart_chat.server import options
from quart_chat.web.parts import EXTENSION, Parts
from tests.live.rig import until
from tests.promise.page import Page
from tests.store.valkey import Valkey

_NUMBERS = itertools.count()
REPLACED = (  # what the chat puts in the places of Hypercorn's own
    (hypercorn.protocol.h11, "WSStream"),
    (hypercorn.protocol.h2, "WSStream"),
    (hypercorn.protocol.h11, "HTTPStream"),
    (hypercorn.protocol.h2, "HTTPStream"),
    (hypercorn.protocol, "H11Protocol"),
    (hypercorn.asyncio.run, "TCPServer"),
)
KEY = "a key of the tests, long enough"


class Served:
    """A worker that serves: its application, its parts, and where it is.

    stop: set it and the worker ends, as it does on SIGTERM.
    """

    def __init__(self, app: Quart, *, secure: bool) -> None:
        self.app = app
        self.port = 0
        self.stop = asyncio.Event()
        self.secure = secure
        self.parts: Parts = app.extensions[EXTENSION]
        self.registry: StreamRegistry = hypercorn.protocol.h11.WSStream.registry  # type: ignore[attr-defined]
        self.ended: asyncio.Task[None] | None = None

    @property
    def hub(self) -> Hub:
        return self.parts.hub

    @property
    def tabs(self) -> list[Tab]:
        return list(self.hub._tabs)

    @property
    def origin(self) -> str:
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.port}"

    @property
    def streams(self) -> list[Any]:
        return list(self.registry._streams)

    async def end(self) -> None:
        """End the worker, and wait until it has."""
        self.stop.set()
        assert self.ended is not None
        async with asyncio.timeout(15):
            await self.ended


@asynccontextmanager
async def served(
    valkey: Valkey,
    folder: Path,
    *,
    certificate: tuple[Path, Path] | None = None,
    around: Callable[[Any], Any] = lambda app: app,
    installed: bool = True,
    **settings: Any,
) -> AsyncIterator[Served]:
    """Serve a worker of this store.

    certificate: (cert, key) for TLS. around: wraps the ASGI application, as a middleware does.
    installed: False serves it by Hypercorn's own streams, as another server would.
    """
    unlimited: dict[str, Any] = {"messages_per_minute": 0, "rooms_per_hour": 0, "sockets_per_address": 0}
    was = [(module, name, getattr(module, name)) for module, name in REPLACED]
    try:
        app = create_app(Settings(data=folder, redis_url=valkey.url, secret_key=KEY, **{**unlimited, **settings}))
        app.asgi_app = around(app.asgi_app)  # type: ignore[method-assign]
        worker = Served(app, secure=certificate is not None)
        if not installed:
            put_back(was)
        config = options.load(None)
        config.accesslog = None
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        if certificate is not None:
            config.certfile, config.keyfile = map(str, certificate)
        worker.port = listening.getsockname()[1]
        sockets = Sockets([listening], [], []) if worker.secure else Sockets([], [listening], [])
        worker.ended = asyncio.create_task(
            worker_serve(wrap_app(app, 16, "asgi"), config, sockets=sockets, shutdown_trigger=worker.stop.wait)
        )
        try:
            await until(lambda: worker.hub.away is None or (worker.ended and worker.ended.done()), "that it serves")
            yield worker
        finally:
            await worker.end()
    finally:
        put_back(was)


def put_back(was: list[tuple[ModuleType, str, Any]]) -> None:
    for module, name, own in was:
        setattr(module, name, own)


class Client:
    """A page's socket in a strict library, and the page."""

    def __init__(self, connection: ClientConnection, page: Page | None = None) -> None:
        self.connection = connection
        self.page = page or Page('<input id="since" value="0-0"><ol id="log"></ol>')
        self.frames: list[str] = []
        self._reading: asyncio.Task[None] | None = None

    async def send(self, **fields: Any) -> None:
        await self.connection.send(json.dumps(fields))

    async def say(self, *texts: str) -> None:
        for text in texts:
            nonce = f"k-{next(_NUMBERS)}"
            self.page.write(nonce, text)
            await self.send(act="say", nonce=nonce, text=text)

    def read(self) -> None:
        """Read from now on."""
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for frame in self.connection:
                assert isinstance(frame, str)
                self.frames.append(frame)
                self.page.apply(frame)

    async def enter(self) -> Client:
        """Resume, and wait until broadcasts come."""
        if self._reading is None:
            self.read()
        await self.send(act="resume", since=self.page.place)
        await until(lambda: "people" in self.page.states, "that the tab is in")
        return self

    async def see(self, *texts: str) -> None:
        await until(lambda: self.page.texts == list(texts), f"{texts} and not {self.page.texts}")
        assert not self.page.faults

    async def closed(self) -> int | None:
        """Wait for the end; gives the server's code, or 1006."""
        async with asyncio.timeout(20):
            await self.connection.wait_closed()
            if self._reading is not None:
                await self._reading
        return self.connection.close_code


@asynccontextmanager
async def client(
    worker: Served, room: str = "room", *, trust: ssl.SSLContext | None = None, **more: Any
) -> AsyncIterator[Client]:
    """Open a page's socket; trust: for TLS."""
    scheme = "wss" if worker.secure else "ws"
    async with connect(
        f"{scheme}://127.0.0.1:{worker.port}/r/{room}/ws",
        **{
            "origin": worker.origin,
            "proxy": None,
            "ssl": trust,
            "max_size": None,
            "ping_interval": None,
            "open_timeout": 10,
            "close_timeout": 5,
            **more,
        },
    ) as connection:
        one = Client(connection)
        try:
            yield one
        finally:
            if one._reading is not None:
                one._reading.cancel()
                await asyncio.gather(one._reading, return_exceptions=True)
