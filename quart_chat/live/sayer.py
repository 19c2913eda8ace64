"""What puts something into a room, whichever way it came: by a socket or by a form."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from quart_chat import metrics
from quart_chat.errors import BadName, BadText, NotYours, Refused, TooFast
from quart_chat.live.changer import Changer
from quart_chat.live.company import Company
from quart_chat.live.prover import Prover
from quart_chat.room import slash
from quart_chat.room.commands import Say
from quart_chat.room.digest import quote_of
from quart_chat.room.entries import Quote
from quart_chat.room.limits import (
    RENAMES,
    RENAMES_OF_ADDRESS,
    Limit,
    per_minute_of_address,
    per_minute_of_person,
    rooms_of_address,
    rooms_of_person,
)
from quart_chat.room.lookalikes import check_reserved
from quart_chat.room.names import chosen_name, clean_title, slug_of
from quart_chat.room.people import Person
from quart_chat.room.proofs import bare, is_bot, is_proved
from quart_chat.room.rights import KEEPERS, NO_FILES, Right, Standing, may, of_hook, silenced
from quart_chat.room.slash import Help, Nick, Topic, Words
from quart_chat.room.texts import clean_text, is_blank
from quart_chat.store.appends import Draft
from quart_chat.store.feed import Feed
from quart_chat.store.limits import Limits
from quart_chat.store.log import Log
from quart_chat.store.people import People
from quart_chat.store.rules import RoomRules


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a command that says nothing in the room; tells: whoever typed it wants to know the commands."""

    tells: bool


