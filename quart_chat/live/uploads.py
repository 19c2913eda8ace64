"""Files on their way into a room: judged, pictures made anew, kept, and then said as a message."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import IO, NamedTuple

from quart_chat import metrics
from quart_chat.errors import BadFile, Refused, StoreAway, TooFast
from quart_chat.events import get_logger
from quart_chat.live.leftovers import Leftovers
from quart_chat.live.sayer import Done, Sayer
from quart_chat.pictures.studio import Studio
from quart_chat.room.attachments import HEAD, MOST_FILES, Attached, clean_file_name, is_picture, name_as
from quart_chat.room.commands import Say
from quart_chat.room.limits import per_minute_of_address, per_minute_of_person
from quart_chat.room.people import Person
from quart_chat.shelf.shelf import Shelf
from quart_chat.store.holdings import Holdings
from quart_chat.store.limits import Limits

AGAIN = 0.2  # seconds until one looks again whether a file that is being taken away is gone
TRIES = 25
AT_ONCE = 32  # uploads of a worker under way; each may be some hundred MB on the disk
OF_ADDRESS = 8  # of these
SOON = 5.0  # seconds until one of them may be over

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """A file as it came.

    name: as the browser named it; declared: the type that it said. size: bytes. digest: SHA-256, hex.
    """

    name: str
    declared: str
    content: IO[bytes]
    size: int
    digest: str


class _Ready(NamedTuple):
    """A file that can be kept; small: its small picture."""

    attached: Attached
    content: IO[bytes]
    small: IO[bytes] | None = None


class Uploads:
    """Takes files. per_minute: times of one person, 0 for any number."""

    def __init__(
        self,
        sayer: Sayer,
        limits: Limits,
        *,
        holdings: Holdings,
        shelf: Shelf,
        leftovers: Leftovers,
        studio: Studio,
        per_minute: int,
    ) -> None:
        self._sayer = sayer
        self._holdings = holdings
        self._shelf = shelf
        self._leftovers = leftovers
        self._studio = studio
        self._limits = limits
        self._person = per_minute_of_person(per_minute)
        self._address = per_minute_of_address(per_minute)
        self._coming: Counter[str] = Counter()  # uploads of an address that are under way
        self._bytes = 0  # that all of these may have

    @asynccontextmanager
    async def let_in(self, person: str, address: str, size: int) -> AsyncIterator[None]:
        """Let somebody send files, before any of their bytes are read.

        person: public id; size: bytes that may come.

        Raises:
            TooFast: a limit was reached. BadFile: the disk is full. StoreAway: no answer.
        """
        if self._coming[address] >= OF_ADDRESS or self._coming.total() >= AT_ONCE:
            metrics.LIMITED.labels("uploads_at_once").inc()
            raise TooFast("Many files are on their way already. Try again in a moment.", SOON)
        self._coming[address] += 1
        self._bytes += size
        try:
            if wait := await self._limits.take_from_both("uploads", person, address, self._person, self._address):
                raise TooFast("Those were many files in a minute. Try again in a while.", wait)
            if not await asyncio.to_thread(self._shelf.has_room, self._bytes):
                logger.error("files.disk_full")
                raise BadFile("The server has no room for more files. Whoever runs it has to make some.")
            yield
        finally:
            self._bytes -= size
            self._coming[address] -= 1
            if not self._coming[address]:
                del self._coming[address]

    async def say(
        self, room: str, person: Person, address: str, asked: Say, received: Sequence[Received]
    ) -> str | Done:
        """Put a message with files into a room; the same nonce of the same person is one message.

        Raises:
            BadFile: a file is not taken; nothing was kept. The rest as `Sayer.say`.
        """
        if len(received) > MOST_FILES:
            raise BadFile("A message takes at most %(most)d files.", most=MOST_FILES)
        async with AsyncExitStack() as ends:
            ready = [await self._make_ready(one, ends) for one in received]
            files = tuple(one.attached for one in ready)
            async with self._claimed(room, [one.digest for one in files]):
                for one in ready:
                    await self._shelf.put(room, one.attached.digest, one.content)
                    if one.small is not None:
                        await self._shelf.put(room, one.attached.digest, one.small, small=True)
                said = await self._sayer.say(room, person, address, replace(asked, files=files))
        metrics.FILES.inc(len(files))
        metrics.FILE_BYTES.inc(sum(one.size for one in files))
        return said

    async def _make_ready(self, received: Received, ends: AsyncExitStack) -> _Ready:
        name = clean_file_name(received.name)
        received.content.seek(0)
        try:
            picture = is_picture(name, received.content.read(HEAD), received.declared)
        except BadFile:
            metrics.REFUSED_FILES.labels("kind").inc()
            raise
        if not picture:
            return _Ready(Attached(name, received.digest, received.size), received.content)
        made = await ends.enter_async_context(self._studio.remade(received.content, name))
        size, digest = await asyncio.to_thread(_measure, made.content)
        shown = Attached(name_as(name, made.media), digest, size, made.media, made.width, made.height, made.frames)
        return _Ready(shown, made.content, made.small)

    @asynccontextmanager
    async def _claimed(self, room: str, digests: Sequence[str]) -> AsyncIterator[None]:
        """Keep files from being taken away while no message holds them yet; what none holds in the end is taken away.

        Where the store or the shelf did not answer nobody knows what came of it: the claim lapses, and the sweep looks.
        """
        for _ in range(TRIES):
            claim = await self._holdings.claim(room, digests)
            if claim is not None:
                break
            await asyncio.sleep(AGAIN)
        else:
            raise TooFast("One of these files is just being deleted. Try again in a moment.", AGAIN)
        try:
            yield
        except Refused:
            await self._leftovers.take_away(room, digests, claim)
            raise
        try:
            await self._leftovers.take_away(room, digests, claim)
        except StoreAway:
            logger.warning("files.claim_left")


def _measure(content: IO[bytes]) -> tuple[int, str]:
    content.seek(0)
    digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    return content.tell(), digest
