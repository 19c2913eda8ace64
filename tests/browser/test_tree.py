"""The accessibility tree of a room and of the lobby, as files: what screen readers find, and in which order.

UPDATE_GOLDEN=1 writes them anew; what has changed then stands in the commit.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.poster import Poster
from tests.browser.test_messages import choose, message
from tests.server.processes import ServerProcess

GOLDEN = Path(__file__).parent / "golden"
CHANGES = (  # what is another each time
    (r"http://127\.0\.0\.1:\d+", "http://SERVER"),
    (r"\d{13}-\d+", "ID"),
    (r"\d{1,2}:\d\d\s[AP]M", "TIME"),
    (r"\w+day, \w+ \d{1,2}, \d{4}", "DAY"),
    (r"\?v=\w+", ""),
    (r"2d6: \d \+ \d = \d+", "2d6: DICE"),
)


async def tree(page: Page) -> str:
    """The whole page's tree, without what is another each time."""
    shown = await page.locator("body").aria_snapshot()
    for pattern, word in CHANGES:
        shown = re.sub(pattern, word, shown)
    return shown + "\n"


async def is_golden(page: Page, name: str) -> None:
    """Compare a page's tree with the one in the file, or write that."""
    file = GOLDEN / f"{name}.aria.yml"
    found = await tree(page)
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(found, "utf-8")
    assert found == file.read_text("utf-8"), f"UPDATE_GOLDEN=1 writes {file.name} anew, if that is what is meant"


async def test_a_room_s_tree(server: ServerProcess, visitors: Visitors) -> None:
    ana = await (await (await visitors(server.url, timezone_id="UTC")).tab()).lobby()
    await ana["#name"].fill("Ana Golden")
    await ana["#rename"].click()
    await expect(ana["#me"]).to_have_text("Ana Golden")
    await ana["#title"].fill("The Golden Room")
    await ana["#title"].press("Enter")
    await ana.is_live()
    room = "the-golden-room"
    await ana.say("good morning, :tada:")
    async with Poster(server.url, "Eva Golden") as eva:
        await eva.say(
            room,
            "hello @Ana Golden, see https://example.org/ and ||not this||",
            "```python\nprint('code')\n```",
            "> quoted\n\n- one\n- two",
            "/me waves",
            "/topic Nothing but gold",
        )
    await ana.ends_with("Eva Golden set the topic: Nothing but gold")
    await choose(ana, "good morning", "Pin")
    await expect(ana["#pins > li"]).to_have_count(1)
    await choose(ana, "hello", "👍")
    await expect(ana["#log .reaction"]).to_be_visible()
    await choose(ana, "hello", "Reply")
    await expect(ana[".replying"]).to_be_visible()
    await ana.say("an answer")
    await expect(message(ana, "an answer")).to_be_visible()
    await ana.enter(room)
    await ana.sees_people("Ana Golden")
    await is_golden(ana.page, "room")


async def test_the_lobby_s_tree(server: ServerProcess, visitors: Visitors) -> None:
    ana = await (await (await visitors(server.url)).tab()).lobby()
    await ana["#name"].fill("Ana Gilded")
    await ana["#rename"].click()
    await expect(ana["#me"]).to_have_text("Ana Gilded")
    await ana["#title"].fill("The Gilded Room")
    await ana["#title"].press("Enter")
    await ana.say("mine")
    await expect(ana.waiting).to_have_count(0)
    await ana.lobby()
    async with Poster(server.url, "Eva Gilded") as eva:
        await eva.say("the-gilded-room", "hello", "hello again")
    await expect(ana[".count"]).to_be_visible()
    await ana.lobby()
    await is_golden(ana.page, "lobby")
