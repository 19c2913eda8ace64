"""Programs: who shows which token, and how people make tokens of theirs and take them back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from quart_chat.errors import BadToken, NoMessage, NotYours, TooFast
from quart_chat.kept import Kept
from quart_chat.room.bearers import MOST_TOKENS, Bearer, Bot, Token, clean_label, new_token, read_bearer
from quart_chat.room.handover import seal, ticket_of, unseal
from quart_chat.room.limits import PROGRAMS, PROGRAMS_OF_ADDRESS
from quart_chat.room.people import Person, public_id
from quart_chat.store.bots import RoomBots
from quart_chat.store.feed import Feed
from quart_chat.store.limits import Limits
from quart_chat.store.tokens import Tokens

REMEMBERED = 2000  # ms for which a worker goes by what it knows of a token: so long one that was taken back may count
MOST_REMEMBERED = 1000
OPENS_NOTHING = "This token opens nothing, or not any more. Make a new one on your page, or in the room’s rules."
TAKEN_BACK = "There is no such token any more."


class Holder(NamedTuple):
    """Who holds a token.

    ticket: by which the token is known. identity: whose it is. room, bot: of a bot's token; "" and None of a person's.
    """

    ticket: str
    identity: str
    room: str = ""
    bot: Bot | None = None


class Bearers:
    """Knows whose tokens are whose; clock: ms since the epoch."""

    def __init__(self, tokens: Tokens, bots: RoomBots, limits: Limits, feed: Feed, clock: Callable[[], int]) -> None:
        self._tokens = tokens
        self._bots = bots
        self._limits = limits
        self._feed = feed
        self._clock = clock
        self._known: Kept[str, tuple[Holder, int]] = Kept(MOST_REMEMBERED, MOST_REMEMBERED)

    async def holder(self, shown: str, address: str) -> Holder:
        """Tell who holds a token, whatever it is that was shown.

        Nobody guesses 192 bits, so it is looked for before failures are counted: else whoever fails much at an address
        would keep out who is right there. What is counted is what they cost.

        Raises:
            BadToken: it opens nothing. TooFast: too much of that came from this address. StoreAway: nobody knows.
        """
        bearer = read_bearer(shown)
        found = None if bearer is None else self._remembered(bearer) or await self._look(bearer)
        if found is not None:
            return found
        who = ticket_of(shown[:200])
        if wait := await self._limits.may_try(who, address, f"token:{who}"):
            raise TooFast("Those were many wrong tokens. Try again in a while.", wait)
        await self._limits.failed(who, address, f"token:{who}")
        raise BadToken(OPENS_NOTHING)

    def _remembered(self, bearer: Bearer) -> Holder | None:
        known = self._known.get(bearer.ticket)
        return known[0] if known is not None and abs(self._clock() - known[1]) < REMEMBERED else None

    async def _look(self, bearer: Bearer) -> Holder | None:
        asked = self._clock()
        holder = await (self._bot(bearer) if bearer.room else self._person(bearer))
        if holder is not None:
            self._known.put(bearer.ticket, (holder, asked), 1)
        return holder

    async def _bot(self, bearer: Bearer) -> Holder | None:
        bot = await self._bots.find(bearer.room, bearer.ticket)
        return None if bot is None else Holder(bearer.ticket, bot.identity, bearer.room, bot)

    async def _person(self, bearer: Bearer) -> Holder | None:
        sealed = await self._tokens.sealed(bearer.ticket)
        identity = None if sealed is None else unseal(sealed, bearer.text)
        if identity is None or not await self._tokens.use(public_id(identity), bearer.ticket, self._today()):
            return None
        return Holder(bearer.ticket, identity)

    async def make(self, person: Person, address: str, label: str) -> str:
        """Make a token of somebody's, which is shown this once; label: what they typed to know it again by.

        Raises:
            BadName: the label is too long. NotYours: they have as many as anybody may. TooFast: those were too many.
        """
        label = clean_label(label)
        limits = PROGRAMS, PROGRAMS_OF_ADDRESS
        await self._limits.demand_from_both("programs", person.public, address, *limits)
        if len(await self._tokens.of(person.public)) >= MOST_TOKENS:
            raise NotYours("You have at most %(most)d tokens. Take one back first.", most=MOST_TOKENS)
        token = new_token()
        made = Token(ticket_of(token), label, self._today(), "")
        await self._tokens.make(person.public, made, seal(person.id, token))
        return token

    async def of(self, person: Person) -> list[Token]:
        """List somebody's tokens."""
        return await self._tokens.of(person.public)

    async def revoke(self, person: Person, ticket: str) -> None:
        """Take a token of somebody's back; every worker knows within REMEMBERED, and ends at once what goes on with it.

        Raises:
            NoMessage: they have no such token.
        """
        if not await self._tokens.revoke(person.public, ticket):
            raise NoMessage(TAKEN_BACK)
        await self._feed.say_revoked(ticket)

    async def revoke_all(self, person: Person) -> None:
        """Take all tokens of somebody's back."""
        await self._tokens.revoke_all(person.public)  # what goes on with them, ends with the tabs of who is forgotten

    def _today(self) -> str:
        return datetime.fromtimestamp(self._clock() / 1000, UTC).date().isoformat()
