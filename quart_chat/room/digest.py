"""What entries come to: each message as it stands after all that befell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from quart_chat.room.attachments import named
from quart_chat.room.changes import NOTHING, Changes, Held
from quart_chat.room.entries import Change, Entry, Header, Message, Quote, order
from quart_chat.room.markup import to_plain


class Record(NamedTuple):
    """A message with all that the store keeps of it."""

    message: Message
    held: Held = NOTHING


class Digest(NamedTuple):
    """What entries come to. messages: new ones, as they stand after all of them; changes: of those before.

    header: as it stands then; None where it is the same.
    """

    messages: tuple[Message, ...] = ()
    changes: tuple[Change, ...] = ()
    header: Header | None = None


def digest(entries: Iterable[Entry]) -> Digest:
    """Sum up entries that follow one another."""
    messages: dict[str, Message] = {}
    changes: dict[str, Change] = {}
    header = None
    for entry in entries:
        if entry.message is not None:
            messages[entry.id] = entry.message
        if entry.change is not None:
            change, before = entry.change, changes.get(entry.change.of)
            if before is not None:
                change = change._replace(
                    text=change.text or before.text, reactions=change.reactions or before.reactions
                )
            changes[change.of] = change
        header = entry.header or header
    if changes and messages:
        states = {change.of: change.changes for change in changes.values()}
        messages = {entry_id: overlaid(message, states) for entry_id, message in messages.items()}
    old = tuple(change for change in changes.values() if change.of not in messages)
    return Digest(tuple(messages.values()), old, header)


def overlaid(message: Message, changes: Mapping[str, Changes]) -> Message:
    """Give a message as it stands after what befell it, and what it answers; changes: by id."""
    if message.id in changes:
        message = message._replace(changes=changes[message.id])
        if message.deleted:
            return message._replace(reply=None, files=())
    if message.reply is not None and message.reply.id in changes:
        message = message._replace(reply=requoted(message.reply, changes[message.reply.id]))
    return message


def unquoted(entry: Entry, oldest: str | None) -> Entry:
    """Give an entry without what it quotes of a message that its room has no more.

    oldest: the id of the oldest that it has; None: it has none.
    """
    message = entry.message
    if message is None or message.reply is None or (oldest is not None and order(message.reply.id) >= order(oldest)):
        return entry
    return entry._replace(message=message._replace(reply=message.reply._replace(text="")))


def requoted(quote: Quote, changes: Changes) -> Quote:
    """Give a quote as it stands after what befell its message."""
    if changes.deleted:
        return quote._replace(text="")
    return quote if changes.text is None else quote._replace(text=to_plain(changes.text))


def quote_of(message: Message) -> Quote:
    """Quote a message as it stands."""
    said = named(message.files) if message.files and not message.said else to_plain(message.said)
    return Quote(message.id, message.author, message.name, "" if message.deleted else said)
