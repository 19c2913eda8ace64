"""Makes pictures anew, one at a time, each in a process of its own; `remake` is what runs there."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from quart_chat import metrics
from quart_chat.errors import BadFile, ShelfAway
from quart_chat.events import get_logger
from quart_chat.room.attachments import BOX

PROCESS = Path(__file__).with_name("remake.py")  # not imported: a worker has no use for Pillow's 8 MB
MEGAPIXELS = 40  # of a picture; of one that moves, four times as many in all frames together
SIDE = 16_000  # px: WebP ends at 16,383
FRAMES = 1000
WITHIN = 40.0  # seconds until the process is ended
AT_ONCE = 1  # of a worker, which has about one core
_NEEDED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # where some systems have Python's own libraries

logger = get_logger(__name__)


class Remade(NamedTuple):
    """A picture made anew. content: its bytes; small: those of a still one beside it, as WebP. The rest: `Attached`."""

    content: IO[bytes]
    small: IO[bytes]
    media: str
    width: int
    height: int
    frames: int


class Studio:
    """Makes pictures anew; folder: where what is not finished lies, without a name."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._turns = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def remade(self, source: IO[bytes], name: str) -> AsyncIterator[Remade]:
        """Make a picture anew; what comes out is gone with the context.

        source: a file of the system's, which is read from its start. name: for what is said where it cannot be read.

        Raises:
            BadFile: it is no picture that can be read, it is too much of one, or it took too long.
            ShelfAway: no process could be started, or the disk is full.
        """
        with tempfile.TemporaryFile(dir=self._folder) as content, tempfile.TemporaryFile(dir=self._folder) as small:
            async with self._turns:
                with metrics.PICTURES.time():
                    told = await self._run(source, content, small)
            if told.get("refused") == "full":
                raise ShelfAway("a picture could not be made: the disk is full")
            if "media" not in told:
                metrics.REFUSED_FILES.labels(told["refused"]).inc()
                raise _refused(str(told["refused"]), name)
            yield Remade(content, small, told["media"], told["width"], told["height"], told["frames"])

    async def _run(self, source: IO[bytes], content: IO[bytes], small: IO[bytes]) -> dict[str, Any]:
        ends = (content.fileno(), small.fileno())
        bounds = (MEGAPIXELS * 1_000_000, SIDE, FRAMES, *BOX)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",  # nothing of this environment or folder
                str(PROCESS),
                *map(str, (*ends, *bounds)),
                stdin=source.fileno(),
                stdout=PIPE,
                stderr=DEVNULL,
                pass_fds=ends,
                env={name: value for name, value in os.environ.items() if name in _NEEDED},
            )
        except OSError as error:
            raise ShelfAway(f"a picture could not be made: {error.strerror}") from error
        try:
            async with asyncio.timeout(WITHIN):
                said, _ = await process.communicate()
        except TimeoutError:
            logger.warning("picture.took_too_long")
            return {"refused": "slow"}
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == -signal.SIGXCPU:
            return {"refused": "slow"}
        if process.returncode != 0:
            logger.warning("picture.crashed", status=process.returncode)
            return {"refused": "crashed"}
        told: dict[str, Any] = json.loads(said)
        return told


def _refused(why: str, name: str) -> BadFile:
    if why == "pixels":
        return BadFile(
            "“%(name)s” has too many pixels: a picture has %(most)d megapixels at most. Make it smaller.",
            name=name,
            most=MEGAPIXELS,
        )
    if why == "slow":
        return BadFile("It took too long to read “%(name)s”. Make it smaller, or put it into a ZIP.", name=name)
    return BadFile(
        "“%(name)s” could not be read as a picture. Save it anew as PNG or JPEG, or put it into a ZIP.", name=name
    )
