"""Bots of a room, as its moderators and owners let them in and send them away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from quart_chat.errors import NoMessage, NotYours
from quart_chat.live.prover import Prover
from quart_chat.live.warden import Warden
from quart_chat.room.bearers import MOST_BOTS, Bot, new_bot_token
from quart_chat.room.handover import ticket_of
from quart_chat.room.lookalikes import check_reserved
from quart_chat.room.names import chosen_name
from quart_chat.room.people import Person
from quart_chat.room.proofs import bare, of_bot
from quart_chat.room.record import BOT_IN, BOT_OUT
from quart_chat.room.rights import Right
from quart_chat.store.bots import RoomBots
from quart_chat.store.feed import Feed
from quart_chat.store.rules import RoomRules


class Bots:
    """Lets programs into rooms; clock: ms since the epoch."""

    def __init__(
        self,
        bots: RoomBots,
        rules: RoomRules,
        warden: Warden,
        prover: Prover,
        *,
        feed: Feed,
        clock: Callable[[], int],
    ) -> None:
        self._bots = bots
        self._rules = rules
        self._warden = warden
        self._prover = prover
        self._feed = feed
        self._clock = clock

    async def let_in(self, room: str, person: Person, name: str, *, writes: bool) -> str:
        """Let a bot into a room; gives its token, which is shown this once. name: as it was typed.

        Raises:
            NotYours: only those who keep order may; or there are as many as there may be. BadName: it cannot be the
            bot's: it is none, or an owner's, or one that somebody keeps by a phrase.
        """
        await self._warden.demand(Right.MODERATE, room, person)
        name = chosen_name(name)
        check_reserved(name, [bare(one.name) for one in await self._rules.owners(room)])
        name = bare(await self._prover.as_taken(name, ""))
        if len(await self._bots.of(room)) >= MOST_BOTS:
            raise NotYours("A room has at most %(most)d bots. Send one away first.", most=MOST_BOTS)
        token = new_bot_token(room)
        day = datetime.fromtimestamp(self._clock() / 1000, UTC).date().isoformat()
        bot = Bot(ticket_of(token), name, day, writes)
        await self._bots.add(room, bot)
        await self._rules.record(room, person.name, BOT_IN, of_bot(name))
        return token

    async def send_away(self, room: str, person: Person, ticket: str) -> None:
        """Send a bot away; its token opens nothing any more.

        Raises:
            NotYours: only those who keep order may. NoMessage: the room has no such bot.
        """
        await self._warden.demand(Right.MODERATE, room, person)
        bot = await self._bots.find(room, ticket)
        if bot is None:
            raise NoMessage("There is no such bot any more.")
        await self._bots.remove(room, bot)
        await self._feed.say_revoked(ticket)
        await self._rules.record(room, person.name, BOT_OUT, of_bot(bot.name))

    async def of(self, room: str) -> list[Bot]:
        """List a room's bots, for those who keep order."""
        return await self._bots.of(room)
