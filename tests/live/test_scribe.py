"""Rooms written down: all of it, and an end that says so where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from quart_chat.errors import StoreAway, Unwelcome
from quart_chat.live import scribe
from quart_chat.live.scribe import Scribe
from quart_chat.live.warden import Warden
from quart_chat.pages import transcripts
from quart_chat.pages.languages import Audience
from quart_chat.pages.transcripts import CUT, Header
from quart_chat.room.rights import PRIVATE
from quart_chat.room.span import ALWAYS
from quart_chat.store.appends import Draft
from quart_chat.store.limits import Limits
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline

ANA = "a" * 16
FORM = transcripts.form("text", Header("r", "R", 0), Audience("en", "UTC"))


class Door:
    """A warden who lets in so many times, and then says why not."""

    def __init__(self, times: int, why: Exception) -> None:
        self._left, self._why = times, why

    async def let_in(self, room: str, public: str, address: str = "") -> None:
        self._left -= 1
        if self._left < 0:
            raise self._why


@pytest.fixture
async def log(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Log:
    monkeypatch.setattr(scribe, "READ", 10)
    log = Log(pipeline, Retention(1000, 86_400_000))
    await log.append_all("r", [Draft(ANA, "Ana", f"text {number}", f"n{number}") for number in range(35)])
    return log


def written(log: Log, pipeline: Pipeline, door: Door) -> AsyncIterator[bytes]:
    return Scribe(log, Limits(pipeline, "w", 0), cast(Warden, door)).write("r", FORM, ALWAYS, ANA, "10.0.0.1")


async def whole(pieces: AsyncIterator[bytes]) -> str:
    return b"".join([piece async for piece in pieces]).decode()


async def test_a_room_is_written_whole(log: Log, pipeline: Pipeline) -> None:
    text = await whole(written(log, pipeline, Door(100, StoreAway(""))))
    assert [line for line in text.splitlines() if "text" in line][-1].endswith("Ana: text 34")
    assert text.count("text") == 35
    assert CUT not in text


@pytest.mark.parametrize("why", [Unwelcome(PRIVATE), StoreAway("gone")], ids=["sent out", "store away"])
async def test_who_is_sent_out_meanwhile_gets_no_more_and_the_end_says_so(
    log: Log, pipeline: Pipeline, why: Exception
) -> None:
    text = await whole(written(log, pipeline, Door(2, why)))
    assert text.count("text") == 20
    assert text.endswith(f"\n{CUT}\n")


async def test_many_at_once_take_turns(log: Log, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is written, the loop goes on between any two pieces."""
    monkeypatch.setattr(scribe, "BREATH", 0.0)
    one = Scribe(log, Limits(pipeline, "w", 0), cast(Warden, Door(1000, StoreAway(""))))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    texts = await asyncio.gather(*(whole(one.write("r", FORM, ALWAYS, ANA, "")) for _ in range(3)))
    task.cancel()
    assert all(text.count("text") == 35 for text in texts)
    assert turns >= 3 * 35
