"""What people see of a limit: for how long, and that it passes."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Serve, Visitors
from tests.browser.pages import PATIENCE, Tab
from tests.browser.test_layout import NARROW, fits

FEW = {"QUART_CHAT_MESSAGES_PER_MINUTE": "5", "QUART_CHAT_ROOMS_PER_HOUR": "1"}
TOO_MANY = "status of 429"  # what the form gets that is given back

# what a browser writes there for the eye
SHOWN = """element => {
  const style = getComputedStyle(element, "::after")
  const [, minutes, seconds] = style.counterReset.match(/minutes (\\d+) seconds (\\d+)/) ?? []
  return style.content === "none" ? null : Number(minutes) * 60 + Number(seconds)
}"""


async def shown(tab: Tab) -> int | None:
    seconds: int | None = await tab[".countdown"].last.evaluate(SHOWN)
    return seconds


async def test_a_message_over_the_limit_counts_down_and_then_is_in(serve: Serve, visitors: Visitors, room: str) -> None:
    server = serve(**FEW)
    tab: Tab = await (await visitors(server.url)).enter(room)
    texts = [f"text {number}" for number in range(6)]
    for text in texts:  # the last comes within the twelve seconds in which one more is earned
        await tab.say(text)
    await expect(tab[".why .countdown"]).to_have_count(1)
    said = re.fullmatch(r"Wait: (\d+) seconds?\.", await tab[".why .words"].inner_text())
    assert said
    began = await shown(tab)
    assert began is not None
    assert 0 < began <= int(said[1]) <= 12
    await tab.page.wait_for_function(f"began => ({SHOWN})(document.querySelector('.countdown')) < began", arg=began)
    await tab.shows(*texts, timeout=3 * PATIENCE)
    await expect(tab[".why"]).to_have_count(0)


@pytest.mark.parametrize("moving", ["no-preference", "reduce"])
async def test_a_plain_form_s_page_counts_down_or_says_it_in_words(
    serve: Serve, visitors: Visitors, moving: str
) -> None:
    server = serve(**FEW)
    tab: Tab = await (await visitors(server.url, reduced_motion=moving, viewport=NARROW)).tab()
    tab.witness.allow(TOO_MANY)
    for title in ("first", "second"):
        await tab.lobby()
        await tab["#title"].fill(title)
        await tab["#title"].press("Enter")
    await expect(tab["#title-error"]).to_contain_text("You opened many new rooms.")
    words = tab["#title-error .words"]
    assert re.fullmatch(r"Wait: (60|59) minutes\.", await words.inner_text())
    box = await words.bounding_box()
    assert box is not None
    if moving == "reduce":
        assert await shown(tab) is None
        assert box["width"] > 50
    else:
        assert 3500 < (await shown(tab) or 0) <= 3600
        assert box["width"] <= 1  # it is heard, and not seen
    await fits(tab)
