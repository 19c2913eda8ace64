from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random, SystemRandom

import httpx
import pytest

from tests.server.processes import ServerProcess

NO_LIMITS = {
    "QUART_CHAT_MESSAGES_PER_MINUTE": "0",
    "QUART_CHAT_SOCKETS_PER_ADDRESS": "0",
    "QUART_CHAT_JOINS_PER_MINUTE": "0",
    "QUART_CHAT_MESSAGES_PER_ROOM": "1000000",
}


@pytest.fixture
def chance() -> Random:
    """What a test leaves to chance. PROMISE_SEED runs a failure again."""
    seed = int(os.environ.get("PROMISE_SEED") or SystemRandom().getrandbits(32))
    print(f"PROMISE_SEED={seed}")
    return Random(seed)


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """A real `quart-chat`; its parameter is the number of workers."""
    with ServerProcess(tmp_path / "data", workers=getattr(request, "param", 2), env=NO_LIMITS) as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=0)  # each page may come to another worker
    async with httpx.AsyncClient(limits=limits, trust_env=False, timeout=10, verify=False) as client:
        yield client
