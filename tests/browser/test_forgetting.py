"""Whoever wants it is forgotten."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.server.processes import ServerProcess

SECOND = 1_000  # ms
NOT_OPEN = r"^htmx: htmx:ws:error: Connection not open"  # a page that was sent away still tells that it is looked at


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_a_person_is_gone_from_all_tabs_with_what_they_wrote(
    server: ServerProcess, visitors: Visitors, room: str, *, scripts: bool
) -> None:
    leaver = await visitors(server.url)
    tab, other = await leaver.enter(room), await (await visitors(server.url)).enter(room)
    stays = await other.name()
    tab.witness.allow(NOT_OPEN)
    await tab.rename("Leaver")
    await other.sees_people("Leaver", stays)
    await tab.say("forget this")
    await other.ends_with("forget this")
    form = await visitors(server.url, java_script_enabled=scripts)
    await form.context.add_cookies(await leaver.context.cookies())
    me = await form.tab()
    await me.page.goto(f"{server.url}/me?room={room}")
    await me.page.get_by_text("Delete who I am here").click()
    await me.page.get_by_label("Also delete what I wrote").check()
    await me.page.get_by_label("I am sure").check()
    await me["#forget"].click()
    await expect(me["h1"]).to_have_text("You are forgotten here.")
    await expect(tab["#connection.ended"]).to_contain_text("You are forgotten here.")
    await other.sees_people(stays, timeout=5 * SECOND)
    await expect(other.texts).to_have_text(["This message was deleted."], timeout=30 * SECOND)
    await me.page.get_by_role("link", name="Begin anew").click()
    await expect(me["#me"]).not_to_have_text("Leaver")
