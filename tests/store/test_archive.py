"""Rooms as a whole: they are brought back as they were."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from quart_chat.room.charter import Charter
from quart_chat.room.digest import Record
from quart_chat.room.entries import Message
from quart_chat.store import keys
from quart_chat.store.archive import RESTORE, Archive, Opening
from quart_chat.store.log import Retention
from quart_chat.store.pipeline import Pipeline

ANA = "a" * 16


async def test_who_keeps_a_room_and_is_in_it_is_sent_once_however_many_messages_it_has(
    pipeline: Pipeline, look: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, script, sent = Archive(pipeline, Retention(1000, 0)), pipeline.script, list[str]()

    async def noted(one: Any, names: Any, args: Any) -> Any:
        sent.append("".join(map(str, args)))
        return await script(one, names, args)

    monkeypatch.setattr(pipeline, "script", noted)
    charter = Charter({f"{ANA} role": "owner", f"{ANA} name": "Ana"}, {f"{number:016x}": "Bob" for number in range(9)})
    messages = [Record(Message(f"{ms}-0", ms, ANA, "Ana", "x", None)) for ms in range(1, 2 * RESTORE + 2)]
    opening = Opening("R", 1, charter=charter)
    end = await archive.restore("r", opening, messages[:-1])
    await archive.restore("r", opening, messages[-1:], end)
    assert ["Bob" in text for text in sent] == [True, False, False]
    assert await archive.charter("r") == charter
    assert look.xlen(keys.messages("r")) == len(messages)
