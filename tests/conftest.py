"""What tests of several floors start from: one store for all, emptied for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from redis import Redis

from quart_chat.store.pipeline import Pipeline
from quart_chat.store.servers import servers
from tests.store.valkey import Valkey


@pytest.fixture(scope="session", autouse=True)
def keeping_bytecode() -> Iterator[None]:
    """Let what tests start keep its bytecode, though an image of Python forbids it: else each compiles all anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture(scope="session")
def shared_valkey() -> Iterator[Valkey]:
    with Valkey() as valkey:
        yield valkey


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
