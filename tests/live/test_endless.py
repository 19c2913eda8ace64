"""Endless answers: a room over plain HTTP, by a worker in the test's own loop, with a strict client."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from quart_chat.errors import StoreAway
from quart_chat.live import endless
from quart_chat.live import hub as hubs
from quart_chat.live.wire import MAX_UNREAD
from quart_chat.web import tabs
from tests.live.rig import somebody, until
from tests.live.served import Served, client, served
from tests.store.valkey import Valkey

JSON, TEXT, SSE, HTML = "application/json", "text/plain", "text/event-stream", "text/html"
EVA = "e" * 16


class Reader:
    """Whoever reads an endless answer. over: None while it goes on, then how it ended."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.text = ""
        self.over: str | None = None
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for piece in self.answer.aiter_text():
                self.text += piece
            self.over = "whole"
        except httpx.HTTPError as error:
            self.over = type(error).__name__

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.split("\n")[:-1]]

    def said(self) -> list[str]:
        return [record["text"] for record in self.records if record["type"] == "message"]

    async def has(self, text: str) -> None:
        await until(lambda: text in self.text or self.over, f"{text!r} in {self.text!r}")
        assert text in self.text

    async def leave(self) -> None:
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading


@asynccontextmanager
async def reading(worker: Served, accept: str, path: str = "/r/room", **headers: str) -> AsyncIterator[Reader]:
    async with (
        httpx.AsyncClient(base_url=worker.origin, trust_env=False, timeout=20) as http,
        http.stream("GET", path, headers={"Accept": accept, **headers}) as answer,
    ):
        assert answer.status_code == 200
        reader = Reader(answer)
        try:
            yield reader
        finally:
            await reader.leave()


async def said(worker: Served, *texts: str) -> list[str]:
    log = worker.parts.log
    return [(await log.append("room", EVA, "Eva", text, f"n-{text[:40]}"))[0] for text in texts]


