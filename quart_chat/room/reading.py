"""How far somebody has read, and what is new to them since."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from quart_chat.room.entries import PIN, TOPIC, Message, order

MOST = 100  # messages that are counted: from there on it is "99+"


class News(NamedTuple):
    """What is new to somebody in a room.

    new: messages of others, at most MOST; meant: how many of them mean that person.
    first: the id of the first of them; "" where there is none, or it is not known.
    """

    new: int = 0
    meant: int = 0
    first: str = ""


NO_NEWS = News()


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
