"""A room's file of JSON Lines, read again: checked line by line, for anybody may have written it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from quart_chat.errors import QuartChatError, Refused
from quart_chat.pages.transcripts import VERSION, Header
from quart_chat.room.attachments import MOST_FILES, Attached, clean_file_name, read_attached
from quart_chat.room.changes import NOTHING, Held, clean_emoji, delete, react
from quart_chat.room.characters import one_line
from quart_chat.room.charter import Charter
from quart_chat.room.digest import Record
from quart_chat.room.entries import KINDS, PIN, TOPIC, Message, Neighbour, Quote, is_entry_id, order
from quart_chat.room.entries import Header as Above
from quart_chat.room.mentions import Mention
from quart_chat.room.names import clean_name, clean_title
from quart_chat.room.people import is_public_id
from quart_chat.room.rights import Role
from quart_chat.room.texts import clean_text, clean_topic

LONGEST = 1024 * 1024  # characters of a line; a message with all that can befall it has some 600,000
LONGEST_HEADER = 16 * LONGEST  # a closed room with 100,000 members has 5 million
_PUBLIC, _HASH = "[0-9a-f]{16}", "[0-9a-f]{64}"
_CHARTER = {  # what a room's rules may hold: names of fields, and their values
    "rules": r"\{.{1,1000}\}",
    f"{_PUBLIC} role": "|".join(Role),
    f"{_PUBLIC} name": ".{0,200}",
    f"{_PUBLIC} (muted|banned)": "[0-9]{1,15}",
    f"{_PUBLIC} network": "1",
    "link (owner|moderator)": _HASH,
    f"bot {_HASH}": r"\d{4}-\d\d-\d\d .{1,100}",
    f"invite {_HASH}": "[0-9]{1,6} [0-9]{1,15}",
    "phrase": r"\$argon2id\$[\x21-\x7e]{1,300}",
    "question|answer": ".{0,1000}",
}


class BadLine(QuartChatError):
    """A line of a file that cannot be brought back; the text says which and why."""


class JsonReader:
    """Reads a file line by line: first its header, then messages, each with its neighbour."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._number = 0
        self._before: Message | None = None

    def header(self) -> Header:
        """Read the first line.

        Raises:
            BadLine: this is not such a file.
        """
        fields = self._next()
        if fields is None or fields.get("quart_chat") != VERSION:
            raise BadLine('line 1 has to be the header, as {"quart_chat":1,"room":…,"title":…,"opened":…}')
        try:
            above = Above(clean_topic(fields.get("topic") or ""), tuple(map(_quote, fields.get("pins") or ())))
            title, opened = clean_title(_text(fields, "title")), _time(fields, "opened")
            return Header(_text(fields, "room"), title, opened, above, _charter(fields))
        except (Refused, ValueError, TypeError) as error:
            raise BadLine(f"line 1: {error}") from error

    def messages(self) -> Iterator[Record]:
        """Read the rest.

        Raises:
            BadLine: one that cannot be brought back.
        """
        while (fields := self._next()) is not None:
            try:
                record = self._record(fields)
            except (Refused, ValueError) as error:
                raise BadLine(f"line {self._number}: {error}") from error
            self._before = record.message
            yield record

    def _record(self, fields: dict[str, Any]) -> Record:
        at = _time(fields, "time")
        name = clean_name(_text(fields, "name"))
        # a file that another program wrote may know neither ids nor authors
        author = str(fields.get("author") or hashlib.sha256(name.encode()).hexdigest()[:16])
        if not is_public_id(author):
            raise ValueError("its author has to be 16 hex digits")
        entry_id = fields.get("id") or self._next_id(at)
        if not is_entry_id(entry_id):
            raise ValueError("its id has to be MS-N, as 1700000000000-0")
        before = self._before
        if before is not None and order(entry_id) <= order(before.id):
            raise ValueError(f"its id has to come after {before.id}, the one before it")
        neighbour = None if before is None else Neighbour(before.author, before.at, before.name)
        kind = fields.get("kind", "")
        if kind not in KINDS:
            raise ValueError(f"its kind has to be one of {', '.join(filter(None, KINDS))}")
        text, held = _text(fields, "text"), _held(fields)
        files = () if held.deleted else _files(fields)
        if text or not (held.deleted or kind in (TOPIC, PIN) or files):
            text = clean_text(text)
        reply = _quote(fields["reply"]) if fields.get("reply") else None
        mentions = () if held.deleted else _mentions(fields)
        message = Message(entry_id, at, author, name, text, neighbour, kind, reply, None, mentions, files)
        return Record(message if held == NOTHING else message._replace(changes=held.shown), held)

    def _next_id(self, at: int) -> str:
        ms, n = order(self._before.id) if self._before is not None else (0, 0)
        return f"{at}-0" if at > ms else f"{ms}-{n + 1}"

    def _next(self) -> dict[str, Any] | None:
        for line in self._lines:
            self._number += 1
            if not line.strip():
                continue
            most = LONGEST if self._number > 1 else LONGEST_HEADER
            if len(line) > most:
                raise BadLine(f"line {self._number} is longer than {most} characters")
            try:
                fields = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise BadLine(f"line {self._number} is no JSON: {error}") from error
            if not isinstance(fields, dict):
                raise BadLine(f"line {self._number} has to be an object, as {{…}}")
            return fields
        return None


