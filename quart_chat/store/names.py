"""Whose name is whose in a room, over all workers: it is one person's while they are there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from quart_chat.room.lookalikes import beside, look_of
from quart_chat.room.proofs import bare
from quart_chat.store import keys
from quart_chat.store.line import Argument
from quart_chat.store.pipeline import Pipeline, Script
from quart_chat.store.rules import owners_of

AT_ONCE = 200  # people of one script call, about 3 ms of the store's time


class _Named(NamedTuple):
    """wanted: the name that somebody chose; shown: under which they are in the room; told: the store knows."""

    wanted: str
    shown: str
    told: bool = True


class _Owners(NamedTuple):
    """Who owns a room, there or away, by public id, and how their names look: nobody but they is called so."""

    people: frozenset[str] = frozenset()
    looks: frozenset[str] = frozenset()


class Names:
    """The names of the people that this worker has in rooms, and a look at those of all.

    lease: ms that a worker's word holds, as `Presence` has it.
    """

    def __init__(self, pipeline: Pipeline, worker: str, lease: int) -> None:
        self._pipeline = pipeline
        self._worker = worker
        self._lease = lease
        self._settle = Script.load("names.lua")
        self._rooms: dict[str, dict[str, _Named]] = {}

    def known(self, room: str, person: str, wanted: str) -> str | None:
        """Give the name under which somebody of this worker is in a room; None where it is not settled yet."""
        named = self._rooms.get(room, {}).get(person)
        return named.shown if named is not None and named.wanted == wanted else None

    async def settle(self, room: str, people: Mapping[str, str]) -> dict[str, str]:
        """Settle the names of all that this worker has in a room, public id to wanted name; gives the shown ones.

        What is settled stays, and asks the store nothing. Who wants a name that is another's, or an owner's who may be
        away, gets one beside it. One call of this for a room at a time.

        Raises:
            StoreAway: no answer; the next call does it.
        """
        held = self._rooms.setdefault(room, {})
        left = [(one, named.shown) for one, named in held.items() if people.get(one) != named.wanted]
        for start in range(0, len(left), AT_ONCE):
            some = left[start : start + AT_ONCE]
            await self._ask(room, self._worker, some, ())
            for one, _ in some:
                del held[one]
        come = [(one, name) for one, name in people.items() if one not in held or not held[one].told]
        owners = await self._owners(room) if come else _Owners()
        for start in range(0, len(come), AT_ONCE):
            choices = [(one, _choices(one, name, owners)) for one, name in come[start : start + AT_ONCE]]
            for (one, names), which in zip(choices, await self._ask(room, self._worker, (), choices), strict=True):
                held[one] = _Named(people[one], names[which - 1])  # 0: the last, whose number is one in a million
        if not held:
            self._rooms.pop(room, None)
        return {one: named.shown for one, named in held.items()}

    def doubt(self, room: str) -> None:
        """Settle all names of a room anew with the next call: the store may have forgotten them."""
        held = self._rooms.get(room, {})
        held.update({one: named._replace(told=False) for one, named in held.items()})

    async def find(self, room: str, person: str, wanted: str) -> str:
        """Give the name under which somebody speaks in a room, where they are on another worker or on none.

        Raises:
            StoreAway: no answer.
        """
        names = _choices(person, wanted, await self._owners(room))
        (which,) = await self._ask(room, "", [], [(person, names)])
        return names[which - 1]

    async def is_taken(self, room: str, person: str, name: str) -> bool:
        """Tell whether somebody else who is in a room has that name, or one that looks like it.

        Raises:
            StoreAway: no answer.
        """
        return not (await self._ask(room, "", [], [(person, (name,))]))[0]

    async def _owners(self, room: str) -> _Owners:
        found = await owners_of(self._pipeline, room)
        return _Owners(frozenset(one.public for one in found), frozenset(look_of(one.name) for one in found))

    async def _ask(
        self,
        room: str,
        worker: str,
        left: Iterable[tuple[str, str]],
        choices: Iterable[tuple[str, tuple[str, ...]]],
    ) -> list[int]:
        given_up = [(one, look_of(name)) for one, name in left]
        args: list[Argument] = [worker, self._lease, self._lease, len(given_up)]
        for one, look in given_up:
            args += (one, look)
        for one, names in choices:
            args += (one, len(names), *map(look_of, names))
        return list(map(int, await self._pipeline.script(self._settle, (keys.names(room), keys.here(room)), args)))


def _choices(person: str, wanted: str, owners: _Owners) -> tuple[str, ...]:
    """Give the names that somebody may have in a room, the best first."""
    names = (wanted, *beside(bare(wanted), person))
    if person in owners.people:
        return names
    # everybody has some name: the last has a number that is one in a million, whatever it looks like
    return (*(name for name in names[:-1] if look_of(name) not in owners.looks), names[-1])
