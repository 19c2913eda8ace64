"""Files that nobody holds any more: taken away at once, or found by an hourly look for what a crash or a trim left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby

from quart_chat import metrics
from quart_chat.errors import ShelfAway, StoreAway
from quart_chat.events import get_logger
from quart_chat.shelf.shelf import Shelf
from quart_chat.store.holdings import Holdings

EVERY = 3600.0  # seconds between two sweeps of all workers together
LOOK = 300.0  # seconds between two looks of a worker whether it is its turn
AT_ONCE = 20_000  # objects that are looked at in one step, and
PAUSE = 5.0  # seconds between two steps
SOME = 1000  # files that the store is asked of at once: a millisecond of its time
GRACE = 3600.0  # seconds that an object is left alone, far longer than an upload takes

logger = get_logger(__name__)


class Leftovers:
    """Takes files off the shelf that the store says nobody holds."""

    def __init__(self, holdings: Holdings, shelf: Shelf) -> None:
        self._holdings = holdings
        self._shelf = shelf

    async def take_away(self, room: str, digests: Sequence[str], claim: str = "") -> int:
        """Take those of these files away that nobody holds; gives how many.

        claim: an upload's that ends with it; "" for none.

        Raises:
            StoreAway: some may be left.
        """
        count = 0
        for start in range(0, len(digests), SOME):
            gone = await self._holdings.drop(room, digests[start : start + SOME], claim)
            if gone:
                await self._shelf.delete(room, gone)
                await self._holdings.dropped(room, gone)
            count += len(gone)
        return count

    async def take_all(self, room: str) -> None:
        """Take away all files of a room that is no more.

        Raises:
            StoreAway: some may be left.
        """
        place = ""
        while found := await self._shelf.listed(AT_ONCE, room=room, after=place):
            await self.take_away(room, list(dict.fromkeys(one.digest for one in found)))
            place = found[-1].path

    async def run(self, worker: str) -> None:
        """Sweep in turn with the other workers, for ever."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                place = await self._holdings.may_sweep(worker, int(EVERY * 1000))
                if place is not None and await self.is_its_own():
                    await self.sweep(place)
            except ShelfAway as away:
                logger.warning("files.sweep_failed", reason=str(away))
            except StoreAway:
                continue  # which others have logged

    async def is_its_own(self) -> bool:
        """Tell whether the shelf is this store's: one that was emptied, or is another's, would seem to hold no file.

        Raises:
            StoreAway: no answer.
        """
        mark = await self._holdings.mark()
        if await self._shelf.marked(mark) == mark:
            return True
        logger.error("files.of_another_store")
        return False

    async def sweep(self, place: str = "", *, most: int = AT_ONCE, grace: float = GRACE) -> int:
        """Look at all objects after a place, so many in a step; gives how many files were taken away.

        grace: seconds that an object is left alone after it was written.

        Raises:
            StoreAway: some may be left; the next sweep goes on where this one came to.
        """
        count = 0
        while True:
            found = await self._shelf.listed(most, after=place)
            for room, kept in groupby(found, key=lambda one: one.room):
                old = dict.fromkeys(one.digest for one in kept if one.age >= grace)
                count += await self.take_away(room, list(old))
            place = found[-1].path if len(found) == most else ""
            await self._holdings.swept(place)
            if not place:
                break
            await asyncio.sleep(PAUSE)
        metrics.SWEPT_FILES.inc(count)
        if count:
            logger.info("files.swept", count=count)
        return count
