from __future__ import annotations

import os
from collections.abc import AsyncIterator
from random import Random, SystemRandom

import pytest

from tests.live.rig import Worker
from tests.store.valkey import Valkey


@pytest.fixture
async def worker(valkey: Valkey) -> AsyncIterator[Worker]:
    async with Worker(valkey) as worker:
        yield worker


@pytest.fixture
async def other(valkey: Valkey) -> AsyncIterator[Worker]:
    """Another one, of the same store."""
    async with Worker(valkey, "w2") as worker:
        yield worker


@pytest.fixture
def chance() -> Random:
    """What a test leaves to chance. LIVE_SEED runs a failure again."""
    seed = int(os.environ.get("LIVE_SEED") or SystemRandom().getrandbits(32))
    print(f"LIVE_SEED={seed}")
    return Random(seed)
