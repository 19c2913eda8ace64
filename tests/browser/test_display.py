"""Pages by the settings of who sees them: forced colours, more contrast, no motion, large and spaced-out text."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.browser.poster import Poster
from tests.browser.test_layout import fits
from tests.server.processes import ServerProcess

AT_400 = {"width": 320, "height": 256}  # 1280 by 1024 px at 400 %
AT_200 = {"width": 640, "height": 512}
SPACED = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"

# How a pixel of an element's middle row differs: whether anything at all is drawn in it
EDGES = """(element, pseudo) => {
  const style = getComputedStyle(element, pseudo)
  return [style.backgroundColor, style.borderTopColor, style.backgroundImage]
}"""


async def spaced(tab: Tab) -> None:
    """Space text out as WCAG 1.4.12 wants it to be borne."""
    await tab.page.evaluate(
        """css => {
          const sheet = new CSSStyleSheet()
          sheet.replaceSync(css)
          document.adoptedStyleSheets = [sheet]
        }""",
        SPACED,
    )


async def test_at_400_percent_all_is_there_and_nothing_scrolls_sideways(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    person = await visitors(server.url, viewport=AT_400)
    tab = await (await person.tab()).lobby()
    await fits(tab)
    await somebody.say(room, "a message of some words " * 5, "y" * 200)
    await tab.enter(room)
    await expect(tab.field).to_be_in_viewport(ratio=1)
    await tab.say("from a large view")
    await tab.ends_with("from a large view")
    await expect(tab.texts.last).to_be_in_viewport(ratio=1)
    await fits(tab)
    await spaced(tab)
    await fits(tab)
    await expect(tab["#composer > .turn:last-child .send"]).to_be_in_viewport(ratio=1)
    await tab.page.goto(f"{server.url}/r/{room}/order")
    await fits(tab)
    await tab.page.goto(f"{server.url}/me")
    await fits(tab)


async def test_at_200_percent_a_menu_and_the_search_are_whole(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    tab = await (await visitors(server.url, viewport=AT_200)).enter(room)
    await tab.say("mine")
    await tab["#log .more"].first.click()
    await expect(tab["#menu .quick"]).to_be_visible()
    menu = await tab["#menu"].bounding_box()
    assert menu is not None
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= AT_200["width"]
    assert menu["y"] >= 0
    assert menu["y"] + menu["height"] <= AT_200["height"]
    await tab.page.keyboard.press("Escape")
    await tab["#look"].click()
    await expect(tab["#find-words"]).to_be_in_viewport(ratio=1)


async def test_forced_colours_leave_what_tells_of_a_state(server: ServerProcess, visitors: Visitors, room: str) -> None:
    tab = await (await visitors(server.url, forced_colors="active")).enter(room)
    await tab.say("mine")
    canvas = (await tab.look("body", "background-color"))[0]
    for selector in ("#attach .clip", ".about .dot", ".languages [aria-current]"):
        assert (await tab.look(selector, "background-color"))[0] != canvas, selector
    knob: list[str] = await tab["#sound-switch"].evaluate(EDGES, "::before")
    assert "gradient" in knob[2]
    assert knob[1] != canvas
    # a bubble by its border, and the composer by one frame
    assert (await tab.look("#log > .message > .text", "border-top-color"))[0] != canvas
    assert (await tab.look("#composer .say", "border-top-color"))[0] != canvas
    assert (await tab.look("#composer .field", "border-top-color"))[0] == canvas


async def test_whoever_is_mentioned_finds_it_in_forced_colours(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(server.url, forced_colors="active")).enter(room)
    name = await tab.name()
    await tab.sees_people(name)
    await somebody.say(room, f"look, @{name}", "nothing")
    await tab.ends_with("nothing")
    assert await tab.look("#log > .message > .text", "outline-style", nth=0) == ["solid"]
    assert await tab.look("#log > .message > .text", "outline-style", nth=1) == ["none"]


async def test_without_motion_nothing_slides_and_a_lost_heartbeat_is_still_told(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    tab = await (await visitors(server.url, reduced_motion="reduce", viewport=AT_200)).enter(room)
    await tab.say("mine")
    await tab["button.about"].click()
    await expect(tab["#side"]).to_be_visible()
    moving: list[str] = await tab.page.evaluate(
        """() => document.getAnimations().filter(({timeline, effect}) => timeline instanceof DocumentTimeline
          && effect.getComputedTiming().duration > 1).map(({animationName, transitionProperty}) =>
            animationName ?? transitionProperty)"""
    )
    assert not moving
    # which is told by an animation that only waits: at its end the state shows
    await expect(tab["#connection"]).to_be_hidden()
    await tab["#connection"].evaluate("state => state.getAnimations().forEach(wait => wait.finish())")
    assert await tab.look("#connection", "visibility") == ["visible"]


async def test_who_wants_more_contrast_gets_lines_and_full_ink(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    tab = await (await visitors(server.url, contrast="more")).enter(room)
    await tab.say("mine")
    usual = await (await visitors(server.url)).enter(room)
    await usual.shows("mine")
    assert await tab.look("#log .by time", "color") != await usual.look("#log .by time", "color")
    edge = await tab.look("#name", "border-top-color")
    assert await tab.look("#log > .message > .text", "border-top-color") == edge
