from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess


async def test_two_people_on_different_workers_talk(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await bento.move_away_from(ana)
    assert await ana.worker() != await bento.worker()
    await ana.say("Oi, Bento!")
    await bento.shows("Oi, Bento!")
    await bento.say("Oi, Ana. ¿Qué tal? 你好 👋")
    for text in ("Good.", "And you?"):
        await ana.say(text)
    for tab in (ana, bento):
        await tab.shows("Oi, Bento!", "Oi, Ana. ¿Qué tal? 你好 👋", "Good.", "And you?")
        await expect(tab.waiting).to_have_count(0)
    assert await ana["#log > .message"].evaluate_all("rows => rows.map(row => row.id)") == await bento[
        "#log > .message"
    ].evaluate_all("rows => rows.map(row => row.id)")


async def test_what_one_person_says_in_a_row_is_grouped(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    await somebody.say(room, "one", "two")
    await ana.shows("one", "two")
    await ana.say("three")
    await ana.shows("one", "two", "three")
    rows = ana["#log > .message"]
    await expect(rows.nth(0).locator(".name")).to_have_text("Somebody Else")
    await expect(rows.nth(0)).not_to_have_class(re.compile(r"\bfollows\b"))
    await expect(rows.nth(1)).to_have_class(re.compile(r"\bfollows\b"))
    await expect(rows.nth(2)).not_to_have_class(re.compile(r"\bfollows\b"))
    faces = await rows.evaluate_all("rows => rows.map(row => getComputedStyle(row, '::before'))")
    assert [face["visibility"] for face in faces[:2]] == ["visible", "hidden"]
    assert faces[0]["content"].startswith('"S"')
    gaps = await rows.evaluate_all("rows => rows.map(row => parseFloat(getComputedStyle(row).marginTop))")
    assert gaps[1] < gaps[2], "what belongs together does not stand together"
    # and it is the same after a reload: the one partial
    live = await ana["#log"].evaluate("log => [...log.querySelectorAll('.message')].map(row => row.outerHTML)")
    await ana.reload()
    assert live == await ana["#log"].evaluate("log => [...log.querySelectorAll('.message')].map(row => row.outerHTML)")


async def test_own_messages_are_marked_for_their_author_alone(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await ana.say("from Ana")
    await bento.shows("from Ana")
    await bento.say("from Bento")
    colours = {}
    for tab, who in ((ana, "ana"), (bento, "bento")):
        await tab.shows("from Ana", "from Bento")
        for nth in (0, 1):
            colours[who, nth] = await tab.look("#log > .message > .text", "background-color", nth=nth)
    assert colours["ana", 0] != colours["ana", 1]
    assert colours["bento", 0] != colours["bento", 1]
    assert colours["ana", 0] == colours["bento", 1]
    assert colours["ana", 1] == colours["bento", 0]
    boxes = [await ana.texts.nth(nth).bounding_box() for nth in (0, 1)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] > boxes[1]["x"], "own messages stand at the other side"


async def test_a_message_says_its_time_and_a_day_begins_with_a_separator(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    await somebody.say(room, "first", "second")
    tab = await (await visitors(server.url)).enter(room)
    await tab.shows("first", "second")
    for nth in (0, 1):
        when = await tab["#log time"].nth(nth).get_attribute("datetime")
        assert when is not None
        age = datetime.now(UTC) - datetime.fromisoformat(when)
        assert timedelta(seconds=-2) < age < timedelta(minutes=2)
    await expect(tab["#log time"].first).to_be_visible()
    await expect(tab["#log .day"]).to_have_count(1)
    await expect(tab["#log > .message:first-of-type .day, #log > .message .day"].first).to_contain_text(
        str(datetime.now(UTC).year)
    )


async def test_a_double_enter_sends_once(server: ServerProcess, visitors: Visitors, room: str) -> None:
    tab = await (await visitors(server.url)).enter(room)
    await tab.field.fill("only once")
    await tab.field.focus()
    await tab.page.keyboard.press("Enter")
    await tab.page.keyboard.press("Enter")
    await tab.ends_with("only once")
    await tab.say("then this")
    await tab.shows("only once", "then this")
    await tab.reload()
    await tab.shows("only once", "then this")


async def test_a_double_click_sends_once(server: ServerProcess, visitors: Visitors, room: str) -> None:
    tab = await (await visitors(server.url)).enter(room)
    await tab.field.fill("only once")
    await tab["#composer > .turn:last-child .send"].dblclick()
    await tab.ends_with("only once")
    await tab.say("then this")
    await tab.shows("only once", "then this")
    await tab.reload()
    await tab.shows("only once", "then this")


async def test_fast_typing_loses_no_letter_between_two_messages(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    wanted = [f"sentence {number} of many" for number in range(1, 21)]
    for text in wanted:
        await ana.say(text, typed=True)
    await ana.shows(*wanted)
    await bento.shows(*wanted)
    await expect(ana.waiting).to_have_count(0)


async def test_a_blank_message_is_not_sent(server: ServerProcess, visitors: Visitors, room: str) -> None:
    tab = await (await visitors(server.url)).enter(room)
    await tab.field.focus()
    await tab.page.keyboard.press("Enter")
    await tab.field.fill("   ")
    await tab.page.keyboard.press("Enter")
    await tab.say("something")
    await tab.shows("something")


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
async def test_the_field_grows_for_several_lines_and_keeps_what_was_typed(
    server: ServerProcess, visitors: Visitors, room: str, by: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await ana.field.fill("first line")
    if by == "mouse":
        await ana["#composer > .turn:last-child"].get_by_text("¶").click()
    else:
        await ana.page.keyboard.press("Tab")
        await expect(ana.page.get_by_role("button", name="Write several lines")).to_be_focused()
        await ana.page.keyboard.press("Enter")
    area = ana["#composer > .turn:last-child textarea.field"]
    await expect(area).to_be_focused()
    await expect(area).to_have_value("first line")
    await ana.page.keyboard.press("Control+End")
    await ana.page.keyboard.press("Enter")
    await ana.page.keyboard.type("  second & <last>", delay=5)
    turn = await ana.turn()
    await ana["#composer > .turn:last-child .send"].click()
    await ana.next_turn(turn)
    for tab in (ana, bento):
        await expect(tab.texts).to_have_count(1)
        assert await tab.all_texts() == ["first line\n  second & <last>"]
        assert await tab.texts.first.inner_text() == "first line\n  second & <last>"
        assert await tab.look("#log .text", "white-space-collapse") == ["preserve"]
    await expect(ana["#composer > .turn:last-child input.field"]).to_have_value("")


async def test_the_browser_agrees_to_shared_compression_and_reads_what_comes_so(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    ana = await (await visitors(server.url)).tab()
    devtools = await ana.page.context.new_cdp_session(ana.page)
    agreed: list[str] = []

    def answered(event: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
        agreed.append(headers.get("sec-websocket-extensions", ""))

    devtools.on("Network.webSocketHandshakeResponseReceived", answered)
    await devtools.send("Network.enable")
    await ana.enter(room)
    assert agreed == ["permessage-deflate; server_no_context_takeover; client_no_context_takeover"]
    texts = [f"número {number}: açaí & <b> 👋" for number in range(40)]  # larger than what goes plain
    await somebody.say(room, *texts)
    await ana.shows(*texts)
    await ana.say("and back " * 100)  # Chromium compresses it
    await ana.shows(*texts, "and back " * 99 + "and back")
