"""A conversation in two terminals: `curl` is really run, and what it prints is written down with its times."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tour.camera import HOST
from tour.script import DEMO, TRIP, Cast
from tour.server import Failed, environment

PATIENCE = 20.0  # seconds until a line must have come
TALK = f"curl -d name=Davi -d text='on my way' {HOST}/r/{TRIP}"
LISTEN = f"curl -N {HOST}/r/{TRIP}"


@dataclass(frozen=True, slots=True)
class Line:
    """What stands in a terminal. at: seconds since the first; typed: it is a command, and no output."""

    at: float
    text: str
    typed: bool = False


@dataclass(slots=True)
class Shell:
    """A terminal, and what stands in it. pause: seconds before a command that was typed is run."""

    folder: Path
    began: float
    pause: float
    lines: list[Line] = field(default_factory=list)

    @asynccontextmanager
    async def runs(self, command: str) -> AsyncIterator[Process]:
        """Run a command while this lasts; its `curl` finds HOST by the folder's .curlrc."""
        self._note(command, typed=True)
        await asyncio.sleep(self.pause)
        settings = environment(CURL_HOME=str(self.folder), HOME=str(self.folder), LC_ALL="C.UTF-8")
        process = await asyncio.create_subprocess_exec(*shlex.split(command), env=settings, stdout=PIPE)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()

    async def shows(self, process: Process, text: str) -> None:
        """Take what it prints, until a line with that text came."""
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while line := (await process.stdout.readline()).decode():
                self._note(line.removesuffix("\n"))
                if text in line:
                    return
        raise Failed(f"The terminal never showed {text!r}, but:\n" + "\n".join(one.text for one in self.lines))

    def _note(self, text: str, *, typed: bool = False) -> None:
        self.lines.append(Line(time.monotonic() - self.began, text, typed))


async def conversation(people: Cast, port: int, *, pause: float = 1.2) -> tuple[list[Line], list[Line]]:
    """Let somebody follow a room in one terminal, and write in it from another; returns what stands in both.

    pause: seconds between two things that people do.

    Raises:
        Failed: there is no curl, or a line does not come.
    """
    if shutil.which("curl") is None:
        raise Failed("No curl on PATH.")
    ana, bento = people["Ana"], people["Bento"]
    await ana.post("/rooms", title="Field trip")
    await ana.post(f"/r/{TRIP}/topic", topic=DEMO)
    await ana.enter(TRIP)
    await ana.say(TRIP, "who has the map?")
    await bento.enter(TRIP)
    map_ = await bento.say(TRIP, "I do, two pages:\nthey are on the table")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".curlrc").write_text(f'connect-to = "{HOST}:80:127.0.0.1:{port}"\nsilent\nnoproxy = "*"\n')
        began = time.monotonic()
        first, second = Shell(folder, began, pause), Shell(folder, began, pause)
        async with first.runs(LISTEN) as listening:
            await first.shows(listening, "-- Here")
            await asyncio.sleep(pause)
            async with second.runs(TALK) as talking:
                await second.shows(talking, "/m/")
            await first.shows(listening, "on my way")
            await asyncio.sleep(pause)
            await bento.post(f"/r/{TRIP}/m/{map_}/edit", text="I do, three pages")
            await first.shows(listening, "three pages")
            await asyncio.sleep(pause)
            await ana.say(TRIP, "Then let us go!")
            await first.shows(listening, "let us go")
    await ana.leave(TRIP)
    await bento.leave(TRIP)
    return first.lines, second.lines
