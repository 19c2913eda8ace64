"""A server in processes of its own, for every test that wants the real thing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from redis import Redis

from quart_chat.server.folder import Folder
from quart_chat.server.store_process import url_of

PATIENCE = 20.0  # seconds until a test gives a state up
PROC = Path("/proc/self").parent if Path("/proc/self").exists() else Path("/nonexistent")  # Linux; else `ps`
REPOSITORY = Path(__file__).resolve().parents[2]

T = TypeVar("T")


class ServerProcess:
    """`quart-chat` on a free port, from its start to the end of every process of it.

    data: its data folder.
    options: more of the command line, after --bind, --data and --workers.
    bind: None leaves --bind out, so that the file's counts.
    workers: None leaves --workers out.
    env: laid over this process's environment; a value of None takes the name out.
    module: what `python -m` runs: the chat, or an application of a test.
    wait: until it serves; False for a server that is not expected to.
    """

    def __init__(
        self,
        data: Path,
        *options: str,
        bind: str | None = "127.0.0.1:0",
        workers: int | None = 1,
        env: Mapping[str, str | None] | None = None,
        module: str = "quart_chat",
        cwd: Path | None = None,
        wait: bool = True,
    ) -> None:
        self.data = data
        command: list[str] = [sys.executable, "-m", module, "--data", str(data), *options]
        if bind is not None:
            command += ["--bind", bind]
        if workers is not None:
            command += ["--workers", str(workers)]
        self._lines: list[str] = []
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=_environment(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if wait:
            try:
                self.wait_for_output("Quart Chat is at ")
            except BaseException:
                self.kill()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            print(self.output)
        self.kill()

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return self.wait_for_output(r"Quart Chat is at (\S+)").group(1)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def output(self) -> str:
        """Everything that its processes have printed until now."""
        with self._news:
            return "".join(self._lines)

    @property
    def store_url(self) -> str:
        """The embedded store, for redis-py's `from_url`."""
        return url_of(Folder(self.data.resolve()).recorded_socket())

    @property
    def worker_pids(self) -> list[int]:
        """The workers that have been ready and live, oldest first."""
        ready = [int(pid) for pid in re.findall(r"worker \d+ \(pid (\d+)\) is ready", self.output)]
        return [pid for pid in ready if lives(pid)]

    @property
    def store_pid(self) -> int:
        """The newest store's process."""
        return int(re.findall(r"the store is ready \(pid (\d+)\)", self.output)[-1])

    def wait_for_output(self, pattern: str, *, after: int = 0) -> re.Match[str]:
        """Wait until it prints something.

        after: characters of the output that don't count.
        """
        with self._news:
            self._news.wait_for(
                lambda: re.search(pattern, "".join(self._lines)[after:]) or not self._reader.is_alive(),
                timeout=PATIENCE,
            )
            found = re.search(pattern, "".join(self._lines)[after:])
        assert found, f"the server never said {pattern!r}; it said:\n{self.output}"
        return found

    def wait_for(self, seen: Callable[[], T], what: str) -> T:
        """Wait until something is true; on failure show what the server printed."""
        deadline = time.monotonic() + PATIENCE
        while not (value := seen()):
            assert time.monotonic() < deadline, f"never saw: {what}; the server said:\n{self.output}"
            time.sleep(0.02)
        return value

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it in order; returns the exit status."""
        self.send(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for its own end; returns the exit status."""
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server did not end; it said:\n{self.output}") from None
        self._reader.join(PATIENCE)
        return status

    def kill(self) -> None:
        """Kill all of it at once, as a crash of the machine would; nothing of it is left after this."""
        workers = self._pids()
        self.process.kill()  # first: nothing is started again after this
        self.process.wait(PATIENCE)
        for pid in {*workers, *self._pids()}:
            kill(pid)
        self.wait_for(lambda: not any(lives(pid) for pid in self._pids()), "the end of all processes")
        self._reader.join(PATIENCE)
        Folder(self.data.resolve()).forget_socket()
        if self.process.stdout is not None and not self._reader.is_alive():
            self.process.stdout.close()

    def _pids(self) -> list[int]:
        """The processes that are the server's own: found by what they are, not only by a number."""
        said = {int(number) for number in re.findall(r"\(pid (\d+)\)", self.output)}
        folder = Folder(self.data.resolve())
        marks = (str(folder.store), str(folder.recorded_socket()))

        def is_ours(pid: int, words: str) -> bool:
            if "quart_chat.server.worker" in words:
                return pid in said or parent(pid) == self.process.pid
            return "valkey-server" in words and (pid in said or any(mark in words for mark in marks))

        return [pid for pid, words in processes() if is_ours(pid, words)]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._news.notify_all()


def lives(pid: int) -> bool:
    """Whether a process is there and not only a zombie."""
    return any(pid == one for one, _ in processes())


def parent(pid: int) -> int | None:
    if PROC.is_dir():
        try:
            return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return None
    found = _ps("-o", "ppid=", "-p", str(pid)).split()
    return int(found[0]) if found else None


def processes() -> list[tuple[int, str]]:
    """All processes of this machine but zombies: pid and command line."""
    if not PROC.is_dir():
        rows = [line.split(None, 2) for line in _ps("-A", "-ww", "-o", "pid=,stat=,args=").splitlines()]
        return [(int(row[0]), row[2]) for row in rows if len(row) == 3 and not row[1].startswith("Z")]
    found = []
    for folder in PROC.glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended meanwhile
        if words:  # a zombie has none, and neither have the kernel's own
            found.append((int(folder.name), words))
    return found


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def store(server: ServerProcess) -> Redis:
    """A client of a server's embedded store."""
    return Redis.from_url(server.store_url, decode_responses=True)


def _ps(*arguments: str) -> str:
    return subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False).stdout


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """This process's environment without its settings of the chat."""
    inherited = {
        name: value for name, value in os.environ.items() if name != "REDIS_URL" and not name.startswith("QUART_CHAT_")
    }
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    wanted: dict[str, str | None] = {**inherited, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **changes}
    return {name: value for name, value in wanted.items() if value is not None}
