"""What the supervisor asks the embedded store."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError

from quart_chat.server.cannot_start import CannotStart

PATIENCE = 2.0  # seconds for one answer


@dataclass(frozen=True, slots=True)
class Away:
    """No answer."""

    def __str__(self) -> str:
        return "does not answer yet"


@dataclass(frozen=True, slots=True)
class Loading:
    """It reads what it keeps.

    bytes_read: of the file; it grows as long as loading goes on.
    percent: of the file, 0 to 100.
    """

    bytes_read: int = 0
    percent: float = 0

    def __str__(self) -> str:
        return f"is loading: {self.percent:.0f} %"


class StoreAnswers:
    """A short connection to the store; an async context manager.

    socket: the store's.
    """

    def __init__(self, socket: Path) -> None:
        self._redis = Redis(
            unix_socket_path=os.fspath(socket),
            socket_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),  # the caller looks again
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._redis.aclose()

    async def look(self) -> Away | Loading | None:
        """Ask how far it is; None: it serves."""
        try:
            info = await self._redis.info("persistence")
            if not info["loading"]:
                await self._redis.ping()
                return None
            return Loading(info.get("loading_loaded_bytes", 0), float(info.get("loading_loaded_perc", 0)))
        except BusyLoadingError:
            return Loading()
        except (RedisError, OSError):
            return Away()

    async def adopt(self, folder: Path, fsync: str) -> int:
        """Take over a store that somebody else started; returns its process id.

        folder: where it must work.
        fsync: what "appendfsync" becomes.

        Raises:
            CannotStart: it works elsewhere, or stopped answering.
        """
        try:
            works_in = (await self._redis.config_get("dir"))["dir"]
            if works_in is None or not _same(Path(works_in), folder):
                raise CannotStart(f"the store that answers works in {works_in}, not in {folder}; end it first")
            await self._redis.config_set("appendfsync", fsync)
            return int((await self._redis.info("server"))["process_id"])
        except (RedisError, OSError) as error:
            raise CannotStart(f"the store of an earlier server does not answer: {error}") from error


def _same(one: Path, other: Path) -> bool:
    return one.exists() and one.samefile(other)
