"""Who may be meant by a name in a room: who is there, and who wrote there lately."""

from __future__ import annotations

import asyncio

from quart_chat.room.mentions import Mention, mentions_in
from quart_chat.store.log import Log
from quart_chat.store.presence import Presence


class Company:
    """Knows the people of rooms."""

    def __init__(self, log: Log, presence: Presence) -> None:
        self._log = log
        self._presence = presence

    async def meant_in(self, room: str, text: str) -> tuple[Mention, ...]:
        """Find who is meant in a text; a text without @ asks the store nothing.

        Raises:
            StoreAway: no answer.
        """
        if "@" not in text:
            return ()
        here, newest = await asyncio.gather(self._presence.read(room), self._log.newest(room))
        lately = [(message.author, message.name) for message in newest.page.messages]
        return mentions_in(text, [*here.people, *lately])
