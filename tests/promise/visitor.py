"""Somebody with a room's page open: loads it, keeps its socket open as htmx does, and writes in it."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from random import Random
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from quart_chat.pages import ids
from tests.promise.history import History
from tests.promise.page import Form, Page

PATIENCE = 30.0  # seconds until a test gives a state up
RECONNECT = (0.05, 0.4)  # seconds, at random between these; the page's own are 0.3 to 5


class Visitor:
    """One person with one page of one room.

    url: the server's. chance: what is left to chance; seeded, so that a failure can be run again.
    """

    def __init__(self, http: httpx.AsyncClient, url: str, room: str, name: str, chance: Random) -> None:
        self.name = name
        self.url = url
        self.room = room
        self.written: dict[str, str] = {}  # text by nonce
        self.page: Page = None  # type: ignore[assignment] - set by `load`
        self.codes: list[int] = []  # with which its sockets were closed
        self.refusals = 0  # of its messages, for now
        self.history = History(name)
        self.acknowledged_at: dict[str, float] = {}  # by text, of the monotonic clock
        self.reading = asyncio.Event()
        self.reading.set()
        self._http = http
        self._chance = chance
        self._cookie = ""
        self._key = f"{chance.getrandbits(64):016x}"
        self._news = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._sending = asyncio.Lock()
        self._sent: set[str] = set()  # forms that this socket has been sent
        self._handed_over: set[str] = set()  # forms that any socket has been sent
        self._tasks: set[asyncio.Task[None]] = set()
        self._stay: asyncio.Task[None] | None = None
        self._options: dict[str, Any] = {}

    # --- its life ----------------------------------------------------------------------------------

    async def load(self) -> Self:
        """Load the page, as often as it takes."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self._http.cookies.clear()  # each has a browser of their own
            try:
                answer = await self._http.get(f"{self.url}/r/{self.room}", headers=self._headers())
                if answer.status_code == 200:
                    break
                self.history.note(f"the page answered {answer.status_code}")
            except httpx.TransportError as error:
                self.history.note(f"the page did not load: {type(error).__name__}")
            assert time.monotonic() < deadline, f"{self.name}: the page never loaded\n{self.told()}"
            await asyncio.sleep(self._chance.uniform(*RECONNECT))
        for cookie in answer.headers.get_list("set-cookie"):
            if cookie.startswith("quart_chat="):
                self._cookie = cookie.split(";")[0]
        self.page = Page(answer.text)
        self.history.note(f"loaded at {self.page.place}")
        return self

    def connect(self, **options: Any) -> Self:
        """Open the socket and keep it open; options: of websockets' `connect`."""
        self._options = options
        self._stay = asyncio.create_task(self._keep_connected())
        return self

    async def leave(self, *, rudely: bool = False) -> None:
        """Close the page; rudely: by a reset, with no word to the server."""
        if rudely and self._socket is not None:
            self.history.note("leaves rudely")
            self._socket.transport.abort()
        for task in (self._stay, *self._tasks):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._stay = None

    def drop(self) -> None:
        """Lose the connection after all that was sent, and before any answer to it; then come again."""
        if self._socket is not None:
            self.history.note("loses its connection")
            self._socket.transport.close()

    def stop_reading(self) -> None:
        """Read no more, with little room for what comes: until `reading` is set again."""
        assert self._socket is not None
        self._socket.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.reading.clear()
        self.history.note("stops reading")

    async def __aenter__(self) -> Self:
        await self.load()
        return self.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()

    # --- what it does ------------------------------------------------------------------------------

    async def say(self, text: str) -> str:
        """Write a message; it is sent now or when there is a connection. Gives its nonce."""
        nonce = f"{self._key}-{len(self.written)}"
        self.written[nonce] = text
        self.history.note("writes", text)
        await self._send(self.page.write(nonce, text))
        return nonce

    async def send(self, **fields: str) -> None:
        """Send any frame."""
        assert self._socket is not None
        await self._socket.send(json.dumps(fields))

    async def until(self, seen: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        """Wait until something is true of the page; it is looked at after each frame."""
        try:
            async with asyncio.timeout(patience):
                while not seen():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} never saw: {what}\n{self.told()}") from None

    @property
    def acknowledged(self) -> set[str]:
        """The texts of which it was told that they are in the room."""
        return {self.written[nonce] for nonce in (self.page.taken if self.page else ()) if nonce in self.written}

    def told(self) -> str:
        """Tell its last events, one a line."""
        pending = [f"{form.text:.20}" for form in self.page.forms.values()] if self.page is not None else []
        return f"{self.history.last()}\n  {self.name}'s pending: {pending}"

    # --- its connection ----------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        address = f"{self.url.replace('http', 'ws', 1)}/r/{self.room}/ws"
        while True:
            try:
                async with connect(
                    address,
                    additional_headers=self._headers(),
                    compression=None,
                    proxy=None,
                    max_size=None,
                    ping_interval=None,
                    open_timeout=10,
                    close_timeout=1,
                    **self._options,
                ) as connection:
                    await self._serve(connection)
            except (OSError, InvalidHandshake, InvalidMessage, ConnectionClosed, TimeoutError) as error:
                self.history.note(f"is not connected: {type(error).__name__}")
            finally:
                self._socket = None
                self.page.states.pop(ids.CONNECTION, None)  # the page shows what it has at hand for that
            self._news.set()
            await asyncio.sleep(self._chance.uniform(*RECONNECT))

    async def _serve(self, connection: ClientConnection) -> None:
        try:
            async with self._sending:
                self._socket = connection
                self._sent.clear()
                # as htmx does: what was written without a connection, the resume form, and then all that is pending
                queued = [form for form in self.page.forms.values() if form.nonce not in self._handed_over]
                self.history.note(f"connected, resumes at {self.page.place} after {len(queued)} written meanwhile")
                for form in queued:
                    await self._hand_over(connection, form)
                await self._resume(connection)
                for form in list(self.page.forms.values()):
                    await self._hand_over(connection, form)
            while True:
                await self.reading.wait()
                frame = await connection.recv()
                assert isinstance(frame, str), "a frame of bytes"
                self._apply(frame)
        except ConnectionClosed:
            self.codes.append(connection.close_code or 1006)
            self.history.note(f"closed with {connection.close_code}")

    async def _resume(self, connection: ClientConnection) -> None:
        await connection.send(json.dumps({"act": "resume", "since": self.page.place, "headers": {}}))

    def _apply(self, frame: str) -> None:
        page = self.page
        before = (page.place, len(page.run.shown), len(page.taken), len(page.runs))
        page.apply(frame)
        if page.place != before[0]:
            replaced = "replaced, " if len(page.runs) != before[3] else ""
            new = len(page.run.shown) - (0 if replaced else before[1])
            shown = islice(reversed(page.run.shown.values()), max(0, new))
            self.history.note(f"is shown, {replaced}at {page.place}", *reversed(list(shown)))
        for nonce in page.taken[before[2] :]:
            text = self.written.get(nonce, nonce)
            self.acknowledged_at[text] = time.monotonic()
            self.history.note("is acknowledged", text)
        for form in page.forms.values():
            if form.again is not None:
                delay, form.again = form.again, None
                self.refusals += 1
                self.history.note(f"is refused, {form.why!r}, and told to come again in {delay:g} s:", form.text)
                self._start(self._send_again(form, delay))
        self._news.set()

    async def _send_again(self, form: Form, delay: float) -> None:
        await asyncio.sleep(delay)
        if form in self.page.forms.values():
            self._sent.discard(form.nonce)
            await self._send(form)

    async def _send(self, form: Form) -> None:
        async with self._sending:
            if self._socket is not None and form.nonce not in self._sent:
                with suppress(ConnectionClosed):
                    await self._hand_over(self._socket, form)

    async def _hand_over(self, connection: ClientConnection, form: Form) -> None:
        self._sent.add(form.nonce)
        self._handed_over.add(form.nonce)
        self.history.note("sends", form.text)
        await connection.send(json.dumps({"act": "say", "text": form.text, "nonce": form.nonce, "headers": {}}))

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _headers(self) -> dict[str, str]:
        return {"Origin": self.url, **({"Cookie": self._cookie} if self._cookie else {})}
