"""What a bad network makes of a room: `python -m tests.browser.slow --rounds 10`, or `make network`.

Chromium, cold, opens a room of fifty messages over slow 3G: by its own throttling, which delays each request, and over
a line of ours, which delays and loses segments, so that handshakes cost what they cost; with HTTP/1.1 and with HTTP/2.
Then a tab stands open for a minute in which nothing happens.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import shutil
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import trustme
from playwright.async_api import Browser, async_playwright

from tests.browser.conftest import QUIET, UNLIMITED
from tests.browser.link import Line, Link
from tests.browser.poster import Poster
from tests.server.processes import REPOSITORY, ServerProcess

BEGIN, END = "<!-- network:begin -->", "<!-- network:end -->"
ROOM = "slow"
RATE, ROUND_TRIP = 50_000.0, 0.4  # 400 kbit/s, seconds: what DevTools called slow 3G
LOST = 0.02
WORDS = "nobody says the same thing twice in a room of people who talk about all kinds of things".split()
IDLE = 60  # seconds
TRUSTING = "--ignore-certificate-errors"  # a context that ignores them does so after a handshake for nothing

# When the first message is painted is when it is in the page and the page was painted.
WATCH = """
globalThis.seen = {row: 0, live: 0, paint: 0, tasks: 0};
new PerformanceObserver(list => { for (const task of list.getEntries()) seen.tasks += task.duration - 50 })
  .observe({type: "longtask", buffered: true});
new PerformanceObserver(list => { for (const one of list.getEntries())
  if (one.name === "first-contentful-paint") seen.paint = one.startTime }).observe({type: "paint", buffered: true});
