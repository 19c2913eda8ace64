"""Hooks: addresses by which programs write into a room, and those to which its messages go. What they are and want.

An outgoing hook is a place in the room's log, like a tab: it has got all up to there, and what comes after is due.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from quart_chat.errors import BadHook
from quart_chat.room.characters import has_surrogate, is_visible, one_line
from quart_chat.room.entries import Entry, Message, is_entry_id, order
from quart_chat.room.folding import fold
from quart_chat.room.json_entries import Json, iso, message_json
from quart_chat.room.proofs import is_bot

MOST = 10  # hooks of a room
MAX_WORD = 40  # code points

ALL, WORD, FIRST = "all", "word", "first"  # which messages go out: all, those with a word, those that begin with it
KINDS = (ALL, WORD, FIRST)

SECONDS = 1000  # ms
FIRST_PAUSE = 5 * SECONDS
PAUSE_FACTOR = 4
LONGEST_PAUSE = 6 * 3600 * SECONDS
SPREAD = 0.2  # of a pause: receivers that come back are not met by all at once
GIVEN_UP = 24 * 3600 * SECONDS  # of failures, after which a hook is switched off

UNREACHABLE, NOT_PUBLIC, UNTRUSTED, LATE = (
    "unreachable",
    "not public",
    "untrusted",
    "late",
)  # what there is of no answer
_SECRET = "whsec_"  # noqa: S105 - how Standard Webhooks writes secrets


class Incoming(NamedTuple):
    """A hook by which a program writes. name: under which; digest: SHA-256 of its token; made: ms since the epoch."""

    id: str
    name: str
    digest: str
    made: int


class Outgoing(NamedTuple):
    """A hook to which messages go.

    url: as its owner wrote it. kind: of KINDS; word: for those that ask for one. secret: signs what goes out.
    """

    id: str
    url: str
    kind: str
    word: str
    secret: str
    made: int


Hook = Incoming | Outgoing


class Progress(NamedTuple):
    """How far an outgoing hook has come.

    place: the id of the last entry that it was told of, or that it did not want. on: messages go out.
    tries: failures since the last answer that took one; since: when the first was; due: when the next try is; at: when
    the last one was, all ms since the epoch, 0 for never. answer: the last status, or a word above; "" for none yet.
    """

    place: str
    on: bool = True
    tries: int = 0
    since: int = 0
    due: int = 0
    at: int = 0
    answer: str = ""

    def delivered(self, place: str, now: int, status: int) -> Progress:
        """Give it after a message was taken; now: ms since the epoch."""
        return Progress(place, at=now, answer=str(status))

    def failed(self, now: int, answer: str, chance: float) -> Progress:
        """Give it after a message was not taken; chance: from 0 to 1. After a day it is off, at 410 Gone at once."""
        since = self.since if self.tries else now
        on = now - since < GIVEN_UP and answer != "410"
        due = now + pause(self.tries, chance)
        return Progress(self.place, on, self.tries + 1, since, due, now, answer)

    def moved(self, place: str) -> Progress:
        """Give it after entries that it does not want."""
        return self._replace(place=place)

    def woken(self) -> Progress:
        """Give it as its owner switches it on again: it goes on where it stopped."""
        return Progress(self.place, at=self.at, answer=self.answer)


class Held(NamedTuple):
    """A hook as a room has it. progress: how far it has come; None of incoming ones."""

    hook: Hook
    progress: Progress | None = None


class New(NamedTuple):
    """A hook that was made just now, with what is shown of it this once.

    name: under which an incoming one writes, "" for an outgoing one. secret: the token of its address, or what signs.
    """

    name: str
    secret: str


class Due(NamedTuple):
    """What a hook is told next. id: the same for each try of it; payload: as JSON; place: where it stands then."""

    id: str
    payload: str
    place: str


def pause(tries: int, chance: float) -> int:
    """Give the ms until the next try: 5 s, 20 s, 80 s, … 6 h, each a fifth more or less; ten of them make a day.

    tries: failures before this one; chance: from 0 to 1.
    """
    least = min(LONGEST_PAUSE, int(FIRST_PAUSE * PAUSE_FACTOR ** min(tries, 20)))
    return round(least * (1 + SPREAD * (2 * chance - 1)))


def wants(hook: Outgoing, message: Message) -> bool:
    """Tell whether a message goes to a hook. What bots and hooks wrote does not: two of them would talk for ever."""
    if message.deleted or is_bot(message.name):
        return False
    if hook.kind == ALL:
        return True
    words, wanted = fold(message.said).split(), fold(hook.word).split()
    if hook.kind == FIRST:
        return words[: len(wanted)] == wanted
    words, wanted = [*map(_stripped, words)], [*map(_stripped, wanted)]
    return any(words[place : place + len(wanted)] == wanted for place in range(len(words) - len(wanted) + 1))


def due(hook: Outgoing, room: str, place: str, entries: Sequence[Entry], end: str) -> Iterator[Due]:
    """Give what a hook is to be told of entries that were read after its place, in order.

    entries: oldest first; more than were read may be left. end: the log's newest id. The last one has no payload, "",
    where entries follow that nobody wants: only the place moves.
    """
    lost = entries[0].prev if entries else end
    if lost != place:  # the log went on past it, or began anew
        yield Due(f"{hook.id}.{place}.gap", write_gap(room, place, lost), lost)
        place = lost
    told = place
    for entry in entries:
        place = entry.id
        if entry.message is not None and wants(hook, entry.message):
            told = place
            yield Due(f"{hook.id}.{entry.id}", write_event(room, entry.message), place)
    if told != place:
        yield Due("", "", place)


def write_event(room: str, message: Message) -> str:
    """Write a message as a hook is told of it."""
    return _json(
        {"type": "message.created", "timestamp": iso(message.at), "data": {"room": room, **message_json(message, room)}}
    )


def write_gap(room: str, after: str, until: str) -> str:
    """Write that entries are missing: those after a place, up to another one with it."""
    return _json({"type": "gap", "data": {"room": room, "after": after, "until": until}})


def _json(held: Json) -> str:
    return json.dumps(held, ensure_ascii=False, separators=(",", ":"))


# --- secrets -----------------------------------------------------------------------------------------


def new_secret(chance: bytes) -> str:
    """Write a secret as Standard Webhooks has it; chance: 24 to 64 random bytes."""
    return _SECRET + base64.b64encode(chance).decode()


def sign(secret: str, message_id: str, seconds: int, payload: bytes) -> str:
    """Sign what goes out as Standard Webhooks has it (https://www.standardwebhooks.com); seconds: since the epoch."""
    key = base64.b64decode(secret.removeprefix(_SECRET))
    signed = b".".join((message_id.encode(), str(seconds).encode(), payload))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def digest_of(token: str) -> str:
    """Give what is kept of a token, by which it is found: 64 hex digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def author_of(hook_id: str) -> str:
    """Give the identity under which a hook writes, which no cookie can hold; its public id is the author's."""
    return f"hook:{hook_id}"


# --- what its owner chooses --------------------------------------------------------------------------


def clean_word(kind: str, typed: str) -> str:
    """Make the word that messages are chosen by; "" where all go out.

    Raises:
        BadHook: there is none where one has to be, or it is several, or too long.
    """
    if kind == ALL:
        return ""
    word = "" if has_surrogate(typed) else one_line(typed)
    if not is_visible(word) or " " in word or len(word) > MAX_WORD or not fold(word).split():
        raise BadHook("Say which word: one, of at most %(most)d characters.", most=MAX_WORD)
    return word


def host_of(url: str) -> str:
    """Give the host of an address that was taken, for who is shown it: the rest may hold a secret."""
    return urlsplit(url).netloc.lower() or "?"


# --- as the store keeps them -------------------------------------------------------------------------


def write_hooks(hooks: Sequence[Hook]) -> str:
    """Write a room's hooks; "" for none."""
    return _json_list([{"in": one} if isinstance(one, Incoming) else {"out": one} for one in hooks]) if hooks else ""


def read_hooks(written: str | None) -> tuple[Hook, ...]:
    """Read a room's hooks; those that another version wrote are left out."""
    try:
        held = json.loads(written or "[]")
        return tuple(one for one in map(_hook, held) if one is not None)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ()


def _hook(held: Any) -> Hook | None:
    ((way, fields),) = held.items()
    if way == "in" and len(fields) == len(Incoming._fields):
        hook_id, name, digest, made = fields
        return Incoming(str(hook_id), str(name), str(digest), int(made))
    if way == "out" and len(fields) == len(Outgoing._fields) and _is_secret(str(fields[4])):
        hook_id, url, kind, word, secret, made = fields
        return Outgoing(str(hook_id), str(url), str(kind), str(word), str(secret), int(made))
    return None


def _is_secret(secret: str) -> bool:
    try:
        return bool(base64.b64decode(secret.removeprefix(_SECRET), validate=True))
    except binascii.Error:
        return False


def _json_list(held: list[Any]) -> str:
    return json.dumps(held, ensure_ascii=False, separators=(",", ":"))


def write_progress(one: Progress) -> str:
    """Write how far a hook has come: "PLACE ON TRIES SINCE DUE AT ANSWER"."""
    return f"{one.place} {int(one.on)} {one.tries} {one.since} {one.due} {one.at} {one.answer}"


def read_progress(written: str | None) -> Progress | None:
    """Read what `write_progress` wrote; None where it is something else."""
    try:
        place, on, *numbers, answer = (written or "").split(" ", 6)
        tries, since, due_at, at = map(int, numbers)
    except ValueError:
        return None
    return Progress(place, on == "1", tries, since, due_at, at, answer) if is_entry_id(place) else None


def is_behind(progress: Progress, last: str) -> bool:
    """Tell whether entries came after a hook's place; last: the log's newest id."""
    return progress.place != last and is_entry_id(last) and order(progress.place) != order(last)


def _stripped(word: str) -> str:
    return word.strip(".,:;!?()[]{}\"'«»“”‘’<>@#…") or word
