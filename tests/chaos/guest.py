"""Somebody in a room who does what people do there, for a while."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

import httpx
from websockets.exceptions import ConnectionClosed

from quart_chat.pages import ids
from quart_chat.room.people import public_id
from tests.promise.visitor import Visitor

THINK = 2.0  # seconds, about, between two things that somebody does


async def within(seconds: float, over: asyncio.Event) -> bool:
    """Wait for so long, or until it is over; tell whether it is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await over.wait()
    return over.is_set()


class Guest(Visitor):
    """A visitor who writes, types, reads, looks around and takes other names.

    answers: what they asked for and what came of it, as "history 200".
    """

    def __init__(self, http: httpx.AsyncClient, url: str, room: str, name: str, chance: Random) -> None:
        super().__init__(http, url, room, name, chance)
        self.answers: Counter[str] = Counter()
        self._acts: dict[Callable[[], Awaitable[None]], int] = {
            self._write: 60,
            self._type: 15,
            self._look: 10,
            self._read: 10,
            self._lose: 3,
            self._rename: 2,
        }

    @property
    def public(self) -> str:
        """What pages know them by."""
        payload = self._cookie.partition("=")[2].partition(".")[0]
        return public_id(json.loads(urlsafe_b64decode(payload + "==")))

    @property
    def sees(self) -> set[str]:
        """Who is here, as their page shows it: what pages know them by."""
        people = self.page.states.get(ids.PEOPLE)
        marks = [] if people is None else [one.get("class") for one in people.all()]
        return {found[1] for mark in marks if (found := re.search(r"\bp-([0-9a-f]{16})\b", mark))}

    async def stay(self, seconds: float, over: asyncio.Event) -> None:
        """Do this and that for so long, or until it is over."""
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while not over.is_set() and (left := end - clock()) > 0:
            if await within(min(left, self._chance.expovariate(1 / THINK)), over):
                return
            (act,) = self._chance.choices([*self._acts], [*self._acts.values()])
            await act()

    async def _write(self) -> None:
        for _ in range(self._chance.choice((1, 1, 1, 2, 5))):
            words = "so it goes " * self._chance.choice((0, 1, 3, 10))
            await self.say(f"{self.name}:{len(self.written)} {words}".strip())

    async def _type(self) -> None:
        if self._socket is not None:
            with suppress(ConnectionClosed):
                await self.send(act="typing")

    async def _rename(self) -> None:
        name = f"{self.name} {self._chance.randrange(1000)}"
        await self._ask("name", "POST", "/me", {"name": name, "room": self.room})

    async def _look(self) -> None:
        """Open the page once more, or the lobby."""
        await self._ask("page", "GET", self._chance.choice((f"/r/{self.room}", f"/r/{self.room}", "/")))

    async def _read(self) -> None:
        """Read what was said before, some pages of it."""
        before = self.page.listed[0] if self.page.listed else None
        for _ in range(self._chance.randint(1, 4)):
            if before is None:
                return
            text = await self._ask("history", "GET", f"/r/{self.room}/messages?before={before}")
            before = found[1] if (found := re.search(r'id="m-(\d+-\d+)"', text)) else None

    async def _lose(self) -> None:
        self.drop()

    async def _ask(self, what: str, method: str, path: str, form: dict[str, str] | None = None) -> str:
        self._http.cookies.clear()
        try:
            answer = await self._http.request(method, f"{self.url}{path}", headers=self._headers(), data=form)
        except httpx.TransportError as error:
            self.answers[f"{what} {type(error).__name__}"] += 1
            return ""
        self.answers[f"{what} {answer.status_code}"] += 1
        return answer.text
