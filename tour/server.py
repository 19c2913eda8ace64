"""A server of the tour's own, from its start to its end."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

ROOT = Path(__file__).parents[1]
START, STOP = 60.0, 20.0  # seconds
EVENING = 19  # what the clocks of all pictures say, whenever they are taken
ZONES = """
    Pacific/Honolulu America/Los_Angeles America/Denver America/Chicago America/New_York America/Sao_Paulo
    Atlantic/Cape_Verde Europe/Lisbon Europe/Paris Europe/Helsinki Africa/Nairobi Asia/Dubai Asia/Karachi Asia/Dhaka
    Asia/Bangkok Asia/Shanghai Asia/Tokyo Australia/Brisbane Pacific/Guadalcanal Pacific/Auckland Pacific/Tongatapu
""".split()
UNLIMITED = {
    "QUART_CHAT_MESSAGES_PER_MINUTE": "0",
    "QUART_CHAT_ROOMS_PER_HOUR": "0",
    "QUART_CHAT_JOINS_PER_MINUTE": "0",
    "QUART_CHAT_SOCKETS_PER_ADDRESS": "0",
    "QUART_CHAT_UPLOADS_PER_MINUTE": "0",
}


class Failed(Exception):
    """The tour cannot go on; the text says why."""


class Server:
    """`quart-chat` on a free port of this machine.

    data: its data folder. settings: environment variables of the chat, beside no limits and an evening's clock.
    """

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.url = ""  # without a slash at the end, once it is there
        self._environment = environment(QUART_CHAT_TIME_ZONE=evening(datetime.now(UTC)), **UNLIMITED, **settings)
        self._process: Process | None = None
        self._said: list[str] = []
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        command = ("-m", "quart_chat", "--data", str(self.data), "--bind", "127.0.0.1:0", "--workers", "1")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            cwd=ROOT,
            env=self._environment,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,  # Ctrl-C ends the tour, which ends this in order
        )
        there = asyncio.Event()
        self._reading = asyncio.create_task(self._read(self._process, there))
        try:
            await asyncio.wait_for(there.wait(), START)
        except BaseException:
            await self.stop()
            raise
        if not self.url:  # it has ended by itself
            await self.stop()
            raise Failed("The server did not start:\n" + "".join(self._said))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        """Where it listens on the loopback."""
        return int(self.url.rpartition(":")[2])

    async def stop(self) -> None:
        """End it with all its processes, and wait until they are gone."""
        if self._process is None or self._reading is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reading

    async def bring(self, file: Path) -> None:
        """Bring a room in from a file, by the server's own command; it has to be a room that is not there yet."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "quart_chat", "import", "--data", str(self.data), str(file)),
            cwd=ROOT,
            env=self._environment,
            stdout=PIPE,
            stderr=STDOUT,
        )
        said, _ = await process.communicate()
        if process.returncode:
            raise Failed(f"{file} could not be imported: {said.decode()}")

    async def _read(self, process: Process, there: asyncio.Event) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self._said.append(line.decode(errors="replace"))
            if found := re.search(r"Quart Chat is at (\S+)", self._said[-1]):
                self.url = found[1]
                there.set()
        there.set()


def environment(**settings: str) -> dict[str, str]:
    """Give this process's environment with these settings of the chat, and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("QUART_CHAT_", "REDIS_URL"))}
    return {**kept, "PYTHONUNBUFFERED": "1", **settings}


def evening(now: datetime) -> str:
    """Name a zone in which it is evening, or nearly, at a time."""
    return min(ZONES, key=lambda zone: abs(now.astimezone(ZoneInfo(zone)).hour - EVENING))
