"""A reader that stops reading: it is sent away and comes back whole, and nobody else notices."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from quart_chat.live.wire import MAX_UNREAD
from quart_chat.room.places import REPLAY
from tests.live.rig import until
from tests.live.served import Client, Served, client, served
from tests.promise.page import Page
from tests.store.valkey import Valkey

LONG = "&" * 3900  # five bytes each in HTML


def deaf(worker: Served) -> socket.socket:
    """A socket with little room for what comes."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", worker.port))
    raw.setblocking(False)
    return raw


@pytest.mark.parametrize(
    ("fast", "count"),
    [(True, 190), (True, 230), (False, 450)],  # what a replay holds, and more; without ours the kernel buffers more
    ids=["on the fast lane, a while", "on the fast lane, for long", "on plain ASGI"],
)
async def test_of_several_tabs_the_one_that_stops_reading_is_sent_away_and_comes_back_whole(
    valkey: Valkey, tmp_path: Path, fast: bool, count: int
) -> None:
    async with served(valkey, tmp_path, installed=fast) as worker:
        await stall(worker, count)


async def stall(worker: Served, count: int) -> None:
    options: dict[str, Any] = {"compression": None}
    async with AsyncExitStack() as stack:
        others = [await (await stack.enter_async_context(client(worker, **options))).enter() for _ in range(3)]
        before = set(worker.tabs)
        stalled: Client = await stack.enter_async_context(client(worker, sock=deaf(worker), max_queue=1, **options))
        await stalled.enter()
        (gone,) = set(worker.tabs) - before
        await others[0].say("before")
        for tab in (*others, stalled):
            await tab.see("before")
        assert stalled._reading is not None
        stalled._reading.cancel()
        await asyncio.gather(stalled._reading, return_exceptions=True)
        stalled.connection.transport.pause_reading()

        texts = [f"{number} {LONG}" for number in range(count)]
        assert sum(5 * len(text) for text in texts) > 3 * MAX_UNREAD
        for number, text in enumerate(texts):
            await others[0].say(text)
            if number % 20 == 19:  # no frame is larger than what a tab may leave unread
                await until(lambda: not others[0].page.forms, "the acknowledgements", 60)
        for tab in others:
            await until(lambda tab=tab: len(tab.page.run.shown) == count + 1, "everything", 60)  # type: ignore[misc]
            assert list(tab.page.run.shown.values()) == ["before", *texts]
            assert not tab.page.faults
            assert tab.connection.close_code is None
        await until(lambda: gone not in worker.tabs, "that it is sent away", 30)
        assert len(worker.tabs) == 3

        page: Page = stalled.page
        stalled.connection.transport.abort()
        back = await stack.enter_async_context(client(worker, **options))
        back.page = page
        page.states.clear()
        await back.enter()
        await until(lambda: page.texts[-1] == texts[-1], "the newest message")
        assert not page.faults
        assert (len(page.runs) == 1) == (count < REPLAY)
        if count < REPLAY:
            assert list(page.run.shown.values()) == ["before", *texts]
