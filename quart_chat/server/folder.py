"""The data folder: who holds it, and where in it the embedded store keeps what.

data/lock                held by the one quart-chat that uses the folder; says its pid
data/store/alive         held by the store's process itself, for as long as it lives
data/store/valkey.sock   its socket, unless the path is too long for one
data/store/socket        where the socket is then
data/store/valkey.conf, valkey.log, valkey.pid, appendonlydir/
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from quart_chat.errors import SettingsError
from quart_chat.server.cannot_start import CannotStart

LONGEST_SOCKET = 103  # bytes: what macOS takes; Linux takes 107


@dataclass(frozen=True, slots=True)
class Folder:
    """A data folder. `root` is absolute."""

    root: Path

    @property
    def store(self) -> Path:
        """Where the embedded store works."""
        return self.root / "store"

    @property
    def log(self) -> Path:
        """The store's own log."""
        return self.store / "valkey.log"

    @property
    def pid(self) -> Path:
        """Holds the store's process id while it runs."""
        return self.store / "valkey.pid"

    @property
    def alive(self) -> Path:
        """The file whose lock the store's process holds."""
        return self.store / "alive"

    def make(self) -> None:
        """Make what is missing, for this user alone.

        Raises:
            SettingsError: it cannot be made.
        """
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            self.root.mkdir(mode=0o700, exist_ok=True)
            self.store.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"the data folder {self.root} cannot be made: {error.strerror}; "
                "choose another with --data or QUART_CHAT_DATA"
            ) from error

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Hold the folder, so that no second server uses it; yields whether the last one crashed.

        Raises:
            CannotStart: another quart-chat has it, or it may not be written to.
        """
        fd = open_private(self.root / "lock")
        try:
            found = os.read(fd, 20).decode(errors="replace").strip()
            if not lock(fd):
                raise CannotStart(
                    f"{self.root} is in use by another quart-chat (pid {found or 'unknown'}); "
                    "end that one, or choose another folder with --data"
                )
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
            try:
                yield bool(found)
            finally:
                # No crash. The file stays: to remove it would race with the next server.
                os.ftruncate(fd, 0)
        finally:
            os.close(fd)

    def write_config(self, text: bytes) -> Path:
        """Write the store's configuration; returns the file."""
        file = self.store / "valkey.conf"
        if not file.exists() or file.read_bytes() != text:  # on a full disk the one that is there must stay
            file.write_bytes(text)
        return file

    def new_socket(self) -> Path:
        """Choose where the store's socket will be, and record it.

        A path in the folder itself moves with it. Where that is too long for a socket it is in a new
        private folder of the system's temporary one. An old record isn't used again: in a copied
        data folder it names the socket of the original.
        """
        self.forget_socket()
        path = self.store / "valkey.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET:
            return path
        private = Path(tempfile.mkdtemp(prefix="quart-chat-"))
        path = private / "valkey.sock"
        if len(os.fsencode(path)) > LONGEST_SOCKET:  # a long TMPDIR
            private.rmdir()
            path = Path(tempfile.mkdtemp(prefix="quart-chat-", dir="/tmp")) / "valkey.sock"
        self._record.write_bytes(os.fsencode(path))
        return path

    def recorded_socket(self) -> Path:
        """Say where the socket is of the store that runs in this folder."""
        with suppress(FileNotFoundError):
            return Path(os.fsdecode(self._record.read_bytes()))
        return self.store / "valkey.sock"

    def forget_socket(self) -> None:
        """Remove the record and what it names, unless something answers there."""
        path = self.recorded_socket()
        self._record.unlink(missing_ok=True)
        if path.parent != self.store and path.parent.name.startswith("quart-chat-") and not answers(path):
            shutil.rmtree(path.parent, ignore_errors=True)

    @property
    def _record(self) -> Path:
        return self.store / "socket"


def open_private(path: Path) -> int:
    """Open a file to lock, made for this user alone where it is missing; returns its descriptor.

    Raises:
        CannotStart: it may not be opened.
    """
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(f"cannot use {path}: {error.strerror}") from error


def lock(fd: int) -> bool:
    """Try to lock an open file; the lock lives as long as this opening of it, in whatever process.

    Returns False where another opening holds it.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def answers(path: Path) -> bool:
    """Say whether a process listens on a unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)  # a full backlog is an answer too
        try:
            probe.connect(os.fspath(path))
        except BlockingIOError:
            return True
        except OSError:
            return False
    return True
