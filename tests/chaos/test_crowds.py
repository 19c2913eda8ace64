"""Many at once: a server with a crowd of tabs ends in order, and pages that open during a burst miss nothing."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import httpx
import pytest
from redis import Redis

from tests.chaos.house import running
from tests.chaos.tabs import Tab
from tests.promise import ledger
from tests.promise.visitor import Visitor
from tests.server.processes import store

TABS = int(os.environ.get("CHAOS_TABS") or 200)
JOINS = int(os.environ.get("CHAOS_JOINS") or 150)
IN_TIME = 10.0  # seconds from SIGTERM to the end of the last process
ROOMS = 10  # that the tabs are in, but those that are choked: they have one of their own
WRITERS = 10
COMING = 50  # tabs that come at the same time
FLOOD = 45  # messages: more than a choked tab's kernel buffers hold, and less than what it may leave unread on top
LONG = "&" * 3900  # five bytes each in HTML
JOINING = 20  # pages that are open at the same time, or about to be
BURSTING = 3  # who write as fast as they are answered
AHEAD = 15  # messages, at most, that each writes at once
STAY = 60  # messages, at most, that a page waits for before it leaves

pytestmark = pytest.mark.timeout(120 + TABS // 5 + JOINS // 10)


class Joiner(Visitor):
    """Somebody who opens a page in a burst.

    entered: the place at which broadcasts began; what lies between the page's own and this was said before its socket.
    """

    entered = ""

    def _apply(self, frame: str) -> None:
        super()._apply(frame)
        if not self.entered and "people" in self.page.states:
            self.entered = self.page.place


async def test_sigterm_tells_every_tab_to_come_again_and_the_server_ends_in_time(
    tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    async with running(tmp_path) as server, AsyncExitStack() as stack:
        gate = asyncio.Semaphore(COMING)

        async def come(room: str, *, little: bool = False) -> Tab:
            async with gate:
                tab = Tab(http, server.url, room, "somebody", chance)
                stack.push_async_callback(tab.leave)
                return await tab.come(little=little)

        asleep, choked = TABS // 20, TABS // 20
        names = [f"r{number % ROOMS}" for number in range(TABS - choked)]
        tabs = list(await asyncio.gather(*map(come, names)))
        sleepers, awake = tabs[:asleep], tabs[asleep:]
        stuffed = list(await asyncio.gather(*(come("choked", little=True) for _ in range(choked))))
        for one in awake[:WRITERS]:
            one.talk(0.2)
        for one in (*sleepers, *stuffed):
            await one.stop_reading()
        flooding = await come("choked")
        for _ in range(FLOOD):
            await flooding.say(LONG)
        awake.append(flooding)

        began, clock = time.monotonic(), asyncio.get_running_loop().time()
        server.send(signal.SIGTERM)
        status = await asyncio.to_thread(server.wait)
        took = time.monotonic() - began
        for one in awake:
            await one.until_alone()
        for one in (*sleepers, *stuffed):
            await one.read_on()

        again = Counter(code for one in awake for code in one.codes[1:])
        last = max(one.told for one in awake) - clock
        print(f"{len(awake)} of {TABS + 1} tabs told within {last:.2f} s, ended within {took:.1f} s; again: {again}")
        assert status == 0
        assert took < IN_TIME
        assert Counter(one.codes[0] for one in awake) == {1012: len(awake)}
        assert set(again) <= {1012}, "somebody who came while it ended was let in and dropped"
        # their processes stood still: what the server said last waits in their sockets
        assert Counter(tuple(one.codes) for one in sleepers) == {(1012,): asleep}
        # no word reaches a tab whose buffers are full: it finds its connection cut off, and comes again all the same
        assert Counter(tuple(one.codes) for one in stuffed) == {(1006,): choked}
        assert "tab.slow" not in server.output


async def test_pages_that_open_in_a_burst_miss_nothing_between_the_page_and_its_socket(
    tmp_path: Path, http: httpx.AsyncClient, chance: Random
) -> None:
    room = "joins"
    async with running(tmp_path) as server, AsyncExitStack() as stack:
        writers = [Tab(http, server.url, room, f"w{number}", chance) for number in range(BURSTING)]
        for one in writers:
            stack.push_async_callback((await one.come()).leave)
        look = stack.enter_context(store(server))
        opening = True

        async def burst(writer: Tab) -> None:
            while opening:
                first = len(writer.written)
                texts = [f"{writer.name}:{number}" for number in range(first, first + chance.randint(1, AHEAD))]
                await asyncio.gather(*map(writer.say, texts))

        bursting = [asyncio.create_task(burst(one)) for one in writers]
        gate = asyncio.Semaphore(JOINING)
        complaints: list[str] = []
        seen = between = 0

        async def join(number: int) -> None:
            nonlocal seen, between
            async with gate, Joiner(http, server.url, room, f"r{number}", chance) as one:
                more = len(one.page.run.shown) + chance.randint(1, STAY)
                await one.until(lambda: len(one.page.run.shown) >= more, f"{more} messages")
                complaints.extend(
                    f"{why.what}\n{one.told()}" for why in ledger.shown_whole(around(look, room, one), one)
                )
                seen += len(one.page.run.shown)
                between += one.entered != one.page.runs[0].place
                if chance.random() < 0.5:
                    await one.leave(rudely=True)

        began = time.monotonic()
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(JOINS):
                    tasks.create_task(join(number))
        finally:
            opening = False
            await asyncio.gather(*bursting)
        took = time.monotonic() - began
        log = ledger.read(look, room)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{JOINS} pages opened in {took:.0f} s while {len(log)} messages went out; {between} of them missed some "
        f"between page and socket; {seen} rows checked; at most {peak} MiB here"
    )
    assert not complaints, f"{len(complaints)} complaints; the first:\n" + "\n".join(complaints[:2])
    assert not ledger.written_once(log, writers)
    assert all(one.acknowledged == set(one.written.values()) for one in writers)
    assert between > JOINS / 2, "few pages missed anything before their sockets were open: this tested little"


def around(look: Redis, room: str, visitor: Visitor) -> list[ledger.Row]:
    """Read what a page was to be shown, from its loading to its last place, and one message more than it began with."""
    messages, first = f"c:{{{room}}}:messages", visitor.page.runs[0].place
    rows = look.xrevrange(messages, first, count=ledger.PAGE + 1)[::-1]
    rows += look.xrange(messages, f"({first}", visitor.page.place)
    return [(entry_id, json.loads(fields["body"])["t"]) for entry_id, fields in rows]
