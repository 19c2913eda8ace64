"""Hooks on the page of the rules, and what comes by one in a page that is open."""

from __future__ import annotations

import httpx
from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.test_messages import message
from tests.server.processes import ServerProcess


async def test_a_program_writes_into_an_open_page(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana = await (await visitors(server.url)).enter(room)
    await ana.say("welcome")
    bento = await (await visitors(server.url)).enter(room)
    await ana.page.get_by_role("link", name="Rules and moderators").click()
    await ana.page.get_by_label("Under which name").fill("Builds")
    await ana.page.get_by_label("Under which name").press("Enter")
    address = await ana.page.locator(".new-link .link").first.inner_text()
    async with httpx.AsyncClient(trust_env=False) as program:
        assert (await program.post(address, json={"text": "<b>42</b> is **green**"})).status_code == 201
    await bento.shows("welcome", "<b>42</b> is green")
    row = message(bento, "<b>42</b> is green")
    await expect(row.locator(".name")).to_have_text("Builds bot")
    await ana.page.goto(f"{server.url}/r/{room}/order")
    await expect(ana.page.locator("#hooks li").first).to_contain_text("Builds writes here")
    await expect(ana.page.locator(".new-link")).to_have_count(0)
    await ana.page.get_by_role("button", name="Remove: Builds").click()
    await expect(ana.page.locator("#hooks .keepers")).to_have_text("None.")
    async with httpx.AsyncClient(trust_env=False) as program:
        assert (await program.post(address, json={"text": "more"})).status_code == 404
