"""Bots of rooms: a field each in a room's rules, which go with the room; their roles stand beside those of people."""

from __future__ import annotations

from quart_chat.room.bearers import Bot
from quart_chat.room.proofs import of_bot
from quart_chat.room.rights import Role
from quart_chat.store import keys
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.rules import admission, put

_BOT = "bot "


class RoomBots:
    """All rooms' bots."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def add(self, room: str, bot: Bot) -> bool:
        """Let a bot in; False where there is no such room."""
        values = {
            f"{_BOT}{bot.ticket}": f"{bot.made} {bot.name}",
            f"{bot.public} role": Role.BOT if bot.writes else Role.READER,
            f"{bot.public} name": of_bot(bot.name),
        }
        return await put(self._pipeline, room, values) == 1

    async def find(self, room: str, ticket: str) -> Bot | None:
        """Give the bot that a token is of; None where the room has none such. Its rights tell `RoomRules.standing`."""
        written = await self._pipeline.command("HGET", keys.rules(room), f"{_BOT}{ticket}")
        return None if written is None else _read(ticket, written)

    async def of(self, room: str) -> list[Bot]:
        """List a room's bots, by name."""
        found = await self._pipeline.command("HGETALL", keys.rules(room))
        held = dict(zip(found[::2], found[1::2], strict=True))
        bots = [_read(field.removeprefix(_BOT), value) for field, value in held.items() if field.startswith(_BOT)]
        bots = [one._replace(writes=held.get(f"{one.public} role") == Role.BOT) for one in bots]
        return sorted(bots, key=lambda one: (one.name.casefold(), one.ticket))

    async def remove(self, room: str, bot: Bot) -> None:
        """Let a bot in no more; whoever writes under its name stays muted or banned, if it was."""
        values = {f"{_BOT}{bot.ticket}": "", f"{bot.public} role": "", f"{bot.public} name": ""}
        await put(self._pipeline, room, values, says=admission(bot.public))


def _read(ticket: str, written: str) -> Bot:
    made, _, name = written.partition(" ")
    return Bot(ticket, name, made)
