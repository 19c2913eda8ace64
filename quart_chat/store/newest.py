"""Pages of messages. A worker keeps rooms' newest ones: the store is asked each time, and tells only what is new."""

from __future__ import annotations

from dataclasses import dataclass

from quart_chat.kept import Kept
from quart_chat.room.changes import Changes
from quart_chat.room.entries import Entry, Header, Message
from quart_chat.store import keys
from quart_chat.store.changing import header_of, overlay
from quart_chat.store.line import Argument
from quart_chat.store.pipeline import Pipeline, Script
from quart_chat.store.rows import read_row

ROOMS = 1000  # newest pages that a worker keeps, as long as
CHARACTERS = 8_000_000  # they hold no more than these together: some 16 MB
REACTED = 100  # characters that somebody's reaction counts for
ENTRY = 400  # characters that a message counts for besides its text
ATTACHED = 300  # that each of its files counts for


@dataclass(frozen=True, slots=True)
class Page:
    """A page of messages, oldest first.

    more: whether older ones (read backwards) or newer ones (read forwards) lie beyond it.
    """

    messages: tuple[Message, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Newest:
    """A room as it stands: its newest page, and the place that belongs to it, read in one go.

    title: None where the room does not exist yet.
    """

    page: Page
    place: str
    title: str | None
    header: Header


@dataclass(frozen=True, slots=True)
class _Known:
    """A newest page as it was read; entries: torn ones too, as they were written; count: messages that the room had.

    changed: the id of the room's last change; "" for none.
    """

    newest: Newest
    entries: tuple[Entry, ...]
    count: int
    changed: str


class NewestPages:
    """Rooms' newest pages. Where nothing has changed it is the same object again: what was made of it still holds."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._script = Script.load("newest.lua")
        self._kept: Kept[tuple[str, int], _Known] = Kept(ROOMS, CHARACTERS)

    async def read(self, room: str, size: int) -> Newest:
        """Read a room's newest page; size: messages that a page has at most.

        Raises:
            StoreAway: no answer.
        """
        known = self._kept.get((room, size))
        told: tuple[Argument, ...] = (size, "", "", 0, "")
        if known is not None:
            told = (size, known.newest.place, known.entries[-1].id, known.count, known.changed)
        names = (keys.last(room), keys.meta(room), keys.messages(room))
        place, count, title, topic, pins, changed, *news = await self._pipeline.script(self._script, names, told)
        if known is not None and not news and title == known.newest.title:
            return known.newest
        entries = known.entries if known is not None else ()
        if news:
            rows, follow = news
            read = tuple(read_row(*row) for row in rows)
            entries = (*entries, *read)[-min(size, count) :] if follow else read[::-1]
        messages = tuple(entry.message for entry in entries if entry.message is not None)
        if changed is not None:
            messages = await overlay(self._pipeline, room, messages)
        if count <= size:
            messages = as_first(messages)
        newest = Newest(Page(messages, count > size), place, title, header_of(topic, pins))
        if entries:
            weight = sum(
                ENTRY + len(entry.message.text) + ATTACHED * len(entry.message.files)
                for entry in entries
                if entry.message is not None
            )
            weight += sum(_weight(message.changes) for message in messages if message.changes is not None)
            self._kept.put((room, size), _Known(newest, entries, count, changed or ""), weight)
        return newest


def as_first(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Give messages, oldest first, as those with which a room begins: what came before them it has no more."""
    if not messages or messages[0].before is None:
        return messages
    return (messages[0]._replace(before=None), *messages[1:])


def _weight(changes: Changes) -> int:
    return len(changes.text or "") + REACTED * sum(len(one.people) for one in changes.reactions)
