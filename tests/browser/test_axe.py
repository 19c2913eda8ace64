"""Every page and state by axe-core's rules of WCAG 2.2 AA, light and dark, with JavaScript and without."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.axe import Inspector
from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.browser.poster import Poster
from tests.browser.test_files import chosen, send
from tests.browser.test_layout import NARROW
from tests.browser.test_messages import message
from tests.pictures.drawings import drawn
from tests.server.processes import ServerProcess

CALM = {"reduced_motion": "reduce"}  # what slides is looked at where it comes to rest
REFUSED = r"Failed to load resource: the server responded with a status of (403|404|410|422|429)"
LIVELY = (
    "**Bold**, *italic*, ~~struck~~, `code`, ||a spoiler|| and https://example.org/a-link :tada:",
    "```python\ndef area(radius: float) -> float:\n    # of a circle\n    return 3.14 * radius**2  # 'about'\n```",
    "> a quote\n\n- a list\n- of two\n\n1. in\n2. order",
    "🎉",
    "/me waves",
    "/roll 2d6",
    "/topic What is said here is looked at",
)


@pytest.fixture
def inspector() -> Inspector:
    return Inspector()


async def open_menu(tab: Tab, text: str) -> None:
    row = message(tab, text)
    await row.hover()
    await row.get_by_role("button", name="More").click()
    await expect(tab["#menu > .about-it"]).to_be_visible()


async def test_pages_outside_of_rooms(server: ServerProcess, visitors: Visitors, inspector: Inspector) -> None:
    person = await visitors(server.url, **CALM)
    tab = await (await person.tab()).lobby()
    tab.witness.allow(REFUSED)
    await inspector.look(tab, "lobby, first visit")
    await tab["#title"].fill("!!!")
    await tab["#title"].press("Enter")
    await expect(tab["#title-error"]).to_be_visible()
    await inspector.look(tab, "lobby, refused name")
    for title in ("A Room by Axe", "Another by Axe"):
        await tab.lobby()
        await tab["#title"].fill(title)
        await tab["#title"].press("Enter")
        await tab.is_live()
    await tab["#name"].fill("")
    async with Poster(server.url, "Axe’s Friend") as friend:
        await friend.say("a-room-by-axe", "one", "two")
    await tab.lobby()
    await expect(tab[".count"]).to_be_visible()
    await inspector.look(tab, "lobby, with rooms and counts")
    await tab.page.goto(f"{server.url}/me?room=a-room-by-axe")
    await inspector.look(tab, "me")
    await tab["#carry"].click()
    await expect(tab[".code"]).to_be_visible()
    for summary in await tab["details > summary"].all():
        await summary.click()
    await inspector.look(tab, "me, with a link to carry on and all opened")
    link = await tab["#elsewhere .link"].inner_text()
    await tab.page.goto(link)
    await inspector.look(tab, "carry on")
    await tab.page.goto(f"{server.url}/times?room=a-room-by-axe")
    await inspector.look(tab, "times")
    await tab.page.goto(f"{server.url}/nothing/here")
    await inspector.look(tab, "not found")
    await tab.page.goto(f"{server.url}/me")
    await tab["details:has(#forget) > summary"].click()
    await tab["details:has(#forget) [name=sure]"].check()
    await tab["#forget"].click()
    await expect(tab["h1"]).to_have_text("You are forgotten here.")
    await inspector.look(tab, "forgotten")
    inspector.sum_up()


async def test_a_room_and_all_that_opens_in_it(
    server: ServerProcess, visitors: Visitors, inspector: Inspector, somebody: Poster, room: str
) -> None:
    ana = await (await visitors(server.url, **CALM)).enter(room)
    ana.witness.allow(REFUSED)
    await inspector.look(ana, "room, empty")
    await ana.rename("Ana")
    await ana.say("who writes first owns the room")
    await somebody.say(room, *LIVELY)
    await ana.say("a word to @Somebody Else")
    await ana.say("a plain one")
    await send(ana, chosen("sea.png", drawn("PNG", (60, 40)), "image/png"), chosen("minutes.pdf", b"%PDF-1.7"))
    await expect(ana["#log .file"]).to_be_visible()
    await open_menu(ana, "a plain one")
    await inspector.look(ana, "room, menu of one's own message")
    await ana["#menu .quick button"].first.click()
    await expect(ana["#log .reaction"]).to_be_visible()
    await open_menu(ana, "a word to")
    await ana["#menu"].get_by_role("button", name="Pin", exact=True).click()
    await expect(ana["#pins > li"]).to_have_count(1)
    await open_menu(ana, "a quote")
    await ana["#menu .picker > summary"].click()
    await inspector.look(ana, "room, menu with all emoji and what moderators do")
    await ana["#menu"].get_by_role("button", name="Reply", exact=True).click()
    await expect(ana[".replying"]).to_be_visible()
    await inspector.look(ana, "room, an answer being written")
    await ana.say("an answer")
    await open_menu(ana, "a plain one")
    await ana["#menu"].get_by_role("button", name="Edit", exact=True).click()
    await expect(ana[".edit .field"]).to_be_focused()
    await inspector.look(ana, "room, editing in place")
    await ana[".edit .field"].fill("an edited one")
    await ana[".edit .field"].press("Enter")
    await expect(message(ana, "an edited one")).to_be_visible()
    await open_menu(ana, "waves")
    await ana["#menu"].get_by_text("Delete", exact=True).click()
    await ana["#menu"].get_by_role("button", name="Delete for everyone").click()
    await expect(ana["#log .gone"].first).to_be_visible()
    await inspector.look(ana, "room, lively")
    await ana["#attach > .attach"].click()
    await inspector.look(ana, "room, sheet of files")
    await ana.page.keyboard.press("Escape")
    await ana["button.look"].click()
    await ana["#find-words"].fill("edited")
    await expect(ana[".hit"]).to_have_count(1)
    await inspector.look(ana, "room, search with a hit")
    await ana["#find-words"].fill("nothing of the kind")
    await expect(ana[".hit"]).to_have_count(0)
    await inspector.look(ana, "room, search with none")
    await ana.page.keyboard.press("Escape")
    await ana[".set-times"].last.click()
    await expect(ana["#zone"]).to_be_visible()
    await ana["a.set-topic"].click()
    await expect(ana["#topic-text"]).to_be_visible()
    await ana["#name"].fill("‮")
    await ana["#rename"].click()
    await expect(ana["#name-error"]).to_be_visible()
    await inspector.look(ana, "room, forms beside it and a refused name")
    await ana.page.set_viewport_size(NARROW)
    await ana["button.about"].click()
    await inspector.look(ana, "room, narrow, sheet with people")
    await ana.page.keyboard.press("Escape")
    await inspector.look(ana, "room, narrow")
    await ana.set_offline(True)
    await ana.is_away()
    await ana.field.fill("kept for later")
    await ana.field.press("Enter")
    await expect(ana[".sending"].first).to_be_visible()
    await inspector.look(ana, "room, connection lost and a message waits")
    inspector.sum_up()
