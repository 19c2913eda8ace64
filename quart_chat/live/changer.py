"""What changes something that is in a room: an edit, a deletion, a reaction, a pin, a topic.

Each change is worked out from what the store holds, and written if it still holds that; else it is worked out anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple
from weakref import WeakValueDictionary

from quart_chat.errors import BadText, NoMessage, NotYours, StoreAway, TooFast
from quart_chat.events import get_logger
from quart_chat.live.company import Company
from quart_chat.live.leftovers import Leftovers
from quart_chat.room import changes
from quart_chat.room.changes import Held, clean_emoji, versions_of, write_held, write_versions
from quart_chat.room.digest import quote_of
from quart_chat.room.entries import (
    NO_ENTRY,
    PAST_ALL,
    PIN,
    TOPIC,
    Change,
    Header,
    Message,
    write_change,
    write_message,
    write_new_header,
    write_pins,
)
from quart_chat.room.limits import (
    DELETIONS,
    DELETIONS_OF_ADDRESS,
    PURGES,
    PURGES_OF_ADDRESS,
    per_minute_of_address,
    per_minute_of_person,
)
from quart_chat.room.names import clean_title
from quart_chat.room.people import Person
from quart_chat.room.proofs import is_proved
from quart_chat.room.record import DELETED, PURGED_OF, Whom
from quart_chat.room.rights import FOR_KEEPERS, FOR_OWNERS, NEWCOMER, Right, Standing, may, rights, silenced
from quart_chat.room.texts import clean_text, clean_topic
from quart_chat.store.changing import Found, Teller, Value
from quart_chat.store.limits import Limits
from quart_chat.store.log import Log
from quart_chat.store.rules import RoomRules

MOST_PINS = 10
PURGED = 50  # messages that one purge deletes, at most: each takes the store 45 ms in a room of 10,000
TRIES = 20  # of a change that others overtake; this worker's own wait for one another
AGAIN = 1.0  # seconds after which it may be tried again by hand

logger = get_logger(__name__)

GONE = "There is no such message any more."


class _Plan(NamedTuple):
    """What is to be written, as `Changing.write` takes it."""

    body: str
    values: list[Value]
    about: str = ""
    scrub: bool = False
    teller: Teller | None = None


class Changer:
    """Checks what somebody changes, and writes it.

    characters: the most that a message may have; per_minute: changes of one person, and as many reactions; 0 for any
    number. keep_versions: whether earlier texts of edited messages are kept. clock: ms since the epoch.
    """

    def __init__(
        self,
        log: Log,
        limits: Limits,
        company: Company,
        leftovers: Leftovers,
        rules: RoomRules,
        *,
        characters: int,
        per_minute: int,
        keep_versions: bool,
        clock: Callable[[], int],
    ) -> None:
        self._log = log
        self._limits = limits
        self._company = company
        self._leftovers = leftovers
        self._rules = rules
        self._characters = characters
        self._person = per_minute_of_person(per_minute)
        self._address = per_minute_of_address(per_minute)
        self._keep_versions = keep_versions
        self._clock = clock
        # of rooms in which something is being changed: this worker's changes would overtake one another else
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def edit(self, room: str, person: Person, address: str, entry_id: str, text: str) -> None:
        """Give one's own message another text.

        Raises:
            BadText: it cannot be kept as it is. NoMessage: there is none of that id. NotYours: somebody else wrote it,
            or it is of a kind that nobody edits. TooFast: a limit was reached. StoreAway: it may have been done.
        """
        text = clean_text(text, self._characters)
        meant = await self._company.meant_in(room, text)

        def plan(found: Found, standing: Standing) -> _Plan | None:
            message = _may(Right.EDIT, found, person.public, standing)
            if message.said == text:
                return None
            stood = (found.held.edited or message.at, message.said)
            held = changes.edit(found.held, stood, text, self._clock(), keep=self._keep_versions, mentions=meant)
            return _of_message(found, message, held, text=True)

        await self._change(room, person, address, entry_id, plan)

    async def delete(self, room: str, person: Person, address: str, entry_id: str) -> None:
        """Delete one's own message, or as a moderator anybody's.

        Nothing of what it said stays, and no file that no other message holds.

        Raises:
            NoMessage, NotYours, TooFast, StoreAway: as `edit`.
        """
        await self._limits.demand_from_both("deletions", person.public, address, DELETIONS, DELETIONS_OF_ADDRESS)
        await self._limits.demand_from_both("changes", person.public, address, self._person, self._address)
        standing = await self._standing(room, person, address)
        author, name = await self._delete(room, person.public, standing, entry_id)
        if author not in ("", person.public):
            await self._rules.record(room, person.name, DELETED, name)

    async def erase(self, room: str, public: str, entry_id: str) -> None:
        """Delete a message of somebody as `delete` does, without limits and rules: they want all of theirs deleted.

        Raises:
            NoMessage, NotYours, StoreAway: as `edit`.
        """
        await self._delete(room, public, NEWCOMER, entry_id)

    async def purge(self, room: str, person: Person, address: str, whom: Whom, *, since: int) -> int:
        """Delete what somebody wrote since then, as a moderator; gives how many messages, PURGED at most.

        since: ms since the epoch.

        Raises:
            NotYours: only those who keep order may. TooFast, StoreAway: as `edit`; some of it may be done.
        """
        standing = await self._rules.standing(room, person.public, address)
        if not may(Right.MODERATE, standing):
            raise NotYours(FOR_KEEPERS)
        await self._limits.demand_from_both("purges", person.public, address, PURGES, PURGES_OF_ADDRESS)
        count, place = 0, PAST_ALL
        while count < PURGED:
            page = await self._log.before(room, place)
            late = [one for one in page.messages if one.at >= since]
            for message in reversed(late):
                if message.author == whom.public and not message.deleted and count < PURGED:
                    with suppress(NoMessage):  # the room lost it meanwhile
                        await self._delete(room, person.public, standing, message.id)
                    count += 1
            if not page.more or not late:
                break
            place = page.messages[0].id
        await self._rules.record(room, person.name, PURGED_OF, whom.name)
        return count

    async def _delete(self, room: str, public: str, standing: Standing, entry_id: str) -> tuple[str, str]:
        """Delete a message with its files; gives its author's public id and name, "" and "" where it was gone."""
        files: list[str] = []
        author = "", ""

        def plan(found: Found, standing: Standing) -> _Plan | None:
            nonlocal files, author
            if found.message is not None and found.message.deleted:
                return None
            message = _may(Right.DELETE, found, public, standing)
            files = [one.digest for one in message.files]
            author = message.author, message.name
            return _of_message(found, message, changes.delete(), text=True, gone=True)

        await self._write(room, entry_id, plan, standing)
        try:
            await self._leftovers.take_away(room, files)
        except StoreAway as away:  # the message is gone, and its files can't be reached: the sweep takes them
            logger.warning("files.left", reason=str(away))
        return author

    async def take_back(self, room: str, public: str, entry_id: str, kind: str) -> None:
        """Take a reaction of somebody back, without limits.

        Raises:
            NoMessage, StoreAway: as `edit`.
        """

        def plan(found: Found, standing: Standing) -> _Plan | None:
            message = _may(Right.REACT, found, public, standing)
            if public not in found.held.reactions.get(kind, {}):
                return None
            return _of_message(found, message, changes.react(found.held, kind, public, ""))

        await self._write(room, entry_id, plan, NEWCOMER)

    async def react(
        self, room: str, person: Person, address: str, entry_id: str, kind: str, *, there: bool | None = None
    ) -> None:
        """Put a reaction under a message, or take it back; there: whether it is to be; None: the other way round.

        Raises:
            BadText: it is no emoji, or the message holds no more. NoMessage, TooFast, StoreAway: as `edit`.
        """
        kind = clean_emoji(kind)
        person = await self._company.named_in(room, person)
        was_there = None if there is None else not there  # as the person saw it

        def plan(found: Found, standing: Standing) -> _Plan | None:
            nonlocal was_there
            message = _may(Right.REACT, found, person.public, standing)
            is_there = person.public in found.held.reactions.get(kind, {})
            was_there = is_there if was_there is None else was_there
            if is_there != was_there:
                return None  # an attempt whose answer was lost has done it
            return _of_message(found, message, changes.react(found.held, kind, person.public, person.name))

        await self._change(room, person, address, entry_id, plan, kind="reactions")

    async def pin(self, room: str, person: Person, address: str, entry_id: str) -> None:
        """Pin a message.

        Raises:
            BadText: there are as many as there may be. NoMessage, TooFast, StoreAway: as `edit`.
        """
        person = await self._company.named_in(room, person)

        def plan(found: Found, standing: Standing) -> _Plan | None:
            _demand(Right.PIN, standing)
            message, pins = _may(Right.PIN, found, person.public, standing), found.header.pins
            if found.header.has_pinned(entry_id):
                return None
            if len(pins) >= MOST_PINS:
                raise BadText("A room has at most %(most)d pinned messages. Unpin one first.", most=MOST_PINS)
            quoted = quote_of(message)
            header = found.header._replace(pins=(*pins, quoted))
            told = write_message(person.public, person.name, "", PIN, reply=quoted, header=header)
            stays = write_message(person.public, person.name, "", PIN, reply=quoted)
            stands = Value("changes", entry_id, found.written, found.written)  # what is pinned is what it says
            teller = Teller(person.public, person.name, stays)
            return _Plan(told, [stands, *_above(found, header)], entry_id, teller=teller)

        await self._change(room, person, address, entry_id, plan)

    async def unpin(self, room: str, person: Person, address: str, entry_id: str) -> None:
        """Pin a message no longer; one that is not pinned stays so.

        Raises:
            TooFast, StoreAway: as `edit`.
        """

        def plan(found: Found, standing: Standing) -> _Plan | None:
            _demand(Right.PIN, standing)
            header = _without(found.header, entry_id)
            if header == found.header:
                return None
            return _Plan(write_new_header(header), _above(found, header))

        await self._change(room, person, address, entry_id, plan)

    async def set_topic(self, room: str, person: Person, address: str, topic: str) -> None:
        """Give the room a topic; "" takes it away.

        Raises:
            BadText: it is too long, or there is no such room yet. TooFast, StoreAway: as `edit`.
        """
        topic = clean_topic(topic)
        person = await self._company.named_in(room, person)

        def plan(found: Found, standing: Standing) -> _Plan | None:
            _demand(Right.TOPIC, standing)
            if not found.title:
                raise BadText("Say something first: a room begins with its first message.")
            if topic == found.header.topic:
                return None
            header = found.header._replace(topic=topic)
            told = write_message(person.public, person.name, topic, TOPIC, header=header)
            stays = write_message(person.public, person.name, topic, TOPIC)
            return _Plan(told, _above(found, header), teller=Teller(person.public, person.name, stays))

        await self._change(room, person, address, NO_ENTRY, plan)

    async def set_title(self, room: str, person: Person, address: str, title: str) -> None:
        """Give the room another title; its address stays.

        Raises:
            BadName: it cannot be one. NotYours: only owners may. TooFast, StoreAway: as `edit`.
        """
        title = clean_title(title)

        def plan(found: Found, standing: Standing) -> _Plan | None:
            if not may(Right.RULE, standing):
                raise NotYours(FOR_OWNERS)
            if title == found.title:
                return None
            values = [value for value in _above(found, found.header) if value.field != "title"]
            return _Plan(write_new_header(found.header), [Value("meta", "title", found.title, title), *values])

        await self._change(room, person, address, NO_ENTRY, plan)

    async def _change(
        self,
        room: str,
        person: Person,
        address: str,
        entry_id: str,
        plan: Callable[[Found, Standing], _Plan | None],
        *,
        kind: str = "changes",
    ) -> None:
        await self._limits.demand_from_both(kind, person.public, address, self._person, self._address)
        standing = await self._standing(room, person, address)
        await self._write(room, entry_id, plan, standing)

    async def _standing(self, room: str, person: Person, address: str) -> Standing:
        found = await self._rules.standing(room, person.public, address)
        return found._replace(proved=is_proved(person.name))

    async def _write(
        self, room: str, entry_id: str, plan: Callable[[Found, Standing], _Plan | None], standing: Standing
    ) -> None:
        async with self._locks.setdefault(room, asyncio.Lock()):
            for _ in range(TRIES):
                found = await self._log.changes.find(room, entry_id)
                planned = plan(found, standing)
                if planned is None:
                    return
                body, values, about, scrub, teller = planned
                if await self._log.changes.write(room, body, values, about=about, scrub=scrub, teller=teller):
                    return
        raise TooFast("Too many people change that at once. Try again in a while.", AGAIN)


