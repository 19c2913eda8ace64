"""What writes a room down, for whoever wants to read it through, print it or keep it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from quart_chat.errors import StoreAway, Unwelcome
from quart_chat.events import get_logger
from quart_chat.live.warden import Warden
from quart_chat.pages.transcripts import Form
from quart_chat.room.digest import Record
from quart_chat.room.limits import TRANSCRIPTS, TRANSCRIPTS_OF_ADDRESS
from quart_chat.room.span import Span
from quart_chat.store.limits import Limits
from quart_chat.store.log import Log

READ = 100  # messages that are read at once: 2 ms of the loop
BREATH = 0.002  # seconds of writing, after which others go on: some ten messages as HTML, and any hundred as text

logger = get_logger(__name__)


class Scribe:
    """Writes rooms down. All transcripts of a worker take turns, so that many hold up others no longer than one."""

    def __init__(self, log: Log, limits: Limits, warden: Warden) -> None:
        self._log = log
        self._limits = limits
        self._warden = warden
        self._turn = asyncio.Lock()

    async def allow(self, person: str, address: str) -> None:
        """Let somebody have one more; person: public id.

        Raises:
            TooFast: those were too many. StoreAway: no answer.
        """
        await self._limits.demand_from_both("transcripts", person, address, TRANSCRIPTS, TRANSCRIPTS_OF_ADDRESS)

    async def write(self, room: str, form: Form, span: Span, person: str, address: str) -> AsyncIterator[bytes]:
        """Write a room down for somebody who may be in it, piece by piece; person: public id.

        Earlier texts of edited messages are not in it. Where the store goes away, or they are sent out meanwhile, it
        ends early and says so.
        """
        yield form.begin.encode()
        try:
            async with aclosing(self._log.records(room, READ, *span)) as pages:
                async for records in pages:
                    await self._warden.let_in(room, person, address)
                    rest = deque(Record(one.message, replace(one.held, versions=())) for one in records)
                    while rest:
                        yield (await self._piece(form, rest)).encode()
        except (StoreAway, Unwelcome) as error:
            logger.warning("transcript.cut", reason=type(error).__name__)
            yield form.cut.encode()
        yield form.end.encode()

    async def _piece(self, form: Form, rest: deque[Record]) -> str:
        """Write what comes next, for a moment."""
        loop = asyncio.get_running_loop()
        written: list[str] = []
        async with self._turn:
            breath = loop.time() + BREATH
            while rest and (not written or loop.time() < breath):
                written.append(form.write([rest.popleft()]))
            await asyncio.sleep(0)
        return "".join(written)
