"""Everything by the keyboard alone: the way through a room, the focus that is kept, and that it is seen."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.browser.poster import Poster
from tests.browser.test_messages import message
from tests.live.test_room import LIVE_ROWS, TRIM_EVERY
from tests.server.processes import ServerProcess

# What has the focus, as one would call it; and what is wrong with how that is seen.
FOCUSED = """() => {
  const one = document.activeElement
  const ring = [one, one.closest(".say"), one.previousElementSibling, one.closest(".drop-here")].filter(Boolean)
  const seen = ring.map(at => getComputedStyle(at))
    .some(({outlineStyle, outlineWidth}) => outlineStyle !== "none" && parseFloat(outlineWidth) >= 2)
  const {left, top, width, height} = one.getBoundingClientRect()
  const over = document.elementFromPoint(left + width / 2, top + height / 2)
  const hidden = width > 1 && !(over && (one.contains(over) || over.contains(one) || one.labels?.[0]?.contains(over)))
  return {
    name: one === document.body ? "" : one.id.replace(/[0-9a-f]{16}-/, "") || one.className || one.href || one.tagName,
    wrong: [seen ? "" : "no ring", hidden ? "under " + over?.outerHTML.slice(0, 80) : ""].filter(Boolean).join(", "),
  }
}"""

RATIO = """() => {
  const one = document.activeElement
  const at = [one, one.closest(".say")].find(at => at && getComputedStyle(at).outlineStyle !== "none")
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true})
  const light = colour => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  let ground = at.parentElement
  while (ground && getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement
  const pair = [getComputedStyle(at).outlineColor, getComputedStyle(ground ?? document.documentElement).backgroundColor]
  const [dark, bright] = pair.map(light).sort((a, b) => a - b)
  return (bright + 0.05) / (dark + 0.05)
}"""


async def focused(tab: Tab) -> dict[str, Any]:
    found: dict[str, Any] = await tab.page.evaluate(FOCUSED)
    return found


async def walk(tab: Tab, most: int = 80) -> list[str]:
    """Press Tab until the focus comes round, and complain of what is not seen; give what had it."""
    names: list[str] = []
    wrong: list[str] = []
    for _ in range(most):
        await tab.page.keyboard.press("Tab")
        found = await focused(tab)
        if not found["name"]:
            break  # the browser's own bar
        names.append(found["name"])
        if found["wrong"]:
            wrong.append(f"{found['name']}: {found['wrong']}")
    assert not wrong, "\n".join(wrong)
    return names


async def test_a_room_is_walked_through_by_tab_in_a_sensible_order(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(server.url)).enter(room)
    await tab.say("mine")
    await somebody.say(room, "theirs, with https://example.org/")
    await tab.reload()
    await tab[".skip"].first.focus()
    names = ["skip", *await walk(tab)]
    order = ["skip", "home", "look", "name", "scroll", "text-", "send"]
    places = [[name.startswith(one) for name in names].index(True) for one in order]
    assert places == sorted(places), names
    assert names[:3] == ["skip"] * 3
    # every message by its time, what it links to, and its menu
    assert names[places[4] : places[5]].count("more") == 2


async def test_skip_links_lead_where_they_say(server: ServerProcess, visitors: Visitors, room: str) -> None:
    tab = await (await visitors(server.url)).enter(room)
    for link, then in (("the messages", "#scroll"), ("the message field", "#composer .field"), ("the search", "#look")):
        skip = tab.page.get_by_role("link", name=f"Skip to {link}")
        await skip.focus()
        await expect(skip).to_be_in_viewport(ratio=1)
        await tab.page.keyboard.press("Enter")
        if then.startswith("#composer"):
            await tab.page.keyboard.press("Tab")
        await expect(tab[then]).to_be_focused()
    await tab.page.keyboard.press("Enter")
    await expect(tab["#find-words"]).to_be_focused()
    await tab.page.keyboard.press("Escape")
    await expect(tab["#look"]).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_ring_around_what_has_the_focus_stands_out(
    server: ServerProcess, visitors: Visitors, room: str, theme: str
) -> None:
    tab = await (await visitors(server.url, color_scheme=theme)).enter(room)
    await tab.say("mine")
    await tab.ends_with("mine")
    for selector in ("#look", "#name", "#rename", "#log .more", "#log .by > a", "#composer > .turn:last-child .send"):
        await tab["body"].press("Tab")  # by keys from here on
        await tab[selector].first.focus()
        ratio: float = await tab.page.evaluate(RATIO)
        assert ratio >= 3, f"{selector}: {ratio}"


async def test_the_focus_stays_where_it_is_as_messages_change_and_go(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    await ana.say("mine")
    await expect(ana.waiting).to_have_count(0)
    await ana["#log > .message .more"].focus()
    await ana.page.keyboard.press("Enter")
    await expect(ana["#menu .quick button"].first).to_be_visible()
    await ana.page.keyboard.press("Tab")
    await ana.page.keyboard.press("Enter")
    await expect(ana["#menu"]).to_be_hidden()
    reaction = ana["#log .reaction"]
    await expect(reaction).to_be_visible()
    await expect(ana["#log .more"]).to_be_focused()
    # taken back by keys, it goes, and the focus goes to what is beside it
    await ana.page.keyboard.press("Tab")
    await expect(reaction).to_be_focused()
    await ana.page.keyboard.press("Enter")
    await expect(reaction).to_have_count(0)
    await expect(ana["#log .more"]).to_be_focused()
    # while somebody is in an old row, it is not taken away under them
    row = await message(ana, "mine").get_attribute("id")
    await somebody.flood(room, [f"row {number}" for number in range(LIVE_ROWS + 2 * TRIM_EVERY)])
    await ana.ends_with(f"row {LIVE_ROWS + 2 * TRIM_EVERY - 1}")
    await expect(ana[f"[id='{row}'] .more"]).to_be_focused()
    await ana.field.focus()
    await somebody.flood(room, [f"more {number}" for number in range(TRIM_EVERY)])
    await expect(ana[f"[id='{row}']"]).to_have_count(0)
    await ana.say("after sending")
    await expect(ana.field).to_be_focused()


async def test_an_edit_gives_the_focus_back(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana = await (await visitors(server.url)).enter(room)
    await ana.say("mine")
    await expect(ana.waiting).to_have_count(0)
    for end in ("Enter", "Cancel"):
        await ana.reload()  # so that the menu is not the last one's, until it has come
        await ana["#log .more"].focus()
        await ana.page.keyboard.press("Enter")
        await ana["#menu"].get_by_role("button", name="Edit").focus()
        await ana.page.keyboard.press("Enter")
        await expect(ana[".edit .field"]).to_be_focused()
        if end == "Cancel":
            await ana[".edit"].get_by_role("button", name="Cancel").focus()
        await ana.page.keyboard.press("Enter")
        await expect(ana[".edit"]).to_have_count(0)
        await expect(ana["#log .more"]).to_be_focused()


async def test_the_lobby_and_rules_are_walked_through_by_tab(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    tab = await (await visitors(server.url)).enter(room)
    await tab.say("mine")
    await expect(tab.waiting).to_have_count(0)
    await tab.lobby()
    names = await walk(tab)
    assert "rename" in names
    await tab.page.goto(f"{server.url}/r/{room}/order")
    names = await walk(tab)
    assert {"title", "writers", "slow", "keep", "language"} <= set(names)