def _demand(right: Right, standing: Standing) -> None:
    """See that somebody may do something in a room.

    Raises:
        NotYours: they may not.
    """
    if not may(right, standing):
        raise silenced(standing)


def _may(right: Right, found: Found, public: str, standing: Standing) -> Message:
    """Give the message that was found, if a person may do that with it; public: their id.

    Raises:
        NoMessage: there is none, or it was deleted. NotYours: they may not.
    """
    message = found.message
    if message is None or message.deleted:
        raise NoMessage(GONE)
    if right not in rights(public, message, standing):
        raise NotYours("You cannot do that with this message.") if standing.writes else silenced(standing)
    return message


def _of_message(found: Found, message: Message, held: Held, *, text: bool = False, gone: bool = False) -> _Plan:
    """Plan what gives a message these changes; text: what it says is another; gone: it says nothing any more."""
    change = Change(message.id, message.name, message.kind, held.shown, text, gone or not text)
    values = [Value("changes", message.id, found.written, write_held(held))]
    versions = write_versions(held.versions)
    if versions != found.versions:
        values.append(Value("changes", versions_of(message.id), found.versions, versions))
    header = found.header
    if gone:
        header = _without(header, message.id)
    elif text:
        quoted = quote_of(message._replace(changes=held.shown))
        header = header._replace(pins=tuple(quoted if one.id == message.id else one for one in header.pins))
    if text:
        values += _above(found, header)  # nobody pins meanwhile what it said before
    new = header if header != found.header else None
    return _Plan(write_change(change, new), values, message.id, gone)


def _without(header: Header, entry_id: str) -> Header:
    return header._replace(pins=tuple(pinned for pinned in header.pins if pinned.id != entry_id))


def _above(found: Found, header: Header) -> list[Value]:
    """Give the values of a header. All are compared, for an entry carries all of it."""
    return [
        Value("meta", "title", found.title, found.title),
        Value("meta", "topic", found.header.topic, header.topic),
        Value("meta", "pins", found.pins, write_pins(header.pins)),
    ]
