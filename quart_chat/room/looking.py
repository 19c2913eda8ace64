"""How a room is looked through: from a place backwards, until there is enough or nothing is left. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from quart_chat.room.entries import Entry, Message, order
from quart_chat.room.folding import fold
from quart_chat.room.proofs import bare
from quart_chat.room.search import Query

DAY = 24 * 60 * 60 * 1000  # ms

# An id is the time of day, but where a clock was set back ids go on from where they were. So days narrow what is looked
# through by ids, with this much to spare for clocks that went wrong.
ASTRAY = 1 * DAY

CHARACTERS = (
    10_000  # of texts in a chunk, and one text more: 10 ms at worst, with ten words against texts made for that
)
TEXT = 200  # characters that a message counts for besides its text


class Chunk(NamedTuple):
    """Messages that follow one another in a room, newest first, without those that nobody can find.

    newest, oldest: ids of the first and the last, those that nobody can find too. at: when the last was written, ms
    since the epoch. ids, times, names, texts: of the messages; the last two folded. weight: characters.

    In columns, for tuples of texts and numbers alone cost the collector of garbage nothing.
    """

    newest: str
    oldest: str
    at: int
    ids: tuple[str, ...]
    times: tuple[int, ...]
    names: tuple[str, ...]
    texts: tuple[str, ...]
    weight: int


def chunks_of(entries: Iterable[Entry]) -> Iterator[Chunk]:
    """Make chunks of a room's messages as they stand, newest first; entries: torn ones too."""
    messages: list[Message] = []
    texts: list[str] = []
    newest, oldest, at, characters = "", "", 0, 0

    def made() -> Chunk:
        ids, times = tuple(one.id for one in messages), tuple(one.at for one in messages)
        names = tuple(_folded_name(one.name) for one in messages)
        return Chunk(newest, oldest, at, ids, times, names, tuple(texts), characters + TEXT * len(texts))

    for entry in entries:
        newest, oldest = newest or entry.id, entry.id
        message = entry.message
        at = order(entry.id)[0] if message is None else message.at
        if message is not None and not message.deleted:
            messages.append(message)
            texts.append(fold(message.said))
            characters += len(texts[-1])
        if characters >= CHARACTERS:
            yield made()
            messages, texts, newest, characters = [], [], "", 0
    if newest:
        yield made()


def joined(newer: Iterable[Chunk], older: Sequence[Chunk]) -> list[Chunk]:
    """Put chunks before others that they follow; where both are small one is made of two, so that there are few."""
    chunks = [*newer, *older]
    at = len(chunks) - len(older)
    if 0 < at < len(chunks) and chunks[at - 1].weight + chunks[at].weight <= CHARACTERS:
        one, two = chunks[at - 1 : at + 1]
        columns = (one.ids + two.ids, one.times + two.times, one.names + two.names, one.texts + two.texts)
        chunks[at - 1 : at + 1] = [Chunk(one.newest, two.oldest, two.at, *columns, one.weight + two.weight)]
    return chunks


@lru_cache(10_000)
def _folded_name(name: str) -> str:
    return fold(bare(name))


class Look:
    """A search on its way backwards.

    before: the id of the message before which it begins; None: at the newest. most: messages that are enough.

    found: ids, newest first, one more than enough where there are more. reached: the id of the last message that was
    looked at; None before the first. at: when that was written, ms since the epoch. ended: there is no need to go on.
    """

    def __init__(self, query: Query, before: str | None, most: int) -> None:
        self._query = query
        self._most = most
        self._start = order(before) if before is not None else None
        if query.until is not None:
            latest = max(0, query.until + ASTRAY), 0
            self._start = latest if self._start is None else min(self._start, latest)
        self._first = None if query.since is None else query.since - ASTRAY
        self.found: list[str] = []
        self.reached: str | None = None
        self.at = 0
        self.ended = self._start == (0, 0)  # nothing comes before the smallest id

    @property
    def next(self) -> str | None:
        """The id before which to read on; None: from the newest message."""
        if self.reached is not None:
            return self.reached
        return "{}-{}".format(*self._start) if self._start is not None else None

    @property
    def enough(self) -> bool:
        """Whether there are more messages than are wanted."""
        return len(self.found) > self._most

    def through(self, chunk: Chunk) -> None:
        """Look through messages, those that come next; of those before the beginning nothing is seen."""
        start = self._start
        if self.ended or (start is not None and order(chunk.oldest) >= start):
            return
        within = start is not None and order(chunk.newest) >= start
        rarest = self._query.terms[0].longest if self._query.terms else ""
        for at, text in enumerate(chunk.texts):
            if rarest not in text or not self._query.fits(chunk.times[at], chunk.names[at], text):
                continue
            if not within or (start is not None and order(chunk.ids[at]) < start):
                self.found.append(chunk.ids[at])
                if self.enough:
                    self.ended = True
                    return
        self.reached, self.at = chunk.oldest, chunk.at
        if self._first is not None:
            self.ended = order(chunk.oldest)[0] < self._first and chunk.at < self._first
