"""Who may have a proved name: by the looks of names, with the hash of the phrase that proves it. All fade unused."""

from __future__ import annotations

from typing import NamedTuple

from quart_chat.room.proofs import bare, deed_of
from quart_chat.store import keys
from quart_chat.store.people import KEPT
from quart_chat.store.pipeline import Pipeline, Script

MOST_PEOPLE = 20  # browsers that have one name by its phrase


class Deed(NamedTuple):
    """A proved name, as it stands to somebody.

    name: as whoever proved it first writes it. phrase: the hash of what proves it. theirs: the person has it.
    """

    name: str
    phrase: str
    theirs: bool


class Deeds:
    """All proved names; each person has one at most."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._deed = Script.load("deed.lua")

    async def find(self, name: str, person: str) -> Deed | None:
        """Find what is proved of a name or one that looks like it; person: public id. None: nothing.

        Raises:
            StoreAway: no answer.
        """
        wanted = "name", "phrase", f"p:{person}"
        kept, phrase, theirs = await self._pipeline.command("HMGET", keys.deed(deed_of(name)), *wanted)
        return None if phrase is None else Deed(str(kept), str(phrase), theirs is not None)

    async def of(self, person: str) -> str | None:
        """Give the name that somebody has proved; None for none."""
        found = await self._pipeline.command("GET", keys.proof(person))
        return None if found is None else str(found)

    async def take(self, name: str, person: str, *, phrase: str = "", fits: str = "") -> bool:
        """Give somebody a name in one step; False where it is another's.

        phrase: the hash of its phrase from now on; "" as it is. fits: the hash that theirs was found to fit.

        Raises:
            StoreAway: it may have been done, and can be done again.
        """
        args = (person, bare(name), phrase, fits, KEPT, MOST_PEOPLE)
        if not await self._pipeline.script(self._deed, [keys.deed(deed_of(name))], args):
            return False
        await self._pipeline.command("SET", keys.proof(person), bare(name), "PX", KEPT)
        return True

    async def give_up(self, name: str, person: str) -> list[str]:
        """Let anybody have a name that somebody has; gives the public ids of all who had it.

        Raises:
            StoreAway: it may have been done.
        """
        held = await self._pipeline.script(
            self._deed, [keys.deed(deed_of(name))], (person, "", "", "", KEPT, MOST_PEOPLE)
        )
        people = list(map(str, held))
        for one in {person, *people}:
            await self._pipeline.command("DEL", keys.proof(one))
        return people

    async def keep(self, name: str, person: str) -> None:
        """Note that a proved name is in use."""
        await self._pipeline.command("PEXPIRE", keys.deed(deed_of(name)), KEPT)
        await self._pipeline.command("PEXPIRE", keys.proof(person), KEPT)
        await self._pipeline.command("PEXPIRE", keys.name(person), KEPT)
