"""A tab that is its socket and little more: a thousand of them fit beside the server that they try."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from contextlib import suppress
from random import Random
from typing import Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.promise.visitor import RECONNECT

PATIENCE = 20.0  # seconds
LITTLE = 4096  # bytes of room in the kernel for what comes to a tab that is to be choked


class Tab:
    """One person's only tab. It reads until its socket closes, comes again like a page or at once, until it is refused.

    url: the server's. codes: with which its sockets were closed, in order.
    told: when the first one was, by the loop's clock.
    """

    def __init__(self, http: httpx.AsyncClient, url: str, room: str, name: str, chance: Random) -> None:
        self.room = room
        self.name = name
        self.codes: list[int] = []
        self.told = 0.0
        self.written: dict[str, str] = {}  # text by nonce
        self._http = http
        self._url = url
        self._chance = chance
        self._key = f"{chance.getrandbits(64):016x}"
        self._cookie = ""
        self._place = "0-0"
        self._acks: set[str] = set()
        self._news = asyncio.Event()
        self._connection: ClientConnection | None = None
        self._staying: asyncio.Task[None] | None = None
        self._talking: asyncio.Task[None] | None = None

    async def come(self, *, little: bool = False) -> Self:
        """Load the page, connect, and wait until broadcasts come; little: with little room for them."""
        self._http.cookies.clear()
        page = await self._http.get(f"{self._url}/r/{self.room}")
        self._cookie = page.headers["Set-Cookie"].split(";")[0]
        found = re.search(r'id="since"[^>]*value="([^"]+)"', page.text)
        assert found, page.text
        self._place = found[1]
        connection = await self._connect(LITTLE if little else None)
        async with asyncio.timeout(PATIENCE):
            while 'id="people"' not in await self._read(connection):
                pass
        self._staying = asyncio.create_task(self._stay(connection))
        return self

    @property
    def acknowledged(self) -> set[str]:
        """The texts of which it was told that they are in the room."""
        return {self.written[nonce] for nonce in self._acks}

    async def say(self, text: str) -> None:
        """Write a message, and wait until it is acknowledged or the socket has closed."""
        nonce = f"{self._key}-{len(self.written)}"
        self.written[nonce] = text
        assert self._connection is not None
        await self._connection.send(json.dumps({"act": "say", "text": text, "nonce": nonce}))
        async with asyncio.timeout(PATIENCE):
            while nonce not in self._acks and not self.codes:
                self._news.clear()
                await self._news.wait()

    def talk(self, pause: float) -> None:
        """Write all the time, with so many seconds between, until the socket closes."""

        async def talking() -> None:
            with suppress(ConnectionClosed):
                while not self.codes:
                    await self.say(f"{self.name}:{len(self.written)}")
                    await asyncio.sleep(self._chance.uniform(0, 2 * pause))

        self._talking = asyncio.create_task(talking())

    async def stop_reading(self) -> None:
        """Take nothing more out of the socket."""
        assert self._staying is not None
        assert self._connection is not None
        self._staying.cancel()
        await asyncio.gather(self._staying, return_exceptions=True)
        self._connection.transport.pause_reading()

    async def read_on(self) -> None:
        """Read what the socket still holds, to its end."""
        assert self._connection is not None
        self._connection.transport.resume_reading()
        async with asyncio.timeout(PATIENCE):
            await self._read_to_the_end(self._connection)

    async def until_alone(self) -> None:
        """Wait until nobody lets it in any more."""
        assert self._staying is not None
        async with asyncio.timeout(PATIENCE):
            await self._staying

    async def leave(self) -> None:
        """Go, wherever it is."""
        for task in (self._talking, self._staying):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._connection is not None:
            self._connection.transport.abort()
            await self._connection.wait_closed()

    async def _stay(self, connection: ClientConnection) -> None:
        while True:
            await self._read_to_the_end(connection)
            await asyncio.sleep(self._chance.choice((0.0, self._chance.uniform(*RECONNECT))))
            try:
                connection = await self._connect()
            except (OSError, InvalidHandshake, InvalidMessage, ConnectionClosed):
                return

    async def _read_to_the_end(self, connection: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                await self._read(connection)
        self.told = self.told or asyncio.get_running_loop().time()
        self.codes.append(connection.close_code or 1006)
        self._news.set()

    async def _read(self, connection: ClientConnection) -> str:
        frame = await connection.recv(decode=True)
        assert isinstance(frame, str)
        if self._key in frame:
            self._acks.update(re.findall(rf'id="say-({self._key}-\d+)" hx-swap-oob="delete"', frame))
            self._news.set()
        return frame

    async def _connect(self, room: int | None = None) -> ClientConnection:
        """Open the socket and resume; room: bytes that the kernel keeps of what comes, None for its own measure."""
        raw = socket.socket()
        try:
            if room is not None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
            raw.setblocking(False)
            host, _, port = self._url.removeprefix("http://").rpartition(":")
            await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
        except BaseException:
            raw.close()
            raise
        self._connection = connection = await connect(
            f"{self._url.replace('http', 'ws', 1)}/r/{self.room}/ws",
            sock=raw,
            additional_headers={"Origin": self._url, "Cookie": self._cookie},
            compression=None,
            proxy=None,
            max_size=None,
            ping_interval=None,
            close_timeout=1,
        )
        await connection.send(json.dumps({"act": "resume", "since": self._place}))
        return connection
