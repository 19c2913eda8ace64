"""Entries as JSON has them: one shape for the API, for streams and for whatever else programs read.

Values are plain dicts, lists, texts, numbers, True, False and None; nothing of them is HTML. What a later version adds
are further fields and types, so programs pass over what they don't know.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from quart_chat.room.attachments import Attached
from quart_chat.room.changes import Changes, Reaction
from quart_chat.room.entries import ACTION, Change, Entry, Header, Message, Quote
from quart_chat.room.proofs import bare, is_bot, is_proved

Json = dict[str, Any]

KINDS = {"": "text", ACTION: "action"}  # how kinds of messages are called; the others are called as they are


def message_json(message: Message, room: str = "") -> Json:
    """Give a message as it stands.

    room: its name, by which its files have addresses; "" leaves these out.
    """
    changes = message.changes or Changes()
    return {
        "type": "message",
        "id": message.id,
        "at": iso(message.at),
        "author": person_json(message.author, message.name),
        "kind": KINDS.get(message.kind, message.kind),
        "text": "" if message.deleted else message.said,
        "reply": None if message.reply is None or message.deleted else quote_json(message.reply),
        "mentions": [] if message.deleted else [{"id": one.person, "name": one.name} for one in message.meant],
        "files": [] if message.deleted else [_file(one, room, message.id) for one in message.files],
        "reactions": _reactions(changes.reactions),
        "edited": iso(changes.edited) if changes.edited else None,
        "deleted": changes.deleted,
    }


def change_json(change: Change) -> Json:
    """Give what befell a message: how it stands since, whole and not as a difference.

    Where `changed` does not have "text", the message's text is what it was, and stands here as None.
    """
    changes = change.changes
    text = changes.text if change.text and not changes.deleted else None
    return {
        "type": "change",
        "of": change.of,
        "changed": [name for name, told in (("text", change.text), ("reactions", change.reactions)) if told],
        "text": "" if changes.deleted else text,
        "mentions": [{"id": one.person, "name": one.name} for one in changes.mentions],
        "reactions": _reactions(changes.reactions),
        "edited": iso(changes.edited) if changes.edited else None,
        "deleted": changes.deleted,
    }


def header_json(header: Header) -> Json:
    """Give what stands above a room."""
    return {"type": "header", "topic": header.topic, "pins": [quote_json(one) for one in header.pins]}


def entry_json(entry: Entry, room: str = "") -> Json:
    """Give an entry of the log: its own id, and what it holds.

    `type` is "message", "change", "header", or "other" for what this version does not know, which keeps its place. A
    new header comes as `header` with the message, or the change, that tells of it.
    """
    if entry.message is not None:
        shown = message_json(entry.message, room)
    elif entry.change is not None:
        shown = change_json(entry.change)
    elif entry.header is not None:
        shown = header_json(entry.header)
    else:
        shown = {"type": "other"}
    if entry.header is not None and shown["type"] != "header":
        shown["header"] = header_json(entry.header)
    return {**shown, "id": entry.id}


def people_json(people: Iterable[tuple[str, str]], count: int) -> Json:
    """Give who is in a room: (public id, name) of those that are named, and the number of all."""
    return {"type": "people", "count": count, "people": [person_json(*one) for one in people]}


def person_json(public: str, name: str) -> Json:
    """Give somebody. kept: they keep this name by a phrase; bot: a program, which the room's keepers let in."""
    return {"id": public, "name": bare(name), "kept": is_proved(name), "bot": is_bot(name)}


def quote_json(quoted: Quote) -> Json:
    """Give the beginning of a message, as plain text; text is "" once that is gone."""
    return {"id": quoted.id, "author": person_json(quoted.author, quoted.name), "text": quoted.text}


def iso(ms: int) -> str:
    """Write a time, ms since the epoch, in UTC (ISO 8601, RFC 3339)."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _reactions(reactions: Iterable[Reaction]) -> list[Json]:
    return [
        {"emoji": one.emoji, "count": one.number, "people": [person_json(*person) for person in one.people]}
        for one in reactions
    ]


def _file(held: Attached, room: str, entry_id: str) -> Json:
    shown: Json = {
        "name": held.name,
        "bytes": held.size,
        "type": held.media or "application/octet-stream",
        "sha256": held.digest,
        "width": held.width or None,
        "height": held.height or None,
    }
    if room:
        shown["path"] = f"/r/{room}/m/{entry_id}/files/{held.digest}/{quote(held.name, safe='')}"
    return shown
