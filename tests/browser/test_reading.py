"""What is new to somebody: in the background, in the lobby, after a time away, and without JavaScript."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from quart_chat.store import keys
from tests.browser.conftest import UNLIMITED, Visitors
from tests.browser.pages import Tab, Visitor, numbered
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess, store


async def pair(server: ServerProcess, visitors: Visitors, room: str) -> tuple[Tab, Visitor, Tab]:
    """Ana, and Bento on another worker."""
    ana = await (await visitors(server.url)).enter(room)
    await ana.rename("Ana")
    await expect(ana["#me"]).to_have_text("Ana")
    bento = await visitors(server.url)
    tab = await bento.enter(room)
    await tab.rename("Bento")
    await expect(tab["#me"]).to_have_text("Bento")
    await tab.move_away_from(ana)
    await expect(tab["#looking"]).to_have_value("1")
    await ana.sees_people("Ana", "Bento")
    return ana, bento, tab


async def parted(server: ServerProcess, visitors: Visitors, room: str) -> tuple[Tab, Visitor, Tab]:
    """The same, and Bento has read what there is and turned away."""
    ana, bento, tab = await pair(server, visitors, room)
    await ana.say("read")
    await tab.shows("read")
    await turn_away(tab)
    return ana, bento, tab


async def turn_away(tab: Tab) -> None:
    """Go to another window, as the page is told of it: headless pages are all in front."""
    await tab.page.evaluate("window.dispatchEvent(new Event('blur'))")
    await expect(tab["#looking"]).to_have_value("0")


async def come_back(tab: Tab) -> None:
    await tab.page.evaluate("window.dispatchEvent(new Event('focus'))")
    await expect(tab["#looking"]).to_have_value("1")


async def rows(tab: Tab) -> list[str]:
    """The list as it stands: texts of messages, and of the line between them."""
    found: list[str] = await tab["#log"].evaluate(
        """list => [...list.children].filter(row => row.matches(".message, .new"))
             .map(row => (row.querySelector(":scope > .text") ?? row).textContent)"""
    )
    return found


async def test_a_page_in_the_background_shows_what_is_new_until_one_comes_back(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana, _, bento = await parted(server, visitors, room)
    await ana.say("hello")
    await ana.say("@Bento are you there?")
    await expect(bento.page).to_have_title(f"(2, @1) {room} · Quart Chat")
    icon = bento["#icon"]
    await expect(icon).to_have_attribute("href", "/icon/2-1.svg" + (await icon.get_attribute("href") or "")[13:])
    assert await rows(bento) == ["read", "New since you left", "hello", "@Bento are you there?"]
    await come_back(bento)
    await expect(bento.page).to_have_title(f"{room} · Quart Chat")
    await ana.say("good")
    await bento.ends_with("good")
    assert await rows(bento) == ["read", "New since you left", "hello", "@Bento are you there?", "good"]
    assert await bento.page.title() == f"{room} · Quart Chat"


async def test_a_page_that_is_shown_again_without_the_focus_is_seen(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana, _, bento = await pair(server, visitors, room)
    await turn_away(bento)
    await ana.say("hello")
    await expect(bento.page).to_have_title(f"(1) {room} · Quart Chat")
    await bento.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(bento["#looking"]).to_have_value("1")
    await expect(bento.page).to_have_title(f"{room} · Quart Chat")


async def test_what_is_read_in_one_place_is_read_in_all_and_the_lobby_counts_live(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana, person, bento = await parted(server, visitors, room)
    lobby = await (await person.tab()).lobby()
    mine = lobby[f'.rooms a[href="/r/{room}"]']
    await expect(mine).to_be_visible()
    await expect(mine.locator(".count")).to_have_count(0)
    await mine.focus()
    await ana.say("hello")
    await ana.say("@Bento?")
    await expect(mine.locator(".count:not(.meant)")).to_contain_text("2 new messages")
    await expect(mine.locator(".count.meant")).to_contain_text("1 of them mentions you")
    await expect(lobby.page).to_have_title("(2, @1) Quart Chat — a room by a link")
    await expect(mine).to_be_focused()  # the list was made new under it
    second = await person.enter(room)
    await expect(second["#new"]).to_have_text("New since you left")
    await expect(bento.page).to_have_title(f"{room} · Quart Chat")
    await expect(mine.locator(".count")).to_have_count(0)
    await expect(lobby.page).to_have_title("Quart Chat — a room by a link")


async def test_who_comes_back_later_finds_where_they_stopped(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana, person, bento = await pair(server, visitors, room)
    await ana.say("read")
    await bento.shows("read")
    with store(server) as client:
        await bento.page.close()
        read = (await ana["#since"].get_attribute("value")) or ""
        while read not in client.hvals(keys.read(room)):
            await ana.page.wait_for_timeout(20)
    for number in range(3):
        await ana.say(f"new {number}")
    await ana.ends_with("new 2")
    again = await person.enter(room)
    assert await rows(again) == ["read", "New since you left", "new 0", "new 1", "new 2"]
    await expect(again["#looking"]).to_have_value("1")
    await again.page.close()
    last = await person.enter(room)
    assert await rows(last) == ["read", "new 0", "new 1", "new 2"]


async def test_a_connection_that_was_lost_in_the_background_goes_on_counting(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana, _, bento = await parted(server, visitors, room)
    await ana.say("one")
    await expect(bento.page).to_have_title(f"(1) {room} · Quart Chat")
    await bento.set_offline(True)
    await bento.is_away()
    await ana.say("two")
    await bento.set_offline(False)
    await bento.is_live()
    await expect(bento.page).to_have_title(f"(2) {room} · Quart Chat")
    assert await rows(bento) == ["read", "New since you left", "one", "two"]


async def test_a_reload_puts_no_line_above_what_one_has_just_read(
    tmp_path: Path, visitors: Visitors, room: str
) -> None:
    # one worker, which so has the socket as well as the page: another one would know it a second later
    with ServerProcess(tmp_path / "data", workers=1, env=UNLIMITED) as server:
        ana = await (await visitors(server.url)).enter(room)
        bento = await (await visitors(server.url)).enter(room)
        await ana.say("one")
        await bento.shows("one")
        with store(server) as client:  # else no line would be there anyway
            while not client.hlen(keys.read(room)):
                await ana.page.wait_for_timeout(20)
        await ana.say("two")
        await bento.ends_with("two")
        await bento.reload()
        assert await rows(bento) == ["one", "two"]
        for tab in (ana, bento):
            tab.expect_network_errors()  # the server ends before they do


async def test_the_line_goes_with_what_is_trimmed_above_it(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    await somebody.say(room, "first")
    tab = await (await visitors(server.url)).enter(room)
    await expect(tab["#looking"]).to_have_value("1")
    await turn_away(tab)
    await somebody.say(room, "new")
    await expect(tab["#new"]).to_be_attached()
    await somebody.say(room, *numbered(320))
    await tab.ends_with("number 320")
    await expect(tab["#log > .message"].first).not_to_contain_text("first")
    await expect(tab["#new"]).to_have_count(0)
    await expect(tab.page).to_have_title(f"(99+) {room} · Quart Chat")


async def test_who_wants_to_hears_and_sees_that_they_are_meant(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana, _, bento = await pair(server, visitors, room)
    switch = bento.page.get_by_role("switch", name="Sound when somebody mentions me")
    await expect(switch).to_have_attribute("aria-checked", "false")
    await turn_away(bento)
    await ana.say("@Bento in silence")
    await expect(bento.page).to_have_title(f"(1, @1) {room} · Quart Chat")
    await expect(bento["#sound[src]"]).to_have_count(0)
    await switch.focus()
    await bento.page.keyboard.press("Enter")
    await expect(switch).to_have_attribute("aria-checked", "true")
    await expect(switch).to_be_focused()
    played = "audio => audio.played.length > 0 && audio.played.end(0)"
    handle = await bento["#sound[src]"].element_handle()
    await bento.page.wait_for_function(played, arg=handle)  # what one has just switched on is heard
    await bento.page.evaluate("document.querySelector('#sound').dataset.old = 1")
    await ana.say("@Bento aloud")
    await expect(bento["#sound:not([data-old])"]).to_be_attached()
    handle = await bento["#sound"].element_handle()
    await bento.page.wait_for_function(played, arg=handle)
    await expect(bento["#notice"]).to_contain_text("Ana @Bento aloud")
    await bento.reload()
    await expect(switch).to_have_attribute("aria-checked", "true")


async def test_without_javascript_the_line_and_the_counts_are_there(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    await ana.say("one")
    person = await visitors(server.url, java_script_enabled=False)
    plain = await (await person.tab()).lobby()
    await plain.enter(room, live=False)
    await expect(plain["#new"]).to_have_count(0)
    await plain.send("I am Bento")  # whoever wrote lately can be meant
    await ana.ends_with("I am Bento")
    name = await ana["#log .message:last-child .name"].inner_text()
    await ana.say("two")
    await ana.say(f"@{name} three")
    await ana.ends_with(f"@{name} three")
    await plain.lobby()
    await expect(plain[".rooms .count:not(.meant)"]).to_contain_text("2 new messages")
    await expect(plain[".rooms .count.meant"]).to_contain_text("1 of them mentions you")
    await expect(plain.page).to_have_title("(2, @1) Quart Chat — a room by a link")
    await plain.page.get_by_role("link", name=room).click()
    await expect(plain["#new"]).to_have_text("New since you left")
    await expect(plain["#new + .message > .text"]).to_have_text("two")
    marked = plain["#log .message:last-child .mention"]
    await expect(marked).to_have_text(f"@{name}")
    assert await marked.evaluate("one => getComputedStyle(one).backgroundColor") != "rgba(0, 0, 0, 0)"
    await plain.lobby()
    await expect(plain[".rooms .count"]).to_have_count(0)
    await plain.enter(room, live=False)
    await expect(plain.page.get_by_role("switch")).to_be_hidden()  # a page without scripts is not heard
