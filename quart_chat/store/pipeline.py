"""Commands of one turn of the loop share one round trip to the store: a thousand tabs that join cost few of them."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from redis.exceptions import ResponseError

from quart_chat.errors import StoreAway
from quart_chat.store.client import ANSWER, Pool, answering, refused
from quart_chat.store.line import Argument, Line, pack
from quart_chat.tasks import end_tasks

_MULTI, _EXEC = pack("MULTI"), pack("EXEC")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script, with the name under which the store knows it."""

    text: str
    sha: str

    @classmethod
    def load(cls, name: str) -> Script:
        """Read one of the scripts beside this file."""
        text = files("quart_chat.store").joinpath(name).read_text(encoding="utf-8")
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


@dataclass(slots=True)
class _Asked:
    script: Script | None
    commands: tuple[tuple[Argument, ...], ...]  # one, or those of a transaction
    answer: asyncio.Future[Any]
    at: float  # the loop's time, s
    unread: int = 0  # answers that come before the one that counts
    again: bool = False  # it was sent before


class Pipeline:
    """Gathers commands; what is asked in one turn of the loop leaves together, in order, and is answered in order.

    pool: opens connections.

    A script's text goes along the first time that a connection meets it. What a connection took to its end is asked
    once more on the next: commands are such that this does no harm. What gets no answer within ANSWER is not: it would
    take a store that is too slow twice as long.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._asked: list[_Asked] = []
        self._under_way: deque[_Asked] = deque()
        self._known: set[str] = set()  # scripts that the store has been told on this connection
        self._line: Line | None = None
        self._opening: asyncio.Task[None] | None = None
        self._looking: asyncio.TimerHandle | None = None  # for what waits too long
        self._ended = False

    def command(self, *command: Argument) -> asyncio.Future[Any]:
        """Ask for one command; the future gives its answer, or raises StoreAway."""
        return self._ask(None, command)

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> asyncio.Future[Any]:
        """Ask for one run of a script; the future gives its answer, or raises StoreAway."""
        return self._ask(script, (len(keys), *keys, *args))

    def together(self, *commands: tuple[Argument, ...]) -> asyncio.Future[Any]:
        """Ask for commands that are carried out as one; the future gives their answers, or raises StoreAway."""
        return self._ask(None, *commands)

    def _ask(self, script: Script | None, *commands: tuple[Argument, ...]) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        asked = _Asked(script, commands, loop.create_future(), loop.time())
        if self._ended:
            asked.answer.cancel()
            return asked.answer
        if not self._asked:
            loop.call_soon(self._leave)
        if self._looking is None:
            self._looking = loop.call_later(ANSWER, self._look)
        self._asked.append(asked)
        return asked.answer

    def _leave(self) -> None:
        if not self._asked:
            return
        if self._line is None:
            if self._opening is None:
                self._opening = asyncio.create_task(self._open())
            return
        asked, self._asked = self._asked, []
        packed: list[bytes] = []
        for one in asked:
            try:
                packed.append(self._pack(one))
            except Exception as error:
                # such as an argument that cannot be encoded: those of the others are not to blame
                logger.exception("pipeline.failed")
                _give(one.answer, StoreAway(f"the store could not be asked: {type(error).__name__}"))
                continue
            self._under_way.append(one)
        self._line.write(b"".join(packed))

    def _pack(self, asked: _Asked) -> bytes:
        command, script = asked.commands[0], asked.script
        if len(asked.commands) > 1:
            asked.unread = len(asked.commands) + 1
            return b"".join((_MULTI, *(pack(*each) for each in asked.commands), _EXEC))
        if script is None:
            return pack(*command)
        if script.sha in self._known:
            return pack("EVALSHA", script.sha, *command)
        packed = pack("EVAL", script.text, *command)
        self._known.add(script.sha)
        return packed

    async def _open(self) -> None:
        try:
            with answering():
                line = await Line.open(self._pool, self._heard, self._lost, ANSWER)
        except StoreAway as away:
            self._fail(away)
            return
        except Exception as error:
            logger.exception("pipeline.failed")
            self._fail(StoreAway(f"the store could not be asked: {type(error).__name__}"))
            return
        finally:
            self._opening = None
        self._known.clear()
        self._line = line
        self._leave()

    def _heard(self, answer: Any) -> None:
        asked = self._under_way[0]
        if asked.unread:
            asked.unread -= 1  # the word that it is queued; what could not be is told by the last answer as well
            return
        self._under_way.popleft()
        if len(asked.commands) > 1 and isinstance(answer, list):
            answer = next((one for one in answer if isinstance(one, ResponseError)), answer)
        if not isinstance(answer, ResponseError):
            _give(asked.answer, answer)
        elif asked.script is not None and str(answer).startswith("NOSCRIPT") and not asked.again:
            self._known.discard(asked.script.sha)  # somebody has flushed them
            self._ask_again([asked])
        else:
            _give(asked.answer, refused(answer))

    def _lost(self, reason: str) -> None:
        self._line = None
        under_way, self._under_way = self._under_way, deque()
        for asked in under_way:
            if asked.again:
                _give(asked.answer, StoreAway(f"the store does not answer: {reason}"))
        self._ask_again([asked for asked in under_way if not asked.again])

    def _ask_again(self, asked: Sequence[_Asked]) -> None:
        if not self._asked:
            asyncio.get_running_loop().call_soon(self._leave)
        for one in asked:
            one.again = True
        self._asked[:0] = asked

    def _look(self) -> None:
        self._looking = None
        waiting = [queue[0].at for queue in (self._under_way, self._asked) if queue]
        if not waiting:
            return
        loop = asyncio.get_running_loop()
        left = min(waiting) + ANSWER - loop.time()
        if left > 0:
            self._looking = loop.call_later(left, self._look)
            return
        # an answer that came late would be taken for that of what was asked next
        self._hang_up()
        self._fail(StoreAway(f"the store does not answer: nothing within {ANSWER:.0f} s"))

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _fail(self, away: StoreAway) -> None:
        """Tell all who wait that the store is away."""
        waiting = [*self._under_way, *self._asked]
        self._under_way.clear()
        self._asked = []
        for asked in waiting:
            _give(asked.answer, away)

    async def aclose(self) -> None:
        """End: whoever waits is cancelled."""
        self._ended = True
        if self._looking is not None:
            self._looking.cancel()
        for asked in (*self._under_way, *self._asked):
            asked.answer.cancel()
        self._under_way.clear()
        self._asked = []
        self._hang_up()
        await end_tasks([self._opening] if self._opening is not None else [])


def _give(future: asyncio.Future[Any], answer: Any) -> None:
    if future.done():
        return  # answered, or whoever asked has left
    if isinstance(answer, StoreAway):
        future.set_exception(StoreAway(str(answer)))
    else:
        future.set_result(answer)
