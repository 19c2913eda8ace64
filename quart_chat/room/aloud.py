"""What is read out of messages that have come: each one where they are few, else how many are whose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from quart_chat.room.entries import Message

WHOLE = 3  # messages that are read out themselves
NAMED = 3  # people of whom it is said how many are theirs
MEANT = 20  # people whom one line tells that they are mentioned


class Line(NamedTuple):
    """What is said of one person's messages.

    author: their public id; "" where it is said of several people's. name: theirs, or whose the last message is.
    number: of messages. message: the one, to be read out; None where they are only counted.
    meant: public ids of who is mentioned in them.
    """

    author: str
    name: str
    number: int
    message: Message | None
    meant: tuple[str, ...]


def lines(messages: Iterable[Message], number: int = 0) -> tuple[Line, ...]:
    """Sum up messages for who hears a page; what is deleted already is left out.

    messages: the newest, oldest first; number: of all that there were, where these are not all.
    """
    given = tuple(messages)
    there = [message for message in given if not message.deleted]
    if not there:
        return ()
    all_of_them = number <= len(given)
    if all_of_them and len(there) <= WHOLE:
        return tuple(Line(one.author, one.name, 1, one, _meant((one,))) for one in there)
    authors = {message.author: message.name for message in there}
    if all_of_them and len(authors) <= NAMED:
        return tuple(_counted(author, name, there) for author, name in authors.items())
    return (Line("", there[-1].name, max(number, len(there)), None, _meant(there)),)


def _counted(author: str, name: str, messages: Iterable[Message]) -> Line:
    theirs = [message for message in messages if message.author == author]
    return Line(author, name, len(theirs), None, _meant(theirs))


def _meant(messages: Iterable[Message]) -> tuple[str, ...]:
    meant = dict.fromkeys(mention.person for message in messages for mention in message.meant)
    return tuple(meant)[:MEANT]