def _held(fields: dict[str, Any]) -> Held:
    """Read what befell a message."""
    if fields.get("deleted"):
        return delete()
    edited = _time(fields, "edited") if fields.get("edited") else 0
    versions = tuple((_time(one, "time"), clean_text(_text(one, "text"))) for one in _dicts(fields.get("versions")))
    held = Held(versions=versions)
    if edited:
        held = replace(held, text=_text(fields, "text"), edited=edited, mentions=_mentions(fields))
    for kind, people in _dict(fields.get("reactions")).items():
        for person, name in _dict(people).items():
            if not is_public_id(person):
                raise ValueError("who reacted has to be 16 hex digits")
            held = react(held, clean_emoji(kind), person, clean_name(str(name)))
    return held


def _mentions(fields: dict[str, Any]) -> tuple[Mention, ...]:
    try:
        found = tuple(Mention(str(name), str(person)) for name, person in fields.get("mentions") or ())
    except (TypeError, ValueError) as error:
        raise ValueError("its mentions have to be a list of names and public ids") from error
    if not all(is_public_id(mention.person) for mention in found):
        raise ValueError("who is meant has to be 16 hex digits")
    return found


def _files(fields: dict[str, Any]) -> tuple[Attached, ...]:
    """Read what a file says of a message's files; their bytes are not in it."""
    found = fields.get("files") or []
    if not isinstance(found, list) or len(found) > MOST_FILES:
        raise ValueError(f"its files have to be a list of {MOST_FILES} at most")
    try:
        return tuple(
            one._replace(name=clean_file_name(one.name))
            for one in read_attached([[_dict(file).get(name, 0) for name in Attached._fields] for file in found])
        )
    except TypeError as error:
        raise ValueError("each of its files needs a name, a digest of 64 hex digits, and a size") from error


def _charter(fields: dict[str, Any]) -> Charter:
    """Read who keeps a room and by which rules."""
    rules, members = _dict(fields.get("rules")), _dict(fields.get("members"))
    for field, value in rules.items():
        wanted = next((one for name, one in _CHARTER.items() if re.fullmatch(name, field)), None)
        if wanted is None or not isinstance(value, str) or not re.fullmatch(wanted, value):
            raise ValueError(f"its rules hold {field!r} as no version of this program writes it")
    for person in members:
        if not is_public_id(person):
            raise ValueError("its members have to be public ids, 16 hex digits, with their names")
    lines = {
        field: one_line(value) for field, value in rules.items() if field.endswith((" name", "question", "answer"))
    }
    return Charter(rules | lines, {person: one_line(str(name)) for person, name in members.items()})


def _quote(fields: Any) -> Quote:
    quote = Quote(*(_text(_dict(fields), name) for name in Quote._fields))
    if not is_entry_id(quote.id) or not is_public_id(quote.author):
        raise ValueError("what it quotes needs the id and the author of a message")
    return quote._replace(name=clean_name(quote.name), text=quote.text and " ".join(clean_text(quote.text).split()))


def _dicts(value: Any) -> list[dict[str, Any]]:
    if value is not None and not isinstance(value, list):
        raise ValueError("its versions have to be a list")
    return [_dict(one) for one in value or ()]


def _dict(value: Any) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise ValueError("what befell it has to be an object")
    return value or {}


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ValueError(f"it needs a text as {name!r}")  # noqa: TRY004 - said like all else that is wrong with a line
    return value


def _time(fields: dict[str, Any], name: str) -> int:
    value = _text(fields, name)
    try:
        when = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{name!r} has to be a time, as 2026-11-22T21:47:00Z") from error
    if when.tzinfo is None:
        raise ValueError(f"{name!r} lacks its zone, as in 2026-11-22T21:47:00Z")
    ms = round(when.timestamp() * 1000)
    if ms < 0:
        raise ValueError(f"{name!r} lies before 1970")
    return ms
