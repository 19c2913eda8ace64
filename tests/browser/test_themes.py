"""Themes, faces and motion, as a browser shows them."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.server.processes import ServerProcess

GROUND = "getComputedStyle(document.body).backgroundColor"


async def light_of(tab: Tab) -> float:
    """Tell how light the page is: 0 to 1."""
    return float((await tab.page.evaluate(GROUND)).removeprefix("oklch(").split()[0])


async def test_a_theme_is_chosen_in_a_room_without_a_script_and_stays(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    visitor = await visitors(server.url, java_script_enabled=False, color_scheme="light")
    tab = await visitor.enter(room, live=False)
    assert await light_of(tab) > 0.9
    await tab["#side .themes [value=dark]"].click()
    await expect(tab["#side .themes [value=dark]"]).to_have_attribute("aria-pressed", "true")
    assert await light_of(tab) < 0.3
    await tab.page.reload(wait_until="domcontentloaded")
    assert await light_of(tab) < 0.3
    lobby = await (await visitor.tab()).lobby()
    assert await light_of(lobby) < 0.3
    await lobby[".themes [value=system]"].click()
    await expect(lobby[".themes [value=system]"]).to_have_attribute("aria-pressed", "true")
    assert await light_of(lobby) > 0.9


async def test_faces_are_drawn_and_one_s_own_rows_have_none(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana, bob = await (await visitors(server.url)).enter(room), await (await visitors(server.url)).enter(room)
    await ana.say("hello")
    await bob.shows("hello")
    face = bob["#log .message > img"]
    await expect(face).to_be_visible()
    await bob.page.wait_for_function("document.querySelector('#log .message > img').naturalWidth === 36")
    await expect(ana["#log .message > img"]).to_be_hidden()
    await expect(bob["#people .person > img"]).to_have_count(2)


async def test_an_empty_room_says_how_to_begin_until_somebody_writes(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    tab = await (await visitors(server.url)).enter(room)
    await expect(tab[".first"]).to_be_visible()
    await expect(tab[".first .link"]).to_have_text(f"{server.url}/r/{room}")
    await tab.say("hello")
    await tab.shows("hello")
    await expect(tab[".first"]).to_be_hidden()
