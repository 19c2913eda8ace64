"""What a person does in a browser, and what they see: visitors, their tabs, and who watches the console."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Dialog,
    FrameLocator,
    Locator,
    Page,
    WebSocket,
    expect,
)

PATIENCE = 15_000  # ms until a test gives a state up
APART = 40  # tries to get a second tab on another worker

# What Chromium says of a network that the test itself broke. Nothing else is ever let pass.
NETWORK_FAILS = (
    r"net::ERR_(INTERNET_DISCONNECTED|CONNECTION_(REFUSED|RESET|CLOSED|ABORTED)|EMPTY_RESPONSE|NETWORK_CHANGED)",
    r"net::ERR_(SOCKET_NOT_CONNECTED|CONTENT_LENGTH_MISMATCH)",
    r"^WebSocket connection to '[^']+' failed",
    r"^htmx: htmx:ws:error: \[object Event\]",  # the socket that could not be opened
    r"^htmx: htmx:error: Failed to fetch",
    r"^TypeError: Failed to fetch",
)

# A page's own way to say that something broke the policy: Chromium's console line is not all of it.
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (violation) => {
  console.error(`CSP: ${violation.violatedDirective} ${violation.blockedURI} ${violation.sample}`)
})
"""


class Witness:
    """Notes what a page's console says, its errors, and dialogs, which nothing here opens."""

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        self._allowed: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(f"page error: {error}"))
        page.on("dialog", self._dialog)

    def allow(self, *patterns: str) -> None:
        """Let lines pass that the test provokes; patterns: regular expressions."""
        self._allowed += patterns

    def check(self) -> None:
        """Fail on everything that was not allowed."""
        wrong = [line for line in self.said if not any(re.search(pattern, line) for pattern in self._allowed)]
        assert not wrong, "the console said:\n" + "\n".join(wrong)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            self.said.append(message.text)

    async def _dialog(self, dialog: Dialog) -> None:
        self.said.append(f"dialog: {dialog.message}")
        await dialog.dismiss()


