"""A real browser, a real server of two workers, and people who talk."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.network import Proxy
from tests.browser.pages import PATIENCE, TELL_VIOLATIONS, Visitor
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess

FOLDER = Path(__file__).parent
UNLIMITED = {
    "QUART_CHAT_MESSAGES_PER_MINUTE": "0",
    "QUART_CHAT_ROOMS_PER_HOUR": "0",
    "QUART_CHAT_SOCKETS_PER_ADDRESS": "0",
    "QUART_CHAT_JOINS_PER_MINUTE": "0",
    "QUART_CHAT_TIME_ZONE": "UTC",
    "QUART_CHAT_UPLOADS_PER_MINUTE": "0",
}
# Every window of a whole Chromium opens two pages of its own, hidden, for what is typed into its address bar:
# half of all that the browser costs. A process that is kept ready for the next page costs a little more.
# The last such list counts alone, so Playwright's own is in it.
OFF = """
    WebUIOmniboxPopup WebUIOmniboxAimPopup WebUIOmniboxFullPopup SpareRendererForSitePerProcess
    AimEnabled AvoidCorsURLLoaderRestartOnRedirect AvoidUnnecessaryBeforeUnloadCheckSync DestroyProfileOnBrowserClose
    HttpsFirstBalancedModeAutoEnable HttpsUpgrades LensOverlay MediaRouter NetworkTimeServiceQuerying OptimizationHints
    PaintHolding PreconnectToSearch TcpPortRandomizationWin ThirdPartyStoragePartitioning
""".split()
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(OFF)}",
)

expect.set_options(timeout=PATIENCE)
_rooms = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for all tests of a browser, which lives in it."""
    for item in items:
        if FOLDER in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    assert found is not None, f"no browser on PATH: looked for {', '.join(names)}"
    arguments = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else [*QUIET]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("shared"), workers=2, env=UNLIMITED) as server:
        yield server


@pytest.fixture
def server(shared_server: ServerProcess) -> Iterator[ServerProcess]:
    """The server of most tests; what it says during one is shown where that fails."""
    before = len(shared_server.output)
    yield shared_server
    _heard(shared_server.output[before:])


Serve = Callable[..., ServerProcess]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server of the test's own, always on the same data; it may be killed and started again."""
    started: list[ServerProcess] = []

    def start(port: int = 0, **env: str) -> ServerProcess:
        made = ServerProcess(tmp_path / "data", bind=f"127.0.0.1:{port}", workers=2, env={**UNLIMITED, **env})
        started.append(made)
        return made

    try:
        yield start
    finally:
        for one in reversed(started):  # the newest first: it would start again what an older one's end kills
            one.kill()
        for one in started:
            _heard(one.output)


def _heard(output: str) -> None:
    print(output)  # pytest shows it where the test failed
    assert "Traceback" not in output


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    """A room of the test's own."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())
    return f"{words[:40].strip('-')}-{next(_rooms)}"


Visitors = Callable[..., Any]


@pytest_asyncio.fixture(loop_scope="session")
async def visitors(browser: Browser, serve: Serve) -> AsyncIterator[Visitors]:
    """Bring in people, each with a browser of their own; at the end their consoles must have been silent.

    serve: people leave before the servers of their test end; these would end in the middle of what they tell.

    url: of the server; options: of Playwright's `new_context`.
    """
    here: list[Visitor] = []

    async def visitor(url: str, **options: Any) -> Visitor:
        context = await browser.new_context(**{"locale": "en-US", **options})
        context.set_default_timeout(PATIENCE)
        await context.add_init_script(TELL_VIOLATIONS)
        here.append(Visitor(context, url, scripts=options.get("java_script_enabled", True)))
        return here[-1]

    yield visitor
    for one in here:
        for tab in one.tabs:
            print(await tab.told())
        await one.context.close()
    for one in here:
        for tab in one.tabs:
            tab.witness.check()


@pytest_asyncio.fixture(loop_scope="session")
async def somebody(server: ServerProcess) -> AsyncIterator[Poster]:
    """Somebody else in the shared server, without a browser."""
    async with Poster(server.url, "Somebody Else") as poster:
        yield poster


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(server: ServerProcess) -> AsyncIterator[Proxy]:
    """A network of the test's own before the shared server."""
    async with Proxy(server.port) as proxy:
        yield proxy
