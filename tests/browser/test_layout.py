"""Small windows, keyboards, and the link to share."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess

NARROW = {"width": 320, "height": 568}


async def fits(tab: Tab) -> None:
    """Check that nothing reaches out at the side, nor can be scrolled there; but for what only screen readers say."""
    await tab["#side"].evaluate_all(
        "sides => Promise.all(sides.flatMap(side => side.getAnimations()).map(slide => slide.finished)).then(() => 0)"
    )
    wide: list[str] = await tab["body *:visible"].evaluate_all(
        """all => all.filter(one => {
          const {left, right, width, height} = one.getBoundingClientRect()
          for (let at = one; at; at = at.parentElement) if (at.clientWidth === 1) return false
          return width > 1 && height > 1 && (right > innerWidth + 0.5 || left < -0.5)
        }).map(one => one.outerHTML.slice(0, 120))"""
    )
    assert not wide
    assert await tab["html"].evaluate("html => html.scrollWidth") <= NARROW["width"]
    inner: list[int] = await tab["body, main, #scroll, #log"].evaluate_all(
        "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.scrollWidth)"
    )
    assert not inner


async def test_one_click_selects_the_whole_link(server: ServerProcess, visitors: Visitors, room: str) -> None:
    tab = await (await visitors(server.url)).enter(room)
    await tab["#link"].click()
    assert await tab.page.evaluate("() => getSelection().toString().trim()") == f"{server.url}/r/{room}"


async def test_a_narrow_window_never_scrolls_sideways(
    server: ServerProcess, visitors: Visitors, somebody: Poster
) -> None:
    person = await visitors(server.url, viewport=NARROW)
    tab = await (await person.tab()).lobby()
    await fits(tab)
    await tab["#title"].fill(f"Wide {'w' * 100}")
    await tab.page.keyboard.press("Enter")
    await tab.is_live()
    room = tab.page.url.rpartition("/")[2]
    await tab["button.about"].click()
    await tab.rename("N" * 40)
    await expect(tab["#me"]).to_have_text("N" * 40)
    await fits(tab)
    await tab.page.keyboard.press("Escape")
    await expect(tab["#side"]).to_be_hidden()
    await somebody.say(room, "x" * 300, "many short words " * 20, "https://example.org/" + "path/" * 40)
    await tab.say("y" * 300)
    await tab.ends_with("y" * 300)
    await fits(tab)
    await tab.lobby()
    await fits(tab)


async def test_the_list_of_people_opens_by_keyboard_in_a_narrow_window(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    tab = await (await visitors(server.url, viewport=NARROW)).enter(room)
    name = await tab["#me"].text_content() or ""
    await expect(tab["#side"]).to_be_hidden()
    about = tab["button.about"]
    for _ in range(10):
        await tab.page.keyboard.press("Tab")
        if await about.evaluate("about => about === document.activeElement"):
            break
    await expect(about).to_be_focused()
    await tab.page.keyboard.press("Enter")
    await expect(tab["#side:popover-open"]).to_be_visible()
    await expect(tab["#side #people"]).to_contain_text(name.strip())
    await fits(tab)
    await tab["#name"].fill("Pocket")
    await tab.page.keyboard.press("Enter")
    await expect(tab["#me"]).to_have_text("Pocket")
    await expect(tab["#name"]).to_be_focused()
    await tab.page.keyboard.press("Escape")
    await expect(tab["#side"]).to_be_hidden()
    await expect(about).to_be_focused()
    await tab.say("from a small window")
    await tab.ends_with("from a small window")


@pytest.mark.parametrize("width", [320, 960, 1280])
async def test_field_and_messages_are_in_sight_at_any_width(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str, width: int
) -> None:
    await somebody.say(room, *(f"row {number}" for number in range(30)))
    tab = await (await visitors(server.url, viewport={"width": width, "height": 500})).enter(room)
    await expect(tab.field).to_be_in_viewport(ratio=1)
    await expect(tab.field).to_be_focused()
    await expect(tab.texts.last).to_be_in_viewport(ratio=1)
