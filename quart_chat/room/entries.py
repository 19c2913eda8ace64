"""Entries of a room's log: their ids, what they hold, and how they travel as text.

They are tuples, for those are made and hashed in a fifth of the time, and each worker makes them of every message.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from quart_chat.errors import QuartChatError

NO_ENTRY = "0-0"  # the place before the first entry
ACTION, ROLL = "me", "roll"  # kinds of messages besides those that just say something, ""
KINDS = ("", ACTION, ROLL)
_ID = re.compile(r"([0-9]{1,15})-([0-9]{1,15})")


class TornEntry(QuartChatError):
    """What the store holds is not an entry: another program wrote it, or another version."""


class Neighbour(NamedTuple):
    """What a message's rendering needs of the one before it.

    author: its public id.
    at: ms since the epoch.
    name: what its author was called then; None where that is not known.
    """

    author: str
    at: int
    name: str | None = None


class Message(NamedTuple):
    """One message, as it stands in the log.

    id: `ms-n`, the order of the room.
    at: the time of day, ms since the epoch; not always the id's, for a clock may be set back.
    author: the writer's public id; name: as it was when they wrote.
    before: the message before it in the room; None for the first.
    kind: of KINDS.
    """

    id: str
    at: int
    author: str
    name: str
    text: str
    before: Neighbour | None
    kind: str = ""


class Entry(NamedTuple):
    """One entry of the log.

    prev: the id of the entry before it; NO_ENTRY for the first.
    message: None for kinds that this version does not know: they keep their place in the order, unseen.
    """

    id: str
    prev: str
    message: Message | None


def order(entry_id: str) -> tuple[int, int]:
    """Turn an id into what compares as the log orders.

    Raises:
        ValueError: it is not an id.
    """
    match = _ID.fullmatch(entry_id)
    if match is None:
        raise ValueError(f"not an entry id: {entry_id!r}")
    return int(match[1]), int(match[2])


def is_entry_id(text: object) -> bool:
    """Tell whether text is an entry's id, `ms-n`."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def write_message(author: str, name: str, text: str, kind: str = "") -> str:
    """Write what a message holds as the log keeps it: compact JSON, UTF-8."""
    held = {"k": "m", "a": author, "n": name, "t": text}
    if kind:
        held["x"] = kind
    return json.dumps(held, ensure_ascii=False, separators=(",", ":"))


def write_before(neighbour: Neighbour | None) -> str:
    """Write the message before one as the log keeps it: "AUTHOR MS NAME", "" for none."""
    return "" if neighbour is None else f"{neighbour.author} {neighbour.at} {neighbour.name or ''}"


def read_entry(entry_id: str, prev: str, at: str, before: str, body: str) -> Entry:
    """Read an entry from the fields that the append script wrote.

    at: ms since the epoch; before, body: as `write_before` and `write_message` wrote them.

    Raises:
        TornEntry: the fields do not make an entry.
    """
    try:
        held = json.loads(body)
        if held["k"] != "m":
            return Entry(entry_id, prev, None)
        shown = held["a"], held["n"], held["t"]
        if not all(isinstance(field, str) for field in shown) or not held["n"]:
            raise TypeError("a field is no text")  # noqa: TRY301 - torn like what json finds
        author, when, called = (*before.split(" ", 2), None, None)[:3]
        neighbour = Neighbour(str(author), int(when or ""), called) if before else None
        kind = held.get("x", "")  # one of a later version shows as what it says
        message = Message(entry_id, int(at), *shown, neighbour, kind if kind in KINDS else "")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TornEntry(f"entry {entry_id} cannot be read: {error}") from error
    return Entry(entry_id, prev, message)
