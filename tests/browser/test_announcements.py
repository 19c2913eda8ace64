"""What a room says to who hears it: new messages, once and calmly; one's own not at all; how the connection stands."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.network import Proxy
from tests.browser.pages import Tab, numbered
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess

# What screen readers are told of: what comes into a live region, as far as it is there for them.
LISTEN = """() => {
  window.heard = []
  for (const region of document.querySelectorAll("main [aria-live=polite], main [role=status]"))
    new MutationObserver(() => {
      const said = region.innerText.replace(/\\s+/g, " ").trim()
      if (said) heard.push(said)
    }).observe(region, {childList: true, subtree: true})
}"""


async def listen(tab: Tab) -> None:
    await tab.page.evaluate(LISTEN)


async def heard(tab: Tab) -> list[str]:
    said: list[str] = await tab.page.evaluate("() => heard")
    return said


async def hears(tab: Tab, said: str) -> None:
    """Wait until something was announced."""
    await tab.page.wait_for_function("said => heard.some(one => one.includes(said))", arg=said)


async def tree(tab: Tab, region: str) -> str:
    """The text in Chromium's own accessibility tree below an element."""
    session = await tab.page.context.new_cdp_session(tab.page)
    root = (await session.send("Runtime.evaluate", {"expression": f"document.querySelector('{region}')"}))["result"]
    found = await session.send("Accessibility.queryAXTree", {"objectId": root["objectId"], "role": "StaticText"})
    await session.detach()
    return " ".join(" ".join(node["name"]["value"] for node in found["nodes"] if not node["ignored"]).split())


async def test_a_message_is_announced_to_all_but_its_author(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    await ana.rename("Ana")
    bento = await (await visitors(server.url)).enter(room)
    await bento.rename("Bento")
    await ana.sees_people("Ana", "Bento")
    for tab in (ana, bento):
        await listen(tab)
    await ana.say("good *morning*, @Bento")
    await hears(bento, "good morning")
    await ana.shows("good morning, @Bento")
    assert await heard(bento) == ["You are mentioned. Ana: good morning, @Bento"]
    assert await tree(bento, "#aloud") == "You are mentioned. Ana: good morning, @Bento"
    assert await heard(ana) == []
    assert await tree(ana, "#aloud") == ""
    assert await ana["#aloud"].text_content()
    # and the list itself says nothing more
    await expect(bento["#scroll[role=log]"]).to_have_attribute("aria-live", "off")
    await expect(bento["#log[role=list] > .message"]).to_have_count(1)
    # what was announced is nothing to come across later
    await bento["#aloud"].evaluate("line => line.getAnimations().forEach(wait => wait.finish())")
    await expect(bento["#aloud"]).to_be_hidden()
    assert await tree(bento, "#aloud") == ""


async def test_a_burst_is_summed_up_and_typing_is_not_announced(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(server.url)).enter(room)
    other = await (await visitors(server.url)).enter(room)
    await listen(tab)
    await somebody.flood(room, numbered(60, "burst"))
    await tab.ends_with("burst 60")
    await other.field.press_sequentially("typing")
    await expect(tab["#typing"]).to_contain_text("is typing")
    told = 0
    while told < 60:
        await tab.page.wait_for_function("told => heard.length > told", arg=len(await heard(tab)) if told else 0)
        said = await heard(tab)
        told = sum(
            int(found[1]) if (found := re.search(r": (\d+) new messages", one)) else one.count(": ") for one in said
        )
    assert told == 60
    assert len(said) <= 3
    assert all("Somebody Else: " in one for one in said)


async def test_what_was_missed_is_announced_in_one_line_when_the_connection_is_back(
    proxy: Proxy, visitors: Visitors, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(proxy.url)).enter(room)
    tab.expect_network_errors()
    await listen(tab)
    await expect(tab["#looking"]).not_to_have_value("")  # what a page that comes back says of itself
    proxy.cut()
    await tab.is_away()
    await somebody.say(room, *numbered(12, "missed"))
    proxy.heal()
    await tab.ends_with("missed 12")
    await hears(tab, "The connection is back.")
    said = await heard(tab)
    assert [one for one in said if "new message" in one or "missed" in one] == ["Somebody Else: 12 new messages"]
    assert said[0] == "No connection. What you write is sent as soon as it is back."
