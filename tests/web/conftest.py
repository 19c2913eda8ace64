from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.server.processes import ServerProcess
from tests.web.visits import browser

UNLIMITED = {
    "QUART_CHAT_MESSAGES_PER_MINUTE": "0",
    "QUART_CHAT_ROOMS_PER_HOUR": "0",
    "QUART_CHAT_SOCKETS_PER_ADDRESS": "0",
    "QUART_CHAT_JOINS_PER_MINUTE": "0",
    "QUART_CHAT_TIME_ZONE": "UTC",
    "QUART_CHAT_FSYNC": "everysec",
    "QUART_CHAT_UPLOADS_PER_MINUTE": "0",
    "QUART_CHAT_FILE_MEGABYTES": "1",
}
LIMITED = {
    **UNLIMITED,
    "QUART_CHAT_TRUSTED_HOPS": "1",
    "QUART_CHAT_MESSAGES_PER_MINUTE": "3",
    "QUART_CHAT_ROOMS_PER_HOUR": "4",
    "QUART_CHAT_SOCKETS_PER_ADDRESS": "2",
    "QUART_CHAT_FILES": "no",
    "QUART_CHAT_HOOKS": "in",
    "QUART_CHAT_ORIGINS": "https://chat.example, http://other.example:8080",
}


@pytest.fixture(scope="session")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("open"), env=UNLIMITED) as server:
        yield server


@pytest.fixture(scope="session")
def limited_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("limited"), env=LIMITED) as server:
        yield server


@pytest.fixture
def server(open_server: ServerProcess) -> Iterator[ServerProcess]:
    """A server without limits and proxies; what it said during a test is shown where that fails."""
    yield from _heard(open_server)


@pytest.fixture
def behind(limited_server: ServerProcess) -> Iterator[ServerProcess]:
    """A server behind one proxy, with small limits and two more origins."""
    yield from _heard(limited_server)


@pytest.fixture
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    """Somebody's browser."""
    with browser(server) as client:
        yield client


@pytest.fixture
def ana(server: ServerProcess) -> Iterator[httpx.Client]:
    """The browser of somebody whom the server knows already."""
    with browser(server) as client:
        client.get("/")
        yield client


@pytest.fixture
def bob(server: ServerProcess) -> Iterator[httpx.Client]:
    """Another one."""
    with browser(server) as client:
        client.get("/")
        yield client


def _heard(server: ServerProcess) -> Iterator[ServerProcess]:
    before = len(server.output)
    yield server
    said = server.output[before:]
    print(said)
    assert "Traceback" not in said, "a request broke something"
