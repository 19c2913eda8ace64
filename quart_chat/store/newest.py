"""Pages of messages. A worker keeps rooms' newest ones: the store is asked each time, and tells only what is new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quart_chat.events import get_logger
from quart_chat.kept import Kept
from quart_chat.room.entries import NO_ENTRY, Entry, Message, TornEntry, read_entry
from quart_chat.store import keys
from quart_chat.store.line import Argument
from quart_chat.store.pipeline import Pipeline, Script

ROOMS = 1000  # newest pages that a worker keeps, as long as
CHARACTERS = 8_000_000  # they hold no more than these together: some 16 MB
ENTRY = 400  # characters that a message counts for besides its text

logger = get_logger(__name__)


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


@dataclass(frozen=True, slots=True)
class _Known:
    """A newest page as it was read; entries: torn ones too; count: messages that the room had."""

    newest: Newest
    entries: tuple[Entry, ...]
    count: int


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
        told: tuple[Argument, ...] = (size, "", "", 0)
        if known is not None:
            told = (size, known.newest.place, known.entries[-1].id, known.count)
        names = (keys.last(room), keys.meta(room), keys.messages(room))
        place, title, count, *news = await self._pipeline.script(self._script, names, told)
        if known is not None and not news and title == known.newest.title:
            return known.newest
        entries = known.entries if known is not None else ()
        if news:
            rows, follow = news
            read = tuple(read_row(*row) for row in rows)
            entries = (*entries, *read)[-min(size, count) :] if follow else read[::-1]
        newest = Newest(page_of(entries, more=count > size), place, title)
        if entries:
            weight = sum(ENTRY + len(entry.message.text) for entry in entries if entry.message is not None)
            self._kept.put((room, size), _Known(newest, entries, count), weight)
        return newest


def page_of(entries: Iterable[Entry], *, more: bool) -> Page:
    """Make a page of entries; those that this version cannot show are passed over."""
    return Page(tuple(entry.message for entry in entries if entry.message is not None), more)


def read_row(row_id: str, pairs: Sequence[str]) -> Entry:
    """Read a row of either stream; one that is torn keeps its place and shows nothing.

    pairs: its fields, a name and a value each, flat.
    """
    fields = dict(zip(pairs[::2], pairs[1::2], strict=True))
    prev = fields.get("prev", NO_ENTRY)  # the stream of messages alone has none
    try:
        return read_entry(row_id, prev, fields["at"], fields["before"], fields["body"])
    except (TornEntry, KeyError) as error:
        logger.error("entry.torn", id=row_id, reason=type(error).__name__)  # noqa: TRY400 - its text stays out
        return Entry(row_id, prev, None)
