"""Minutes of churn on a real server: people come, write, rename themselves and go, workers are renewed and killed.

`python -m tests.chaos.soak --minutes 10 --plot docs/soak.svg`: nothing may be lost, and nothing may grow but the store.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom
from tempfile import TemporaryDirectory

import httpx

from tests.chaos.guest import Guest, within
from tests.chaos.house import NO_GHOST, running
from tests.chaos.samples import (
    MINUTE,
    Sample,
    Sampler,
    bytes_a_message,
    grown,
    later_half,
    left_open,
    most_of_a_worker,
    of_supervisor,
    of_workers,
    table,
)
from tests.promise import ledger
from tests.promise.history import shortest
from tests.promise.test_promise import settle
from tests.server.processes import ServerProcess, kill

EVERY = 1.0  # seconds between two samples
COME = 10.0  # seconds in which the first ones come
AWAY = 1.0  # seconds, about, until a seat is taken again
RUDE = 0.4  # of those who go say nothing to the server
LONG = 6 * MINUTE  # seconds; a shorter soak tells nothing of growth
MOST_TOLD = 3  # complaints of one room
PATIENCE = 10.0  # seconds until those who went are seen to be gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a soak is to be; times in seconds.

    stay: how long somebody stays, about. renewed, killed: between two renewals, and two blows at a worker; 0: never.
    """

    length: float
    people: int = 150
    rooms: int = 12
    stay: float = 60.0
    renewed: float = 120.0
    killed: float = 180.0


@dataclass(slots=True)
class Soaked:
    """What a soak has left behind; times in seconds since its beginning.

    after: when all had gone. complaints: what was lost, shown twice, or grew.
    """

    samples: list[Sample]
    after: Sample
    renewed: list[float] = field(default_factory=list)
    killed: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    visits: int = 0
    complaints: list[str] = field(default_factory=list)


class Soak:
    """One soak of one server: who is in its rooms, and the blows."""

    def __init__(self, plan: Plan, server: ServerProcess, http: httpx.AsyncClient, chance: Random) -> None:
        self._plan = plan
        self._server = server
        self._http = http
        self._chance = chance
        self._rooms = [f"soak-{number}" for number in range(plan.rooms)]
        self._ever: list[Guest] = []
        self._here: set[Guest] = set()
        self._over = asyncio.Event()
        self._sampler = Sampler(server, http)
        self._renewed: list[float] = []
        self._killed: list[float] = []

    async def run(self) -> Soaked:
        """Soak, then see whether all is right."""
        before = await self._sampler.look()
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(self._plan.people):
                    tasks.create_task(self._seat(number))
                tasks.create_task(self._blows(self._plan.renewed, self._renew, self._renewed))
                tasks.create_task(self._blows(self._plan.killed, self._kill, self._killed))
                await self._sample()
                self._over.set()
            complaints = await self._lost()
            samples = list(self._sampler.samples)
        finally:
            await asyncio.gather(*(one.leave() for one in self._here))
        after = await self._empty(before)
        complaints += [f"it says: {line}" for line in self._server.output.splitlines() if '"level": "error"' in line]
        complaints += left_open(before, after)
        if self._plan.length >= LONG:
            complaints += grown(samples)
        answers = sum((one.answers for one in self._ever), Counter[str]())
        return Soaked(samples, after, self._renewed, self._killed, answers, len(self._ever), complaints)

    # --- what happens ------------------------------------------------------------------------------

    async def _sample(self) -> None:
        while (now := self._sampler.now) < self._plan.length:
            await self._sampler.look()
            await asyncio.sleep(max(0.0, now + EVERY - self._sampler.now))

    async def _seat(self, number: int) -> None:
        """Let one after the other come to a place in some room; who is there when it is over stays."""
        plan, chance = self._plan, self._chance
        await asyncio.sleep(chance.uniform(0, min(COME, plan.length / 5)))
        turn = 0
        while not self._over.is_set():
            one = Guest(self._http, self._server.url, chance.choice(self._rooms), f"g{number}-{turn}", chance)
            await one.load()
            self._ever.append(one)
            self._here.add(one.connect())
            await one.stay(chance.expovariate(1 / plan.stay), self._over)
            if not self._over.is_set():
                await one.leave(rudely=chance.random() < RUDE)
                self._here.discard(one)
                await within(chance.expovariate(1 / AWAY), self._over)
            turn += 1

    async def _blows(self, every: float, strike: Callable[[], None], noted: list[float]) -> None:
        """Strike every so many seconds, but not at the end; 0: never."""
        number = 1
        while every and (when := number * every) < self._plan.length - every / 4:
            await asyncio.sleep(when - self._sampler.now)
            strike()
            noted.append(self._sampler.now)
            number += 1

    def _renew(self) -> None:
        self._server.send(signal.SIGHUP)

    def _kill(self) -> None:
        kill(self._chance.choice(self._server.worker_pids))

    # --- what is left ------------------------------------------------------------------------------

    async def _lost(self) -> list[str]:
        """Complain of what a room lost, or of what a page was not shown, whether it is still open or not."""
        complaints: list[str] = []
        for room in self._rooms:
            ever = [one for one in self._ever if one.room == room]
            here = [one for one in ever if one in self._here]
            log = await settle(here, self._server, room)
            found = ledger.written_once(log, ever)
            reached = {entry_id: number for number, (entry_id, _) in enumerate(log, 1)}
            for one in ever:
                found += ledger.shown_whole(log[: reached.get(one.page.place, 0)], one)
            histories = [one.history for one in ever]
            complaints += [f"{room}: {one.what}\n{shortest(histories, one.about)}" for one in found[:MOST_TOLD]]
            for one in here:
                await self._until_seen({other.public for other in here}, one)
        return complaints

    async def _until_seen(self, here: set[str], one: Guest) -> None:
        await one.until(lambda: here <= one.sees, f"all {len(here)} who are here")
        if self._plan.length >= MINUTE:  # a worker that was killed leaves ghosts for longer than a short soak takes
            await one.until(lambda: one.sees == here, "no ghost", NO_GHOST)
            await one.until(lambda: one.page.counted == len(here), "how many are here")

    async def _empty(self, before: Sample) -> Sample:
        """Look at the server until it is as it was before anybody came, or ought to be."""
        deadline = self._sampler.now + PATIENCE
        while True:
            after = await self._sampler.look()
            if not left_open(before, after) or self._sampler.now > deadline:
                return after
            await asyncio.sleep(0.1)


