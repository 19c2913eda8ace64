"""Identities on their way to another browser: each for minutes, under a token's hash, and once."""

from __future__ import annotations

from quart_chat.room.handover import seal, ticket_of, unseal
from quart_chat.store import keys
from quart_chat.store.pipeline import Pipeline

WITHIN = 5 * 60 * 1000  # ms


class Handovers:
    """What is on its way."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def offer(self, token: str, identity: str) -> None:
        """Let whoever brings the token become somebody, once, within WITHIN."""
        await self._pipeline.command("SET", keys.handover(ticket_of(token)), seal(identity, token), "PX", WITHIN)

    async def look(self, token: str) -> str | None:
        """Give the identity that a token stands for, and leave it; None where it stands for none, or no more."""
        return _unsealed(await self._pipeline.command("GET", keys.handover(ticket_of(token))), token)

    async def take(self, token: str) -> str | None:
        """Give the identity that a token stands for, for the last time; None as `look`."""
        return _unsealed(await self._pipeline.command("GETDEL", keys.handover(ticket_of(token))), token)


def _unsealed(sealed: str | None, token: str) -> str | None:
    return None if sealed is None else unseal(sealed, token)
