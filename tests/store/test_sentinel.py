"""Sentinels: connections go to whoever is the master, and a failover is survived."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from quart_chat.errors import StoreAway
from quart_chat.room.entries import NO_ENTRY
from quart_chat.room.places import follows
from quart_chat.store.log import Log, Retention
from tests.store.conftest import until
from tests.store.fleet import Watched
from tests.store.test_feed import a_worker

ANA = "a" * 16


async def test_a_failover_is_followed_to_the_new_master() -> None:
    with Watched() as watched:
        async with a_worker(watched.url, "r") as (pipeline, _, heard):
            log = Log(pipeline, Retention(100, 0))

            async def say(text: str) -> None:
                async with asyncio.timeout(30):
                    while True:
                        with suppress(StoreAway):
                            await log.append("r", ANA, "Ana", text, text)
                            return
                        await asyncio.sleep(0.1)

            await until(lambda: heard.count("confirmed", "r"), "a confirmation")
            old = watched.master
            await say("before")
            assert old.look.execute_command("WAIT", 1, 5000) == 1
            old.kill()
            await say("after")
            new = await asyncio.to_thread(watched.until_another, old)
            await until(lambda: heard.count("confirmed", "r") == 2, "that the new master is heard")
            await say("last")
            await until(lambda: heard.kept["r"][-1].message.text == "last", "what comes after")  # type: ignore[union-attr]
            entries = (await log.tail("r", NO_ENTRY)).entries
            assert follows(entries, NO_ENTRY)
            assert [entry.message.text for entry in entries if entry.message] == ["before", "after", "last"]
            old.start()  # it comes back as a replica; nobody asks it for anything
            old.until(lambda: old.look.info("replication")["role"] == "slave", "that it follows the new one")
            await say("and on")
            assert new.look.xlen("c:{r}:log") == 4
            # a master that is told to step down while connections to it stand
            first = watched.sentinels[0]
            first.until(lambda: first.look.execute_command("SENTINEL", "FAILOVER", "chat"), "a replica to promote")
            await asyncio.to_thread(watched.until_another, new)
            await say("once more")
            texts = [entry.message.text for entry in (await log.tail("r", NO_ENTRY)).entries if entry.message]
            assert texts == ["before", "after", "last", "and on", "once more"]
