from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.processes import ServerProcess


class Servers:
    """Starts servers of the tiny application; the fixture ends what is left of them."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._started: list[ServerProcess] = []

    def __call__(self, *options: str, data: Path | None = None, **more: Any) -> ServerProcess:
        server = ServerProcess(data or self.data, *options, **{"module": "tests.server.tiny", **more})
        self._started.append(server)
        return server

    def end(self) -> None:
        for server in self._started:
            print(server.output)  # pytest shows it where the test failed
        for server in self._started:
            # All of them first: on a shared folder one starts again the store that another one's end kills.
            server.process.kill()
        for server in self._started:
            server.kill()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Servers]:
    servers = Servers(tmp_path)
    try:
        yield servers
    finally:
        servers.end()
