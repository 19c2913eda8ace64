"""What keeps a room's hooks, and lets programs write by them. Outgoing ones are the courier's (`live.courier`)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from quart_chat.errors import BadHook, NoMessage, NotYours, TooFast
from quart_chat.live.prover import Prover
from quart_chat.live.sayer import Sayer
from quart_chat.room.commands import Say
from quart_chat.room.hooks import (
    KINDS,
    Held,
    Incoming,
    New,
    Outgoing,
    author_of,
    clean_word,
    digest_of,
    host_of,
    new_secret,
)
from quart_chat.room.limits import HOOKS, HOOKS_OF_ADDRESS, NO_HOOKS, TOO_MUCH
from quart_chat.room.lookalikes import check_reserved
from quart_chat.room.names import chosen_name
from quart_chat.room.people import Person, public_id
from quart_chat.room.proofs import bare, of_bot
from quart_chat.room.reach import is_public, literal, read_target
from quart_chat.room.record import HOOKED, UNHOOKED, WOKEN
from quart_chat.room.rights import FOR_OWNERS, Right, admitted, may
from quart_chat.store.hooks import RoomHooks
from quart_chat.store.limits import Limits
from quart_chat.store.rules import RoomRules

NO_HOOK = "There is no hook at this address, or not any more. The room’s owners can make a new one."
SWITCHED_OFF = "There are no such hooks on this server."


class Hooks:
    """Keeps hooks. incoming, outgoing: whether the operator wants such; plain: http:// will do, too, as `read_target`.

    clock: ms since the epoch.
    """

    def __init__(
        self,
        hooks: RoomHooks,
        rules: RoomRules,
        sayer: Sayer,
        prover: Prover,
        limits: Limits,
        *,
        incoming: bool,
        outgoing: bool,
        plain: bool,
        clock: Callable[[], int],
    ) -> None:
        self._hooks = hooks
        self._rules = rules
        self._sayer = sayer
        self._prover = prover
        self._limits = limits
        self.incoming = incoming
        self.outgoing = outgoing
        self._plain = plain
        self._clock = clock

    async def of(self, room: str) -> list[Held]:
        """Give a room's hooks; to which hosts messages go everybody may know, the rest is its owners'.

        Raises:
            StoreAway: no answer.
        """
        return await self._hooks.of(room)

    async def make_incoming(self, room: str, person: Person, address: str, name: str) -> New:
        """Make a hook by which a program writes under a name.

        Raises:
            NotYours: only owners may. BadName: it cannot be a name, or is an owner's, or kept by a phrase.
            BadHook: the room has enough. TooFast: they made many.
        """
        await self._demand(room, person, wanted=self.incoming)
        name, hook_id = chosen_name(name), secrets.token_hex(8)
        check_reserved(name, [bare(one.name) for one in await self._rules.owners(room)])
        await self._prover.as_taken(name, public_id(author_of(hook_id)))
        await self._limits.demand_from_both("hooks", person.public, address, HOOKS, HOOKS_OF_ADDRESS)
        token = secrets.token_urlsafe(24)
        await self._hooks.add(room, Incoming(hook_id, name, digest_of(token), self._clock()))
        await self._rules.record(room, person.name, HOOKED, of_bot(name))
        return New(name, token)

    async def make_outgoing(
        self, room: str, person: Person, address: str, *, url: str, kind: str, word: str = ""
    ) -> New:
        """Make a hook to which messages go; url, kind, word: as `room.hooks.Outgoing` has them.

        Raises:
            NotYours: only owners may. BadHook: the address is none that is asked, or no word is said.
            TooFast: they made many.
        """
        await self._demand(room, person, wanted=self.outgoing)
        url = url.strip()
        target = read_target(url, plain=self._plain)
        own = literal(target.host)
        if not self._plain and own is not None and not is_public(own):
            raise BadHook("This address is not public: hooks do not reach into private networks.")
        if kind not in KINDS:
            raise BadHook("Say which messages go out.")
        word = clean_word(kind, word)
        await self._limits.demand_from_both("hooks", person.public, address, HOOKS, HOOKS_OF_ADDRESS)
        secret = new_secret(secrets.token_bytes(32))
        await self._hooks.add(room, Outgoing(secrets.token_hex(8), url, kind, word, secret, self._clock()))
        await self._rules.record(room, person.name, HOOKED, host_of(url))
        return New("", secret)

    async def remove(self, room: str, person: Person, hook_id: str) -> None:
        """Take a hook away.

        Raises:
            NotYours: only owners may. NoMessage: there is none of that id.
        """
        await self._demand(room, person)
        hook = await self._hooks.remove(room, hook_id)
        called = of_bot(hook.name) if isinstance(hook, Incoming) else host_of(hook.url)
        await self._rules.record(room, person.name, UNHOOKED, called)

    async def wake(self, room: str, person: Person, hook_id: str) -> None:
        """Try a hook again that fails, or was switched off for that; it is told what came meanwhile, if that is there.

        Raises:
            NotYours, NoMessage: as `remove`.
        """
        await self._demand(room, person, wanted=self.outgoing)
        hook, was_off = await self._hooks.wake(room, hook_id)
        if was_off:
            await self._rules.record(room, person.name, WOKEN, host_of(hook.url))

    async def say(self, token: str, address: str, text: str, key: str | None) -> str:
        """Put a message into the room of a hook, as its name; gives the entry's id.

        key: the same one with the same text is one message, for a day; None: there is none.

        Raises:
            NoMessage: the token opens nothing. TooFast, BadText, Spent, NotYours, Unwelcome: as `Sayer.say`.
        """
        found = await self._hooks.opened_by(token) if self.incoming else None
        if found is None:
            if wait := await self._limits.take("hook_tokens", f"@{address}", NO_HOOKS):
                raise TooFast(TOO_MUCH, wait)
            raise NoMessage(NO_HOOK)
        room, hook = found
        nonce = secrets.token_hex(16) if key is None else hashlib.sha256(key.encode()).hexdigest()[:32]
        person = Person(author_of(hook.id), of_bot(hook.name))
        return str(await self._sayer.say(room, person, address, Say(text, f"h.{nonce}", plain=True), hook=True))

    async def _demand(self, room: str, person: Person, *, wanted: bool = True) -> None:
        if not may(Right.HOOK, admitted(await self._rules.standing(room, person.public))):
            raise NotYours(FOR_OWNERS)
        if not wanted:
            raise NotYours(SWITCHED_OFF)