class Tab:
    """One page of one person."""

    def __init__(self, page: Page, url: str, *, scripts: bool = True) -> None:
        self.page = page
        self.scripts = scripts
        self.url = url
        self.witness = Witness(page)
        self.sockets: list[WebSocket] = []
        page.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        self.sockets.append(socket)

    def __getitem__(self, selector: str) -> Locator:
        return self.page.locator(selector)

    # --- where it is -------------------------------------------------------------------------------

    async def lobby(self) -> Tab:
        await self.page.goto(f"{self.url}/")
        return self

    async def enter(self, room: str, *, live: bool = True) -> Tab:
        await self.go(f"/r/{room}")
        if live:
            await self.is_live()
        return self

    async def go(self, path: str) -> None:
        """Load a page; without scripts a room's messages go on loading in their frame."""
        await self.page.goto(self.url + path, wait_until="load" if self.scripts else "domcontentloaded")

    async def reload(self) -> None:
        await self.page.reload()
        await self.is_live()

    async def is_live(self, timeout: float = PATIENCE) -> None:
        await expect(self["#connection.live"]).to_be_attached(timeout=timeout)

    async def is_away(self, timeout: float = PATIENCE) -> None:
        await expect(self["#connection.away"]).to_be_visible(timeout=timeout)

    async def worker(self) -> str:
        return await self["#connection.live"].get_attribute("data-worker") or ""

    async def move_away_from(self, other: Tab) -> None:
        """Reload until another worker than the other tab's serves this one."""
        for _ in range(APART):
            if await self.worker() != await other.worker():
                break
            await self.reload()
        assert await self.worker() != await other.worker(), "both tabs stayed on one worker"

    async def set_offline(self, offline: bool) -> None:
        self.expect_network_errors()
        await self.page.context.set_offline(offline)

    def expect_network_errors(self) -> None:
        self.witness.allow(*NETWORK_FAILS)

    # --- what is said ------------------------------------------------------------------------------

    @property
    def is_framed(self) -> bool:
        """Whether messages, and the form, are in frames: of a room that is live, in a page without scripts."""
        return not self.scripts and re.search(r"/r/[^/?]+$", self.page.url) is not None

    @property
    def log(self) -> Page | FrameLocator:
        """Where the messages are."""
        return self.page.frame_locator("#live") if self.is_framed else self.page

    @property
    def form(self) -> Page | FrameLocator:
        """Where the form is."""
        return self.page.frame_locator("#write") if self.is_framed else self.page

    async def send(self, text: str) -> None:
        """Write and send something without a script."""
        await self.field.fill(text)
        await self.form.locator(".say .send").click()
        await expect(self.field).to_have_value("")

    @property
    def field(self) -> Locator:
        """Where the next message is written."""
        if self.is_framed:
            return self.form.locator(".say .field")
        return self["#composer > .turn:last-child .field"]

    @property
    def waiting(self) -> Locator:
        """What was sent and is not in the room yet."""
        return self["#composer > .turn:not(:last-child)"]

    @property
    def texts(self) -> Locator:
        return self.log.locator("#log > .message > .text")

    async def turn(self) -> str:
        """The id of the form in use."""
        return await self["#composer > .turn:last-child"].get_attribute("id") or ""

    async def next_turn(self, turn: str) -> None:
        """Wait until the next form is there and has the focus."""
        await expect(self[f"#composer > .turn:last-child:not(#{turn})"]).to_be_attached()
        await expect(self.field).to_be_focused()

    async def say(self, text: str, *, typed: bool = False) -> None:
        """Write and send something; typed: key by key."""
        turn = await self.turn()
        if typed:
            await self.field.focus()
            await self.page.keyboard.type(text, delay=5)
        else:
            await self.field.fill(text)
        await self.page.keyboard.press("Enter")
        await self.next_turn(turn)

    async def shows(self, *texts: str, timeout: float = PATIENCE) -> None:
        """Wait until exactly these messages are shown, in this order."""
        await expect(self.texts).to_have_text(list(texts), timeout=timeout)

    async def ends_with(self, text: str, timeout: float = PATIENCE) -> None:
        await expect(self.texts.last).to_have_text(text, timeout=timeout)

    async def all_texts(self) -> list[str]:
        """The messages as they are, no space normalised."""
        found: list[str] = await self.texts.evaluate_all("rows => rows.map(row => row.textContent)")
        return found

    async def told(self) -> str:
        """What there is to know about this page when a test has failed."""
        lines = [self.page.url, *self.witness.said]
        if not self.page.is_closed():
            lines += await self["#connection, #notice, #composer .say"].evaluate_all(
                """parts => parts.map(part => `#${part.id}.${part.className} ${part.dataset.worker ?? ""}: ${
                  part.matches("form") ? [...new FormData(part).values()].join(" | ") : part.textContent}`)"""
            )
            lines.append(f"{await self.texts.count()} messages")
        return "\n  ".join(lines)

    # --- the list ----------------------------------------------------------------------------------

    async def scroll_up(self) -> None:
        """Scroll to the list's upper end, as far as it is there now."""
        await self["#scroll"].evaluate("scroll => scroll.scrollTo(0, -scroll.scrollHeight)")

    async def load_older(self) -> None:
        """Scroll to the upper end once, and wait for what comes of it."""
        first = await self["#log > .message"].first.get_attribute("id")
        await self.scroll_up()
        await expect(self[f"#log > .message:not([id='{first}']) ~ [id='{first}']"]).to_be_attached()

    async def load_all(self) -> None:
        """Scroll up to the first message of all."""
        while not await self["#older.start"].count():
            await self.load_older()

    async def tops(self) -> dict[str, float]:
        """How far below the window's top the rows in sight are, in CSS pixels by element id.

        The row under "Older messages" is left out: it says its name only while it stands there.
        """
        found: dict[str, float] = await self["#scroll"].evaluate(
            """scroll => {
              const {top, bottom} = scroll.getBoundingClientRect()
              const rows = [...scroll.querySelectorAll("#log > .message")].slice(1)
              const seen = rows.map(row => [row.id, row.getBoundingClientRect()])
              return Object.fromEntries(seen.filter(([_, at]) => at.top >= top && at.bottom <= bottom)
                .map(([id, at]) => [id, at.top]))
            }"""
        )
        assert found
        return found

    # --- people ------------------------------------------------------------------------------------

    @property
    def people(self) -> Locator:
        return self["#people > .person > bdi"]

    async def sees_people(self, *names: str, timeout: float = PATIENCE) -> None:
        """Wait until exactly these people are shown as here, in any order."""
        await expect(self["#count"]).to_have_text(str(len(names)), timeout=timeout)
        await expect(self.people).to_have_count(len(names), timeout=timeout)
        for name in names:
            await expect(self["#people > .person"].filter(has_text=re.compile(re.escape(name)))).to_have_count(1)

    async def name(self) -> str:
        return (await self["#me"].inner_text()).strip()

    async def rename(self, name: str) -> None:
        await self["#name"].fill(name)
        await self["#profile button"].click()

    async def look(self, selector: str, *properties: str, nth: int = 0) -> list[str]:
        """Computed styles of an element."""
        found: list[str] = (
            await self[selector]
            .nth(nth)
            .evaluate(
                "(element, names) => names.map(name => getComputedStyle(element).getPropertyValue(name))",
                list(properties),
            )
        )
        return found


class Visitor:
    """One person: a browser context, with a cookie jar of its own."""

    def __init__(self, context: BrowserContext, url: str, *, scripts: bool = True) -> None:
        self.context = context
        self.scripts = scripts
        self.url = url
        self.tabs: list[Tab] = []

    async def tab(self) -> Tab:
        tab = Tab(await self.context.new_page(), self.url, scripts=self.scripts)
        self.tabs.append(tab)
        return tab

    async def enter(self, room: str, *, live: bool = True) -> Tab:
        """Open a room in a new tab."""
        return await (await self.tab()).enter(room, live=live)


def numbered(count: int, word: str = "number", start: int = 1) -> list[str]:
    """Make texts that tell their order."""
    return [f"{word} {number}" for number in range(start, start + count)]


def each_once(found: Sequence[str], wanted: Sequence[str]) -> None:
    """Check that found is wanted, and say briefly where it is not."""
    if list(found) != list(wanted):
        missing = [text for text in wanted if text not in found]
        twice = sorted({text for text in found if list(found).count(text) > 1})
        told: dict[str, Any] = {"missing": missing[:9], "twice": twice[:9], "found": len(found), "wanted": len(wanted)}
        raise AssertionError(f"not each once, in order: {json.dumps(told, ensure_ascii=False)}")
