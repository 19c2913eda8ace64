"""Who is here: each worker leases what it knows of a room, and anybody reads all leases together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quart_chat.store import keys
from quart_chat.store.names import Names
from quart_chat.store.pipeline import Pipeline, Script

SECONDS = 1000  # ms
LEASE = 30 * SECONDS  # a worker that was killed is forgotten after these
RENEW = 8.0  # seconds between two renewals; LEASE + RENEW is under 45 s
LISTED = 100  # people of a worker's lease that are named; the others are counted


@dataclass(frozen=True, slots=True)
class Here:
    """Who is in a room.

    people: (public id, name), by name; bounded.
    count: of all, one a person; past the bound it may count somebody on two workers twice.
    """

    people: tuple[tuple[str, str], ...] = ()
    count: int = 0


class Presence:
    """All rooms' leases, as one worker holds and reads them.

    names: under which people are in rooms; a lease names them so.
    """

    def __init__(self, pipeline: Pipeline, worker: str) -> None:
        self._pipeline = pipeline
        self._worker = worker
        self._here = Script.load("here.lua")
        self.names = Names(pipeline, worker, LEASE)

    async def announce(self, room: str, people: Mapping[str, str]) -> Here:
        """Lease what this worker knows (public id to the name they chose), tell the room, and read all."""
        people = await self.names.settle(room, people)
        return await self._run(room, people, lease=LEASE if people else 0, tell=True)

    async def renew(self, room: str, people: Mapping[str, str]) -> Here:
        """Renew the lease without telling anybody, and read all."""
        people = await self.names.settle(room, people)
        return await self._run(room, people, lease=LEASE if people else 0, tell=False)

    async def part(self, room: str, people: Mapping[str, str], within: float) -> None:
        """Let the lease lapse within some seconds: this worker ends, and its tabs come back elsewhere."""
        people = {one: self.names.known(room, one, name) or name for one, name in people.items()}
        await self._run(room, people, lease=int(within * SECONDS), tell=False)

    async def read(self, room: str) -> Here:
        """Read who is here."""
        return await self._ask(room, "", "", LEASE, tell=False)

    async def _run(self, room: str, people: Mapping[str, str], *, lease: int, tell: bool) -> Here:
        listed = sorted(people.items(), key=lambda item: item[1].casefold())[:LISTED]
        payload = json.dumps({"n": len(people), "p": listed}, ensure_ascii=False, separators=(",", ":"))
        return await self._ask(room, self._worker, payload, lease, tell=tell)

    async def _ask(self, room: str, worker: str, payload: str, lease: int, *, tell: bool) -> Here:
        args = (worker, payload, lease, "1" if tell else "0", LEASE)
        names = keys.here(room), keys.channel(room), keys.names(room)
        return _union(await self._pipeline.script(self._here, names, args))


def _union(leases: Iterable[str]) -> Here:
    people: dict[str, str] = {}
    uncounted = 0
    for lease in leases:
        held = json.loads(lease)
        people.update((public, name) for public, name in held["p"])
        uncounted += held["n"] - len(held["p"])
    listed = sorted(people.items(), key=lambda item: (item[1].casefold(), item[0]))
    return Here(tuple(listed[:LISTED]), len(people) + uncounted)
