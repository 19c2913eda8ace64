"""What people mark up in their messages, as others see it."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess

CODE = "```python\ndef greet(name):\n    return f'Olá, {name}!'  # <b>\n```"
SAID = (
    "*leaning* **bold** ~~gone~~ `code` 2*3*4",
    "https://example.org/a_b_c and [a label](https://example.org/?a=1&b=2)",
    "> asked\nanswered\n- one\n- two",
    "He ||dies *twice*||!",
    CODE,
    ":tada: 🎉",
)


async def test_marked_up_text_reads_well_live_and_loaded_with_and_without_javascript(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await bento.move_away_from(ana)
    await ana.say(SAID[0])
    await somebody.say(room, *SAID[1:])
    plain = await (await visitors(server.url, java_script_enabled=False)).enter(room, live=False)
    for tab in (ana, bento, plain):
        await expect(tab.texts).to_have_count(len(SAID))
        texts = tab.texts
        for nth, tag in enumerate(("em", "strong", "s", "code")):
            await expect(texts.nth(0).locator(tag)).to_have_text(("leaning", "bold", "gone", "code")[nth])
        await expect(texts.nth(0)).to_contain_text("2*3*4")
        links = texts.nth(1).locator("a")
        assert await links.evaluate_all("links => links.map(link => link.href)") == [
            "https://example.org/a_b_c",
            "https://example.org/?a=1&b=2",
        ]
        for link in await links.all():
            assert await link.get_attribute("rel") == "noopener noreferrer nofollow ugc"
        await expect(texts.nth(2).locator("blockquote")).to_have_text("asked")
        await expect(texts.nth(2).locator("ul > li")).to_have_text(["one", "two"])
        await expect(texts.nth(4).locator("code")).to_have_text("def greet(name):\n    return f'Olá, {name}!'  # <b>\n")
        assert await colour(tab, "hl-k") != await colour(tab, "hl-c1")
        large, small = [
            (await tab.look(f"#log > .message > .text{which}", "font-size", nth=-1))[0] for which in (" > .big", "")
        ]
        assert float(large.removesuffix("px")) > 2 * float(small.removesuffix("px"))
    assert await ana.texts.evaluate_all("all => all.map(one => one.innerHTML)") == await plain.texts.evaluate_all(
        "all => all.map(one => one.innerHTML)"
    )


async def colour(tab: Tab, name: str) -> str:
    return (await tab.look(f"#log .{name}", "color"))[0]


@pytest.mark.parametrize("java_script", [True, False])
async def test_a_spoiler_shows_when_one_asks_for_it_by_mouse_and_by_keyboard(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str, java_script: bool
) -> None:
    await somebody.say(room, SAID[3])
    tab = await (await visitors(server.url, java_script_enabled=java_script)).enter(room, live=java_script)
    hidden = tab.texts.locator(".spoiler > span")
    await expect(hidden).to_be_hidden()
    await expect(tab.texts.locator("summary")).to_have_text("Spoiler")
    await tab.texts.locator("summary").click()
    await expect(hidden).to_be_visible()
    await expect(hidden).to_have_text("dies twice")
    await tab.texts.locator("summary").focus()
    await tab.page.keyboard.press("Enter")
    await expect(hidden).to_be_hidden()


async def test_long_code_scrolls_in_its_own_place(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    await somebody.say(room, "```\n" + "x" * 500 + "\n" + "y\n" * 100 + "```")
    tab = await (await visitors(server.url, viewport={"width": 360, "height": 640})).enter(room)
    box = await tab.texts.locator("pre").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert box["height"] < 640
