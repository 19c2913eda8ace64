"""A line to the store: one connection on which commands go out as they come, and what comes in is told at once.

Redis-py connects, and sees to addresses, TLS and passwords. From then on its connection is read here: what lies between
the socket and who waits in its own way of reading (a pool, a task, a stream) made a third of a quiet room's cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import hiredis
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError

from quart_chat.store.client import Pool
from quart_chat.tasks import end_if_cancelled

Argument = str | int | float

_MORE = object()  # hiredis's word for an answer that is not there as a whole


def pack(*command: Argument) -> bytes:
    """Write a command as it goes over the line.

    Raises:
        UnicodeEncodeError: it holds lone surrogates.
    """
    return cast(bytes, hiredis.pack_command(cast(Any, command)))


class Line(asyncio.Protocol):
    """An open connection.

    heard: takes each answer or publication, in order; a ResponseError is one of them.
    lost: told once, with the reason, when the connection ends by itself.
    Both are called in the loop, and must not block.
    """

    def __init__(self, heard: Callable[[Any], None], lost: Callable[[str], None]) -> None:
        self._heard = heard
        self._lost: Callable[[str], None] | None = lost
        self._answers = hiredis.Reader(
            replyError=cast(Any, ResponseError), encoding="utf-8", errors="replace", notEnoughData=_MORE
        )
        self._writer: asyncio.StreamWriter
        self._stream: asyncio.BaseProtocol  # redis-py's side of the transport; it wants to know of the end

    @classmethod
    async def open(cls, pool: Pool, heard: Callable[[Any], None], lost: Callable[[str], None], within: float) -> Line:
        """Connect as the pool was told; within: seconds.

        Raises:
            RedisError, OSError, TimeoutError: it could not.
        """
        line = cls(heard, lost)
        connection = pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(within):
                await connection.connect()
            end_if_cancelled()  # redis-py may have kept it to itself
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        writer: asyncio.StreamWriter | None = connection._writer
        if writer is None:
            raise Disconnected("closed as soon as it was open")
        connection._reader = connection._writer = None  # it would close what it takes for forgotten
        line._writer = writer
        line._stream = writer.transport.get_protocol()
        writer.transport.set_protocol(line)
        return line

    def write(self, data: bytes) -> None:
        """Send what `pack` made, of any number of commands."""
        self._writer.write(data)

    def close(self) -> None:
        """Break the connection off; nothing more is told."""
        self._lost = None
        self._writer.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what came in (asyncio's word)."""
        try:
            self._answers.feed(data)
            while self._lost is not None and (answer := self._answers.gets()) is not _MORE:
                self._heard(answer)
        except hiredis.ProtocolError as error:
            self._end(f"this is no store: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        """Take it that the connection has ended (asyncio's word)."""
        self._stream.connection_lost(error)
        self._end(str(error or "connection closed"))

    def _end(self, reason: str) -> None:
        lost, self._lost = self._lost, None
        if lost is not None:
            self._writer.transport.abort()
            lost(reason)
