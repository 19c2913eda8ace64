"""Visits to a real server: by httpx as a browser with cookies, or raw where a client would be too polite."""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.server.processes import ServerProcess

PATIENCE = 20.0  # seconds until a frame must have come
_NUMBERS = itertools.count(1)


def fresh(word: str = "room") -> str:
    """Make a name that nobody has used yet."""
    return f"{word}-{next(_NUMBERS)}"


def within_a_minute() -> None:
    """Wait until the minute does not turn for 10 s, and with it all that is said of how long ago things were."""
    seconds = time.time() % 60
    if seconds > 50:
        time.sleep(60 - seconds)


def browser(server: ServerProcess, *, origin: bool = True, **headers: str) -> httpx.Client:
    """Make a client that keeps its cookies and follows nothing; origin: it says where its forms come from."""
    said = {"Origin": server.url} if origin else {}
    return httpx.Client(base_url=server.url, headers={**said, **headers}, trust_env=False, timeout=PATIENCE)


def key_in(page: str) -> str:
    """Find the nonce of a room page's first form."""
    found = re.search(r'name="nonce" value="([^"]+)"', page)
    assert found, page
    return found[1]


def identity_of(client: httpx.Client) -> str:
    """Read the identity out of somebody's cookie, which is signed and not hidden."""
    written = client.cookies["quart_chat"].partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))))


def cookie_of(response: httpx.Response, name: str) -> str:
    """Give a Set-Cookie line as it was sent."""
    (line,) = (line for line in response.headers.get_list("Set-Cookie") if line.startswith(f"{name}="))
    return line


@dataclass
class Answer:
    """What came back for a path that was sent as it is."""

    status: int
    headers: http.client.HTTPMessage
    body: str


def ask(server: ServerProcess, path: str, method: str = "GET", **headers: str) -> Answer:
    """Send a path as it is: nothing is normalised or encoded."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read().decode())
    finally:
        connection.close()


class Tab:
    """A page's socket. Every frame that it reads begins with an element."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.read: list[str] = []

    async def send(self, **fields: Any) -> None:
        await self.connection.send(json.dumps(fields))

    async def frame(self, *parts: str) -> str:
        """Read on to the frame that holds all of these."""
        while True:
            frame = await self.connection.recv(decode=True)
            assert isinstance(frame, str)
            assert frame.startswith("<"), frame
            self.read.append(frame)
            if all(part in frame for part in parts):
                return frame

    async def enter(self) -> None:
        """Come in as a page does, and wait until broadcasts reach it."""
        await self.send(act="resume")
        await self.frame('id="people"')

    async def close_code(self) -> int | None:
        """Read to the end, and give the code with which the server closed."""
        with suppress(ConnectionClosed):
            await self.frame("\0 which no frame holds")
        return self.connection.close_code


@asynccontextmanager
async def tab(
    server: ServerProcess, room: str, *, cookie: str | None = None, origin: str | None = "", **headers: str
) -> AsyncIterator[Tab]:
    """Open a room's socket.

    cookie: a whole Cookie header. origin: "" is the page's own, None leaves the header out.
    """
    sent = {**headers, **({"Cookie": cookie} if cookie else {})}
    async with connect(
        f"ws://127.0.0.1:{server.port}/r/{room}/ws",
        origin=server.url if origin == "" else origin,  # type: ignore[arg-type]
        additional_headers=sent,
        proxy=None,
        max_size=None,
        open_timeout=PATIENCE,
        close_timeout=PATIENCE,
    ) as connection:
        yield Tab(connection)
