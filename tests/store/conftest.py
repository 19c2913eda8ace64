from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from quart_chat.store.line import Line
from tests.store.valkey import PATIENCE


class Trips:
    """Counts how often something is sent to the store."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        write = Line.write

        def counted(line: Line, data: bytes) -> None:
            self.count += 1
            write(line, data)

        monkeypatch.setattr(Line, "write", counted)


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(monkeypatch)


async def until(seen: Callable[[], object], what: str) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline, f"never saw: {what}"
        await asyncio.sleep(0.01)
