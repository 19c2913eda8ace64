"""Somebody without a browser: posts by the plain form, and many messages at once over sockets."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import httpx
from websockets.asyncio.client import connect

AT_ONCE = 250  # messages of one socket; past 300 a tab's frames wait for their turn
COOKIE = "quart_chat"


class Poster:
    """A person at a server.

    url: of the server, without a slash at the end. name: None keeps the one that the server gives.
    verify: its certificate.
    """

    def __init__(self, url: str, name: str | None = None, *, verify: bool = True) -> None:
        self.url = url
        self.name = name
        self._client = httpx.AsyncClient(base_url=url, headers={"Origin": url}, trust_env=False, verify=verify)

    async def __aenter__(self) -> Self:
        (await self._client.get("/")).raise_for_status()
        if self.name is not None:
            answer = await self._client.post("/me", data={"name": self.name})
            assert answer.status_code == 303, answer.text
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, path: str) -> httpx.Response:
        return await self._client.get(path)

    async def post(self, path: str, form: dict[str, str]) -> None:
        answer = await self._client.post(path, data=form)
        assert answer.status_code < 400, answer.text

    async def say(self, room: str, *texts: str) -> None:
        """Say something, by the form of a browser without JavaScript."""
        for text in texts:
            form = {"text": text, "nonce": secrets.token_hex(8)}
            answer = await self._client.post(f"/r/{room}/messages", data=form)
            assert answer.status_code == 303, answer.text

    async def flood(self, room: str, texts: Sequence[str]) -> None:
        """Say very much, in order, until the last of it is acknowledged."""
        address = f"{self.url.replace('http', 'ws', 1)}/r/{room}/ws"
        cookie = {"Cookie": f"{COOKIE}={self._client.cookies[COOKIE]}"}
        for start in range(0, len(texts), AT_ONCE):
            some = texts[start : start + AT_ONCE]
            nonces = [secrets.token_hex(8) for _ in some]
            async with connect(
                address, origin=self.url, additional_headers=cookie, max_size=None, proxy=None
            ) as socket:
                for text, nonce in zip(some, nonces, strict=True):
                    await socket.send(json.dumps({"act": "say", "text": text, "nonce": nonce}))
                while f"say-{nonces[-1]}" not in str(await socket.recv()):
                    pass
