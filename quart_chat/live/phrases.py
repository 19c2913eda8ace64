"""Hashes of secret phrases, by argon2id: dear on purpose, so one at a time, in a thread, and bounded in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from quart_chat.errors import TooFast
from quart_chat.room.limits import TOO_MUCH

MEMORY = (
    19 * 1024
)  # KiB of one hash, with two rounds: OWASP's least, 40 ms of a server and half a second of a Raspberry Pi
ROUNDS = 2
MOST_WAITING = 8  # more are told to come again
AGAIN = 2.0  # seconds

T = TypeVar("T")


class Phrases:
    """Hashes and compares, one after the other; argon2 leaves the loop alone meanwhile."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=ROUNDS, memory_cost=MEMORY, parallelism=1)
        self._thread = ThreadPoolExecutor(1, "phrases")
        self._waiting = 0

    async def hash(self, phrase: str) -> str:
        """Hash a phrase, with salt and parameters in what is given.

        Raises:
            TooFast: too many wait.
        """
        return await self._run(lambda: self._hasher.hash(phrase))

    async def fits(self, phrase: str, hashed: str) -> bool:
        """Tell whether a phrase is the one that was hashed.

        Raises:
            TooFast: too many wait.
        """

        def compare() -> bool:
            try:
                return self._hasher.verify(hashed, phrase)
            except (VerificationError, InvalidHashError):
                return False

        return await self._run(compare)

    def close(self) -> None:
        """End the thread; what still waits is dropped."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise TooFast(TOO_MUCH, AGAIN)
        self._waiting += 1
        future = self._thread.submit(work)
        # counted until it is done, not until somebody who waits for it gives up
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        return await asyncio.wrap_future(future)

    def _done(self) -> None:
        self._waiting -= 1
