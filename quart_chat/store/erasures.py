"""What is kept of people who want to be forgotten, and what is still to be done for it: kept until it is done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from quart_chat.store import keys
from quart_chat.store.duties import Duties
from quart_chat.store.pipeline import Pipeline


class Erasure(NamedTuple):
    """What is to be taken out of a room.

    person: public id. wrote: also what they wrote there, and not only how far they have read.
    """

    person: str
    room: str
    wrote: bool


class Erasures:
    """What is kept by person, and a list of rooms to look through."""

    def __init__(self, pipeline: Pipeline, worker: str) -> None:
        self._pipeline = pipeline
        self._duties = Duties(pipeline, worker, keys.ERASURES, keys.ERASER)

    async def forget(self, person: str) -> None:
        """Delete what is kept of a person outside of rooms, but a kept name: `Prover.give_up` does that.

        Raises:
            StoreAway: some may be left.
        """
        for key in (keys.name(person), keys.visited(person), keys.called(person)):
            await self._pipeline.command("DEL", key)

    async def leave_room(self, person: str, room: str) -> None:
        """Delete how far somebody has read a room, under which name they were let in, and their role.

        Who was muted or banned stays so, without a name: a copy of a cookie must not get in by this.
        """
        await self._pipeline.together(
            ("HDEL", keys.read(room), person),
            ("HDEL", keys.members(room), person),
            ("HDEL", keys.rules(room), f"{person} name", f"{person} role"),
        )

    async def add(self, wanted: Iterable[Erasure], due: int) -> None:
        """List what is to be done; due: ms since the epoch, from when on.

        Raises:
            StoreAway: some may not be listed.
        """
        for one in wanted:
            await self._duties.add(_write(one), due)

    async def next(self, now: int) -> Erasure | None:
        """Give what is to be done next, and do not take it off the list; None: nothing yet; now: ms since the epoch."""
        found = await self._duties.next(now)
        if found is None:
            return None
        person, room, wrote = found.what.split(" ")
        return Erasure(person, room, wrote == "1")

    async def done(self, one: Erasure) -> None:
        """Take something off the list."""
        await self._duties.done(_write(one))

    async def may_go(self) -> bool:
        """Take the turn to do this, or say that it goes on; False while another worker has it."""
        return await self._duties.may_go()


def _write(one: Erasure) -> str:
    return f"{one.person} {one.room} {int(one.wrote)}"
