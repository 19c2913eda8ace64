"""What every server has in common: a process on a free port, pinned, with a log, and perhaps a store."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from benchmarks import processes
from benchmarks.client import LoadFailed
from benchmarks.cores import SERVER, pinned

BENCHMARKS = Path(__file__).resolve().parents[1]
REPOSITORY = BENCHMARKS.parent
MARKER = 37  # bytes of a marker, see load/marker.h
PATIENCE = 30.0  # seconds until a start has failed


class Missing(Exception):
    """A server cannot be had on this machine; the text says what is missing, in one line."""


class Server(ABC):
    """One server, from its start to its end.

    name: as tables call it.
    """

    name: str

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="qc-bench-")
        self.folder = Path(self._folder.name)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @abstractmethod
    def start(self) -> None:
        """Start it and wait until it takes connections."""

    @abstractmethod
    def version(self) -> str:
        """Name what it is made of, with versions."""

    @abstractmethod
    def tabs(self) -> list[str]:
        """Give the load client's arguments that open tabs in a room."""

    @abstractmethod
    def talk(self, payload: int | None) -> list[str]:
        """Give the load client's arguments that send messages.

        payload: bytes of each message as a tab gets it; None: what the server makes of a short text.
        """

    @classmethod
    def check(cls) -> None:
        """See whether it can be had.

        Raises:
            Missing: it cannot.
        """
        return

    def workers(self) -> list[int]:
        """Find the processes that serve, by pid."""
        return processes.family(self.pid)

    def stores(self) -> list[int]:
        """Find the processes of its store, by pid."""
        return []

    @property
    def pid(self) -> int:
        """The process that was started."""
        if self._process is None:
            raise LoadFailed(f"{self.name} was not started")
        return self._process.pid

    def run(
        self,
        command: Sequence[str | Path],
        *,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Start the process on its core, and wait until its port takes connections."""
        log = self.folder / "log"
        with log.open("wb") as output, pinned(SERVER):
            self._process = subprocess.Popen(
                command,
                cwd=cwd or self.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + PATIENCE
        while not self._takes_connections():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise LoadFailed(f"{self.name} did not start: {log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)

    def _takes_connections(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1.0).close()
        except OSError:
            return False
        return True

    def end(self) -> None:
        """End it, and what it started."""
        self._end_process()
        self._folder.cleanup()

    def _end_process(self) -> None:
        if self._process is not None:
            processes.end(self._process)
            self._process = None


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
