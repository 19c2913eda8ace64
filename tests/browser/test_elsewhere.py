"""One person in two browsers, by a link that works once."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.server.processes import ServerProcess


async def test_the_phone_carries_on_where_the_browser_was(server: ServerProcess, visitors: Visitors, room: str) -> None:
    desk, phone = await visitors(server.url), await visitors(server.url, viewport={"width": 360, "height": 740})
    tab = await desk.enter(room)
    await tab.rename("Ana at her desk")
    await tab.say("from the desk")
    own = await tab.look("#log .message", "--bubble")
    await tab["#side .set-me"].first.click()
    await tab["#carry"].click()
    await expect(tab["#elsewhere .qr"]).to_be_visible()
    await expect(tab.page).to_have_url(f"{server.url}/me?room={room}")
    link = await tab["#elsewhere .link"].inner_text()
    other = await phone.tab()
    await other.page.goto(link)
    await other.page.get_by_role("button", name="Carry on as Ana at her desk").click()
    await other.is_live()
    await expect(other.page).to_have_url(f"{server.url}/r/{room}")
    await expect(other["#me"]).to_have_text("Ana at her desk")
    assert await other.look("#log .message", "--bubble") == own
    await tab.enter(room)
    await tab.sees_people("Ana at her desk")
    await other.say("from the phone")
    await tab.ends_with("from the phone")


async def test_it_works_without_a_script(server: ServerProcess, visitors: Visitors, room: str) -> None:
    desk = await visitors(server.url, java_script_enabled=False)
    phone = await visitors(server.url, java_script_enabled=False)
    tab = await desk.enter(room, live=False)
    await tab.rename("Scriptless")
    await tab["#side .set-me"].first.click()
    await tab["#carry"].click()
    other = await phone.tab()
    await other.page.goto(await tab["#elsewhere .link"].inner_text())
    await other.page.get_by_role("button", name="Carry on as Scriptless").click()
    await expect(other["#me"]).to_have_text("Scriptless")
    await expect(other.page).to_have_url(f"{server.url}/r/{room}")
