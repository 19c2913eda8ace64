"""Files: sent in one tab and seen in another on another worker; refused with a reason; gone with their message."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.pictures.drawings import drawn, moving
from tests.server.processes import ServerProcess

REFUSED = r"Failed to load resource: the server responded with a status of (404|422|413)"

Chosen = dict[str, Any]


def chosen(name: str, content: bytes, media: str = "") -> Chosen:
    return {"name": name, "mimeType": media or "application/octet-stream", "buffer": content}


async def send(tab: Tab, *files: Chosen, text: str = "") -> None:
    """Send files by the sheet, and wait until it is closed."""
    await tab["#attach > .attach"].click()
    await expect(tab["#attach-sheet"]).to_be_visible()
    await tab["#attach-sheet [type=file]"].set_input_files(files)
    await tab["#attach-sheet .field"].fill(text)
    await tab["#attach-sheet [type=submit]"].click()
    await expect(tab["#attach-sheet"]).to_be_hidden()


async def is_shown(tab: Tab, nth: int = 0) -> bool:
    """Whether a picture has been loaded and decoded."""
    image = tab["#log .picture img"].nth(nth)
    await image.scroll_into_view_if_needed()
    await expect(image).to_be_visible()
    shown: bool = await image.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    return shown


async def test_what_one_sends_the_other_sees_and_it_goes_with_its_message(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await bento.move_away_from(ana)
    await ana.field.fill("half a sentence")
    turn = await ana.turn()
    paper = chosen("minutes.pdf", b"%PDF-1.7" + b"x" * 300_000, "application/pdf")
    await send(ana, chosen("sea.png", drawn("PNG", (900, 600)), "image/png"), paper, text="**Look**")
    for tab in (ana, bento):
        await tab.shows("Look")
        assert await is_shown(tab)
        await expect(tab["#log .file"]).to_have_text("minutes.pdf 300 KB")
    # neither the composer nor the focus of who uses keys is lost
    await expect(ana.field).to_have_value("half a sentence")
    assert await ana.turn() == turn
    await expect(ana["#attach > .attach"]).to_be_focused()
    async with bento.page.expect_download() as download:
        await bento["#log .file"].click()
    assert (await download.value).suggested_filename == "minutes.pdf"
    whole = await bento["#log .picture"].get_attribute("href") or ""
    async with bento.page.context.expect_page() as opened:
        await bento["#log .picture"].click()
    picture = await opened.value
    assert await picture.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 900
    await picture.close()
    await send(ana, chosen("ball.gif", moving(), "image/gif"))
    for tab in (ana, bento):
        await expect(tab["#log > .message"]).to_have_count(2)
        assert await is_shown(tab, 1)
    await ana["#log > .message"].first.hover()
    await ana["#log > .message > .more"].first.click()
    await ana["#menu .sure > summary"].click()
    await ana["#menu .danger"].click()
    for tab in (ana, bento):
        await expect(tab.texts.first).to_have_text("This message was deleted.")
        await expect(tab["#log .files"]).to_have_count(1)
        answer = await tab.page.context.request.get(f"{server.url}{whole}")
        assert answer.status == 404


async def test_a_hostile_file_is_refused_with_a_reason_and_what_was_chosen_stays(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    ana.witness.allow(REFUSED, r"^htmx: htmx:response:error")
    await ana["#attach > .attach"].click()
    await ana["#attach-sheet [type=file]"].set_input_files([chosen("sea.png", b"<svg onload=alert(1)>", "image/png")])
    await ana["#attach-sheet .field"].fill("look")
    await ana.page.keyboard.press("Enter")
    await expect(ana["#attach-why"]).to_have_text(
        "“sea.png” is an SVG, which can hold a script. Send it as PNG, or put it into a ZIP."
    )
    await expect(ana["#attach-sheet"]).to_be_visible()
    await expect(ana["#attach-sheet .field"]).to_have_value("look")
    assert await ana["#attach-sheet [type=file]"].evaluate("field => field.files.length") == 1
    await ana["#attach-sheet [type=file]"].set_input_files([chosen("sea.png", drawn(), "image/png")])
    await ana["#attach-sheet [type=submit]"].click()
    await ana.shows("look")
    assert await is_shown(ana)


async def test_files_that_could_not_be_sent_are_told_and_can_be_sent_again(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    ana.witness.allow(r"net::ERR_FAILED", r"^htmx: htmx:error", r"Failed to fetch")
    await ana.page.route("**/files", lambda route: route.abort())
    await ana["#attach > .attach"].click()
    await ana["#attach-sheet [type=file]"].set_input_files([chosen("a.txt", b"fine")])
    await ana["#attach-sheet [type=submit]"].click()
    await expect(ana["#attach-why"]).to_contain_text("could not be sent")
    await ana.page.unroute("**/files")
    await ana["#attach-sheet [type=submit]"].click()
    await expect(ana["#log .file"]).to_have_count(1)
    await expect(ana["#attach-sheet"]).to_be_hidden()


async def test_files_can_answer_a_message(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana = await (await visitors(server.url)).enter(room)
    await ana.say("which one?")
    await expect(ana["#log > .message"]).to_have_count(1)
    await ana["#log > .message"].hover()
    await ana["#log > .message > .more"].click()
    await ana["#menu .item"].filter(has_text="Reply").click()
    await expect(ana["#composer .replying"]).to_be_visible()
    await send(ana, chosen("this.txt", b"this"))
    await expect(ana["#log > .message > .quote"]).to_contain_text("which one?")
    await expect(ana["#composer .replying"]).to_have_count(0)


async def test_files_are_dropped_into_the_sheet(server: ServerProcess, visitors: Visitors, room: str) -> None:
    """The field lies over all of the marked place, and browsers let files be dropped onto a field."""
    ana = await (await visitors(server.url)).enter(room)
    await ana["#attach > .attach"].click()
    place, field = ana["#attach-sheet .drop-here"], ana["#attach-sheet [type=file]"]
    box = await place.bounding_box()
    assert box
    for x, y in ((0.1, 0.1), (0.5, 0.4), (0.9, 0.9)):
        at = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        found = await ana.page.evaluate("at => document.elementFromPoint(at.x, at.y).type", at)
        assert found == "file", (x, y)
    await expect(field).to_be_focused()


async def test_without_a_script_files_come_and_go(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana = await (await visitors(server.url, java_script_enabled=False)).enter(room, live=False)
    await send(ana, chosen("sea.png", drawn(), "image/png"), text="plain")
    await ana.shows("plain")
    await expect(ana.log.locator("#log .picture img")).to_be_visible()
    await ana["#attach > .attach"].click()
    ana.witness.allow(REFUSED)
    await ana["#attach-sheet [type=file]"].set_input_files([chosen("a.html", b"<html>")])
    await ana["#attach-sheet .field"].fill("typed")
    await ana["#attach-sheet [type=submit]"].click()
    await expect(ana["#attach-why"]).to_have_text("“a.html” is a web page, which can hold a script. Put it into a ZIP.")
    await expect(ana[".attach-form .field"]).to_have_value("typed")
    await ana[".attach-form [type=file]"].set_input_files([chosen("a.txt", b"fine")])
    await ana[".attach-form [type=submit]"].click()
    await ana.shows("plain", "typed")


@pytest.mark.parametrize("width", [360, 1440])
async def test_nothing_moves_when_a_picture_comes(
    server: ServerProcess, visitors: Visitors, room: str, width: int
) -> None:
    ana = await (await visitors(server.url, viewport={"width": width, "height": 700})).enter(room)
    for _ in range(2):
        await send(
            ana, *(chosen(f"{number}.png", drawn("PNG", (900, 300 + number)), "image/png") for number in range(3))
        )
    await send(ana, chosen("tall.png", drawn("PNG", (200, 1500)), "image/png"), chosen("x" * 90 + ".txt", b"x"))
    await ana.say("after them")
    arrived = asyncio.Event()

    async def hold(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    await ana.page.context.route("**/small/**", hold)
    await ana.reload()
    before = await ana["#log > .message"].evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")
    arrived.set()
    for nth in range(7):
        assert await is_shown(ana, nth)
    after = await ana["#log > .message"].evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")
    assert before == after
    assert await ana["#scroll"].evaluate("list => list.scrollWidth - list.clientWidth") == 0
