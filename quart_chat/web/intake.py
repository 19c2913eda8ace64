"""Requests that bring files: more than a form may have, read piece by piece onto the disk, never more than allowed."""

from __future__ import annotations

import asyncio
import hashlib
import re
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from quart.wrappers import Request
from quart.wrappers.request import Body
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from quart_chat.errors import BadFile, BadFrame, ShelfAway, TooLarge
from quart_chat.live.uploads import Received
from quart_chat.room.attachments import MB, MOST_FILES, clean_file_name, most_bytes

PIECE = 64 * 1024  # bytes that are looked at in one go
MAX_FIELD = 128 * 1024  # bytes of a field that is no file
MAX_PARTS = 100
WITHIN = 600.0  # seconds that an upload may take
DRAIN = 30.0  # seconds in which the rest of a refused one is passed over
SHORT = 1.0  # the same of any other form; Hypercorn ends a connection that is answered before its request is read
NO_FORM = "That was no form with files."

_BRINGS_FILES = re.compile(r"/r/[^/]+/files")


class PassableBody(Body):
    """A body that can be passed over: a browser that is answered while it still sends shows no answer."""

    def append(self, data: bytes) -> None:
        """Take what came, or drop it once nobody wants it."""
        refused = self._must_raise is not None
        super().append(data)
        if self._must_raise is not None and not refused:
            self._complete.clear()  # more is to come, and to be dropped
            self._data.clear()

    async def pass_over(self, within: float) -> None:
        """Drop what is there and what comes, to its end or for so many seconds."""
        if self._complete.is_set():
            return
        self._must_raise = self._must_raise or RequestEntityTooLarge()
        self._data.clear()
        try:
            async with asyncio.timeout(within):
                await self._complete.wait()
        except TimeoutError:
            return


def request_class(most: int) -> type[Request]:
    """Make the class of requests of which those that bring files may have so many bytes."""

    class Asked(Request):
        body_class = PassableBody

        def __init__(self, method: str, scheme: str, path: str, *others: Any, **more: Any) -> None:
            if method == "POST" and _BRINGS_FILES.fullmatch(path):
                more["max_content_length"] = most
            super().__init__(method, scheme, path, *others, **more)

    return Asked


async def pass_over(asked: Request, within: float = DRAIN) -> None:
    """Let what is still to come of a request come, for so many seconds, so that its answer is seen."""
    if isinstance(asked.body, PassableBody):
        await asked.body.pass_over(within)


@dataclass(slots=True)
class Form:
    """A form with files. fields: the first of each name. refused: why its files are not taken; None: they can be."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[Received] = field(default_factory=list)
    refused: BadFile | None = None


async def read_form(asked: Request, ends: ExitStack, folder: Path | None, megabytes: int) -> Form:
    """Read a form with files; they are on the disk, without names, until `ends` ends.

    folder: where; None: where the system keeps such. megabytes: that one file may have. A form with too many, too large
    or no files is read to its end all the same, for what was typed stands behind them; no more of them is kept.

    Raises:
        BadFrame: it is no such form. BadFile: it took too long. TooLarge: of all together.
        ShelfAway: the disk is full.
    """
    kind, options = parse_options_header(asked.headers.get("Content-Type"))
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary.isascii() or not 0 < len(boundary) <= 200:
        raise BadFrame(NO_FORM)

    def make() -> IO[bytes]:
        return ends.enter_context(tempfile.TemporaryFile(dir=folder))

    reading = _Reading(boundary.encode(), make, megabytes)
    try:
        async with asyncio.timeout(WITHIN):
            async for data in asked.body:
                for start in range(0, len(data), PIECE):
                    reading.take(data[start : start + PIECE])
    except RequestEntityTooLarge as error:
        raise too_much(megabytes) from error
    except TimeoutError as error:
        raise BadFile("The files took too long to arrive. Try again where the network is better.") from error
    return reading.end()


def too_much(megabytes: int) -> TooLarge:
    """Say that there is more than a message takes; megabytes: that one file may have."""
    return TooLarge("These files have more than %(most)d MB together.", most=MOST_FILES * megabytes)


class _Reading:
    """A form while it is read; make: makes a file."""

    def __init__(self, boundary: bytes, make: Callable[[], IO[bytes]], megabytes: int) -> None:
        self.form = Form()
        self._ended = False
        self._decoder = MultipartDecoder(boundary, MAX_FIELD + PIECE, max_parts=MAX_PARTS)
        self._make = make
        self._megabytes = megabytes
        self._part: Field | File | None = None
        self._text = bytearray()
        self._content: IO[bytes] | None = None
        self._hash = hashlib.sha256()
        self._size = 0
        self._total = 0

    def take(self, data: bytes | None) -> None:
        """Take what came; None: there is no more.

        Raises:
            BadFrame, TooLarge, ShelfAway: as `read_form`.
        """
        self._total += len(data or b"")
        if self._total > most_bytes(self._megabytes) + MAX_FIELD:  # nothing need have told how much comes
            raise too_much(self._megabytes)
        try:
            self._decoder.receive_data(data)
            while not isinstance(event := self._decoder.next_event(), NeedData):
                if isinstance(event, Epilogue):
                    self._ended = True
                    return
                if isinstance(event, Field | File):
                    self._begin(event)
                elif isinstance(event, Data):
                    self._go_on(event.data)
                    if not event.more_data:
                        self._end()
        except (ValueError, RequestEntityTooLarge) as error:  # no boundary where one has to be, or too many
            raise BadFrame(NO_FORM) from error
        except OSError as error:
            raise ShelfAway(f"an upload cannot be written: {error.strerror}") from error

    def end(self) -> Form:
        """Give the form, of which there is no more.

        Raises:
            BadFrame: it breaks off.
        """
        if self.form.refused is None:
            self.take(None)
            if not self._ended:
                raise BadFrame(NO_FORM)
            if not self.form.files:
                self.form.refused = BadFile("Choose a file first.")
        return self.form

    def _begin(self, part: Field | File) -> None:
        self._part, self._text, self._content = part, bytearray(), None
        self._size, self._hash = 0, hashlib.sha256()

    def _go_on(self, data: bytes) -> None:
        self._size += len(data)
        if isinstance(self._part, Field):
            self._text += data
            if self._size > MAX_FIELD:
                raise BadFrame(NO_FORM)
            return
        if not data or self.form.refused:
            return
        if len(self.form.files) == MOST_FILES:
            self.form.refused = BadFile("A message takes at most %(most)d files.", most=MOST_FILES)
            return
        if self._size > self._megabytes * MB:
            name = clean_file_name(self._part.filename if isinstance(self._part, File) else "")
            self.form.refused = TooLarge("“%(name)s” has more than %(most)d MB.", name=name, most=self._megabytes)
            return
        self._content = self._content or self._make()
        self._content.write(data)
        self._hash.update(data)

    def _end(self) -> None:
        part = self._part
        if isinstance(part, Field):
            self.form.fields.setdefault(part.name, self._text.decode("utf-8", "replace"))
        elif self.form.refused:
            return
        elif isinstance(part, File) and (part.filename or self._size):  # a field in which nothing was chosen comes too
            content = self._content or self._make()
            content.flush()
            declared = part.headers.get("Content-Type", "")
            received = Received(part.filename, declared, content, self._size, self._hash.hexdigest())
            self.form.files.append(received)
