"""What a room's page costs whoever has never been here, byte by byte as Chromium counts it; and what it costs open."""

from __future__ import annotations

import pytest
from playwright.async_api import CDPSession, expect

from quart_chat.files import folder
from quart_chat.pages.assets import static
from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess

WORDS = "Nobody says the same thing twice, and so every message here has words of its own in it."
MOST = 60_000  # bytes over the wire, with all headers; 45 to 52 KB were measured, by how well the browser unpacks
REQUESTS = 11


class Wire:
    """What comes over the wire to one page."""

    def __init__(self, session: CDPSession) -> None:
        self.bytes: dict[str, int] = {}
        self.frames: list[tuple[str, int]] = []
        self._addresses: dict[str, str] = {}
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._came)
        for way in ("Received", "Sent"):
            session.on(f"Network.webSocketFrame{way}", lambda event, way=way: self._framed(way, event))

    def _asked(self, event: dict[str, dict[str, str]]) -> None:
        self._addresses[str(event["requestId"])] = event["request"]["url"]

    def _came(self, event: dict[str, str]) -> None:
        if size := int(event["encodedDataLength"]):  # what its cache had counts nothing
            self.bytes[self._addresses[event["requestId"]]] = size

    def _framed(self, way: str, event: dict[str, dict[str, str]]) -> None:
        self.frames.append((way, len(event["response"]["payloadData"])))


async def watch(tab: Tab, encodings: str) -> Wire:
    session = await tab.page.context.new_cdp_session(tab.page)
    await session.send("Network.enable")
    await session.send("Network.setExtraHTTPHeaders", {"headers": {"Accept-Encoding": encodings}})
    return Wire(session)


# by plain HTTP browsers take gzip alone
@pytest.mark.parametrize("encodings", ["gzip, br", "gzip"])
async def test_a_cold_room_of_fifty_messages_takes_less_than_sixty_kilobytes(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str, encodings: str
) -> None:
    words = WORDS.split()
    await somebody.flood(room, [" ".join([f"{n}", *words[n % 9 :], *words[: n % 9]]) for n in range(60)])
    tab = await (await visitors(server.url)).tab()
    wire = await watch(tab, encodings)
    await tab.enter(room)
    await tab.page.wait_for_load_state("networkidle")
    await expect(tab.texts).to_have_count(50)
    total = sum(wire.bytes.values()) + sum(size for _, size in wire.frames)
    told = "\n".join(f"{size:6} {address.removeprefix(server.url)}" for address, size in wire.bytes.items())
    print(f"{total} bytes\n{told}")
    assert total < MOST, told
    assert len(wire.bytes) <= REQUESTS, told
    again = await watch(tab, encodings)
    await tab.reload()
    await tab.page.wait_for_load_state("networkidle")
    kept = [address for address in again.bytes if "/static/" in address or "/own/" in address or "/away/" in address]
    assert not kept, "what is kept for good was fetched again"


async def test_stylesheets_say_the_same_without_their_comments(server: ServerProcess, visitors: Visitors) -> None:
    """What Chromium makes of the sources is what it makes of what is served."""
    tab = await (await (await visitors(server.url)).tab()).lobby()
    for path in sorted(folder("static").glob("*.css")):
        found = static().find(path.name)
        assert found is not None
        sources = [path.read_text("utf-8"), found.asset.body.decode()]
        read: list[list[str]] = await tab.page.evaluate(
            """sources => sources.map(source => {
              const sheet = new CSSStyleSheet()
              sheet.replaceSync(source)
              // properties of their own keep their white space, which says nothing at these
              const plain = text => text.replace(/\\/static\\/|\\.[0-9a-f]{12}/g, "")
                .replace(/\\s*([,(){}:;/])\\s*|\\s+/g, " $1")
              return [...sheet.cssRules].map(rule => plain(rule.cssText))
            })""",
            sources,
        )
        assert read[0], path.name
        assert read[0] == read[1], path.name
