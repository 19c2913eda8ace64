"""The workers together: each place is kept filled, renewed one by one, and all end in time."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

from quart_chat.server.backoff import BackOff, when
from quart_chat.server.cannot_start import CannotStart
from quart_chat.server.child import Child, WorkerFailed, describe

log = logging.getLogger(__name__)

GRACE = 8.0  # seconds that all workers together get to end, of the 10 that the whole server may take


@dataclass(slots=True)
class _Place:
    """Where one worker works; who replaces it holds the lock."""

    number: int
    child: Child
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Crew:
    """A fixed number of workers.

    count: how many.
    start: starts one; its argument is the place's number, from 1.
    hurry: set, it takes the grace away from those who are ending.
    ended: told the pid of each that has ended.
    """

    def __init__(
        self, count: int, start: Callable[[int], Child], hurry: asyncio.Event, ended: Callable[[int], None]
    ) -> None:
        self._count = count
        self._tell_ended = ended
        self._start_child = start
        self._hurry = hurry
        self._places: list[_Place] = []
        self._children: set[Child] = set()  # every process that may still live, in a place or not

    async def start(self) -> None:
        """Start all and wait until they serve.

        Raises:
            CannotStart: one failed; its text is that worker's reason.
        """
        self._places = [_Place(number, self._start(number)) for number in range(1, self._count + 1)]
        reason = None
        try:
            async with asyncio.TaskGroup() as tasks:
                for place in self._places:
                    tasks.create_task(place.child.ready())
        except* WorkerFailed as failed:
            reason = str(failed.exceptions[0])
        if reason is not None:
            raise CannotStart(reason)  # out of its group: whoever starts the server wants one line

    async def keep(self, renew: asyncio.Event) -> None:
        """Fill each place again when its worker dies, for ever.

        renew: whenever it is set, all workers are replaced one by one.
        """
        async with asyncio.TaskGroup() as tasks:
            for place in self._places:
                tasks.create_task(self._fill(place))
            while True:
                await renew.wait()
                renew.clear()
                await self._renew_all()

    async def end(self) -> None:
        """End every worker, and return when there is none."""
        await self._end(set(self._children))

    async def _fill(self, place: _Place) -> None:
        backoff = BackOff()
        while True:
            child = place.child
            status = await child.ended()
            self._children.discard(child)
            async with place.lock:
                if place.child is not child:
                    continue  # it was renewed
                pause = backoff.after(child.lived, served=child.is_ready)
                what = describe(status) if status != 1 else f"failed: {child.reason}"
                log.warning("%s %s; another one starts %s", child.name, what, when(pause))
                await asyncio.sleep(pause)
                place.child = await self._start_somehow(place.number, backoff)

    async def _start_somehow(self, number: int, backoff: BackOff) -> Child:
        while True:
            try:
                return self._start(number)
            except OSError as error:  # no memory or no process left: that passes
                pause = backoff.after(0, served=False)
                log.error("worker %d cannot be started: %s; again %s", number, error, when(pause))  # noqa: TRY400
                await asyncio.sleep(pause)

    async def _renew_all(self) -> None:
        log.info("SIGHUP: the workers are renewed one by one")
        for place in self._places:
            async with place.lock:
                old = place.child
                try:
                    new = self._start(place.number)
                except OSError as error:
                    log.error("a new worker cannot be started: %s; the old ones go on", error)  # noqa: TRY400
                    return
                try:
                    await new.ready()
                except WorkerFailed as failed:
                    self._children.discard(new)
                    log.error("the new %s failed: %s; the old ones go on", new.name, failed)  # noqa: TRY400 - its reason is the news
                    return
                place.child = new
                await self._end({old})
        log.info("the workers are renewed")

    def _start(self, number: int) -> Child:
        child = self._start_child(number)
        child.when_ended(self._tell_ended)
        self._children.add(child)
        return child

    async def _end(self, children: set[Child]) -> None:
        for child in children:
            child.send(signal.SIGTERM)
        gone = asyncio.create_task(_all_ended(children))
        hurry = asyncio.create_task(self._hurry.wait())
        try:
            await asyncio.wait({gone, hurry}, timeout=GRACE, return_when=asyncio.FIRST_COMPLETED)
            for child in children:
                if not child.is_gone:
                    log.warning("%s did not end in time: killed", child.name)
                    child.send(signal.SIGKILL)
            await gone
        finally:
            gone.cancel()
            hurry.cancel()
        self._children -= children


async def _all_ended(children: set[Child]) -> None:
    for child in children:
        await child.ended()
