"""What keeps order in a room: its rules, its owners and moderators, and who is muted or banned.

Each deed is checked against the table of rights, written, and noted in the room's record.
"""

from __future__ import annotations

import secrets

from quart_chat.errors import BadPhrase, NoMessage, NotYours, StoreAway, TooFast, Unwelcome
from quart_chat.events import get_logger
from quart_chat.live.leftovers import Leftovers
from quart_chat.live.phrases import Phrases
from quart_chat.room.asking import clean_question
from quart_chat.room.entries import Message
from quart_chat.room.limits import LISTINGS, LISTINGS_OF_ADDRESS, REPORTS, REPORTS_OF_ADDRESS, ROOM_DELETIONS, TOO_MUCH
from quart_chat.room.people import Person, is_public_id
from quart_chat.room.proofs import clean_phrase
from quart_chat.room.record import (
    APPOINTED,
    ASKED,
    BANNED,
    CAME,
    DISMISSED,
    FORGIVEN,
    HEARD,
    INVITED,
    LINKED,
    MUTED,
    PHRASED,
    REPORTED,
    RULED,
    Whom,
)
from quart_chat.room.rights import (
    BOTS,
    FOR_KEEPERS,
    FOR_OWNERS,
    SENT_AWAY,
    Right,
    Role,
    Rules,
    Standing,
    admitted,
    may,
    may_sanction,
    outside,
    rights,
)
from quart_chat.store.archive import Archive
from quart_chat.store.limits import Limits
from quart_chat.store.people import People
from quart_chat.store.rules import RoomRules, new_secret

