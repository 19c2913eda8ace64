from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from random import Random, SystemRandom

import pytest

from tests.live.rig import Worker
from tests.store.valkey import Valkey


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
async def worker(valkey: Valkey) -> AsyncIterator[Worker]:
    async with Worker(valkey) as worker:
        yield worker


@pytest.fixture
def chance() -> Random:
    """What a test leaves to chance. LIVE_SEED runs a failure again."""
    seed = int(os.environ.get("LIVE_SEED") or SystemRandom().getrandbits(32))
    print(f"LIVE_SEED={seed}")
    return Random(seed)
