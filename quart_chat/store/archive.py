"""Rooms as a whole, for whoever runs the server: list them, read them through, bring them back, delete them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from quart_chat.errors import QuartChatError
from quart_chat.room.changes import write_held, write_versions
from quart_chat.room.charter import Charter
from quart_chat.room.digest import Record
from quart_chat.room.entries import Header, write_before, write_message, write_pins
from quart_chat.store import keys
from quart_chat.store.appends import write_sizes
from quart_chat.store.changing import header_of
from quart_chat.store.expiring import list_room
from quart_chat.store.holdings import Holdings
from quart_chat.store.hooks import is_of_hooks
from quart_chat.store.line import Argument
from quart_chat.store.log import LOG_ENTRIES, Log, Retention
from quart_chat.store.pipeline import Pipeline, Script
from quart_chat.store.rules import admission, enlist, read_rules, rules_if_whole

READ = 500  # messages of one reading
CLOSED_FOR = 86_400_000  # ms for which the address of a closed room that was deleted stays closed
RESTORE = 100  # messages of one writing, about 3 ms of the store's time


class InTheWay(QuartChatError):
    """The room holds something already, or somebody has written in it meanwhile."""


@dataclass(frozen=True, slots=True)
class RoomSummary:
    """What a list of rooms says of one.

    opened: ms since the epoch. messages: that are kept. last: when the newest was written, ms; None without messages.
    header: what stands above it.
    """

    name: str
    title: str
    opened: int
    messages: int
    last: int | None
    header: Header


class Opening(NamedTuple):
    """What a room has besides its messages; opened: ms since the epoch; header: what stands above it."""

    title: str
    opened: int
    header: Header = Header()
    charter: Charter = Charter()


class Archive:
    """All rooms of a store."""

    def __init__(self, pipeline: Pipeline, retention: Retention) -> None:
        self._pipeline = pipeline
        self._retention = retention
        self._log = Log(pipeline, retention)
        self.holdings = Holdings(pipeline)
        self._restore = Script.load("held.lua", "restore.lua")
        self._delete = Script.load("delete.lua")

    async def rooms(self) -> list[RoomSummary]:
        """List all rooms, the one that was written in last first.

        Raises:
            StoreAway: no answer.
        """
        names = {keys.room_of(key) async for key in self._pipeline.scan(keys.meta("*"))}
        found = await asyncio.gather(*map(self.room, names))
        summaries = [one for one in found if one is not None]
        return sorted(summaries, key=lambda one: (-(one.last or one.opened), one.name))

    async def room(self, name: str) -> RoomSummary | None:
        """Sum up one room; None where there is none of that name."""
        meta, count, newest = await self._pipeline.together(
            ("HMGET", keys.meta(name), "title", "opened", "topic", "pins"),
            ("XLEN", keys.messages(name)),
            ("XREVRANGE", keys.messages(name), "+", "-", "COUNT", 1),
        )
        title, opened, topic, pins = meta
        if title is None:
            return None
        fields = dict(zip(newest[0][1][::2], newest[0][1][1::2], strict=True)) if newest else {}
        last = int(fields["at"]) if fields else None
        return RoomSummary(name, title, int(opened or 0), count, last, header_of(topic, pins))

    def messages(self, room: str) -> AsyncIterator[Sequence[Record]]:
        """Read a room's messages as they stand, oldest first, some at a time."""
        return self._log.records(room, READ)

    async def restore(self, room: str, opening: Opening, messages: Sequence[Record], after: str = "") -> str:
        """Write messages into a room; gives the id that it ends with then.

        messages: oldest first, with ids that rise; what they hold as `before` counts.
        after: the id that the room has to end with; "" where it has to be empty.

        Raises:
            InTheWay: it ends elsewhere. Some of the messages may be in it by then.
            StoreAway: no answer; the same.
        """
        written = opening.charter.rules.get("rules")
        rules = rules_if_whole(written)
        may_expire = rules is None or rules.keep > 0  # who looks again will see
        if may_expire:
            await list_room(self._pipeline, room, 0)
        for start in range(0, len(messages), RESTORE) or [0]:
            some = messages[start : start + RESTORE]
            args: list[Argument] = [
                after,
                opening.title,
                opening.opened,
                LOG_ENTRIES,
                self._retention.messages,
                self._retention.room,
            ]
            args += (opening.header.topic, write_pins(opening.header.pins))
            charter = opening.charter if not after else Charter()  # members can be many, and come with the first alone
            args += (_pairs(charter.rules), _pairs(charter.members))
            for message, held in some:
                body = write_message(
                    *(message.author, message.name, message.text, message.kind),
                    reply=message.reply,
                    mentions=message.mentions,
                    files=message.files,
                )
                args += (message.id, message.at, message.author, message.name, write_before(message.before), body)
                args += (write_held(held), write_versions(held.versions), write_sizes(message.files))
            if not await self._pipeline.script(self._restore, keys.of_entries(room), args):
                raise InTheWay(f"the room {room} has other messages than these")
            after = some[-1].message.id if some else after
        if may_expire:  # a worker may have looked before the rules were there
            await list_room(self._pipeline, room, 0)
        await enlist(self._pipeline, room, read_rules(written), time.time_ns() // 1_000_000)
        return after

    async def charter(self, room: str) -> Charter:
        """Give who keeps a room and by which rules; not its hooks, whose secrets are no backup's."""
        found = await self._pipeline.together(("HGETALL", keys.rules(room)), ("HGETALL", keys.members(room)))
        rules, members = (dict(zip(held[::2], held[1::2], strict=True)) for held in found)
        return Charter({field: value for field, value in rules.items() if not is_of_hooks(field)}, members)

    async def delete(self, room: str, by: str = "") -> bool:
        """Delete a room with all that it holds, and tell pages that have it open; False where there was none.

        A closed room's address stays closed for a day: what its members wrote without a connection opens no room that
        others can read. by: public id of who deletes it, and may use the address at once; "" for nobody.

        Raises:
            StoreAway: no answer; some of it may be left.
        """
        deleted = await self._pipeline.script(self._delete, (keys.rules(room), *keys.held(room)), (by, CLOSED_FOR))
        nonces = [key async for key in self._pipeline.scan(keys.nonce(room, "*", "*"))]
        for start in range(0, len(nonces), READ):
            await asyncio.gather(*(self._pipeline.command("DEL", key) for key in nonces[start : start + READ]))
        await self._pipeline.command("SPUBLISH", keys.channel(room), admission())
        await self._pipeline.command("SPUBLISH", keys.channel(room), "reset")
        return bool(deleted)


def _pairs(held: Mapping[str, str]) -> str:
    """Write a hash as a script reads it."""
    return json.dumps([part for one in held.items() for part in one])
