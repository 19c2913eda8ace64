"""Every page and state by axe-core's rules of WCAG 2.2 AA, light and dark, with JavaScript and without."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from quart_chat.pages.fragments import connection
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
    await ana["#name"].fill("\u202e")
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
    told = connection("store", "en").striptags()  # holding the store up for it would take longer than all the rest
    await ana["#connection"].evaluate("(state, told) => [state.className, state.textContent] = ['store', told]", told)
    await inspector.look(ana, "room, the store is away")
    inspector.sum_up()


async def test_history_and_what_is_new(
    server: ServerProcess, visitors: Visitors, inspector: Inspector, somebody: Poster, room: str
) -> None:
    person = await visitors(server.url, **CALM)
    tab = await person.enter(room)
    await tab.say("where I stopped")
    await expect(tab.waiting).to_have_count(0)
    await tab.lobby()
    await somebody.flood(room, [f"row {number}" for number in range(120)])
    await somebody.say(room, "the last")
    await tab.enter(room)
    await expect(tab["#new"]).to_be_visible()
    await tab.scroll_up()
    await expect(tab[".old"].first).to_be_attached()
    await inspector.look(tab, "room, older history and the line above what is new")
    address = await tab["#log > .message .by > a"].nth(20).get_attribute("href")
    await tab.page.goto(f"{server.url}{address}")
    await inspector.look(tab, "permalink")
    await tab.page.goto(f"{server.url}/r/{room}?before={str(address).rpartition('/')[2]}")
    await inspector.look(tab, "older messages")
    await tab.page.goto(f"{server.url}/r/{room}/search?q=row")
    await inspector.look(tab, "search on a page of its own")
    inspector.sum_up()


async def test_order_in_rooms(
    server: ServerProcess, visitors: Visitors, inspector: Inspector, somebody: Poster, room: str
) -> None:
    ana = await (await visitors(server.url, **CALM)).enter(room)
    await ana.say("mine")
    await expect(ana.waiting).to_have_count(0)
    bento = await (await visitors(server.url, **CALM)).enter(room)
    bento.witness.allow(REFUSED, r"htmx:ws:error: Connection not open")
    await bento.rename("Bento")
    await bento.say("rude")
    await bento.page.goto(f"{server.url}/r/{room}/order")
    await inspector.look(bento, "rules, for who reads them")
    await bento.enter(room)
    await ana.page.goto(f"{server.url}/r/{room}/order")
    await ana["#slow"].select_option("60")
    await ana["form[action$='/order'] .primary"].click()
    await ana.enter(room)
    for text in ("rude again", "and again"):
        await bento.field.fill(text)
        await bento.field.press("Enter")
    await expect(bento[".why .countdown"]).to_be_visible()
    await inspector.look(bento, "room, a refused message and its countdown")
    for what, length in (("Mute Bento", "for an hour"), ("Ban Bento", "for a day")):
        await open_menu(ana, "rude")
        await ana["#menu"].get_by_text(what, exact=True).click()
        await ana["#menu details[open] button"].get_by_text(length, exact=True).click()
        await expect(ana["#menu"]).to_be_hidden()
    await expect(bento["#connection.ended"]).to_be_visible()
    await inspector.look(bento, "room, sent away")
    await bento.page.reload()
    await inspector.look(bento, "banned")
    await ana.page.goto(f"{server.url}/r/{room}/order")
    await ana["[name=closed]"].check()
    await ana["[name=asks]"].check()
    await ana["form[action$='/order'] .primary"].click()
    await ana["#phrase"].fill("a long enough passphrase")
    await ana["form[action$='/phrase'] button"].click()
    await ana["button[name=role]"].first.click()
    await expect(ana[".new-link"]).to_be_visible()
    await inspector.look(ana, "rules and the record, for an owner, with a new link")
    await ana.page.goto(await ana[".new-link .link"].inner_text())
    await inspector.look(ana, "a link to a role")
    stranger = await (await visitors(server.url, **CALM)).tab()
    stranger.witness.allow(REFUSED)
    await stranger.page.goto(f"{server.url}/r/{room}")
    await expect(stranger["#phrase"]).to_be_visible()
    await inspector.look(stranger, "a private room")
    await stranger["#phrase"].fill("nothing that fits here")
    await stranger["#phrase"].press("Enter")
    await expect(stranger["#phrase-error"]).to_be_visible()
    await inspector.look(stranger, "a private room, wrong passphrase")
    await ana.page.goto(f"{server.url}/r/{room}/order")
    await ana["[name=closed]"].uncheck()
    await ana["form[action$='/order'] .primary"].click()
    await stranger.page.goto(f"{server.url}/r/{room}")
    await expect(stranger["#answer"]).to_be_visible()
    await inspector.look(stranger, "a question for newcomers")
    await ana["[name=asks]"].uncheck()
    await ana["[name=archived]"].check()
    await ana["form[action$='/order'] .primary"].click()
    await ana.page.goto(f"{server.url}/r/{room}")
    await expect(ana[".past"]).to_be_visible()
    await inspector.look(ana, "an archive")
    inspector.sum_up()


async def test_all_of_it_without_javascript(
    server: ServerProcess, visitors: Visitors, inspector: Inspector, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(server.url, **CALM)).tab()
    tab.witness.allow(REFUSED)
    tab.scripts = False
    switch = await tab.page.context.new_cdp_session(tab.page)

    async def look(state: str) -> None:
        """Axe needs timers: scripts are off while the page is loaded, so that it is what it is without them."""
        await switch.send("Emulation.setScriptExecutionDisabled", {"value": False})
        await inspector.look(tab, f"{state}, without JavaScript")
        await switch.send("Emulation.setScriptExecutionDisabled", {"value": True})

    await switch.send("Emulation.setScriptExecutionDisabled", {"value": True})
    await tab.enter(room, live=False)
    await tab.field.fill("by a plain form")
    await tab.form.locator(".say .send").click()
    await expect(tab.texts).to_have_count(1)
    await somebody.say(room, *LIVELY)
    await tab.go(f"/r/{room}")
    await tab["summary"].filter(has_text="Write several lines").click()
    await look("room")
    address = str(await tab["#log > .message .by > a"].first.get_attribute("href"))
    await tab.page.goto(f"{server.url}{address}")
    for summary in await tab[".panel summary"].all():
        await summary.click()
    await look("a message")
    await tab.page.goto(f"{server.url}{address}/edit")
    await look("a message being edited")
    for path in ("topic", "files", "search?q=waves", "order"):
        await tab.page.goto(f"{server.url}/r/{room}/{path}")
        await look(path)
    inspector.sum_up()


async def test_axe_sees_what_is_wrong(server: ServerProcess, visitors: Visitors, inspector: Inspector) -> None:
    tab = await (await (await visitors(server.url)).tab()).lobby()
    await tab["main"].evaluate("main => main.append(document.createElement('img'))")
    await tab["#title"].evaluate("field => field.labels[0].remove()")
    await inspector.look(tab, "spoiled")
    with pytest.raises(AssertionError, match=r"(?s)image-alt.*label"):
        inspector.sum_up()
