"""Proved names: a phrase keeps a name for who set it, and whoever knows it takes the name along to any browser."""

from __future__ import annotations

from dataclasses import replace

from quart_chat.errors import BadName, BadPhrase, TooFast
from quart_chat.live.phrases import Phrases
from quart_chat.room.limits import NAMES_TRIED, PHRASES, PHRASES_OF_ADDRESS
from quart_chat.room.names import chosen_name
from quart_chat.room.people import Person, default_name, public_id
from quart_chat.room.proofs import bare, clean_phrase, deed_of, is_proved, proved
from quart_chat.store.deeds import Deeds
from quart_chat.store.feed import Feed
from quart_chat.store.limits import Limits
from quart_chat.store.people import People

KEPT = "%(name)s is kept by its owner’s phrase, or looks like a name that is."
WRONG = "No name is proved by these together. Look at how you wrote both."


class Prover:
    """Knows which names are proved, and by whom."""

    def __init__(self, deeds: Deeds, people: People, feed: Feed, limits: Limits, phrases: Phrases) -> None:
        self._deeds = deeds
        self._people = people
        self._feed = feed
        self._limits = limits
        self._phrases = phrases

    async def as_taken(self, name: str, person: str) -> str:
        """Give a name as somebody may have it: with the mark, where they have proved it; person: public id.

        Raises:
            BadName: it, or one that looks like it, is proved by somebody else. StoreAway: no answer.
        """
        deed = await self._deeds.find(name, person)
        if deed is None:
            return bare(name)
        if not deed.theirs:
            raise BadName(KEPT, name=bare(name))
        return proved(name)

    async def as_it_stands(self, kept: str | None, identity: str) -> str | None:
        """Give somebody's name as they may still have it; None where they have none, or no more.

        kept: as the store has it. Who had a name before somebody else proved it loses it as they come next.

        Raises:
            StoreAway: no answer.
        """
        if kept is None:
            return None
        public = public_id(identity)
        deed = await self._deeds.find(kept, public)
        if deed is None:
            return bare(kept)
        if deed.theirs:
            return kept
        await self._people.forget_name(public, default_name(identity))
        await self._feed.say_renamed(public, default_name(identity))
        return None

    async def of(self, person: Person) -> str | None:
        """Give the name that somebody has proved, which may not be the one they use; None for none."""
        return await self._deeds.of(person.public)

    async def keep_name(self, person: Person, address: str, phrase: str) -> Person:
        """Keep somebody's name for them by a phrase, or give it another phrase; gives them as they are then.

        Raises:
            BadName: it is somebody else's, or they have proved another one. BadPhrase: it cannot be used.
            TooFast: those were too many. StoreAway: it may have been done.
        """
        name, phrase = chosen_name(bare(person.name)), clean_phrase(phrase)
        await self._allow(name, person, address)
        await self._keep_one(person, name)
        await self.as_taken(name, person.public)
        if not await self._deeds.take(name, person.public, phrase=await self._phrases.hash(phrase)):
            raise BadName(KEPT, name=name)
        return await self._call(person, proved(name))

    async def prove(self, person: Person, address: str, name: str, phrase: str) -> Person:
        """Give somebody a name whose phrase they know; gives them as they are then.

        Raises:
            BadPhrase: that is not the phrase of that name, or nobody keeps it. BadName: they keep another one already.
            TooFast, StoreAway: as `keep_name`.
        """
        try:
            name, phrase = chosen_name(name), clean_phrase(phrase)
        except (BadName, BadPhrase) as wrong:
            raise BadPhrase(WRONG) from wrong
        await self._allow(name, person, address)
        await self._keep_one(person, name)
        deed = await self._deeds.find(name, person.public)
        if deed is None or not await self._phrases.fits(phrase, deed.phrase):
            raise BadPhrase(WRONG)
        if not await self._deeds.take(deed.name, person.public, fits=deed.phrase):
            raise BadPhrase("That name is in too many browsers. Give it up in one of them, and keep it anew.")
        return await self._call(person, proved(deed.name))

    async def give_up(self, person: Person) -> Person:
        """Let anybody have somebody's proved name, in all browsers that had it; gives them as they are then.

        Raises:
            StoreAway: it may have been done.
        """
        name = await self._deeds.of(person.public)
        if name is None:
            return person
        for one in {person.public, *await self._deeds.give_up(name, person.public)}:
            called = await self._people.name(one)
            if called is not None and is_proved(called):
                await self._people.rename(one, bare(called))
                await self._feed.say_renamed(one, bare(called))
        return replace(person, name=bare(person.name))

    async def keep(self, person: Person) -> None:
        """Note that somebody uses their proved name, if they have one; else it would fade."""
        if is_proved(person.name):
            await self._deeds.keep(person.name, person.public)

    async def _call(self, person: Person, name: str) -> Person:
        await self._people.rename(person.public, name)
        await self._feed.say_renamed(person.public, name)
        return replace(person, name=name)

    async def _keep_one(self, person: Person, name: str) -> None:
        other = await self._deeds.of(person.public)
        if other is not None and deed_of(other) != deed_of(name):
            raise BadName("You keep the name %(name)s already. Give it up first.", name=other)

    async def _allow(self, name: str, person: Person, address: str) -> None:
        wait = await self._limits.take_from_both("phrases", person.public, address, PHRASES, PHRASES_OF_ADDRESS)
        wait = wait or await self._limits.take("phrases", deed_of(name), NAMES_TRIED)
        if wait:
            raise TooFast("That were many phrases. Try again in a while.", wait)