def report(soaked: Soaked) -> str:
    """Tell of a soak in a table and some figures."""
    lines = [
        table(soaked.samples),
        f"{soaked.visits} visits; {len(soaked.renewed)} renewals, {len(soaked.killed)} workers killed",
        f"answers: {dict(sorted(soaked.answers.items()))}",
        f"{soaked.samples[0].files} files open before anybody came, {soaked.after.files} after all had gone",
    ]
    if soaked.samples[-1].at >= LONG - 2 * EVERY:
        last = later_half(soaked.samples)
        lines += [
            f"a worker takes {of_workers(last):+.2f} MB a minute against one of its age before, "
            f"the supervisor {of_supervisor(last):+.2f}",
            f"a worker took {most_of_a_worker(soaked.samples):.0f} MB at most, "
            f"the store takes {bytes_a_message(last):.0f} bytes more for each message",
        ]
    return "\n".join(lines)


async def soak(plan: Plan, folder: Path, chance: Random) -> Soaked:
    """Soak a server of its own, with two workers and the embedded store."""
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=0)  # each page may come to another worker
    said = {"Connection": "close"}  # else Hypercorn holds a connection that was closed for 5 s more
    async with (
        httpx.AsyncClient(limits=limits, headers=said, trust_env=False, timeout=10) as http,
        running(folder, workers=2) as server,
    ):
        return await Soak(plan, server, http, chance).run()


def main() -> int:
    """Soak as the command line says; the exit status is 1 where something is wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--people", type=int, default=150)
    options.add_argument("--renewed", type=float, default=120, help="seconds between two renewals; 0: none")
    options.add_argument("--killed", type=float, default=180, help="seconds between two workers killed; 0: none")
    options.add_argument("--seed", type=int, default=SystemRandom().getrandbits(32))
    options.add_argument("--plot", type=Path, help="where the picture goes, an SVG")
    chosen = options.parse_args()
    plan = Plan(length=chosen.minutes * MINUTE, people=chosen.people, renewed=chosen.renewed, killed=chosen.killed)
    print(f"--seed {chosen.seed}", flush=True)
    with TemporaryDirectory(prefix="quart-chat-soak-") as folder:
        soaked = asyncio.run(soak(plan, Path(folder), Random(chosen.seed)))
    print(report(soaked))
    if chosen.plot is not None:
        from tests.chaos.plot import draw  # what only the picture needs

        draw(soaked.samples, soaked.renewed, soaked.killed, chosen.plot)
    print("\n".join(soaked.complaints[:10] or ["nothing was lost, and nothing grew but the store"]))
    return bool(soaked.complaints)


if __name__ == "__main__":
    sys.exit(main())
