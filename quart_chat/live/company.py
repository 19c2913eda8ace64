"""Who is who in a room: under which name somebody speaks there, and who may be meant by a name."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from quart_chat.room.mentions import Mention, mentions_in
from quart_chat.room.people import Person
from quart_chat.room.proofs import bare, is_bot, of_bot
from quart_chat.store.log import Log
from quart_chat.store.presence import Presence


class Company:
    """Knows the people of rooms."""

    def __init__(self, log: Log, presence: Presence) -> None:
        self._log = log
        self._presence = presence

    async def named_in(self, room: str, person: Person) -> Person:
        """Give somebody under the name that they have in a room: their own, or one beside it while that is another's.

        Raises:
            StoreAway: no answer.
        """
        names = self._presence.names
        known = names.known(room, person.public, person.name)
        name = known or await names.find(room, person.public, person.name)
        if is_bot(person.name):
            name = of_bot(name)  # a name beside theirs has no mark
        return person if name == person.name else replace(person, name=name)

    async def is_taken(self, room: str, person: Person, name: str) -> bool:
        """Tell whether a name, or one that looks like it, is that of somebody else who is in a room.

        Raises:
            StoreAway: no answer.
        """
        return await self._presence.names.is_taken(room, person.public, name)

    async def meant_in(self, room: str, text: str) -> tuple[Mention, ...]:
        """Find who is meant in a text; a text without @ asks the store nothing.

        Raises:
            StoreAway: no answer.
        """
        if "@" not in text:
            return ()
        here, newest = await asyncio.gather(self._presence.read(room), self._log.newest(room))
        lately = [(message.author, message.name) for message in newest.page.messages]
        return mentions_in(text, [(one, bare(name)) for one, name in (*here.people, *lately)])
