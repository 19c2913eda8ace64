"""Entries of a room's log: their ids, what they hold, and how they travel as text.

They are tuples, for those are made and hashed in a fifth of the time, and each worker makes them of every message.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from quart_chat.errors import QuartChatError
from quart_chat.room.attachments import Attached, read_attached
from quart_chat.room.changes import Changes, fields_of, read_changes
from quart_chat.room.mentions import Mention

NO_ENTRY = "0-0"  # the place before the first entry
PAST_ALL = f"{10**15 - 1}-0"  # the place behind the last, whatever comes
ACTION, ROLL = "me", "roll"  # kinds of messages besides those that just say something, ""
TOPIC, PIN = "topic", "pin"  # kinds that tell what became of the room's header
KINDS = ("", ACTION, ROLL, TOPIC, PIN)
_ID = re.compile(r"(0|[1-9][0-9]{0,14})-(0|[1-9][0-9]{0,14})")  # the store would take 01-0 for 1-0


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


class Quote(NamedTuple):
    """A message as another one, or a room's header, shows it.

    author: its public id; name: as it was when they wrote. text: the beginning, as plain text; "" once it is deleted.
    """

    id: str
    author: str
    name: str
    text: str


class Message(NamedTuple):
    """One message, as it stands in the log.

    id: `ms-n`, the order of the room.
    at: the time of day, ms since the epoch; not always the id's, for a clock may be set back.
    author: the writer's public id; name: as it was when they wrote.
    before: the message before it in the room; None for the first.
    kind: of KINDS. reply: what it answers; None for most. changes: what befell it since; None for most.
    mentions: who is meant in its text as it was written. files: with which it came; () for most.
    """

    id: str
    at: int
    author: str
    name: str
    text: str
    before: Neighbour | None
    kind: str = ""
    reply: Quote | None = None
    changes: Changes | None = None
    mentions: tuple[Mention, ...] = ()
    files: tuple[Attached, ...] = ()

    @property
    def deleted(self) -> bool:
        """Whether its text is gone."""
        return self.changes is not None and self.changes.deleted

    @property
    def said(self) -> str:
        """Its text as it stands now."""
        edited = self.changes.text if self.changes is not None else None
        return self.text if edited is None else edited

    @property
    def meant(self) -> tuple[Mention, ...]:
        """Who is meant in its text as it stands now."""
        edited = self.changes is not None and self.changes.text is not None
        return self.changes.mentions if self.changes is not None and edited else self.mentions


class Change(NamedTuple):
    """How a message stands after something befell it.

    of: the message's id; name and kind: of the message. text, reactions: which of them this changed.
    """

    of: str
    name: str
    kind: str
    changes: Changes
    text: bool
    reactions: bool


class Header(NamedTuple):
    """What stands above a room. topic: "" for none; pins: oldest first."""

    topic: str = ""
    pins: tuple[Quote, ...] = ()

    def has_pinned(self, entry_id: str) -> bool:
        """Tell whether a message is pinned."""
        return any(pinned.id == entry_id for pinned in self.pins)


class Entry(NamedTuple):
    """One entry of the log: a message, a change of one, a new header, or a message that tells of one.

    prev: the id of the entry before it; NO_ENTRY for the first.
    Kinds that this version does not know have none of them: they keep their place in the order, unseen.
    """

    id: str
    prev: str
    message: Message | None
    change: Change | None = None
    header: Header | None = None


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


def write_message(
    author: str,
    name: str,
    text: str,
    kind: str = "",
    *,
    reply: Quote | None = None,
    mentions: tuple[Mention, ...] = (),
    files: tuple[Attached, ...] = (),
    header: Header | None = None,
) -> str:
    """Write what a message holds as the log keeps it: compact JSON, UTF-8.

    header: as it stands since then, where the message tells of that.
    """
    held: dict[str, Any] = {"k": "m", "a": author, "n": name, "t": text}
    if kind:
        held["x"] = kind
    if reply:
        held["r"] = reply
    if mentions:
        held["p"] = mentions
    if files:
        held["f"] = files
    if header:
        held["h"] = header
    return _json(held)


def write_change(change: Change, header: Header | None = None) -> str:
    """Write a change of a message, and what it makes of the room's header; None: nothing."""
    about = "t" * change.text + "r" * change.reactions
    held: dict[str, Any] = {
        "k": "c",
        "m": change.of,
        "n": change.name,
        "x": change.kind,
        "w": about,
        "s": fields_of(change.changes),
    }
    if header:
        held["h"] = header
    return _json(held)


def write_new_header(header: Header) -> str:
    """Write a new header as an entry that no message tells of."""
    return _json({"k": "h", "h": header})


def _json(held: Any) -> str:
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
    message = change = None
    try:
        held = json.loads(body)
        sort = held["k"]
        kind = held.get("x", "")  # one of a later version shows as what it says
        kind = kind if kind in KINDS else ""
        if sort == "m":
            shown = held["a"], held["n"], held["t"]
            if not all(isinstance(field, str) for field in shown) or not held["n"]:
                raise TypeError("a field is no text")  # noqa: TRY301 - torn like what json finds
            author, when, called = (*before.split(" ", 2), None, None)[:3]
            neighbour = Neighbour(str(author), int(when or ""), called) if before else None
            reply = _quote(held["r"]) if "r" in held else None
            message = Message(entry_id, int(at), *shown, neighbour, kind, reply)
            if "p" in held:
                message = message._replace(mentions=tuple(Mention(str(name), str(one)) for name, one in held["p"]))
            if "f" in held:
                message = message._replace(files=read_attached(held["f"]))
        elif sort == "c":
            about = held["w"]
            changes = read_changes(held["s"])
            change = Change(str(held["m"]), str(held["n"]), kind, changes, "t" in about, "r" in about)
            order(change.of)
        header = _header(held["h"]) if "h" in held else None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise TornEntry(f"entry {entry_id} cannot be read: {error}") from error
    return Entry(entry_id, prev, message, change, header)


def write_pins(pins: tuple[Quote, ...]) -> str:
    """Write a room's pinned messages; "" for none."""
    return _json(pins) if pins else ""


def read_pins(written: str | None) -> tuple[Quote, ...]:
    """Read what `write_pins` wrote; None stands for none.

    Raises:
        TornEntry: it is something else.
    """
    try:
        return tuple(map(_quote, json.loads(written))) if written else ()
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TornEntry(f"pins cannot be read: {error}") from error


def _quote(fields: Any) -> Quote:
    quote = Quote(*fields)
    if not all(isinstance(field, str) for field in quote):
        raise TypeError("a quote's field is no text")
    order(quote.id)
    return quote


def _header(fields: Any) -> Header:
    topic, pins = fields
    return Header(str(topic), tuple(map(_quote, pins)))
