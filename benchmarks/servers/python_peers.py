"""The peers in Python: FastAPI, Django Channels, and plain Quart in two shapes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.servers.peer import PYTHON, PythonPeer
from benchmarks.servers.server import REPOSITORY


class FastAPIPeer(PythonPeer):
    """FastAPI on uvicorn, as `uvicorn[standard]` installs it, with Redis pub/sub."""

    name = "fastapi"
    packages = ("fastapi", "uvicorn", "websockets", "uvloop", "redis", "hiredis")
    stored = True

    def command(self) -> list[str | Path]:
        """Run uvicorn."""
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--loop", "uvloop", "--http", "httptools"]
        return [PYTHON, "-m", "uvicorn", *options, "--log-level", "warning", "fastapi_room:app"]


class ChannelsPeer(PythonPeer):
    """Django Channels on Daphne, with its Redis layer."""

    name = "channels"
    packages = ("channels", "daphne", "channels-redis", "django", "redis")
    stored = True
    say = '{"message":"{marker}{pad}"}'
    around = len('{"message": ""}')

    def command(self) -> list[str | Path]:
        """Run Daphne."""
        options = ["-b", "127.0.0.1", "-p", str(self.port), "-v", "0"]
        return [PYTHON, "-m", "daphne", *options, "channels_room:application"]


class QuartPeer(PythonPeer):
    """Quart as its tutorial has it, on Hypercorn with uvloop and the settings of Quart Chat."""

    name = "quart"
    packages = ("quart", "hypercorn", "uvloop")
    program = "quart_room:app"

    def command(self) -> list[str | Path]:
        """Run Hypercorn with this repository's hypercorn.toml."""
        options = ["-c", str(REPOSITORY / "hypercorn.toml"), "-w", "1", "--bind", f"127.0.0.1:{self.port}"]
        return [PYTHON, "-m", "hypercorn", *options, self.program]


class FiveBytes(QuartPeer):
    """A page of five bytes."""

    name = "five bytes"
    program = "five_bytes:app"
