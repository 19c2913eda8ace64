"""What befell messages after they were written, and the room's header: read beside them, and changed by comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from quart_chat.errors import Unwelcome
from quart_chat.events import get_logger
from quart_chat.room.changes import NOTHING, UNCHANGED, Changes, Held, read_held, read_shown, versions_of
from quart_chat.room.digest import overlaid
from quart_chat.room.entries import Header, Message, TornEntry, order, read_pins
from quart_chat.room.rights import PRIVATE
from quart_chat.store import keys
from quart_chat.store.appends import SHUT
from quart_chat.store.line import Argument
from quart_chat.store.pipeline import Pipeline, Script
from quart_chat.store.rows import read_row

SCRUBBED = 16_000_000  # bytes of a room, at most, that is written anew where a message is deleted: 0.1 s of the store

logger = get_logger(__name__)

Read = TypeVar("Read")


class Found(NamedTuple):
    """A message with all that befell it, and its room's header.

    message: as it stands; None where there is none of that id. title: of the room; "" where there is none.
    written, versions, pins: changes, earlier texts and pins as the store has them.
    """

    message: Message | None
    held: Held
    header: Header
    title: str
    written: str
    versions: str
    pins: str


class Value(NamedTuple):
    """One value that changes. kind: "changes" or "meta"; before and after: "" where there is none."""

    kind: str
    field: str
    before: str
    after: str


class Teller(NamedTuple):
    """A message that tells of a change; body: as it stays in the room (`write_message`)."""

    author: str
    name: str
    body: str


class Changing:
    """Reads and writes changes.

    fixed: what the script is told of every room first (`entry.lua`).
    """

    def __init__(self, pipeline: Pipeline, fixed: Sequence[Argument]) -> None:
        self._pipeline = pipeline
        self._fixed = fixed
        self._script = Script.load("held.lua", "entry.lua", "rewrite.lua", "shut.lua", "change.lua")

    async def find(self, room: str, entry_id: str) -> Found:
        """Read a message with all that befell it, and the room's header."""
        rows, (held, versions), (title, topic, pins) = await self._pipeline.together(
            ("XRANGE", keys.messages(room), entry_id, entry_id),
            ("HMGET", keys.changes(room), entry_id, versions_of(entry_id)),
            ("HMGET", keys.meta(room), "title", "topic", "pins"),
        )
        message = read_row(*rows[0]).message if rows else None
        read = _read(entry_id, NOTHING, read_held, held, versions)
        if message is not None and held is not None:
            message = message._replace(changes=read.shown)
        return Found(message, read, header_of(topic, pins), title or "", held or "", versions or "", pins or "")

    async def write(
        self,
        room: str,
        body: str,
        values: Sequence[Value],
        *,
        about: str = "",
        scrub: bool = False,
        teller: Teller | None = None,
    ) -> str | None:
        """Change values if each stands as it is said to, and append the entry that tells of it.

        body: of that entry. about: the message that this is about; "" for none; with scrub the store keeps nothing of
        what it said. teller: the message that tells of it in the room; None for none.

        Gives the entry's id; None where something stands otherwise, or there is no such message: read again.

        Raises:
            Unwelcome: the room was deleted, and its address is closed to who changes it.
            StoreAway: it may or may not have been done.
        """
        told = teller or ("", "", "")
        args: list[Argument] = [*self._fixed, room, body, *told, about, SCRUBBED if scrub else ""]
        for value in values:
            args += value
        code, *entry_id = await self._pipeline.script(
            self._script, (*keys.of_entries(room), keys.rewritten(room)), args
        )
        if code == SHUT:
            raise Unwelcome(PRIVATE)
        return str(entry_id[0]) if code == 1 else None


async def overlay(pipeline: Pipeline, room: str, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Give messages as they stand, and what they answer.

    It may be read after them: whoever has seen a change already is told it again, and it is the same. Of a message that
    the room has no more nothing is known, so what quotes it says no more of it.
    """
    if not messages:
        return messages
    quoted = {message.reply.id for message in messages if message.reply is not None}
    ids = sorted(quoted.union(message.id for message in messages))
    held: tuple[Argument, ...] = ("HMGET", keys.changes(room), *ids)
    if quoted:
        written, oldest = await pipeline.together(held, ("XRANGE", keys.messages(room), "-", "+", "COUNT", 1))
    else:
        written, oldest = await pipeline.command(*held), []
    changes = _read_all(ids, written)
    for entry_id, _ in oldest:
        changes.update((one, Changes(deleted=True)) for one in quoted if order(one) < order(entry_id))
    return tuple(overlaid(message, changes) for message in messages) if changes else messages


async def changes_of(pipeline: Pipeline, room: str, ids: Sequence[str]) -> dict[str, Changes]:
    """Read what pages show of what befell messages, one at least; those that nothing befell are left out."""
    return _read_all(ids, await pipeline.command("HMGET", keys.changes(room), *ids))


def shown_of(entry_id: str, written: str | None) -> Changes | None:
    """Read what pages show of what befell a message, as the store has it; None: nothing did."""
    return None if written is None else _read(entry_id, UNCHANGED, read_shown, written)


async def held_of(pipeline: Pipeline, room: str, ids: Sequence[str]) -> dict[str, Held]:
    """Read all that befell messages; those that nothing befell are left out."""
    if not ids:
        return {}
    written, versions = await pipeline.together(
        ("HMGET", keys.changes(room), *ids), ("HMGET", keys.changes(room), *map(versions_of, ids))
    )
    found = zip(ids, written, versions, strict=True)
    return {
        entry_id: _read(entry_id, NOTHING, read_held, one, before) for entry_id, one, before in found if one is not None
    }


def header_of(topic: str | None, pins: str | None) -> Header:
    """Read what stands above a room; torn pins are none."""
    try:
        return Header(topic or "", read_pins(pins))
    except TornEntry as error:
        logger.error("pins.torn", reason=type(error).__name__)  # noqa: TRY400 - their text stays out
        return Header(topic or "")


def _read_all(ids: Sequence[str], written: Sequence[str | None]) -> dict[str, Changes]:
    return {
        entry_id: _read(entry_id, UNCHANGED, read_shown, one)
        for entry_id, one in zip(ids, written, strict=True)
        if one is not None
    }


def _read(entry_id: str, nothing: Read, read: Callable[..., Read], *written: str | None) -> Read:
    """Read what befell a message; nothing: what stands for what is torn."""
    try:
        return read(*written)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        logger.error("changes.torn", id=entry_id, reason=type(error).__name__)  # noqa: TRY400 - its text stays out
        return nothing
