"""Appends to rooms' logs: few script calls of a room are under way at once; what comes meanwhile goes with the next."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from quart_chat.errors import BadFile, Refused, Spent, StoreAway, Unwelcome
from quart_chat.room.attachments import Attached
from quart_chat.room.entries import Quote, write_message
from quart_chat.room.mentions import Mention
from quart_chat.room.rights import PRIVATE
from quart_chat.store import keys
from quart_chat.store.line import Argument
from quart_chat.store.pipeline import Pipeline, Script

MOST = 100  # messages of one script call, about 3 ms of the store's time
NONCE_KEPT = 86_400_000  # ms that a retry is known as one: a laptop's night; 180 bytes each
FULL = -2  # what the script says of files that the room may not hold
SHUT = -3  # and what change.lua says, too, of an address that is closed to the author (`shut.lua`)
CALLS = 4  # of a room under way: while the store is at one, this worker renders what came out of the other


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it is in the log.

    author: public id; name: as the room shows it; text: as `clean_text` left it; nonce: its idempotency key.
    kind: of its entry. typed: what was sent for it, by which a retry is known; "" where that is the text.
    reply: what it answers; None for most. mentions: who is meant in it. files: what it carries; quota: bytes that all
    files of the room may have, 0 for any.
    """

    author: str
    name: str
    text: str
    nonce: str
    kind: str = ""
    typed: str = ""
    reply: Quote | None = None
    mentions: tuple[Mention, ...] = ()
    files: tuple[Attached, ...] = ()
    quota: int = 0


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a draft.

    id: of its entry. new: False where that nonce had been appended before. same: False where it was with another text.
    full: the room may not hold so many bytes of files. shut: the room is gone, and its address is closed to the author.
    """

    id: str
    new: bool
    same: bool
    full: bool = False
    shut: bool = False

    @property
    def refused(self) -> Refused | None:
        """Why the draft is not in the room; None where it is."""
        if self.shut:
            return Unwelcome(PRIVATE)
        if self.full:
            return BadFile("This room holds no more files. Delete messages with files first, or use another room.")
        return None if self.same else Spent("This form was sent before with another text.")


@dataclass(slots=True)
class _Waiting:
    drafts: Sequence[Draft]
    done: asyncio.Future[list[Appended]]


@dataclass(slots=True)
class _Room:
    waiting: deque[_Waiting] = field(default_factory=deque)
    calls: int = 0  # under way


class Appends:
    """What a worker appends.

    fixed: what the script is told of every room first (`entry.lua`).
    """

    def __init__(self, pipeline: Pipeline, fixed: Sequence[Argument]) -> None:
        self._pipeline = pipeline
        self._fixed = fixed
        self._script = Script.load("held.lua", "entry.lua", "shut.lua", "append.lua")
        self._rooms: dict[str, _Room] = {}  # those of which a call is under way

    async def add(self, room: str, drafts: Sequence[Draft]) -> list[Appended]:
        """Append messages of one sender, in their order; a nonce of an author is appended once.

        Two calls of this may overtake each other: whoever's messages have an order waits for the answer.

        Raises:
            StoreAway: whether any was appended is unknown; the same nonces may be sent again.
        """
        waiting = _Waiting(drafts, asyncio.get_running_loop().create_future())
        self._rooms.setdefault(room, _Room()).waiting.append(waiting)
        self._send(room)
        return await waiting.done

    def _send(self, room: str) -> None:
        """Call the script for what waits, unless enough is under way."""
        found = self._rooms[room]
        if found.calls >= CALLS:
            return
        taken: list[_Waiting] = []
        count = 0
        while found.waiting and (not taken or count + len(found.waiting[0].drafts) <= MOST):
            taken.append(found.waiting.popleft())
            count += len(taken[-1].drafts)
        found.calls += 1
        drafts = [draft for one in taken for draft in one.drafts]
        names = [*keys.of_entries(room)]
        args: list[Argument] = [*self._fixed, room, NONCE_KEPT]
        for draft in drafts:
            names.append(keys.nonce(room, draft.author, draft.nonce))
            digest = hashlib.sha256((draft.typed or draft.text).encode()).hexdigest()[:16]
            args += (_body(draft, draft.reply), draft.author, draft.name, digest)
            reply = draft.reply
            args += ("", "") if reply is None else (reply.id, _body(draft, reply._replace(text="")))
            args.append(f"{draft.quota} {write_sizes(draft.files)}" if draft.files else "")
        self._pipeline.script(self._script, names, args).add_done_callback(partial(self._answered, room, taken))

    def _answered(self, room: str, taken: list[_Waiting], answer: asyncio.Future[Any]) -> None:
        found = self._rooms[room]
        found.calls -= 1
        if answer.cancelled():  # the worker ends
            for waiting in (*taken, *found.waiting):
                waiting.done.cancel()
            found.waiting.clear()
            return
        error = answer.exception()
        results = iter(()) if error else iter(answer.result())
        for waiting in taken:
            if error:
                if not waiting.done.done():
                    waiting.done.set_exception(StoreAway(str(error)))
                continue
            appended = []
            for _ in waiting.drafts:
                code, entry_id = int(next(results)), str(next(results))
                appended.append(Appended(entry_id, new=code > 0, same=code >= 0, full=code == FULL, shut=code == SHUT))
            if not waiting.done.done():
                waiting.done.set_result(appended)
        if found.waiting:
            self._send(room)
        elif not found.calls:
            del self._rooms[room]


def _body(draft: Draft, reply: Quote | None) -> str:
    who, said = (draft.author, draft.name), (draft.text, draft.kind)
    return write_message(*who, *said, reply=reply, mentions=draft.mentions, files=draft.files)


def write_sizes(files: Sequence[Attached]) -> str:
    """Write what a message holds of files, as held.lua reads it; "" for nothing."""
    return " ".join(f"{one.digest} {one.size}" for one in files)
