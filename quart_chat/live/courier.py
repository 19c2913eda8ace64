"""What brings messages to outgoing hooks: one worker does it for all rooms, and when it dies another goes on.

A hook is a place in its room's log, and the store holds it: nothing is kept here that a death could lose. Whoever has
the turn looks each second at which rooms have news, reads the log on from each hook's place, posts what the hook wants,
one after the other, and notes the place. What was posted as the worker died is posted again, under the same id.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from quart_chat import metrics
from quart_chat.errors import StoreAway
from quart_chat.events import get_logger
from quart_chat.outward.sender import Sender
from quart_chat.room.hooks import Due, Outgoing, Progress, due, host_of, is_behind, sign
from quart_chat.room.limits import TokenBucket
from quart_chat.room.proofs import of_bot
from quart_chat.room.record import STOPPED
from quart_chat.store.hooks import RoomHooks
from quart_chat.store.log import Log
from quart_chat.store.rules import RoomRules
from quart_chat.tasks import end_tasks

LOOK = 1.0  # seconds between two looks at which rooms have news
RENEW = 5.0  # seconds after which whoever has the turn says so again: each time is a write, which costs the disk
PAGE = 50  # entries that are read at once
IN_A_ROW = 10.0  # seconds after which a hook leaves its lane to those that wait for one
QUICK, SLOW = 64, 32  # posts under way: of hooks whose last one was answered soon, and of the others
SOON = 1.0  # seconds
POSTS_PER_SECOND = 200.0  # of all hooks: 2 ms of the worker each, which has tabs to serve, too
MOST_UNDER_WAY = 2000  # hooks that are being told something, or wait for a lane; the others have to wait for that
AGAIN = 5000  # ms until a hook is looked at again, of which something broke

logger = get_logger(__name__)


@dataclass(slots=True)
class _Room:
    """What is known of a room with hooks. end: its newest entry, changed: when its hooks were, as they were seen last.

    due: when it has to be looked at again, ms since the epoch; None: not before there is news.
    slow: ids of hooks that did not answer soon.
    """

    end: str = ""
    changed: int = 0
    due: int | None = 0
    slow: set[str] = field(default_factory=set)


class Courier:
    """Brings messages. clock: ms since the epoch; chance: gives a number from 0 to 1."""

    def __init__(
        self,
        hooks: RoomHooks,
        log: Log,
        rules: RoomRules,
        sender: Sender,
        *,
        clock: Callable[[], int],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._hooks = hooks
        self._log = log
        self._rules = rules
        self._sender = sender
        self._clock = clock
        self._chance = chance
        self._rooms: dict[str, _Room] = {}
        self._under_way: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._quick = asyncio.Semaphore(QUICK)
        self._slow = asyncio.Semaphore(SLOW)
        self._leads_until = 0.0  # the loop's time
        self._pace = TokenBucket(POSTS_PER_SECOND, POSTS_PER_SECOND, 0.0)

    async def run(self) -> None:
        """Bring what is due, in turn with the other workers, for ever."""
        try:
            while True:
                await asyncio.sleep(LOOK)
                with suppress(StoreAway):  # which others have logged; the log keeps what is due
                    await self.look()
        finally:
            await self.stop()
            await self._sender.aclose()

    async def look(self) -> None:
        """Begin to bring what is due, if it is this worker's turn; else leave that to another.

        Raises:
            StoreAway: no answer; what is under way goes on.
        """
        loop = asyncio.get_running_loop()
        if loop.time() >= self._leads_until:
            if not (await self._hooks.are_any() and await self._hooks.duties.may_go()):
                await self._drop()
                return
            self._leads_until = loop.time() + RENEW
        rooms = await self._hooks.rooms()
        for gone in self._rooms.keys() - rooms.keys():
            del self._rooms[gone]
        now, looks = self._clock(), []
        for (name, changed), end in zip(rooms.items(), await self._hooks.ends(rooms), strict=True):
            known = self._rooms.setdefault(name, _Room())
            if known.end != end or known.changed != changed or (known.due is not None and known.due <= now):
                known.end, known.changed, known.due = end, changed, 0  # 0: until it is known, for this may fail
                looks.append(self._look_at(name, known, now))
        for failed in await asyncio.gather(*looks, return_exceptions=True):
            if failed is not None:
                raise failed

    async def _look_at(self, room: str, known: _Room, now: int) -> None:
        changed = known.changed
        held = [(one.hook, one.progress) for one in await self._hooks.of(room)]
        outgoing = [(hook, one) for hook, one in held if isinstance(hook, Outgoing) and one is not None and one.on]
        if not outgoing:
            await self._hooks.forget(room, changed)
            known.due = None
            return
        known.slow &= {hook.id for hook, _ in outgoing}
        waits: list[int] = []
        # no await from here on: what ends later asks for another look by itself
        for hook, progress in outgoing:
            if (room, hook.id) in self._under_way or not is_behind(progress, known.end):
                continue
            if progress.due <= now and len(self._under_way) < MOST_UNDER_WAY:
                self._under_way[room, hook.id] = asyncio.create_task(self._bring(room, hook.id))
            else:
                waits.append(progress.due)
        known.due = min(waits, default=None)

    async def _bring(self, room: str, hook_id: str) -> None:
        """Tell a hook what is due, until there is no more, something fails, or it had its lane for long enough."""
        known = self._rooms.get(room, _Room())
        look = 0
        try:
            async with self._slow if hook_id in known.slow else self._quick:
                await self._tell_all(room, hook_id, known)
        except StoreAway:
            look = self._clock() + AGAIN
        except Exception:
            logger.exception("hook.failed", room=room)
            look = self._clock() + AGAIN
        finally:
            self._under_way.pop((room, hook_id), None)
            known.due = look if known.due is None else min(known.due, look)

    async def _tell_all(self, room: str, hook_id: str, known: _Room) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + IN_A_ROW
        held = await self._hooks.one(room, hook_id)
        while held is not None and held[1].on and held[1].due <= self._clock() and loop.time() < until:
            hook, progress = held
            tail = await self._log.as_it_stands(room, await self._log.tail(room, progress.place, PAGE))
            for one in due(hook, room, progress.place, tail.entries, tail.end):
                was, progress = progress, await self._tell(hook, progress, one, known)
                if not await self._hooks.note(room, hook_id, was, progress):
                    return  # it is gone, or another worker's
                if progress.tries:
                    if not progress.on:
                        await self._rules.record(room, of_bot(host_of(hook.url)), STOPPED)
                        logger.info("hook.stopped", room=room, answer=progress.answer)
                    return
                if loop.time() >= until:
                    return
            if not is_behind(progress, tail.end):
                return
            held = hook, progress

    async def _tell(self, hook: Outgoing, progress: Progress, one: Due, known: _Room) -> Progress:
        """Post what is due, and give how far the hook has come then."""
        if not one.payload:
            return progress.moved(one.place)
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._pace.wait(loop.time()))
        body, seconds = one.payload.encode(), self._clock() // 1000
        headers = {
            "webhook-id": one.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": sign(hook.secret, one.id, seconds, body),
        }
        began = loop.time()
        answer = await self._sender.post(hook.url, headers, body)
        taken = isinstance(answer, int) and 200 <= answer < 300
        if taken and loop.time() - began < SOON:
            known.slow.discard(hook.id)
        else:
            known.slow.add(hook.id)
        metrics.HOOKS.labels("taken" if taken else "failed").inc()
        if taken:
            return progress.delivered(one.place, self._clock(), int(answer))
        return progress.failed(self._clock(), str(answer), self._chance())

    async def stop(self) -> None:
        """End what is under way, and leave the turn to another worker, which begins it again."""
        led = self._leads_until > 0
        await self._drop()
        if led:
            with suppress(StoreAway):  # then it lapses
                await self._hooks.duties.leave()

    async def _drop(self) -> None:
        await end_tasks(list(self._under_way.values()))
        self._under_way.clear()  # of those that had not begun yet
        self._rooms.clear()
        self._leads_until = 0.0