HOUR = 3_600_000  # ms
MUTES = {"hour": HOUR, "day": 24 * HOUR}
BANS = {"moment": HOUR // 12, "hour": HOUR, "day": 24 * HOUR, "month": 30 * 24 * HOUR}

MOST_INVITES = 50  # of a room
INVITES = {"hour": HOUR, "day": 24 * HOUR, "week": 7 * 24 * HOUR, "month": 30 * 24 * HOUR}
NO_INVITE = "This invite is over, or was taken back. Ask for a new one."

logger = get_logger(__name__)


class Warden:
    """Rules rooms. rules: where it is kept."""

    def __init__(
        self,
        rules: RoomRules,
        people: People,
        archive: Archive,
        *,
        leftovers: Leftovers,
        limits: Limits,
        phrases: Phrases,
    ) -> None:
        self._rules = rules
        self._archive = archive
        self._leftovers = leftovers
        self._limits = limits
        self._phrases = phrases
        self._people = people

    async def let_in(self, room: str, public: str, address: str = "") -> Standing:
        """Tell how somebody stands in a room, if they may be in it at all.

        Raises:
            Unwelcome: they are banned, or it is closed to them. StoreAway: no answer.
        """
        return admitted(await self._rules.standing(room, public, address))

    async def rule(self, room: str, person: Person, rules: Rules, address: str = "") -> None:
        """Give a room other rules. As it closes, or begins to ask newcomers, who is known to it stays.

        Raises:
            NotYours: only owners may. TooFast: they put many rooms into the lobby.
        """
        standing = await self.demand(Right.RULE, room, person)
        if rules.is_listed and not standing.rules.is_listed:
            await self._limits.demand_from_both("listings", person.public, address, LISTINGS, LISTINGS_OF_ADDRESS)
        if rules.guarded and not standing.rules.guarded:
            await self._rules.invite_all(room, writers=rules.closed)
        await self._rules.set_rules(room, rules)
        await self._rules.record(room, person.name, RULED)

    async def new_link(self, room: str, person: Person, role: Role) -> str:
        """Make the secret that gives a role to whoever opens its link; the one before it opens nothing any more.

        Raises:
            NotYours: only owners may.
        """
        await self.demand(Right.RULE, room, person)
        secret = new_secret()
        await self._rules.set_link(room, role, secret)
        await self._rules.record(room, person.name, LINKED, role)
        return secret

    async def invite(self, room: str, person: Person, uses: int, until: int) -> str:
        """Make the secret of an invite for so many people, until then, ms.

        Raises:
            NotYours: only those who keep order may; or there are as many as there may be.
        """
        await self.demand(Right.MODERATE, room, person)
        if len(await self._rules.invites(room)) >= MOST_INVITES:
            raise NotYours("A room has at most %(most)d invites. Take one back first.", most=MOST_INVITES)
        secret = secrets.token_urlsafe(18)
        await self._rules.invite(room, secret, uses, until)
        await self._rules.record(room, person.name, INVITED, until=until)
        return secret

    async def take_back(self, room: str, person: Person, key: str) -> None:
        """Take an invite back; key: as `RoomRules.invites` names it. Whoever came by it stays.

        Raises:
            NotYours: only those who keep order may.
        """
        await self.demand(Right.MODERATE, room, person)
        await self._rules.take_back(room, key)

    async def take_out(self, room: str, person: Person, whom: Whom) -> None:
        """Let somebody who was invited be so no more, and close their tabs where the room is closed.

        Raises:
            NotYours: only those who keep order may.
        """
        await self.demand(Right.MODERATE, room, person)
        await self._rules.take_out(room, whom.public)

    async def accept(self, room: str, person: Person, secret: str) -> None:
        """Let somebody in by an invite.

        Raises:
            NoMessage: there is no such invite, or not any more. Unwelcome: they are banned.
        """
        if (await self._rules.standing(room, person.public)).banned:
            raise Unwelcome(SENT_AWAY)
        if not await self._rules.accept(room, person.public, person.name, secret):
            raise NoMessage(NO_INVITE)

    async def invited_by(self, room: str, secret: str) -> None:
        """See that an invite can be taken.

        Raises:
            NoMessage: it cannot.
        """
        if not await self._rules.is_invite(room, secret):
            raise NoMessage(NO_INVITE)

    async def role_of(self, room: str, secret: str) -> Role:
        """Tell which role a secret gives.

        Raises:
            NoMessage: none, or not any more.
        """
        role = await self._rules.opened_by(room, secret)
        if role is None:
            raise NoMessage("This link gives nothing, or not any more. Ask the room’s owner for a new one.")
        return role

    async def set_phrase(self, room: str, person: Person, phrase: str) -> None:
        """Give a room another passphrase; "" takes it away.

        Raises:
            NotYours: only owners may. BadPhrase: it cannot be one. TooFast: too many are being hashed.
        """
        await self.demand(Right.RULE, room, person)
        hashed = await self._phrases.hash(clean_phrase(phrase)) if phrase else ""
        await self._rules.set_phrase(room, hashed)
        await self._rules.record(room, person.name, PHRASED)

    async def set_question(self, room: str, person: Person, text: str, answer: str) -> None:
        """Give a room a question for newcomers, and its answer; an empty text: one that the server makes.

        Raises:
            NotYours: only owners may. BadText: either is too long, or there is no answer.
        """
        await self.demand(Right.RULE, room, person)
        await self._rules.set_question(room, clean_question(text, answer))
        await self._rules.record(room, person.name, ASKED)

    async def enter(self, room: str, person: Person, address: str, phrase: str) -> None:
        """Let somebody in who knows a room's passphrase.

        Raises:
            Unwelcome: they are banned, or the room has none. BadPhrase: that is not it. TooFast: they tried too often.
        """
        standing = await self._rules.standing(room, person.public, address)
        if standing.inside:
            return
        if standing.banned or not standing.locked:
            raise outside(standing)
        thing = f"passphrase:{room}"
        if wait := await self._limits.may_try(person.public, address, thing):
            raise TooFast("That were many phrases. Try again in a while.", wait)
        try:
            fits = await self._phrases.fits(clean_phrase(phrase), await self._rules.phrase(room))
        except BadPhrase:
            fits = False
        if not fits:
            await self._limits.failed(person.public, address, thing)
            raise BadPhrase("That is not the passphrase of this room.")
        await self._limits.passed(person.public, address, thing)
        await self._rules.let_in(room, person.public, person.name)

    async def take_role(self, room: str, person: Person, secret: str) -> None:
        """Give somebody the role of a secret that they know; who has a higher one keeps it.

        Raises:
            NoMessage: it gives none. Unwelcome: they are banned, and it is no owner's.
        """
        role, standing = await self.role_of(room, secret), await self._rules.standing(room, person.public)
        if standing.banned and role != Role.OWNER:
            raise Unwelcome(SENT_AWAY)  # whoever holds an owner's owns the room, and nobody else lets in who was banned
        if standing.inside and standing.role in (Role.OWNER, role):
            return
        await self._rules.appoint(room, person.public, person.name, role)
        await self._rules.record(room, person.name, CAME, role)

    async def appoint(self, room: str, person: Person, whom: Whom, role: Role) -> None:
        """Give somebody a role, or take it away.

        Raises:
            NotYours: only owners may; and nobody else than themselves takes an owner's.
        """
        await self.demand(Right.RULE, room, person)
        theirs = (await self._standing(room, whom)).role
        if theirs in BOTS:
            raise NotYours("A bot keeps no order, and has no other role.")
        if theirs == Role.OWNER and whom.public != person.public:
            raise NotYours("An owner stays one until they give it up themselves.")
        if not await self._rules.appoint(room, whom.public, whom.name, role):
            raise NotYours("A room needs an owner. Make somebody else one first.")
        await self._rules.record(room, person.name, DISMISSED if role == Role.MEMBER else APPOINTED, whom.name)

    async def mute(self, room: str, person: Person, whom: Whom, until: int) -> None:
        """Let somebody only read until then, ms; 0: let them write again.

        Raises:
            NotYours: they may not do that to this person.
        """
        await self._demand_over(room, person, whom, lifts=not until)
        await self._rules.mute(room, whom.public, whom.name, until)
        await self._rules.record(room, person.name, MUTED if until else HEARD, whom.name, until=until)

    async def ban(self, room: str, person: Person, whom: Whom, until: int, *, network: bool = False) -> None:
        """Keep somebody out until then, ms, and close their tabs on all workers; 0: let them in again.

        network: also who else comes from where their open tabs come from, but who has a role or was invited.

        Raises:
            NotYours: they may not do that to this person.
        """
        await self._demand_over(room, person, whom, lifts=not until)
        await self._rules.ban(room, whom.public, whom.name, until, network=network)
        if until:
            await self._people.leave(whom.public, room)  # their lobby tells nothing of it any more
        await self._rules.record(room, person.name, BANNED if until else FORGIVEN, whom.name, until=until)

    async def report(self, room: str, person: Person, address: str, message: Message) -> None:
        """Tell those who keep order of somebody else's message.

        Raises:
            NotYours: they may not, or there is nobody to tell. TooFast: that were too many.
        """
        if Right.REPORT not in rights(person.public, message, await self.let_in(room, person.public, address)):
            raise NotYours("You cannot do that with this message.")
        await self._limits.demand_from_both("reports", person.public, address, REPORTS, REPORTS_OF_ADDRESS)
        keepers = await self._rules.keepers(room)
        if not keepers:
            raise NotYours("Nobody keeps order in this room.")
        await self._rules.record(room, person.name, REPORTED, message.name, of=message.id)
        await self._rules.say_reported(room, message.id, keepers)

    async def delete(self, room: str, person: Person) -> None:
        """Delete a room with all that it holds; open pages of it are told.

        Raises:
            NotYours: only owners may.
        """
        await self.demand(Right.RULE, room, person)
        if wait := await self._limits.take("room_deletions", person.public, ROOM_DELETIONS):
            raise TooFast(TOO_MUCH, wait)
        await self._archive.delete(room, person.public)
        try:
            await self._leftovers.take_all(room)
        except StoreAway as away:  # nobody reaches them any more; the sweep takes them
            logger.warning("files.left", reason=str(away))

    async def _standing(self, room: str, whom: Whom) -> Standing:
        if not is_public_id(whom.public):
            raise NoMessage("There is nobody of that id.")
        return await self._rules.standing(room, whom.public)

    async def demand(self, right: Right, room: str, person: Person) -> Standing:
        """See that somebody may do something for order in a room; gives how they stand.

        Raises:
            NotYours: they may not. Unwelcome: they may not even be in it.
        """
        standing = await self.let_in(room, person.public)
        if not may(right, standing):
            raise NotYours(FOR_OWNERS if right == Right.RULE else FOR_KEEPERS)
        return standing

    async def _demand_over(self, room: str, person: Person, whom: Whom, *, lifts: bool) -> None:
        standing = await self.demand(Right.MODERATE, room, person)
        if not lifts and not may_sanction(standing, (await self._standing(room, whom)).role):
            raise NotYours("That person keeps order here too.")