class Sayer:
    """Checks what somebody says or opens against the limits, and puts it into the store.

    characters: the most that a message may have; per_minute, rooms_per_hour: limits, 0 for none.
    file_bytes: that all files of a room may have, 0 for any. clock: ms since the epoch.
    """

    def __init__(
        self,
        log: Log,
        feed: Feed,
        people: People,
        limits: Limits,
        changer: Changer,
        *,
        prover: Prover,
        company: Company,
        rules: RoomRules,
        characters: int,
        per_minute: int,
        rooms_per_hour: int,
        file_bytes: int,
        clock: Callable[[], int],
    ) -> None:
        self._log = log
        self._feed = feed
        self._people = people
        self._limits = limits
        self._changer = changer
        self._company = company
        self._rules = rules
        self._prover = prover
        self._characters = characters
        self._person = per_minute_of_person(per_minute)
        self._address = per_minute_of_address(per_minute)
        self._rooms = rooms_of_person(rooms_per_hour)
        self._rooms_of_address = rooms_of_address(rooms_per_hour)
        self._file_bytes = file_bytes
        self._clock = clock
        self._known: dict[str, None] = {}  # rooms that are known to exist; bounded

    async def say(self, room: str, person: Person, address: str, asked: Say, *, hook: bool = False) -> str | Done:
        """Put a message into a room; the same nonce of the same person is one message.

        hook: the person is a hook that the room's owners keep.

        Gives the id of its entry, or what came of a command that says nothing in the room.

        Raises:
            BadText: it cannot be kept as it is, or the nonce was used with another text. BadName: of `/nick`.
            BadFile: the room holds no more files. NotYours: they may not write there.
            TooFast: a limit was reached; nothing was kept.
            StoreAway: it may or may not have been kept; the same nonce may be sent again.
        """
        (said,) = await self.say_all(room, person, address, [asked], hook=hook)
        if isinstance(said, Refused):
            raise said
        return said

    async def say_all(
        self,
        room: str,
        person: Person,
        address: str,
        asked: Sequence[Say],
        *,
        patient: bool = False,
        hook: bool = False,
    ) -> list[str | Refused | Done]:
        """Put messages into a room in their order, at least one; each as `say` does.

        patient: they come again when they were told to, as `store.limits.Limits` has it. hook: as `say`.

        Gives the id of each one's entry, what came of a command, or why it was refused. Where a limit was reached that
        is the last one, and what came after it was not tried: it would overtake.

        Raises:
            StoreAway: any may or may not have been kept; the same nonces may be sent again.
        """
        results: list[str | Refused | Done] = []
        drafts: dict[int, Draft] = {}  # by place in the results
        for say in asked:
            try:
                only_files = say.files and is_blank(say.text)
                typed = "" if only_files else clean_text(say.text, self._characters)
                asks = Words(typed) if say.plain else _read(typed, alone=not say.files)
                if isinstance(asks, Words):
                    reply = await self._quote(room, say.reply) if say.reply else None
                    meant = await self._company.meant_in(room, asks.text)
                    # a hook's mark tells it from people, so it need not step aside for one
                    named = person if hook else await self._company.named_in(room, person)
                    drafts[len(results)] = Draft(
                        author=person.public,
                        name=named.name,
                        text=asks.text,
                        nonce=say.nonce,
                        kind=asks.kind,
                        typed="\0".join((typed, *(f"{one.digest} {one.name}" for one in say.files))),
                        reply=reply,
                        mentions=meant,
                        files=say.files,
                        quota=self._file_bytes,
                    )
                    results.append("")
                else:
                    person = await self._do(asks, room, person, address)
                    results.append(Done(tells=isinstance(asks, Help)))
            except (BadText, BadName) as error:
                results.append(error)
        if not drafts:
            return results
        # a hook's address is some cloud's, which moderators ban for what others do there
        standing = await self._rules.standing(room, person.public, "" if hook else address)
        standing = of_hook(standing) if hook else standing._replace(proved=is_proved(person.name))
        for place, why in _forbidden(drafts, standing).items():
            results[place] = why
            del drafts[place]
        if not drafts:
            return results
        allowed, limited = await self._within(room, person, address, standing, len(drafts), patient=patient)
        places = list(drafts)
        if limited is not None:
            allowed = await self._known_before(room, list(drafts.values()), allowed)
            if allowed < len(places):
                results[places[allowed]] = limited
                del results[places[allowed] + 1 :]
        if allowed:
            appended = await self._log.append_all(room, list(drafts.values())[:allowed])
            for place, one in zip(places, appended, strict=False):
                results[place] = one.refused or one.id
            metrics.MESSAGES.inc(sum(one.new for one in appended))
            if not hook and room not in self._known and any(one.new for one in appended):
                self._remember(room)
                await self._people.visit(person.public, room, self._clock())
        return results

    async def _known_before(self, room: str, drafts: Sequence[Draft], allowed: int) -> int:
        """Count on: retries of what is in the room already cost nothing."""
        over = drafts[allowed:]
        said = await self._log.said(room, over[0].author, [draft.nonce for draft in over])
        return allowed + next((count for count, entry_id in enumerate(said) if entry_id is None), len(over))

    async def open(self, title: str, person: Person, address: str) -> str:
        """Open a room under a title; where it is open already, that one is meant.

        Gives its name in addresses.

        Raises:
            BadName: the title cannot be used. TooFast: too many new rooms from this person or address.
        """
        title = clean_title(title)
        room = slug_of(title)
        await self._allow_new_room(room, person, address)
        await self._log.open(room, title, self._clock(), person.public, person.name)
        await self._people.visit(person.public, room, self._clock())
        return room

    async def _quote(self, room: str, entry_id: str) -> Quote | None:
        """Quote what a message answers; None where that is not there any more: what answers it is said all the same."""
        message = (await self._log.changes.find(room, entry_id)).message
        return quote_of(message) if message is not None else None

    async def _do(self, asks: Nick | Topic | Help, room: str, person: Person, address: str) -> Person:
        """Do what a command asks for besides a message; gives the person as they are then."""
        if isinstance(asks, Help):
            return person
        try:
            if isinstance(asks, Nick):
                return await self.rename(person, address, asks.name, room)
            await self._changer.set_topic(room, person, address, asks.text)
        except TooFast as error:
            raise BadText(error.message) from error  # what was written after it need not wait for it
        return person

    async def rename(
        self,
        person: Person,
        address: str,
        name: str,
        room: str | None = None,
    ) -> Person:
        """Give somebody another name, in all rooms and tabs; gives them as they are then.

        room: where they ask for it; None where they are in none. Where others are called so in other rooms, they are
        shown there under a name beside it.

        Raises:
            BadName: it cannot be a name, is an owner's or kept by a phrase, or that of somebody who is in the room.
            TooFast: that were too many.
        """
        if is_bot(person.name):
            raise BadName("A bot keeps the name that it was given.")
        name = chosen_name(name)
        if wait := await self._limits.take_from_both("names", person.public, address, RENAMES, RENAMES_OF_ADDRESS):
            raise TooFast("That was many names in a minute. Try again in a while.", wait)
        name = await self._prover.as_taken(name, person.public)
        if room is not None and not (await self._rules.standing(room, person.public, address)).inside:
            room = None  # who is called how there is not theirs to know
        if room is not None:
            owners = {one.public: bare(one.name) for one in await self._rules.owners(room)}
            if person.public not in owners:
                check_reserved(bare(name), owners.values())
        if room is not None and await self._company.is_taken(room, person, name):
            raise BadName(
                "Somebody in this room is called %(name)s, or looks so. Choose another name.", name=bare(name)
            )
        await self._people.rename(person.public, name)
        await self._feed.say_renamed(person.public, name)
        return replace(person, name=name)

    async def typing(self, room: str, person: Person) -> None:
        """Tell the room that somebody is typing."""
        person = await self._company.named_in(room, person)
        await self._feed.say_typing(room, person.public, person.name)

    async def _allow(self, person: Person, address: str, count: int, *, patient: bool) -> tuple[int, TooFast | None]:
        """Tell how many of so many messages are within the limits, and what the others would meet."""
        count, wait, met = taken = await self._limits.take_some_from_both(
            "messages", person.public, address, self._person, self._address, count=count, patient=patient
        )
        if not met:
            return count, None
        if taken.of_address:
            return count, TooFast("Too many messages come from your network right now.", wait)
        return count, TooFast("You write faster than %(most)d messages a minute.", wait, most=self._person.most)

    async def _within(
        self, room: str, person: Person, address: str, standing: Standing, count: int, *, patient: bool
    ) -> tuple[int, TooFast | None]:
        """Tell how many of so many messages are within all limits, and what the others would meet."""
        try:
            await self._allow_new_room(room, person, address, patient=patient)
        except TooFast as error:
            return 0, error
        count, slowed = await self._allow_slowly(room, person, standing, count)
        if not count:
            return 0, slowed
        count, limited = await self._allow(person, address, count, patient=patient)
        return count, limited or slowed

    async def _allow_slowly(
        self, room: str, person: Person, standing: Standing, count: int
    ) -> tuple[int, TooFast | None]:
        """Tell how many of so many messages a room's slow mode lets through, and what the others would meet."""
        if not standing.rules.slow or standing.role in KEEPERS:
            return count, None
        limit = Limit(1, standing.rules.slow, free=None)
        count, wait, _ = await self._limits.take_some("slow", f"{person.public}.{room}", limit, count)
        if not wait:
            return count, None
        return count, TooFast("This room is slow: one message every %(slow)d seconds.", wait, slow=standing.rules.slow)

    async def _allow_new_room(self, room: str, person: Person, address: str, *, patient: bool = False) -> None:
        if not self._rooms.most or room in self._known or await self._log.exists(room):
            return
        _, wait, met = taken = await self._limits.take_some_from_both(
            "rooms", person.public, address, self._rooms, self._rooms_of_address, count=1, patient=patient
        )
        if not met:
            return
        if taken.of_address:
            raise TooFast("Too many new rooms were opened from your network. Try again in a while.", wait)
        raise TooFast("You opened many new rooms. Try again in a while.", wait)

    def _remember(self, room: str) -> None:
        self._known[room] = None
        if len(self._known) > 10_000:
            del self._known[next(iter(self._known))]


def _forbidden(drafts: Mapping[int, Draft], standing: Standing) -> dict[int, NotYours]:
    """Tell which messages somebody may not put into a room, and why; by their places."""
    if not may(Right.SAY, standing):
        return {place: silenced(standing) for place in drafts}
    if not may(Right.ATTACH, standing):
        return {place: NotYours(NO_FILES) for place, draft in drafts.items() if draft.files}
    return {}


def _read(typed: str, *, alone: bool) -> slash.Asked:
    """Read what somebody typed; alone: no files came with it.

    Raises:
        BadText: there is no such command, or it says nothing in the room and so can't carry files.
    """
    asks = slash.read(typed, secrets.randbelow)
    if not alone and not isinstance(asks, Words):
        raise BadText("A command takes no files.")
    return asks
