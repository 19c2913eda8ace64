"""What asks newcomers a question where a room does, and lets in who answers right."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from quart_chat.errors import Asked, BadAnswer, TooFast
from quart_chat.pages import asking
from quart_chat.room.asking import (
    Form,
    Question,
    clean_answer,
    folded,
    number_in,
    read_form,
    sign,
    sum_for,
)
from quart_chat.room.limits import NEWCOMERS_OF_ADDRESS
from quart_chat.room.people import Person
from quart_chat.room.rights import outside
from quart_chat.store.limits import Limits
from quart_chat.store.rules import RoomRules


class Posed(NamedTuple):
    """A question as a page asks it. question: in the reader's language; form: what proves when it was asked."""

    question: str
    form: str


class Asker:
    """Asks newcomers. keys: of the server, newest first; clock: ms since the epoch."""

    def __init__(self, rules: RoomRules, limits: Limits, keys: tuple[str, ...], clock: Callable[[], int]) -> None:
        self._rules = rules
        self._limits = limits
        self._keys = keys
        self._clock = clock

    async def pose(self, room: str, public: str, language: str, form: str = "") -> Posed:
        """Ask somebody the question of a room; form: that of their page before, which goes on where it still holds.

        Raises:
            StoreAway: nobody knows what the room asks.
        """
        own, now = await self._rules.question(room), self._clock()
        read = read_form(self._keys, public, room, form)
        if read is None or not _holds(read, own, now):
            read, form = Form(now, self._keys[0]), sign(self._keys[0], public, room, now)
        return Posed(own.text if own else asking.in_words(sum_for(read, public, room), language), form)

    async def answer(self, room: str, person: Person, address: str, typed: str, form: str) -> None:
        """Let somebody in who answers the question of a room; form: as `pose` gave it.

        Raises:
            Unwelcome: they are banned, or it lets nobody in by an answer. BadAnswer: it is not right, or the form is
            not theirs or too old. TooFast: it came too early or too often, or many came in from there.
        """
        standing = await self._rules.standing(room, person.public, address)
        if standing.inside:
            return
        why, now = outside(standing), self._clock()
        if not isinstance(why, Asked):
            raise why
        read, own = read_form(self._keys, person.public, room, form), await self._rules.question(room)
        if read is None or not _holds(read, own, now):
            raise BadAnswer("This page is too old, or your browser keeps no cookies. Answer once more.")
        if wait := read.too_early(now):
            raise TooFast("That was quicker than anybody reads. Send it again in a moment.", wait)
        thing = f"answer:{room}"
        if wait := await self._limits.may_try(person.public, address, thing):
            raise TooFast("That were many answers. Try again in a while.", wait)
        if not _is_right(clean_answer(typed), own, read, person.public, room):
            await self._limits.failed(person.public, address, thing)
            raise BadAnswer("That is not the answer.")
        await self._limits.passed(person.public, address, thing)
        if wait := await self._limits.take("newcomers", f"@{address}", NEWCOMERS_OF_ADDRESS):
            raise TooFast("That is right, but many have just come in from your network. Send it again later.", wait)
        await self._rules.let_in(room, person.public, person.name)


def _holds(form: Form, own: Question | None, now: int) -> bool:
    """Tell whether a form may still be answered; a question of the room's own is the same in every hour."""
    return not form.is_ahead(now) and (own is not None or not form.is_past(now))


def _is_right(typed: str, own: Question | None, form: Form, public: str, room: str) -> bool:
    if own is not None:
        return folded(typed) == folded(own.answer)
    number = number_in(typed) or asking.number_of(typed)
    return number == sum(sum_for(form, public, room))
