"""Looking for messages: over a room that goes on beneath, on a small screen, by an address, and without a script."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.browser.poster import Poster
from tests.browser.test_layout import NARROW, fits
from tests.browser.test_messages import message
from tests.server.processes import ServerProcess


async def look_for(tab: Tab, typed: str, *found: str) -> None:
    """Type into the field of the search, and wait until exactly these messages are found."""
    await tab["#find-words"].fill(typed)
    await expect(tab["#found .found > .text"]).to_have_text(list(found))


async def test_a_search_finds_as_one_types_while_the_room_goes_on_beneath(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    await somebody.flood(room, ["Two CAFÉS, please", "and tea", *(f"row {number}" for number in range(40))])
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await bento.move_away_from(ana)
    await ana.say("a cafe of my own")
    await bento.ends_with("a cafe of my own")
    await bento["#scroll"].evaluate("scroll => scroll.scrollTo(0, -300)")
    before, sockets = await bento.tops(), len(bento.sockets)

    await bento["button.look"].focus()
    await bento.page.keyboard.press("Enter")
    await expect(bento["#find-words"]).to_be_focused()
    await bento.page.keyboard.type("caf", delay=20)
    await expect(bento["#found .found mark"]).to_have_text(["caf", "CAF"])
    await expect(bento["#found-count"]).to_have_text("2 messages found.")
    await expect(bento["#found .hit"].last.locator(".near > .text")).to_have_text(["and tea"])
    await bento.page.keyboard.type(" please", delay=20)
    await expect(bento["#found .found > .text"]).to_have_text(["Two CAFÉS, please"])
    assert await bento.tops() == before

    await look_for(bento, "cafe", "a cafe of my own", "Two CAFÉS, please")
    bento.witness.allow("422")
    await bento["#find-words"].fill("cafe before:soon")
    await expect(bento["#found-count"]).to_contain_text("“soon” is no day")
    await expect(bento["#found .hit"]).to_have_count(2)  # what stands stays
    await look_for(bento, "cafe", "a cafe of my own", "Two CAFÉS, please")
    await expect(bento["#found-count"]).to_have_text("2 messages found.")

    await message(ana, "a cafe of my own").hover()
    await message(ana, "a cafe of my own").get_by_role("button", name="More").click()
    await ana["#menu"].get_by_text("Delete", exact=True).click()
    await ana["#menu"].get_by_role("button", name="Delete for everyone").click()
    await expect(bento["#found .found > .text"]).to_have_text(["This message was deleted.", "Two CAFÉS, please"])
    await bento.page.keyboard.press("Escape")
    await expect(bento["#search"]).to_be_hidden()
    await expect(bento["button.look"]).to_be_focused()
    assert await bento.tops() == before
    assert len(bento.sockets) == sockets

    await bento["button.look"].click()
    await bento["#found .found > .by > a"].last.click()
    await expect(bento.page).to_have_url(re.compile(rf"/r/{room}/m/[0-9-]+$"))
    await expect(bento[".message.meant > .text"]).to_have_text("Two CAFÉS, please")


async def test_more_is_found_by_going_on_and_keeps_the_focus(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    await somebody.flood(room, [f"word {number}" for number in range(25)])
    tab = await (await visitors(server.url)).enter(room)
    await tab["button.look"].click()
    await look_for(tab, "word", *(f"word {number}" for number in range(24, 4, -1)))
    await expect(tab["#found-count"]).to_have_text("20 messages, and there is more to look through.")
    await tab["#further a"].focus()
    await tab.page.keyboard.press("Enter")
    await expect(tab["#found .found > .text"]).to_have_text([f"word {number}" for number in range(24, -1, -1)])
    await expect(tab["#found-count"]).to_have_text("5 more messages found.")
    await expect(tab[".hits + .hits > .hit"].first).to_be_focused()
    await look_for(tab, "nobody said this")
    await expect(tab["#found"]).to_contain_text("Try the beginning of a word")
    await look_for(tab, "")
    await expect(tab["#found-count"]).to_have_text("")


async def test_on_a_small_screen_the_search_takes_all_of_it(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    await somebody.say(room, "w" * 300, f"needle {'x' * 200} needle")
    tab = await (await visitors(server.url, viewport=NARROW, locale="pt-BR")).enter(room)
    await fits(tab)
    await tab["button.look"].click()
    await tab["#find-words"].fill("needle")
    await expect(tab["#found .hit"]).to_have_count(1)
    await fits(tab)
    box = await tab["#search"].bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, NARROW["width"], NARROW["height"])
    await tab["#search"].get_by_role("button", name="Fechar").click()
    await expect(tab["#search"]).to_be_hidden()
    await tab.page.goto(f"{server.url}/r/{room}/search?q=needle")
    await fits(tab)


async def test_the_address_of_a_search_can_be_shared_and_searches_on(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    await somebody.say(room, "one apple", "two pears")
    tab = await (await visitors(server.url)).tab()
    await tab.page.goto(f"{server.url}/r/{room}/search?q=apple")
    await expect(tab["#find-words"]).to_be_focused()
    await expect(tab["#found .found > .text"]).to_have_text(["one apple"])
    await look_for(tab, "pear", "two pears")
    await tab["#find-words"].press("Enter")
    await expect(tab.page).to_have_url(f"{server.url}/r/{room}/search?q=pear")
    await expect(tab["#found .found > .text"]).to_have_text(["two pears"])


async def test_a_room_is_searched_by_plain_forms_and_links(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    await somebody.flood(room, [f"word {number}" for number in range(22)])
    tab = await (await visitors(server.url, java_script_enabled=False)).enter(room, live=False)
    await tab["button.look"].click()
    await tab["#find-words"].fill('word "')
    await tab.page.keyboard.press("Enter")
    await expect(tab.page).to_have_url(f"{server.url}/r/{room}/search?q=word+%22")
    await expect(tab["#find-words"]).to_have_value('word "')
    await expect(tab["#found .found"]).to_have_count(20)
    await tab["#further a"].click()
    await expect(tab["#found .found > .text"]).to_have_text(["word 1", "word 0"])
    await tab["#found .found"].last.click()
    await expect(tab[".message.meant > .text"]).to_have_text("word 0")
