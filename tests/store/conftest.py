from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from redis import Redis

from quart_chat.store.client import Client, connect
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
async def client(valkey: Valkey) -> AsyncIterator[Client]:
    """A worker's client."""
    async with connected(valkey) as client:
        yield client


@asynccontextmanager
async def connected(valkey: Valkey) -> AsyncIterator[Client]:
    client = connect(valkey.url)
    try:
        yield client
    finally:
        await client.aclose()
        await client.connection_pool.disconnect()


async def until(seen: Callable[[], object], what: str) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline, f"never saw: {what}"
        await asyncio.sleep(0.01)
