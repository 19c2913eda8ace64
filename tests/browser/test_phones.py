"""Phones, upright and on their side, with the keyboard open and without."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess

SIZES = [(360, 640), (640, 360), (844, 390)]
KEYBOARD = {(360, 640): 290, (640, 360): 170, (844, 390): 190}  # pixels that it takes, with a row of suggestions
THUMB = 44


async def is_whole(tab: Tab, last: str) -> None:
    """What one needs is in sight, the last message and the field with its buttons; and nothing is beside the page."""
    await expect(tab.texts.last).to_have_text(last)
    await expect(tab.texts.last).to_be_in_viewport(ratio=1)
    for part in (tab.field, tab["#composer > .turn:last-child .send"], tab[".attach"], tab[".about"], tab[".home"]):
        await expect(part).to_be_in_viewport(ratio=1)
    outside = await tab["body"].evaluate(
        "({parentElement: page}) => [page.scrollWidth - innerWidth, page.scrollHeight - innerHeight]"
    )
    assert max(outside) <= 0
    beside = await tab.page.evaluate(
        """() => {
          const [clip, field] = [".attach", "#composer > .turn:last-child .say"].map(one =>
            document.querySelector(one).getBoundingClientRect())
          return Math.abs((clip.top + clip.bottom) / 2 - (field.top + field.bottom) / 2)
        }"""
    )
    assert beside < 2, "the button for files has left its field"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
async def test_a_room_is_usable_on_a_phone_with_its_keyboard_open_and_without(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str, size: tuple[int, int]
) -> None:
    width, height = size
    await somebody.say(room, *(f"row {number} of some words that take some room" for number in range(12)))
    form = {"topic": "What it is about, at a length that no phone has room for beside the name of a room"}
    await somebody.post(f"/r/{room}/topic", form)
    person = await visitors(
        server.url, viewport={"width": width, "height": height}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    tab = await person.enter(room)
    last = await tab.texts.last.inner_text()
    await is_whole(tab, last)
    top = await tab[".top"].bounding_box()
    assert top is not None
    assert top["height"] <= (THUMB + 8 if height < 448 else 72), "the top takes what the list needs"
    await tab.field.tap()
    await tab.page.set_viewport_size({"width": width, "height": height - KEYBOARD[size]})  # resizes-content
    await is_whole(tab, last)
    await tab.say("written between thumb and thumb")
    await is_whole(tab, "written between thumb and thumb")
    await tab.page.set_viewport_size({"width": width, "height": height})
    await is_whole(tab, "written between thumb and thumb")
    for opens, sheet in ((".about", "#side"), (".attach", "#attach-sheet"), (".look", "#search")):
        await tab[opens].tap()
        await expect(tab[sheet]).to_be_in_viewport(ratio=0.98)  # what is longer scrolls in itself
        await tab.page.keyboard.press("Escape")
        await expect(tab[sheet]).to_be_hidden()
