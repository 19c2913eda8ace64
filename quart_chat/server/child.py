"""A worker, seen from the supervisor."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from quart_chat.server.assignment import FAILED, HELD_BACK, READY, Assignment

log = logging.getLogger(__name__)


class WorkerFailed(Exception):
    """A worker ended before it was ever ready; the text is its reason, on one line."""


class Child:
    """One worker process, from its start to its end. Started where it is made.

    number: its place, for the log.
    assignment: what it is told; the line is added here.
    environ: its environment.
    """

    def __init__(self, number: int, assignment: Assignment, environ: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = _start(replace(assignment, line=theirs.fileno()), environ)
        self.name = f"worker {number} (pid {self._process.pid})"
        self.reason: str | None = None
        self._started = time.monotonic()
        self._ended_at: float | None = None
        self.is_ready = False  # it serves, or did
        self._decided = asyncio.Event()  # ready, or ended
        self._life = asyncio.create_task(self._live(ours))  # ends with the process, and only then

    async def ready(self) -> None:
        """Wait until it serves.

        Raises:
            WorkerFailed: it ended before.
        """
        await self._decided.wait()
        if not self.is_ready:
            raise WorkerFailed(self.reason)

    async def ended(self) -> int:
        """Wait for its end; returns the exit status, below 0 for a signal."""
        return await asyncio.shield(self._life)

    @property
    def is_gone(self) -> bool:
        """Whether the process has ended."""
        return self._life.done()

    @property
    def lived(self) -> float:
        """Seconds from its start to its end, or to now."""
        return (self._ended_at or time.monotonic()) - self._started

    def when_ended(self, tell: Callable[[int], None]) -> None:
        """Tell the pid once the process has ended."""
        self._life.add_done_callback(lambda _: tell(self._process.pid))

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        self._process.send_signal(number)

    async def _live(self, line: socket.socket) -> int:
        reader, writer = await asyncio.open_connection(sock=line)
        try:
            while words := await reader.readline():
                self._hear(words.decode().rstrip("\n"))
        except ConnectionError:
            pass  # its end of the line broke off, as at EOF
        finally:
            writer.close()
        # The line closes when the process dies: this wait is short, and needs no thread for a life long.
        status = await asyncio.to_thread(self._process.wait)
        self._ended_at = time.monotonic()
        self.reason = self.reason or f"it {describe(status)} before it was ready"
        self._decided.set()
        return status

    def _hear(self, words: str) -> None:
        word, _, rest = words.partition(" ")
        if word == READY:
            log.info("%s is ready", self.name)
            self.is_ready = True
            self._decided.set()
        elif word == FAILED:
            self.reason = rest


def describe(status: int) -> str:
    """Say an exit status in words.

    status: as in subprocess: below 0 for a signal.
    """
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _start(assignment: Assignment, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "quart_chat.server.worker", assignment.to_json()]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            pass_fds=(*assignment.secure, *assignment.insecure, assignment.line),
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
