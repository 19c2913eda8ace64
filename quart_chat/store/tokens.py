"""People's tokens: by its ticket the identity that each opens, sealed by it, and by person a list of theirs."""

from __future__ import annotations

from quart_chat.room.bearers import Token
from quart_chat.store import keys
from quart_chat.store.people import KEPT
from quart_chat.store.pipeline import Pipeline


class Tokens:
    """All people's tokens. They fade unused, as names do; both of a token's keys count, and may be at two nodes."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def make(self, person: str, token: Token, sealed: str) -> None:
        """Keep a token; person: public id; sealed: their identity, as `room.handover.seal` hid it.

        Raises:
            StoreAway: it may be listed, and opens nothing yet.
        """
        await self._pipeline.together(
            ("HSET", keys.tokens(person), token.ticket, _write(token)), ("PEXPIRE", keys.tokens(person), KEPT)
        )
        await self._pipeline.command("SET", keys.token(token.ticket), sealed, "PX", KEPT)

    async def sealed(self, ticket: str) -> str | None:
        """Give the identity that a token opens, sealed; None where it opens none."""
        found = await self._pipeline.command("GET", keys.token(ticket))
        return None if found is None else str(found)

    async def use(self, person: str, ticket: str, day: str) -> bool:
        """Note the day on which a token was used, if it was not yet; False where the person has no such token."""
        written = await self._pipeline.command("HGET", keys.tokens(person), ticket)
        if written is None:
            return False
        token = _read(ticket, written)
        if token.used != day:
            await self._pipeline.together(
                ("HSET", keys.tokens(person), ticket, _write(token._replace(used=day))),
                ("PEXPIRE", keys.tokens(person), KEPT),
            )
            await self._pipeline.command("PEXPIRE", keys.token(ticket), KEPT)
        return True

    async def of(self, person: str) -> list[Token]:
        """List somebody's tokens, the newest first."""
        found = await self._pipeline.command("HGETALL", keys.tokens(person))
        tokens = [_read(*one) for one in zip(found[::2], found[1::2], strict=True)]
        return sorted(tokens, key=lambda one: (one.made, one.label, one.ticket), reverse=True)

    async def revoke(self, person: str, ticket: str) -> bool:
        """Let a token open nothing any more; False where it is none of theirs.

        Raises:
            StoreAway: it may open something still, and is listed then.
        """
        if not await self._pipeline.command("HEXISTS", keys.tokens(person), ticket):
            return False
        await self._pipeline.command("DEL", keys.token(ticket))
        await self._pipeline.command("HDEL", keys.tokens(person), ticket)
        return True

    async def revoke_all(self, person: str) -> None:
        """Let none of somebody's tokens open anything any more."""
        for one in await self.of(person):
            await self._pipeline.command("DEL", keys.token(one.ticket))
        await self._pipeline.command("DEL", keys.tokens(person))


def _write(token: Token) -> str:
    return f"{token.made} {token.used or '-'} {token.label}"


def _read(ticket: str, written: str) -> Token:
    made, used, label = (*written.split(" ", 2), "", "")[:3]
    return Token(ticket, label, made, "" if used == "-" else used)
