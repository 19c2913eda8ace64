"""Commands of one turn of the loop share one round trip to the store: a thousand tabs that join cost few of them."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError

from quart_chat.errors import StoreAway
from quart_chat.store.client import ANSWER, Client, answering, refused
from quart_chat.tasks import end_tasks

MOST = 1000  # commands of one round trip

logger = logging.getLogger(__name__)

Argument = str | int | float


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script. Its text goes along the first time in each round trip, so the store always knows it."""

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
    command: tuple[Argument, ...]
    answer: asyncio.Future[Any]


class Pipeline:
    """Gathers commands; what is asked in one turn of the loop leaves together, in order.

    client: the pipeline's own, best without a time limit: a round trip has one as a whole.

    Two round trips may be under way at once: what has to keep an order waits for its answer before it asks again.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._asked: list[_Asked] = []
        self._under_way: set[asyncio.Task[None]] = set()

    def command(self, *command: Argument) -> asyncio.Future[Any]:
        """Ask for one command; the future gives its answer, or raises StoreAway."""
        return self._ask(None, command)

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> asyncio.Future[Any]:
        """Ask for one run of a script; the future gives its answer, or raises StoreAway."""
        return self._ask(script, (len(keys), *keys, *args))

    def _ask(self, script: Script | None, command: tuple[Argument, ...]) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._leave)
        asked = _Asked(script, command, loop.create_future())
        self._asked.append(asked)
        return asked.answer

    def _leave(self) -> None:
        asked, self._asked = self._asked, []
        for start in range(0, len(asked), MOST):
            together = asked[start : start + MOST]
            task = asyncio.create_task(self._carry(together))
            self._under_way.add(task)
            task.add_done_callback(partial(self._arrived, together))

    def _arrived(self, asked: list[_Asked], task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        for one in asked:
            one.answer.cancel()  # does nothing to what was answered

    async def _carry(self, asked: list[_Asked]) -> None:
        sent: set[str] = set()
        commands = [_spell(one, sent) for one in asked]
        answers: list[Any]
        try:
            with answering():
                async with asyncio.timeout(ANSWER):
                    answers = await self._exchange(commands)
        except StoreAway as away:
            answers = [away] * len(asked)
        except Exception as error:
            # such as an argument that cannot be encoded: those of the others are not to blame, and may come again
            logger.exception("pipeline.failed")
            answers = [StoreAway(f"the store could not be asked: {type(error).__name__}")] * len(asked)
        for one, answer in zip(asked, answers, strict=True):
            _give(one.answer, refused(answer) if isinstance(answer, ResponseError) else answer)

    async def _exchange(self, commands: list[tuple[Argument, ...]]) -> list[Any]:
        """Send commands and read their answers, errors among them.

        Redis-py's own pipeline does the same, and takes twice the time for what is not used here: transactions,
        callbacks, metrics. A connection that idled through a restart of the store is mended once, as everywhere.
        """
        pool = self._client.connection_pool
        for again in (True, False):
            connection = await pool.get_connection()  # type: ignore[no-untyped-call]
            try:
                await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
                return [await _read(connection) for _ in commands]
            except Disconnected:
                await connection.disconnect(nowait=True)
                if not again:
                    raise
            finally:
                await asyncio.shield(pool.release(connection))
        raise AssertionError  # the loop returns or raises

    async def aclose(self) -> None:
        """End what is under way, and close the client; whoever waits is cancelled."""
        for one in self._asked:
            one.answer.cancel()
        self._asked.clear()
        await end_tasks(self._under_way)
        await self._client.aclose()


def _spell(asked: _Asked, sent: set[str]) -> tuple[Argument, ...]:
    script = asked.script
    if script is None:
        return asked.command
    if script.sha in sent:
        return ("EVALSHA", script.sha, *asked.command)
    # the store may have been restarted since: found out by an error, what came after it would have overtaken it
    sent.add(script.sha)
    return ("EVAL", script.text, *asked.command)


async def _read(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


def _give(future: asyncio.Future[Any], answer: Any) -> None:
    if future.done():
        return  # answered, or whoever asked has left
    if isinstance(answer, StoreAway):
        future.set_exception(StoreAway(str(answer)))
    else:
        future.set_result(answer)
