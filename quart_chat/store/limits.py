"""Limits that hold over all workers: events of a person and their address, failed secrets, an address's sockets."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from quart_chat import metrics
from quart_chat.errors import TooFast
from quart_chat.room.limits import (
    CALM,
    FAILED_SECRETS,
    FAILED_SECRETS_OF_ADDRESS,
    FAILED_SECRETS_OF_THING,
    SLOWEST,
    TOO_MUCH,
    Limit,
)
from quart_chat.store import keys
from quart_chat.store.pipeline import Pipeline, Script

LAPSE = 60_000  # ms after which the sockets of a worker that was killed count no more

Held = tuple[str, Limit]  # who is limited, as `keys.allowance` takes it, and by what


class Taken(NamedTuple):
    """What came of taking events.

    number: how many were taken. wait: seconds until one more will be left; 0.0 where all were taken. met: who is at
    their limit; "": nobody.
    """

    number: int
    wait: float
    met: str

    @property
    def of_address(self) -> bool:
        """Whether it is an address's limit that was met."""
        return self.met.startswith("@")


class Limits:
    """Counts what limits bound.

    Whoever is refused is told when to come again. `patient` says that somebody comes when they were told, as this
    server knows of itself and not from them: such as a form that a page sends again. They wait for nobody's pauses.
    """

    def __init__(self, pipeline: Pipeline, worker: str, sockets_per_address: int) -> None:
        self._pipeline = pipeline
        self._worker = worker
        self._most = sockets_per_address
        self._allow = Script.load("allowance.lua", "allow.lua")
        self._unspend = Script.load("allowance.lua", "unspend.lua")
        self._failed = Script.load("allowance.lua", "failed.lua")
        self._sockets = Script.load("sockets.lua")
        self._open: Counter[str] = Counter()

    async def take(self, kind: str, who: str, limit: Limit) -> float:
        """Take one event; give 0.0, or the seconds to wait where none is left."""
        return (await self.take_some(kind, who, limit, 1)).wait

    async def take_some(self, kind: str, who: str, limit: Limit, count: int) -> Taken:
        """Take as many events as are left, at most `count`."""
        return await self._take(kind, [(who, limit)], count, patient=False)

    async def take_from_both(self, kind: str, person: str, address: str, most: Limit, of_address: Limit) -> float:
        """Take one event of a person and of their address; give 0.0, or the seconds to wait.

        person: public id. Where either has none left, none of the other is taken.
        """
        return (await self.take_some_from_both(kind, person, address, most, of_address, count=1)).wait

    async def demand_from_both(self, kind: str, person: str, address: str, most: Limit, of_address: Limit) -> None:
        """Take one event of a person and of their address, as `take_from_both`.

        Raises:
            TooFast: either has none left.
        """
        if wait := await self.take_from_both(kind, person, address, most, of_address):
            raise TooFast(TOO_MUCH, wait)

    async def take_some_from_both(
        self, kind: str, person: str, address: str, most: Limit, of_address: Limit, *, count: int, patient: bool = False
    ) -> Taken:
        """Take as many events as a person and their address both have left, at most `count`.

        One run of a script where one server has both. In a cluster each node takes from its own, in one round trip, and
        what one of them took too many is given back: nobody gets more than their limit, but for that moment it may be
        missing to who asks at the same time.
        """
        held = [(person, most), (f"@{address}", of_address)]
        return await self._take(kind, held, count, patient=patient)

    async def _take(self, kind: str, held: Sequence[Held], count: int, *, patient: bool) -> Taken:
        held = [(who, limit) for who, limit in held if limit.most]
        parts = self._parts(kind, held)
        if not parts:
            return Taken(count, 0.0, "")
        answers = await asyncio.gather(
            *(self._run(self._allow, kind, part, count, "patient" if patient else "") for part in parts)
        )
        found: list[Taken] = []
        for part, (taken, wait, met) in zip(parts, answers, strict=True):
            found.append(Taken(int(taken), int(wait) / 1000, part[int(met) - 1][0] if met else ""))
        least = min(found, key=lambda one: one.number)
        surplus = [(part, one.number - least.number) for part, one in zip(parts, found, strict=True)]
        await asyncio.gather(*(self._run(self._unspend, kind, part, over) for part, over in surplus if over))
        if least.met:
            metrics.LIMITED.labels(f"{kind}_of_address" if least.of_address else kind).inc()
        return least

    def _parts(self, kind: str, held: Sequence[Held]) -> list[list[Held]]:
        """Part what is held into what one run of a script may touch."""
        by_key = {keys.allowance(kind, who): (who, limit) for who, limit in held}
        return [[by_key[key] for key in part] for part in self._pipeline.parts(list(by_key))]

    async def _run(self, script: Script, kind: str, held: Sequence[Held], count: int, how: str = "") -> list[int]:
        names = [keys.allowance(kind, who) for who, _ in held]
        args = [count, how, f"{CALM * 1000:.0f}", *(arg for _, limit in held for arg in _args(limit))]
        answer: list[int] = await self._pipeline.script(script, names, args)
        return answer

    # --- secrets -------------------------------------------------------------------------------------

    async def may_try(self, person: str, address: str, thing: str) -> float:
        """Let somebody say a secret: a passphrase, an owner's link. Call it before the secret is looked at.

        person: public id, of whoever asks. thing: what the secret opens, such as "passphrase:NAME"; not the secret.

        Gives 0.0, or the seconds to wait; then do not look at what they said, and raise TooFast. Where they may,
        call `passed` or `failed` afterwards, whatever comes of it. The try is counted here, so that a thousand at
        once are no more than ten one by one; a right one is given back, so that success costs nothing.

        Where many have failed at that thing lately, whoever they are, this takes up to SLOWEST seconds. It refuses
        nobody for what others did at the thing: they could keep a room's own people out.

        Raises:
            StoreAway: no answer. Then nothing may be looked at: else who keeps the store busy guesses for free.
        """
        taken = await self._take("secrets", _of_secret(person, address), 1, patient=False)
        if taken.wait:
            return taken.wait
        if (await self._take("secrets", _of_thing(thing), 1, patient=False)).wait:
            await asyncio.sleep(SLOWEST)
        return 0.0

    async def passed(self, person: str, address: str, thing: str) -> None:
        """Note that what somebody said was right: their try costs nothing.

        Earlier failures stay: else who knows one secret could wipe out their guesses at another.
        """
        held = (*_of_secret(person, address), *_of_thing(thing))
        await asyncio.gather(*(self._run(self._unspend, "secrets", part, 1) for part in self._parts("secrets", held)))

    async def failed(self, person: str, address: str, thing: str) -> None:
        """Note that what somebody said was wrong: the more often, the longer the pauses of the person and address."""
        metrics.FAILED_SECRETS.labels(thing.partition(":")[0]).inc()
        parts = self._parts("secrets", _of_secret(person, address))
        await asyncio.gather(*(self._run(self._failed, "secrets", part, 1) for part in parts))

    # --- sockets -------------------------------------------------------------------------------------

    async def open_socket(self, address: str) -> bool:
        """Count one more socket of an address; False where that is too many, and it is not counted."""
        if not self._most:
            return True
        within = await self._note(address, "1")
        if within:
            self._open[address] += 1
        return within

    async def close_socket(self, address: str) -> None:
        """Count one socket less."""
        if not self._most:
            return
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]
        await self._note(address, "-1")

    async def renew(self) -> None:
        """Say again how many this worker has; call it well within LAPSE."""
        for address in list(self._open):
            await self._note(address, f"all {self._open[address]}")

    async def _note(self, address: str, change: str) -> bool:
        args = (self._worker, change, LAPSE, self._most)
        return bool(await self._pipeline.script(self._sockets, [keys.sockets(address)], args))


def _of_secret(person: str, address: str) -> tuple[Held, ...]:
    return (person, FAILED_SECRETS), (f"@{address}", FAILED_SECRETS_OF_ADDRESS)


def _of_thing(thing: str) -> tuple[Held, ...]:
    return ((f"={thing}", FAILED_SECRETS_OF_THING),)


@lru_cache(100)
def _args(limit: Limit) -> tuple[str | int, ...]:
    """Write a limit as `allowance.lua` reads it."""
    free = -1 if limit.free is None else limit.free
    pauses = " ".join(f"{pause * 1000:.0f}" for pause in limit.pauses)
    return f"{limit.interval * 1000:.3f}", limit.most, free, pauses
