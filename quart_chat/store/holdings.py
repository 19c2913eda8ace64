"""Which files rooms hold: on their way in, held by messages, on their way out. Their bytes are on the shelf."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from quart_chat.store import keys
from quart_chat.store.pipeline import Pipeline, Script

SECONDS = 1000  # ms
CLAIM = 600 * SECONDS  # that an upload may take from its bytes to its message
TAKE_AWAY = 120 * SECONDS  # that a deletion may take, longer than the shelf waits for an answer


class Holdings:
    """All rooms' files, as far as the store knows of them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._claim = Script.load("claim.lua")
        self._drop = Script.load("drop.lua")

    async def claim(self, room: str, digests: Sequence[str]) -> str | None:
        """Say that files are on their way in; gives the claim, or None while one of them is being taken away.

        Raises:
            StoreAway: no answer.
        """
        key = secrets.token_hex(8)
        claimed = await self._pipeline.script(self._claim, (keys.uploads(room),), (key, CLAIM, *digests))
        return key if claimed else None

    async def drop(self, room: str, digests: Sequence[str], claim: str = "") -> list[str]:
        """Give those of these files that nobody holds: whoever asks takes them away, and then calls `dropped`.

        claim: one that ends; "" for none.

        Raises:
            StoreAway: no answer.
        """
        names = (keys.uploads(room), keys.files(room))
        return list(map(str, await self._pipeline.script(self._drop, names, (claim, TAKE_AWAY, *digests))))

    async def dropped(self, room: str, digests: Sequence[str]) -> None:
        """Say that these are gone from the shelf.

        Raises:
            StoreAway: no answer; they may come in again after TAKE_AWAY.
        """
        await self._pipeline.command("HDEL", keys.uploads(room), *(f"-{digest}" for digest in digests))

    async def bytes(self, room: str) -> int:
        """Count the bytes of a room's files.

        Raises:
            StoreAway: no answer.
        """
        return int(await self._pipeline.command("HGET", keys.files(room), "bytes") or 0)

    async def mark(self) -> str:
        """Give what the shelf is to be marked with: this store's own, at random.

        Raises:
            StoreAway: no answer.
        """
        await self._pipeline.command("SETNX", keys.SHELF, secrets.token_hex(16))
        return str(await self._pipeline.command("GET", keys.SHELF))

    # --- whose turn it is to look for what is left over ---------------------------------------------

    async def may_sweep(self, worker: str, every: int) -> str | None:
        """Take the turn for `every` ms; gives where the last one came to, "" for the start; None: another has it.

        Raises:
            StoreAway: no answer.
        """
        if not await self._pipeline.command("SET", keys.SWEEP, worker, "NX", "PX", every):
            return None
        return str(await self._pipeline.command("GET", keys.SWEPT) or "")

    async def swept(self, place: str) -> None:
        """Note how far a sweep came; "": to the end.

        Raises:
            StoreAway: no answer.
        """
        await self._pipeline.command("SET", keys.SWEPT, place, "PX", 30 * 24 * 3600 * SECONDS)
