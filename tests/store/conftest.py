from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from redis import Redis

from quart_chat.store.line import Line
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.servers import servers
from tests.store.valkey import PATIENCE, Valkey


@pytest.fixture(scope="session")
def shared_valkey() -> Iterator[Valkey]:
    valkey = Valkey()
    try:
        valkey.start()
        yield valkey
    finally:
        valkey.end()


@pytest.fixture
def valkey(shared_valkey: Valkey) -> Valkey:
    """An empty store for one test; tests that kill it make one of their own."""
    with shared_valkey.client() as client:
        client.flushall()
    return shared_valkey


@pytest.fixture
def look(valkey: Valkey) -> Iterator[Redis]:
    """A blocking client, to see what the store holds."""
    with valkey.client() as client:
        yield client


@pytest.fixture
async def pipeline(valkey: Valkey) -> AsyncIterator[Pipeline]:
    """A worker's."""
    async with connected(valkey) as pipeline:
        yield pipeline


@asynccontextmanager
async def connected(valkey: Valkey) -> AsyncIterator[Pipeline]:
    pipeline = Pipeline(servers(valkey.url))
    try:
        yield pipeline
    finally:
        await pipeline.aclose()


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
