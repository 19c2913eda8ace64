"""Somebody of the script: in a room by a socket, and saying things by the forms of the pages."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from quart_chat.room.people import hue_of
from tour.server import Failed

COOKIE = "quart_chat"
SECRET = re.compile(r"q[bc]_[\w-]+|/hooks/([\w-]+)")


class Person:
    """A person with a cookie of their own.

    url: of the server, without a slash at the end. name: what they are called. tag: the language that they read.
    """

    def __init__(self, url: str, name: str, tag: str = "en") -> None:
        self.url, self.name, self.tag = url, name, tag
        self.public = ""  # what others see of who they are, once they have come
        headers = {"Origin": url, "Accept-Language": tag}
        self._client = httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30)
        self._sockets: dict[str, ClientConnection] = {}
        self._listening: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.go()

    async def come(self, room: str) -> None:
        """Get a cookie and the name; room: any, which need not be there, whose page tells what others see of them."""
        page = _taken(await self._client.get(f"/r/{room}", headers={"Accept": "text/html"}))
        found = re.search(r"/own/([0-9a-f]{16})\.css", page.text)
        if found is None:
            raise Failed(f"/r/{room} does not say who looks")
        self.public = found[1]
        await self.post("/me", name=self.name)

    async def go(self) -> None:
        """Leave all rooms, and let go of the server."""
        for room in list(self._sockets):
            await self.leave(room)
        await asyncio.gather(*self._listening)
        await self._client.aclose()

    @property
    def hue(self) -> int:
        """The number of their colour."""
        return hue_of(self.public)

    @property
    def cookie(self) -> str:
        """What makes a browser theirs."""
        return str(self._client.cookies[COOKIE])

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form.

        Raises:
            Failed: it was not taken.
        """
        return _taken(await self._client.post(path, data=fields))

    async def say(self, room: str, text: str, reply: str = "") -> str:
        """Say something; returns the message's id."""
        fields = {"text": text, "nonce": secrets.token_hex(8), **({"reply": reply} if reply else {})}
        answer = await self._client.post(f"/r/{room}", data=fields, headers={"Accept": "application/json"})
        return str(_taken(answer).json()["id"])

    async def send_file(self, room: str, text: str, name: str, content: bytes) -> str:
        """Send a file with some words; returns the message's id."""
        fields = {"text": text, "nonce": secrets.token_hex(8)}
        _taken(await self._client.post(f"/r/{room}/files", data=fields, files={"file": (name, content)}))
        return str((await self.api(room, "/messages?limit=1"))["messages"][-1]["id"])

    async def react(self, room: str, message: str, *emoji: str) -> None:
        """Put reactions under a message."""
        for one in emoji:
            await self.post(f"/r/{room}/m/{message}/react", emoji=one)

    async def api(self, room: str, path: str = "") -> dict[str, Any]:
        """Ask the JSON API of a room."""
        told: dict[str, Any] = _taken(await self._client.get(f"/api/rooms/{room}{path}")).json()
        return told

    async def secret(self, path: str, **fields: str) -> str:
        """Send a form whose answer shows a token, or a hook's address, this once; returns that."""
        page = await self.post(path, **fields)
        found = SECRET.search(page.text.partition("new-link")[2])
        if found is None:
            raise Failed(f"{path} showed no secret")
        return found[0]

    async def enter(self, room: str) -> None:
        """Open a room, and stay in it, until they leave."""
        _taken(await self._client.get(f"/r/{room}", headers={"Accept": "text/html"}))
        socket = await connect(
            f"{self.url.replace('http', 'ws', 1)}/r/{room}/ws?language={self.tag}",
            origin=self.url,  # type: ignore[arg-type]
            additional_headers={"Cookie": f"{COOKIE}={self.cookie}"},
            max_size=None,
            proxy=None,
        )
        self._sockets[room] = socket
        await socket.send(json.dumps({"act": "resume"}))
        while 'id="people"' not in str(await socket.recv()):
            pass
        await socket.send(json.dumps({"act": "look"}))
        self._listening.append(asyncio.create_task(_listen(socket)))

    async def type(self, room: str) -> None:
        """Let the others see that they type."""
        await self._sockets[room].send(json.dumps({"act": "typing"}))

    async def leave(self, room: str) -> None:
        """Close a room."""
        await self._sockets.pop(room).close()


def _taken(answer: httpx.Response) -> httpx.Response:
    if answer.status_code >= 400:
        raise Failed(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}\n{answer.text[-2000:]}")
    return answer


async def _listen(socket: ClientConnection) -> None:
    with suppress(ConnectionClosed):
        async for _ in socket:
            pass
