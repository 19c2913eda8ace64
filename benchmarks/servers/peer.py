"""What the peers have in common: one room at /ws, where a tab is in as soon as its handshake is answered."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from benchmarks.servers.server import BENCHMARKS, MARKER, Missing, Server
from benchmarks.servers.valkey import Valkey

PROGRAMS = BENCHMARKS / "peers"
PYTHON = BENCHMARKS / ".venv" / "bin" / "python"
_ASK = "import sys; from importlib.metadata import version; [print(p, version(p)) for p in sys.argv[1:]]"
SHORT = 64  # bytes of a message where nothing else is asked for


class Peer(Server):
    """A server that sends on what it is sent.

    Its messages are made as long by the load client as Quart Chat's fragments are.
    """

    say = "{marker}{pad}"
    around = 0  # bytes that the server puts around the text

    def tabs(self) -> list[str]:
        """Open tabs; the handshake's answer is all that they wait for."""
        return ["--port", str(self.port), "--path", "/ws", "--header", f"Origin: http://127.0.0.1:{self.port}"]

    def talk(self, payload: int | None) -> list[str]:
        """Send texts that come back with so many bytes."""
        pad = max(0, (payload or SHORT) - MARKER - self.around)
        return ["--say", self.say, "--pad", str(pad)]


class PythonPeer(Peer):
    """A peer in the benchmarks' own virtual environment.

    packages: what its version names, the first one first. stored: it wants a Redis.
    """

    packages: tuple[str, ...]
    stored = False

    def __init__(self) -> None:
        super().__init__()
        self._store: Valkey | None = None

    @classmethod
    def check(cls) -> None:
        """See whether its packages are installed."""
        if not PYTHON.exists() or not versions(cls.packages):
            raise Missing(f"{cls.name}: its packages are not installed in benchmarks/.venv (make -C benchmarks)")

    def command(self) -> list[str | Path]:
        """Give the command that serves."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, with its store first."""
        environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(PROGRAMS)}
        if self.stored:
            self._store = Valkey(self.folder)
            environ["REDIS_URL"] = self._store.url
        self.run(self.command(), environ=environ)

    def end(self) -> None:
        """End it, and its store."""
        store, self._store = self._store, None
        if store is not None:
            self._end_process()
            store.end()
        super().end()

    def stores(self) -> list[int]:
        """Find its store."""
        return [self._store.pid] if self._store is not None else []

    def version(self) -> str:
        """Name it with what it stands on."""
        return ", ".join(versions(self.packages))


@cache
def versions(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Ask the benchmarks' Python for versions; nothing where a package is missing."""
    asked = subprocess.run([PYTHON, "-c", _ASK, *packages], capture_output=True, text=True, check=False)
    return tuple(asked.stdout.splitlines()) if asked.returncode == 0 else ()
