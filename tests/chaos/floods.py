"""Floods against a real server with the limits that it ships with, and what the others in the room notice of them.

`python -m tests.chaos.floods --seconds 20`, or `make floods`. Whoever floods does so from a process of their own, into
the room in which the others talk, by sockets and by plain forms at once; and, to compare, into a room of another server
on the same machine: what that costs the others is the machine's, and not the room's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.chaos.house import running

SHIPPED = {
    "QUART_CHAT_MESSAGES_PER_MINUTE": "60",
    "QUART_CHAT_ROOMS_PER_HOUR": "30",
    "QUART_CHAT_SOCKETS_PER_ADDRESS": "200",
    "QUART_CHAT_JOINS_PER_MINUTE": "120",
    "QUART_CHAT_TRUSTED_HOPS": "1",
}
ROOM = "talk"
TALKING = 5  # people, from an address each
EVERY = 1.1  # seconds between two messages of one of them: within their own limit
LATE = 10.0  # seconds that a message may take to everybody
SOCKETS, POSTING = 30, 6  # that a flood has
PACE = 600.0  # messages a second by sockets, at most: twice what the server reads of them
FORMS = 120.0  # and by forms
OURS = re.compile(r"ours-\d+-\d+")
THEIRS = re.compile(r">flood \d+<")


@dataclass(frozen=True, slots=True)
class Flood:
    """Who floods: so many identities, from so many addresses."""

    name: str
    identities: int
    addresses: int


FLOODS = (
    Flood("one person", 1, 1),
    Flood("one address, 30 cookies", SOCKETS, 1),
    Flood("30 addresses", SOCKETS, SOCKETS),
)


@dataclass(slots=True)
class Noticed:
    """What those who talk noticed.

    calm, elsewhere: just before, without a flood and with one that goes to another server; None in these themselves.
    waits: ms from sending a message to its being with one of them. missing: messages that somebody did not get.
    got_in: messages of the flood that were shown. sent, refused: by the flood, as it says itself.
    """

    name: str
    calm: Noticed | None = None
    elsewhere: Noticed | None = None
    waits: list[float] = field(default_factory=list)
    missing: int = 0
    got_in: int = 0
    sent: int = 0
    refused: int = 0

    def at(self, part: float) -> float:
        """Give the wait that this part of them stays under."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


# --- those who talk --------------------------------------------------------------------------------


class Talker:
    """Somebody with an open page who writes now and then, and notes when each message of the others is there."""

    def __init__(self, connection: ClientConnection, number: int) -> None:
        self.number = number
        self.got: dict[str, float] = {}
        self.theirs = 0
        self._connection = connection

    async def enter(self) -> None:
        await self._connection.send('{"act": "resume", "since": ""}')

    async def listen(self) -> None:
        with suppress(ConnectionClosed):
            async for frame in self._connection:
                now = time.monotonic()
                for text in OURS.findall(str(frame)):
                    self.got.setdefault(text, now)
                self.theirs += len(THEIRS.findall(str(frame)))

    async def talk(self, numbers: Iterator[int], sent: dict[str, float]) -> None:
        await asyncio.sleep(EVERY * self.number / TALKING)
        while True:
            text = f"ours-{self.number}-{next(numbers)}"
            sent[text] = time.monotonic()
            await self._connection.send(json.dumps({"act": "say", "text": text, "nonce": text}))
            await asyncio.sleep(EVERY)


@asynccontextmanager
async def talkers(url: str) -> AsyncIterator[list[Talker]]:
    async with AsyncExitStack() as stack:
        talking = []
        for number in range(TALKING):
            cookie, address = await identity(url, f"192.0.2.{number + 1}"), f"192.0.2.{number + 1}"
            connection = await stack.enter_async_context(opened(url, cookie, address))
            talking.append(Talker(connection, number))
        listening = [asyncio.create_task(one.listen()) for one in talking]
        try:
            yield talking
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)


async def identity(url: str, address: str) -> str:
    """Give the cookie of somebody new."""
    async with httpx.AsyncClient(trust_env=False, headers={"X-Forwarded-For": address}) as http:
        return f"quart_chat={(await http.get(url)).cookies['quart_chat']}"


def opened(url: str, cookie: str, address: str) -> connect:
    return connect(
        f"ws{url.removeprefix('http')}/r/{ROOM}/ws",
        origin=url,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie, "X-Forwarded-For": address},
        proxy=None,
        max_size=None,
        close_timeout=1,
    )


async def talk(talking: Sequence[Talker], name: str, seconds: float, numbers: Iterator[int]) -> Noticed:
    """Talk for a while; gives what was noticed."""
    noticed, sent = Noticed(name), dict[str, float]()
    tasks = [asyncio.create_task(one.talk(numbers, sent)) for one in talking]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    deadline = time.monotonic() + LATE
    while time.monotonic() < deadline and any(text not in one.got for one in talking for text in sent):
        await asyncio.sleep(0.05)
    for text, at in sent.items():
        got = [one.got[text] for one in talking if text in one.got]
        noticed.missing += len(talking) - len(got)
        noticed.waits += [(there - at) * 1000 for there in got]
    return noticed


