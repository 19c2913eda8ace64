"""How far somebody has read, what is new to them since, and the last that was said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from quart_chat.room.digest import quote_of
from quart_chat.room.entries import PIN, TOPIC, Change, Message, order

MOST = 100  # messages that are counted: from there on it is "99+"
HOUR = 3_600_000  # ms
RECENT = 150  # messages of a room that are remembered to count from: some are one's own, or deleted


class News(NamedTuple):
    """What is new to somebody in a room.

    new: messages of others, at most MOST; meant: how many of them mean that person.
    first: the id of the first of them; "" where there is none, or it is not known.
    """

    new: int = 0
    meant: int = 0
    first: str = ""


NO_NEWS = News()


class Line(NamedTuple):
    """The last that was said in a room, in short.

    at: ms since the epoch. author: public id; name: as it was then. kind: of the message. text: its beginning, without
    markup, on one line; "" where its kind says all.
    """

    id: str
    at: int
    author: str
    name: str
    kind: str
    text: str


def line_of(message: Message) -> Line:
    """Sum a message up as it stands; one that is deleted has no line."""
    text = quote_of(message).text if message.said or message.files else ""
    return Line(message.id, message.at, message.author, message.name, message.kind, text)


def has_gone(line: Line, keep: int, now: int) -> bool:
    """Tell whether a message is older than its room keeps any, and is only still there because nobody came by yet.

    keep: hours, 0 for as long as there is room; now: ms since the epoch.
    """
    return keep > 0 and line.at <= now - keep * HOUR


def people_meant(message: Message) -> frozenset[str]:
    """Tell whom a message means: by name, or by answering them; their public ids, without its author's."""
    if message.deleted or message.kind in (TOPIC, PIN):
        return frozenset()
    if message.reply is None and not message.meant:
        return frozenset()
    meant = {mention.person for mention in message.meant}
    if message.reply is not None:
        meant.add(message.reply.author)
    return frozenset(meant - {message.author})


def news_in(messages: Iterable[Message], read: str, public: str) -> News:
    """Tell what is new in messages, oldest first, to somebody who read up to an entry's id; public: their public id."""
    place = order(read)
    new = [one for one in messages if one.author != public and not one.deleted and order(one.id) > place]
    if not new:
        return NO_NEWS
    return News(min(MOST, len(new)), min(MOST, sum(public in people_meant(one) for one in new)), new[0].id)


class Recent:
    """A room's newest messages, as they stand, from which what is new to anybody is counted.

    cut: the room had older ones; so the first that is new to somebody who has read none of these is not known.
    """

    def __init__(self) -> None:
        self.cut = False
        self._messages: dict[str, Message] = {}  # by id, oldest first
        self._listed: list[Message] = []  # those that are not deleted
        self._places: list[tuple[int, int]] = []  # theirs
        self._of: dict[str, list[tuple[int, int]]] = {}  # by author
        self._meaning: dict[str, list[Message]] = {}  # by whom they mean

    def clear(self) -> None:
        """Forget all."""
        self.cut = False
        self._messages.clear()
        self._list_anew()

    def take(self, messages: Iterable[Message]) -> None:
        """Take messages: newer ones, or in whatever order such as are known already, as they stand now."""
        in_order = True
        for message in messages:
            last = next(reversed(self._messages), "0-0")
            in_order &= order(message.id) > order(last)
            self._messages[message.id] = message
            if in_order:
                self._list(message)
        if in_order and len(self._messages) <= 2 * RECENT:
            return
        self.cut |= len(self._messages) > RECENT
        kept = sorted(self._messages.values(), key=lambda one: order(one.id))[-RECENT:]
        self._messages = {one.id: one for one in kept}
        self._list_anew()

    def change(self, change: Change) -> None:
        """Take what befell a message."""
        message = self._messages.get(change.of)
        if message is not None:
            self._messages[change.of] = message._replace(changes=change.changes)
            if change.text:
                self._list_anew()

    def news(self, read: str, public: str) -> News:
        """Tell what is new to somebody who has read up to an entry's id; public: their public id."""
        place = order(read)
        start = bisect_right(self._places, place)
        own, meant = self._of.get(public, []), self._meaning.get(public, [])
        new = len(self._places) - start - (len(own) - bisect_right(own, place))
        if not new:
            return NO_NEWS
        first = next(one.id for one in self._listed[start:] if one.author != public)
        if start == 0 and self.cut:
            first = ""
        count = sum(order(one.id) > place for one in meant)
        return News(min(MOST, new), min(MOST, count), first)

    def last_meaning(self, public: str) -> Message | None:
        """Give the newest message that means somebody; None where none does."""
        return next(reversed(self._meaning.get(public, [])), None)

    def _list_anew(self) -> None:
        for held in (self._listed, self._places, self._of, self._meaning):
            held.clear()
        for message in self._messages.values():
            self._list(message)

    def _list(self, message: Message) -> None:
        if message.deleted:
            return
        place = order(message.id)
        self._listed.append(message)
        self._places.append(place)
        self._of.setdefault(message.author, []).append(place)
        for person in people_meant(message):
            self._meaning.setdefault(person, []).append(message)