new MutationObserver(() => {
  if (!seen.row && document.querySelector("#log > .message + .message"))
    requestAnimationFrame(() => seen.row ||= performance.now())
  if (!seen.live && document.querySelector("#connection.live")) seen.live = performance.now()
}).observe(document, {childList: true, subtree: true, attributes: true});
"""


class Case(NamedTuple):
    """One kind of network."""

    name: str
    secure: bool
    line: Line | None  # None: Chromium's own throttling


CASES = (
    Case("Chromium’s throttling, HTTP/1.1", False, None),
    Case("a line, HTTP/1.1", False, Line(RATE, ROUND_TRIP / 2)),
    Case("a line that loses 2 %, HTTP/1.1", False, Line(RATE, ROUND_TRIP / 2, LOST)),
    Case("a line, HTTPS and HTTP/2", True, Line(RATE, ROUND_TRIP / 2)),
    Case("a line that loses 2 %, HTTPS and HTTP/2", True, Line(RATE, ROUND_TRIP / 2, LOST)),
)


class Load(NamedTuple):
    """One page: when, in seconds from its address on; blocked: ms of long tasks past 50 each."""

    seen: float
    live: float
    bytes: int
    requests: int
    blocked: float


async def load(browser: Browser, server: ServerProcess, case: Case, seed: int) -> Load:
    """Open the room, cold."""
    if case.line is None:
        return await _open(browser, server.port, case)
    async with Link(server.port, case.line, seed) as link:
        return (await _open(browser, link.port, case))._replace(bytes=link.up.bytes + link.down.bytes)


async def _open(browser: Browser, port: int, case: Case) -> Load:
    context = await browser.new_context()
    try:
        page = await context.new_page()
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        sizes: dict[str, int] = {}
        session.on(
            "Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]})
        )
        if case.line is None:
            throttled = {
                "offline": False,
                "latency": ROUND_TRIP * 1000,
                "downloadThroughput": RATE,
                "uploadThroughput": RATE,
            }
            await session.send("Network.emulateNetworkConditions", throttled)
        await page.add_init_script(WATCH)
        await page.goto(f"{'https' if case.secure else 'http'}://127.0.0.1:{port}/r/{ROOM}", wait_until="commit")
        async with asyncio.timeout(60):
            while not await page.evaluate("seen.live && seen.row && seen.paint"):
                await asyncio.sleep(0.1)
        await page.wait_for_load_state("networkidle")
        seen: dict[str, float] = await page.evaluate("seen")
        first = max(seen["row"], seen["paint"]) / 1000
        came = [size for size in sizes.values() if size]
        return Load(first, seen["live"] / 1000, sum(came), len(came), max(0.0, seen["tasks"]))
    finally:
        await context.close()


async def idle(browser: Browser, server: ServerProcess) -> tuple[int, int, int]:
    """Leave a tab alone; returns the bytes that went up and down its connections in a minute, and all requests."""
    async with Link(server.port, Line(1e9, 0), 0) as link:
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{link.port}/r/{ROOM}")
        await page.wait_for_selector("#connection.live", state="attached")
        await page.wait_for_load_state("networkidle")
        await asyncio.sleep(10)
        asked: list[Any] = []
        page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright writes into what it is given
        before = link.up.bytes, link.down.bytes
        await asyncio.sleep(IDLE)
        told = link.up.bytes - before[0], link.down.bytes - before[1], len(asked)
        await context.close()
        return told


def table(loads: dict[str, Sequence[Load]], quiet: tuple[int, int, int]) -> str:
    """Write what was measured as Markdown."""
    rows = [
        "| 400 kbit/s, 400 ms there and back | message, s | the worst, s | live, s | KB | requests | blocked, ms |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, some in loads.items():
        seen = [one.seen for one in some]
        middle = [
            statistics.median(getattr(one, field) for one in some) for field in ("live", "bytes", "requests", "blocked")
        ]
        rows.append(
            f"| {name} | {statistics.median(seen):.2f} | {max(seen):.2f} | {middle[0]:.2f} | {middle[1] / 1000:.1f} "
            f"| {middle[2]:.0f} | {middle[3]:.0f} |"
        )
    up, down, asked = quiet
    count = len(next(iter(loads.values())))
    told = (
        f"{count} loads of each, all cold, of a room with fifty messages: medians, and the worst. *Message*: the first "
        "is seen; *live*: the socket is there. An open tab in which nothing "
        f"happens: {down} bytes to it and {up} from it in {IDLE} s, by {asked} requests."
    )
    return "\n".join([*rows, "", told])


async def measure(rounds: int) -> str:
    """Measure all of it."""
    loads: dict[str, list[Load]] = {case.name: [] for case in CASES}
    with TemporaryDirectory() as folder:
        plain, secure = _serve(Path(folder) / "plain", None), _serve(Path(folder) / "secure", trustme.CA())
        with plain, secure:
            for server in (plain, secure):
                await _talk(server)
            async with async_playwright() as playwright:
                path = shutil.which("chromium")
                browser = await playwright.chromium.launch(
                    executable_path=path, args=[*QUIET, "--no-sandbox", TRUSTING]
                )
                for number in range(rounds):
                    for case in CASES:
                        one = await load(browser, secure if case.secure else plain, case, number)
                        print(f"{case.name}: {one}", file=sys.stderr)
                        loads[case.name].append(one)
                quiet = await idle(browser, plain)
                await browser.close()
    return table(loads, quiet)  # type: ignore[arg-type]


def _serve(folder: Path, authority: trustme.CA | None) -> ServerProcess:
    folder.mkdir()
    if authority is None:
        return ServerProcess(folder / "data", env=UNLIMITED)
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    config = (REPOSITORY / "hypercorn.toml").read_text(encoding="utf-8")
    for name in ("cert", "key"):
        config = config.replace(f'# {name}file = "{name}.pem"', f'{name}file = "{folder}/{name}.pem"')
    (folder / "hypercorn.toml").write_text(config, encoding="utf-8")
    return ServerProcess(folder / "data", "--config", str(folder / "hypercorn.toml"), env=UNLIMITED)


async def _talk(server: ServerProcess) -> None:
    chance = random.Random(3)
    async with Poster(server.url, "Somebody", verify=False) as poster:
        for _ in range(60):
            await poster.say(ROOM, " ".join(chance.choices(WORDS, k=chance.randint(2, 20))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--into", type=Path, help="a page to write the table into, between its marks")
    options = parser.parse_args()
    made = asyncio.run(measure(options.rounds))
    print(made)
    if options.into:
        page = options.into.read_text("utf-8")
        page = re.sub(f"(?<={BEGIN}\n).*(?={END})", lambda _: f"\n{made}\n\n", page, flags=re.S)
        options.into.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