# --- who floods, in a process of its own -------------------------------------------------------------


async def flood(url: str, identities: int, addresses: int, seconds: float) -> tuple[int, int]:
    """Send as much as is taken, PACE at most; gives how many were sent, and how many plain forms were refused."""
    froms = [f"198.51.100.{number % addresses + 1}" for number in range(SOCKETS)]
    cookies = [await identity(url, froms[number]) for number in range(identities)]
    ends, sent, refused, numbers = time.monotonic() + seconds, [0], [0], count()

    async def by_socket(number: int) -> None:
        with suppress(ConnectionClosed, OSError):
            async with opened(url, cookies[number % identities], froms[number]) as connection:
                reading = asyncio.create_task(_drain(connection))
                await connection.send('{"act": "resume", "since": ""}')
                while time.monotonic() < ends:
                    one = next(numbers)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(1):
                            await connection.send(
                                json.dumps({"act": "say", "text": f"flood {one}", "nonce": f"f{one}"})
                            )
                            sent[0] += 1
                    await asyncio.sleep(SOCKETS / PACE)
                reading.cancel()

    async def by_form(number: int) -> None:
        headers = {"Origin": url, "Cookie": cookies[number % identities], "X-Forwarded-For": froms[number]}
        async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=5) as http:
            while time.monotonic() < ends:
                one = next(numbers)
                with suppress(httpx.HTTPError):
                    fields = {"text": f"flood {one}", "nonce": f"f{one}"}
                    answer = await http.post(f"{url}/r/{ROOM}/messages", data=fields, headers={"HX-Request": "true"})
                    sent[0] += 1
                    refused[0] += answer.status_code == 429
                await asyncio.sleep(POSTING / FORMS)

    await asyncio.gather(*map(by_socket, range(SOCKETS)), *map(by_form, range(POSTING)))
    return sent[0], refused[0]


async def _drain(connection: ClientConnection) -> None:
    with suppress(ConnectionClosed):
        async for _ in connection:
            pass


@asynccontextmanager
async def flooding(url: str, by: Flood, seconds: float, noticed: list[tuple[int, int]]) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos.floods", "--flood", url, str(by.identities), str(by.addresses)),
        *("--seconds", str(seconds)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield
        said, _ = await process.communicate()
        sent, refused = said.decode().split()
        noticed.append((int(sent), int(refused)))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


# --- the whole ---------------------------------------------------------------------------------------


async def measure(folder: Path, seconds: float) -> list[Noticed]:
    """Talk in calm, while somebody floods another server, and while they flood this room, for each of FLOODS."""
    found, numbers = [], count()
    async with (
        running(folder / "other", workers=2, **SHIPPED) as other,
        running(folder / "this", workers=2, **SHIPPED) as server,
        talkers(server.url) as talking,
    ):
        for one in talking:
            await one.enter()
        await talk(talking, "warm", 2.0, numbers)
        for by in FLOODS:
            before = talking[0].theirs
            calm = await talk(talking, by.name, seconds, numbers)
            elsewhere = await _talk_while(other.url, by, talking, seconds, numbers)
            noticed = await _talk_while(server.url, by, talking, seconds, numbers)
            noticed.calm, noticed.elsewhere = calm, elsewhere
            noticed.got_in = talking[0].theirs - before
            found.append(noticed)
    return found


async def _talk_while(
    url: str, by: Flood, talking: Sequence[Talker], seconds: float, numbers: Iterator[int]
) -> Noticed:
    told: list[tuple[int, int]] = []
    async with flooding(url, by, seconds + 2, told):
        await asyncio.sleep(1.0)  # until it has begun
        noticed = await talk(talking, by.name, seconds, numbers)
    noticed.sent, noticed.refused = told[0]
    return noticed


def report(found: Sequence[Noticed], seconds: float) -> str:
    """Write it as a table."""
    lines = [
        f"| {seconds:.0f} s each, from | sent | got in | missing of the others | their wait, ms: median, p99 "
        "| while it went elsewhere | in calm |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found:
        waits = (f"{each.at(0.5):.0f}, {each.at(0.99):.0f}" for each in (one, one.elsewhere, one.calm) if each)
        lines.append(f"| {one.name} | {one.sent:,} | {one.got_in:,} | {one.missing} | {' | '.join(waits)} |")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=20.0)
    options.add_argument("--flood", nargs=3, metavar=("URL", "IDENTITIES", "ADDRESSES"))
    chosen = options.parse_args()
    if chosen.flood:
        url, identities, addresses = chosen.flood
        sys.stdout.write("{} {}".format(*asyncio.run(flood(url, int(identities), int(addresses), chosen.seconds))))
        return
    with TemporaryDirectory() as folder:
        print(report(asyncio.run(measure(Path(folder), chosen.seconds)), chosen.seconds))


if __name__ == "__main__":
    main()