@pytest.fixture(params=[True, False], ids=["hypercorn", "another server"])
async def worker(valkey: Valkey, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with served(valkey, tmp_path, installed=request.param) as worker:
        worker.fast = request.param  # type: ignore[attr-defined]
        yield worker


@pytest.fixture
async def fast(valkey: Valkey, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(valkey, tmp_path) as worker:
        yield worker


@pytest.fixture
async def brisk(valkey: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """A worker whose heart beats fast, and whose pages without scripts are short."""
    monkeypatch.setattr(hubs, "HEARTBEAT", 0.05)
    monkeypatch.setattr(hubs, "LONG", 3)
    async with served(valkey, tmp_path) as worker:
        yield worker


async def test_four_faces_and_a_tab_hear_the_same(worker: Served) -> None:
    await said(worker, "before")
    async with (
        client(worker) as tab,
        reading(worker, JSON) as lines,
        reading(worker, TEXT) as text,
        reading(worker, SSE) as events,
        reading(worker, HTML, "/r/room/live") as page,
    ):
        await tab.enter()
        await until(lambda: len(worker.tabs) == 5 and all(one.live for one in worker.tabs), "five tabs")
        await said(worker, "now", "two\nlines")
        for reader in (lines, text, events, page):
            await reader.has("lines")
        await tab.see("before", "now", "two\nlines")
        assert lines.said() == ["before", "now", "two\nlines"]
        assert "Eva: now\n" in text.text
        assert "Eva: two\n      │ lines\n" in text.text
        assert events.text.count("event: message\n") == 3
        assert events.text.startswith("retry: 2000\n\n")
        assert page.text.count('<li id="m-') == 3
        kinds = sorted(type(one.wire).__name__ for one in worker.tabs)
        fast = ["PieceWire"] * 4 + ["StreamWire"]
        assert kinds == (fast if worker.fast else ["PlainWire", *["QueuedWire"] * 4])  # type: ignore[attr-defined]
    await until(lambda: not worker.tabs, "that all have left")
    assert not worker.streams


async def test_what_befalls_a_message_is_told_below_it(fast: Served) -> None:
    edited, deleted = await said(fast, "a tpyo", "a secret")
    async with reading(fast, JSON) as lines, reading(fast, TEXT) as text, reading(fast, HTML, "/r/room/live") as page:
        await until(lambda: len(fast.tabs) == 3 and all(one.live for one in fast.tabs), "three tabs")
        eva, changer = _eva(), fast.parts.changer
        async with httpx.AsyncClient(base_url=fast.origin, trust_env=False) as http:
            await changer.edit("room", eva, "127.0.0.1", edited, "a typo")
            await changer.delete("room", eva, "127.0.0.1", deleted)
            await page.has("deleted a message.")
            assert f'<link rel="stylesheet" href="/edited/{edited}.css">' in page.text
            style = await http.get(f"/deleted/{deleted}.css")
            assert f"#m-{deleted} > :is(.text" in style.text
            assert "immutable" in style.headers["Cache-Control"]
            assert (await http.get("/deleted/what.css")).status_code == 400
        await text.has("deleted a message.")
        await until(lambda: sum(one["type"] == "change" for one in lines.records) == 2, "both changes")
        assert [one["text"] for one in lines.records if one["type"] == "change"] == ["a typo", ""]
        assert "-- Eva corrected a message: a typo\n" in text.text


async def test_it_goes_on_from_a_place_and_shows_nothing_twice(worker: Served) -> None:
    first, second = await said(worker, "first", "second")
    async with reading(worker, JSON, f"/r/room?since={first}") as lines:
        await until(lambda: "second" in lines.said(), "what came since")
        await said(worker, "third")
        await until(lambda: lines.said() == ["second", "third"], "no more than that")
    async with reading(worker, SSE, **{"Last-Event-ID": second}) as events:
        await events.has("third")
        assert "second" not in events.text
    async with reading(worker, JSON, "/r/room?since=1-0") as lines:  # a place that the room never had
        await until(lambda: lines.said() == ["first", "second", "third"], "the newest page")
        assert lines.records[1]["type"] == "page"


async def test_it_ends_whole_as_the_worker_ends(worker: Served) -> None:
    async with reading(worker, JSON) as lines, reading(worker, HTML, "/r/room/live") as page:
        await until(lambda: len(worker.tabs) == 2 and all(one.live for one in worker.tabs), "two tabs")
        if not worker.fast:  # type: ignore[attr-defined]  # which nobody tells that its worker ends
            return
        await worker.end()
        await until(lambda: lines.over and page.over, "the ends")
        assert (lines.over, page.over) == ("whole", "whole")


async def test_a_page_that_ends_before_it_has_said_anything_comes_again_too(
    worker: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object) -> None:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(tabs, "person_of", failing)
    async with reading(worker, HTML, "/r/room/live") as page:
        await until(lambda: page.over, "the end")
        assert page.over == "whole"
        assert page.text.count('content="4; url=/r/room/live"') == 1


async def test_a_page_that_is_still_at_the_door_as_its_worker_ends_comes_again(
    fast: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = asyncio.Event()

    async def slow(*_: object) -> None:
        waiting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(tabs, "person_of", slow)
    async with reading(fast, HTML, "/r/room/live") as page:
        await waiting.wait()
        await fast.end()
        await until(lambda: page.over, "the end")
        assert page.over == "whole"
        assert page.text.count('content="4; url=/r/room/live"') == 1


async def test_a_page_is_begun_anew_after_a_while_or_many_messages(brisk: Served) -> None:
    async with reading(brisk, HTML, "/r/room/live") as page, reading(brisk, TEXT) as text:
        await until(lambda: len(brisk.tabs) == 2 and all(one.live for one in brisk.tabs), "two tabs")
        assert 'content="4; url=/r/room/live"' in page.text, "where the server ends, it is back by then"
        assert 'content="0; url=/r/room/live"' not in page.text
        await said(brisk, "a", "b", "c", "d")
        await until(lambda: page.over, "the end")
        assert page.over == "whole"
        assert 'content="0; url=/r/room/live"' in page.text
        assert text.over is None  # a terminal is never sent away
    async with reading(brisk, HTML, "/r/room/live") as page:
        await page.has("</li>")
        (tab,) = (one for one in brisk.tabs if one.ends is not None)
        tab.ends = 0.0
        await until(lambda: page.over == "whole", "the end")


async def test_what_is_not_read_costs_bounded_memory_and_holds_up_nobody(fast: Served) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", fast.port, limit=1024)
    writer.write(b"GET /r/room HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n")
    async with client(fast) as tab:
        await tab.enter()
        await until(lambda: len(fast.tabs) == 2 and all(one.live for one in fast.tabs), "two tabs")
        (slow,) = (one for one in fast.tabs if type(one.wire).__name__ == "PieceWire")
        text = "x" * 4000
        for number in range(2 * MAX_UNREAD // 4000 + 400):
            await fast.parts.log.append("room", EVA, "Eva", text, f"m{number}")
            if slow not in fast.tabs:
                break
        await until(lambda: slow not in fast.tabs, "that it is let go")
        await said(fast, "on it goes")
        await until(lambda: tab.page.texts[-1] == "on it goes", "the other one's message")
    writer.close()


async def test_who_left_leaves_nothing_behind(fast: Served) -> None:
    left = []
    for _ in range(3):
        async with reading(fast, TEXT) as text:
            await text.has("room")
            await until(lambda: len(fast.tabs) == 1, "the tab")
            left += [weakref.ref(fast.tabs[0]), *map(weakref.ref, fast.streams)]
        await until(lambda: not fast.tabs, "that it has left")
    assert len(left) == 6
    await until(lambda: not fast.streams, "no stream")
    gc.collect()
    await until(lambda: not any(one() for one in left), f"nothing of {[one() for one in left]}")


async def test_an_answer_that_went_on_is_the_last_of_its_connection(brisk: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", brisk.port)
    writer.write(b"GET /r/room/live HTTP/1.1\r\nHost: x\r\n\r\n" + 3 * b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"connection: close\r\n" in head.lower()
        await until(lambda: any(one.ends for one in brisk.tabs), "the tab")
        for one in brisk.tabs:
            one.ends = 0.0
        body = await reader.read()
    assert body.endswith(b"\r\n0\r\n\r\n")
    assert b"<ol id=" in body
    await until(lambda: not brisk.tabs and not brisk.streams, "that it is over")
    writer.close()


@pytest.mark.parametrize("accept", [JSON, TEXT])
async def test_who_asks_on_and_leaves_is_let_go(fast: Served, accept: str) -> None:
    asked = f"GET /r/room HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n".encode()
    for wait in (False, True):
        reader, writer = await asyncio.open_connection("127.0.0.1", fast.port)
        writer.write(asked)
        if wait:
            await reader.readuntil(b"\r\n\r\n")
            await until(lambda: len(fast.tabs) == 1 and fast.tabs[0].live, "the tab")
        writer.write(50 * b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        if not wait:
            await reader.readuntil(b"\r\n\r\n")
        await until(lambda: len(fast.tabs) == 1, "the tab")
        writer.close()
        await until(lambda: not fast.tabs and not fast.streams, "that it is let go")


async def test_who_does_not_read_by_an_old_protocol_is_let_go_too(
    fast: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endless, "PATIENCE", 0.3)
    monkeypatch.setattr(endless, "LAST_WORDS", 0.3)
    for number in range(60):
        await fast.parts.log.append("room", EVA, "Eva", "x" * 4000, f"m{number}")
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", fast.port))
    raw.sendall(b"GET /r/room HTTP/1.0\r\nHost: x\r\nAccept: application/json\r\n\r\n")
    await until(lambda: fast.tabs, "the tab")
    for number in range(600):
        await fast.parts.log.append("room", EVA, "Eva", "y" * 4000, f"o{number}")
        if not fast.tabs:
            break
    await until(lambda: not fast.tabs and not fast.streams, "that it is let go")
    raw.close()


async def test_what_goes_on_with_a_token_ends_as_that_is_taken_back(fast: Served) -> None:
    bearers, person = fast.parts.bearers, somebody("Ana")
    token = await bearers.make(person, "127.0.0.1", "a program")
    ((ticket, *_),) = await bearers.of(person)
    async with (
        reading(fast, JSON, Authorization=f"Bearer {token}") as held,
        reading(fast, JSON) as other,
    ):
        await until(lambda: len(fast.tabs) == 2 and all(one.live for one in fast.tabs), "two tabs")
        await bearers.revoke(person, ticket)
        await held.has('"type":"ended"')
        await until(lambda: held.over == "whole", "the end")
        await said(fast, "not for them")
        await other.has("not for them")
        assert "not for them" not in held.text


async def test_an_old_protocol_gets_it_too(fast: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", fast.port)
    writer.write(b"GET /r/room HTTP/1.0\r\nHost: x\r\nAccept: text/plain\r\n\r\n")
    async with asyncio.timeout(10):
        await reader.readuntil(b"curl -d")
        await until(lambda: len(fast.tabs) == 1 and fast.tabs[0].live, "the tab")
        await said(fast, "to HTTP/1.0")
        await reader.readuntil(b"Eva: to HTTP/1.0\n")
        await fast.end()  # nobody waits for it
        await reader.read()
    writer.close()


async def test_the_store_s_absence_is_told_and_it_goes_on(fast: Served) -> None:
    async with reading(fast, JSON) as lines, reading(fast, HTML, "/r/room/live") as page:
        await until(lambda: len(fast.tabs) == 2 and all(one.live for one in fast.tabs), "two tabs")
        fast.hub.lost("a test")
        await lines.has('{"type":"connection","state":"store"}')
        await page.has('class="state beat store"')
        fast.hub.found()
        await said(fast, "back")
        await lines.has("back")


def _eva() -> Any:
    class Eva:
        id = "eva"
        public = EVA
        name = "Eva"

    return Eva()


async def test_a_page_that_finds_no_store_comes_again_by_itself(fast: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*args: Any) -> Any:
        raise StoreAway("a test")

    with monkeypatch.context() as patched:
        patched.setattr(type(fast.parts.warden), "let_in", away)
        async with httpx.AsyncClient(base_url=fast.origin, trust_env=False) as http:
            page = await http.get("/r/room/live")
            assert page.status_code == 503
            assert 'content="3; url=/r/room/live"' in page.text
            assert 'class="state beat store"' in page.text
            assert (await http.get("/r/room/write")).status_code == 200
