"""Rooms' hooks: fields of a room's rules, so they go with it; and the list of rooms that have outgoing ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from quart_chat.errors import BadHook, NoMessage
from quart_chat.room.hooks import (
    MOST,
    Held,
    Hook,
    Incoming,
    Outgoing,
    Progress,
    digest_of,
    read_hooks,
    read_progress,
    write_hooks,
    write_progress,
)
from quart_chat.store import keys
from quart_chat.store.duties import Duties, Duty
from quart_chat.store.pipeline import Pipeline, Script

TURN = 15_000  # ms for which one worker brings messages for all: one that died must not hold them up for long
TOKEN_KEPT = 400 * 86_400_000  # ms after its last use; what it names goes with its room, whatever this says
_HOOKS, _HOOK = "hooks", "hook "
ATTEMPTS = 5


def is_of_hooks(field: str) -> bool:
    """Tell whether a field of a room's rules is its hooks'."""
    return field == _HOOKS or field.startswith(_HOOK)


class RoomHooks:
    """All rooms' hooks. clock: ms since the epoch."""

    def __init__(self, pipeline: Pipeline, worker: str, clock: Callable[[], int]) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._change = Script.load("hooks.lua")
        self._note = Script.load("hook.lua")
        self.duties = Duties(pipeline, worker, keys.HOOKED, keys.COURIER, TURN)

    async def of(self, room: str) -> list[Held]:
        """Give a room's hooks, in the order in which they were made.

        Raises:
            StoreAway: no answer.
        """
        hooks = read_hooks(await self._pipeline.command("HGET", keys.rules(room), _HOOKS))
        places = [f"{_HOOK}{hook.id}" for hook in hooks if isinstance(hook, Outgoing)]
        written = await self._pipeline.command("HMGET", keys.rules(room), *places) if places else []
        progress = dict(zip(places, map(read_progress, written), strict=True))
        return [Held(hook, progress.get(f"{_HOOK}{hook.id}")) for hook in hooks]

    async def add(self, room: str, hook: Hook) -> None:
        """Give a room one more hook; an outgoing one is told what is said from now on.

        Raises:
            BadHook: it has as many as it may have. NoMessage: there is no such room. StoreAway: it may be there.
        """

        def more(hooks: tuple[Hook, ...]) -> tuple[Hook, ...]:
            if hook in hooks:  # the store has done it, and its answer was lost
                return hooks
            if len(hooks) >= MOST:
                raise BadHook("A room has at most %(most)d hooks. Remove one first.", most=MOST)
            return *hooks, hook

        if isinstance(hook, Incoming):  # a token that opens nothing yet, and not one that nobody can look up
            await self._pipeline.command("SET", keys.hook(hook.digest), f"{room} {hook.id}", "PX", TOKEN_KEPT)
        await self._put(room, more, begins=hook.id if isinstance(hook, Outgoing) else "")
        if isinstance(hook, Outgoing):
            await self.look_at(room)

    async def remove(self, room: str, hook_id: str) -> Hook:
        """Take a hook away, and give it: nothing comes by it any more, and nothing goes.

        Raises:
            NoMessage: there is no such hook, or room. StoreAway: it may be gone.
        """
        gone: list[Hook] = []

        def less(hooks: tuple[Hook, ...]) -> tuple[Hook, ...]:
            gone.extend(one for one in hooks if one.id == hook_id)
            if not gone:
                raise NoMessage("There is no such hook, or not any more.")
            return tuple(one for one in hooks if one.id != hook_id)

        await self._put(room, less, goes=hook_id)
        hook = gone[0]
        if isinstance(hook, Incoming):
            await self._pipeline.command("DEL", keys.hook(hook.digest))
        return hook

    async def wake(self, room: str, hook_id: str) -> tuple[Outgoing, bool]:
        """Let an outgoing hook be tried again now, where it stopped; gives it, and whether it was off.

        Raises:
            NoMessage: there is no such hook that fails.
        """
        held = await self.one(room, hook_id)
        if held is None or not held[1].tries:
            raise NoMessage("There is no such hook, or not any more.")
        hook, progress = held
        await self.note(room, hook_id, progress, progress.woken())  # else it was tried just now
        await self.look_at(room)
        return hook, not progress.on

    async def one(self, room: str, hook_id: str) -> tuple[Outgoing, Progress] | None:
        """Give an outgoing hook and how far it has come; None where there is none."""
        held, written = await self._pipeline.command("HMGET", keys.rules(room), _HOOKS, f"{_HOOK}{hook_id}")
        hook = next((one for one in read_hooks(held) if one.id == hook_id), None)
        progress = read_progress(written)
        return (hook, progress) if isinstance(hook, Outgoing) and progress is not None else None

    async def note(self, room: str, hook_id: str, was: Progress, now: Progress) -> bool:
        """Note how far a hook has come; False where another worker did, or it is gone."""
        args = (f"{_HOOK}{hook_id}", write_progress(was), write_progress(now))
        return bool(await self._pipeline.script(self._note, [keys.rules(room)], args))

    async def opened_by(self, token: str) -> tuple[str, Incoming] | None:
        """Tell which room's hook a token opens; None: none, or not any more."""
        digest = digest_of(token)
        written = await self._pipeline.command("GETEX", keys.hook(digest), "PX", TOKEN_KEPT)
        room, _, hook_id = (written or "").partition(" ")
        if not hook_id:
            return None
        hooks = read_hooks(await self._pipeline.command("HGET", keys.rules(room), _HOOKS))
        found = (one for one in hooks if isinstance(one, Incoming) and one.id == hook_id and one.digest == digest)
        return next(((room, one) for one in found), None)

    async def look_at(self, room: str) -> None:
        """Let the worker that brings messages look at a room's hooks anew."""
        await self.duties.add(room, self._clock())

    async def are_any(self) -> bool:
        """Tell whether some room may have outgoing hooks."""
        return bool(await self._pipeline.command("EXISTS", keys.HOOKED))

    async def rooms(self) -> dict[str, int]:
        """Give the rooms that may have outgoing hooks, each with when these were changed last."""
        found = await self._pipeline.command("ZRANGE", keys.HOOKED, 0, -1, "WITHSCORES")
        return {str(room): int(at) for room, at in zip(found[::2], found[1::2], strict=True)}

    async def ends(self, rooms: Iterable[str]) -> list[str]:
        """Give the id of the newest entry of each room; "" where there is none. All in one round trip."""
        found = await asyncio.gather(*(self._pipeline.command("GET", keys.last(room)) for room in rooms))
        return [str(one or "") for one in found]

    async def forget(self, room: str, changed: int) -> None:
        """Look at a room no more, unless its hooks were changed since then, as `rooms` gave it."""
        await self.duties.move(Duty(room, changed), None)

    async def _put(
        self,
        room: str,
        change: Callable[[tuple[Hook, ...]], Sequence[Hook]],
        *,
        begins: str = "",
        goes: str = "",
    ) -> None:
        names = keys.meta(room), keys.rules(room), keys.last(room)
        for _ in range(ATTEMPTS):
            was = await self._pipeline.command("HGET", keys.rules(room), _HOOKS) or ""
            new = write_hooks(change(read_hooks(was)))
            done = int(await self._pipeline.script(self._change, names, (was, new, begins, goes)))
            if done == 1:
                return
            if done < 0:
                raise NoMessage("There is no such room yet. Say something in it first.")
        raise BadHook("Somebody else is changing these hooks. Try again.")
