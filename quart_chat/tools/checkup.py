"""`quart-chat check`: whether the settings and the store are such that a server would serve, one line a finding."""

from __future__ import annotations

import asyncio
import base64
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from quart_chat.config import Settings
from quart_chat.errors import BadFile, ShelfAway, StoreAway
from quart_chat.pictures.studio import Studio
from quart_chat.room.attachments import most_bytes
from quart_chat.room.entries import Entry
from quart_chat.shelf.shelf import Shelf
from quart_chat.store import keys, status
from quart_chat.store.feed import Feed
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.servers import Servers, servers

HEARD = 3.0  # seconds in which a word has to come back
PINGS = 20
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)  # a PNG
SLOW = 20.0  # ms of a command, above which people notice


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    fine: True; False where the server would not serve; None where it would, with a drawback.
    """

    fine: bool | None
    text: str


async def look(url: str) -> AsyncIterator[Finding]:
    """Look at a store as a worker uses it. Nothing that it does stays there.

    url: the store's.
    """
    store = servers(url)
    pipeline = Pipeline(store)
    try:
        try:
            await store.refresh()
            found = await status.version(pipeline)
        except StoreAway as away:
            yield Finding(False, f"the store cannot be used: {away}")
            return
        if too_old := status.too_old(found):
            yield Finding(False, too_old)
            return
        yield Finding(True, f"the store answers: Redis {found} or what is compatible with it, {_size(store)}")
        async for finding in _persistence(pipeline):
            yield finding
        yield await _latency(pipeline)
        yield await _writes(pipeline)
        yield await _hears(store, pipeline)
    finally:
        await pipeline.aclose()
        await store.aclose()


def _size(store: Servers) -> str:
    count = len(store.all())
    return "one server" if count == 1 else f"{count} servers"


async def _persistence(pipeline: Pipeline) -> AsyncIterator[Finding]:
    held = await status.info(pipeline, "persistence")
    memory = await status.info(pipeline, "memory")
    if held.get("aof_enabled") != "1":
        yield Finding(
            None, "it keeps no append-only file: what is acknowledged may be gone after a crash (appendonly yes)"
        )
    elif held.get("aof_last_write_status") == "err":
        yield Finding(False, status.CANNOT_WRITE)
    else:
        yield Finding(True, "it keeps an append-only file")
    policy, most = memory.get("maxmemory_policy", ""), int(memory.get("maxmemory", 0))
    if policy != "noeviction" and most:
        yield Finding(None, f"it throws keys away when its memory is full (maxmemory-policy {policy}): set noeviction")
    if most and int(memory.get("used_memory", 0)) > 0.9 * most:
        yield Finding(None, f"over nine tenths of its memory are in use (maxmemory {most:,} bytes)")


async def _latency(pipeline: Pipeline) -> Finding:
    took = []
    for _ in range(PINGS):
        began = time.perf_counter()
        await pipeline.command("EXISTS", "c:{~}:check")
        took.append((time.perf_counter() - began) * 1000)
    middle = statistics.median(took)
    return Finding(True if middle < SLOW else None, f"a command takes {middle:.1f} ms")


async def _writes(pipeline: Pipeline) -> Finding:
    """Say something in a room that no address leads to, and delete it again."""
    room = f"~check-{secrets.token_hex(8)}"  # no room of a page has such a name
    nobody = "0" * 16
    log = Log(pipeline, Retention(1, 60_000))
    try:
        began = time.perf_counter()
        await log.append(room, nobody, "check", "check", "check")
        took = (time.perf_counter() - began) * 1000
    except StoreAway as away:
        return Finding(False, f"it does not take a message: {away}")
    finally:
        await pipeline.command("DEL", *keys.held(room), keys.nonce(room, nobody, "check"))
    return Finding(True, f"it takes a message, in {took:.1f} ms")


async def _hears(store: Servers, pipeline: Pipeline) -> Finding:
    ear = _Ear()
    room = f"~check-{secrets.token_hex(8)}"
    feed = Feed(store, pipeline, room)
    feed.follow(room)
    running = asyncio.create_task(feed.run(ear))
    try:
        async with asyncio.timeout(HEARD):
            while not ear.heard.is_set():
                await feed.say_typing(room, "", "")
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await ear.heard.wait()
    except (TimeoutError, StoreAway) as error:
        return Finding(False, f"publications do not come through: {ear.why or error or 'nothing was heard'}")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return Finding(True, "publications come through")


async def look_at_files(settings: Settings) -> AsyncIterator[Finding]:
    """Look at where files are kept, and whether pictures can be made anew. Nothing that it does stays there."""
    if not settings.files:
        yield Finding(True, "files are switched off")
        return
    shelf = Shelf.of(settings)
    try:
        yield Finding(True, f"files are kept in {await shelf.check()}")
        full = not shelf.has_room(most_bytes(settings.file_megabytes))
        if full:
            yield Finding(None, "its disk is nearly full: files are refused, so that messages still have room")
    except ShelfAway as away:
        yield Finding(False, f"files: {away}")
    finally:
        shelf.close()
    with tempfile.TemporaryFile() as picture:
        picture.write(DOT)
        picture.flush()
        try:
            async with Studio(None).remade(picture, "check"):
                yield Finding(True, "pictures can be made anew")
        except (BadFile, ShelfAway) as error:
            yield Finding(False, f"pictures cannot be made anew: {error}")


class _Ear:
    """Hears its own word (`store.feed.Listener`)."""

    def __init__(self) -> None:
        self.heard = asyncio.Event()
        self.why = ""

    def typing(self, room: str, person: str, name: str) -> None:
        self.heard.set()

    def lost(self, reason: str) -> None:
        self.why = reason

    def found(self) -> None: ...

    def revoked(self, ticket: str) -> None: ...

    def confirmed(self, room: str) -> None: ...

    def entries(self, room: str, entries: Sequence[Entry]) -> None: ...

    def here(self, room: str) -> None: ...

    def read(self, room: str, places: Mapping[str, str]) -> None: ...

    def ruled(self, room: str) -> None: ...

    def expired(self, room: str) -> None: ...

    def reported(self, room: str, entry_id: str, keepers: Sequence[str]) -> None: ...

    def admission(self, room: str, person: str, until: int) -> None: ...

    def renamed(self, person: str, name: str) -> None: ...

    def forgotten(self, person: str) -> None: ...
