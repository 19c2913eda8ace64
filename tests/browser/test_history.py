"""Scrolling through a room's past, and what a live page keeps of it."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Visitors
from tests.browser.pages import Tab, each_once, numbered
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess

PAGE = 50  # messages of a page
MOST_ROWS = 300  # that a live page keeps


async def is_at_the_bottom(tab: Tab) -> None:
    await expect(tab.texts.last).to_be_in_viewport(ratio=1)
    assert await tab["#scroll"].evaluate("scroll => scroll.scrollTop") == pytest.approx(0, abs=1)


def stayed(before: dict[str, float], after: dict[str, float]) -> None:
    """Check that no row that was in sight has moved by as much as half a pixel."""
    assert after == {row: pytest.approx(top, abs=0.5) for row, top in before.items()}


async def test_scrolling_up_shows_every_message_once_and_moves_nobody(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    texts = numbered(230)
    await somebody.flood(room, texts)
    tab = await (await visitors(server.url)).enter(room)
    await tab.shows(*texts[-PAGE:])
    await is_at_the_bottom(tab)
    for shown in (100, 150, 200, 230):
        await tab["#scroll"].evaluate("scroll => scroll.scrollTo(0, 500 - scroll.scrollHeight)")
        await tab["#scroll"].hover()
        await tab.page.mouse.wheel(0, -200)
        await expect(tab.texts).to_have_count(shown)
        each_once(await tab.all_texts(), texts[-shown:])
    await tab.scroll_up()
    await expect(tab["#older.start"]).to_be_in_viewport()
    await expect(tab.texts).to_have_count(230)


async def test_older_messages_do_not_move_the_reader(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    await somebody.flood(room, numbered(120))
    tab = await (await visitors(server.url)).enter(room)
    await expect(tab.texts).to_have_count(PAGE)
    # hold the answer back until the reader's place has been measured
    held: list[Route] = []
    await tab.page.route("**/messages?before=*", lambda route: held.append(route))  # noqa: PLW0108 - it wants a function
    for shown in (100, 120):
        async with tab.page.expect_request("**/messages?before=*"):
            await tab.scroll_up()
        before = await tab.tops()
        await held.pop().continue_()
        await expect(tab.texts).to_have_count(shown)
        rows = await tab["#log > .message"].evaluate_all(
            "rows => Object.fromEntries(rows.map(row => [row.id, row.getBoundingClientRect().top]))"
        )
        stayed(before, {row: rows[row] for row in before})


async def test_a_new_message_does_not_move_who_reads_further_up(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    await somebody.flood(room, numbered(120))
    tab = await (await visitors(server.url)).enter(room)
    await tab.load_older()
    await tab["#scroll"].evaluate("scroll => scroll.scrollTo(0, -1000)")
    before = await tab.tops()
    for text in ("short", "long " * 300):
        await somebody.say(room, text)
        await tab.ends_with(text.strip())
        stayed(before, await tab.tops())
    await somebody.flood(room, numbered(100, "more"))
    await tab.ends_with("more 100")
    stayed(before, await tab.tops())


async def test_a_reader_at_the_bottom_stays_at_the_bottom(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(server.url)).enter(room)
    await somebody.flood(room, numbered(60))
    await tab.ends_with("number 60")
    await is_at_the_bottom(tab)
    await somebody.say(room, "long " * 300)
    await tab.ends_with(("long " * 300).strip())
    assert await tab["#scroll"].evaluate("scroll => scroll.scrollTop") == pytest.approx(0, abs=1)


async def test_back_to_the_newest_returns_to_the_bottom(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    texts = numbered(130)
    await somebody.flood(room, texts)
    tab = await (await visitors(server.url)).enter(room)
    back = tab.page.get_by_role("link", name="Back to the newest")
    await expect(back).to_be_hidden()
    await tab.load_older()
    await somebody.say(room, "news")
    await expect(back).to_be_visible()
    await back.click()
    await tab.ends_with("news")
    await is_at_the_bottom(tab)
    await expect(back).to_be_hidden()
    await expect(tab.texts).to_have_count(PAGE)
    await somebody.say(room, "still live")
    await tab.ends_with("still live")
    await is_at_the_bottom(tab)
    await tab.load_all()
    each_once(await tab.all_texts(), [*texts, "news", "still live"])


async def test_a_live_page_is_trimmed_and_scrolling_brings_back_what_went(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    small = numbered(5, "small")
    await somebody.say(room, *small)
    tab = await (await visitors(server.url)).enter(room)
    await tab.shows(*small)
    await expect(tab["#older.start"]).to_have_count(1)
    many = numbered(400)
    most = 0
    for start in range(0, 400, 100):
        await somebody.flood(room, many[start : start + 100])
        await tab.ends_with(many[start + 99])
        most = max(most, await tab.texts.count())
    everything = [*small, *many]
    shown = await tab.texts.count()
    assert shown < len(everything), "nothing was trimmed"
    assert most <= MOST_ROWS
    each_once(await tab.all_texts(), everything[-shown:])
    await expect(tab["#older"]).to_have_count(1)
    await is_at_the_bottom(tab)
    await tab.load_all()
    each_once(await tab.all_texts(), everything)


async def test_nothing_is_trimmed_while_older_messages_are_open(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    texts = numbered(80, "old")
    await somebody.flood(room, texts)
    tab = await (await visitors(server.url)).enter(room)
    await tab.load_all()
    await tab["#scroll"].evaluate("scroll => scroll.scrollTo(0, -600)")
    before = await tab.tops()
    many = numbered(400)
    await somebody.flood(room, many)
    await tab.ends_with(many[-1])
    each_once(await tab.all_texts(), [*texts, *many])
    stayed(before, await tab.tops())
