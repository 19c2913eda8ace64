"""What begins with a slash, in two tabs on two workers, and without JavaScript."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.server.processes import ServerProcess


async def test_commands_do_what_people_know_of_them(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await bento.move_away_from(ana)
    await ana.say("/nick Ana Maria")
    await expect(ana["#me"]).to_have_text("Ana Maria")
    await expect(bento["#people"]).to_contain_text("Ana Maria")
    await ana.say("/me waves *wildly*")
    await ana.say("/shrug who knows")
    await ana.say("/roll 2d6+1")
    await ana.say("//me is a command")
    for tab in (ana, bento):
        await expect(tab.texts).to_have_count(4)
        await expect(tab.texts.nth(0)).to_have_text("Ana Maria waves wildly")
        await expect(tab.texts.nth(0).locator("em")).to_have_text("wildly")
        await expect(tab["#log > .message"].nth(0)).to_have_class(re.compile(r"\bme\b"))
        await expect(tab.texts.nth(1)).to_have_text(r"who knows ¯\_(ツ)_/¯")
        await expect(tab.texts.nth(2)).to_have_text(re.compile(r"^Ana Maria 🎲 2d6\+1: [1-6] \+ [1-6] \+ 1 = \d+$"))
        await expect(tab.texts.nth(3)).to_have_text("/me is a command")
        await expect(tab.waiting).to_have_count(0)
    assert await ana.all_texts() == await bento.all_texts()


async def test_help_is_told_to_the_one_who_asks_and_an_unknown_command_stays_in_the_field(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await ana.say("/help")
    await expect(ana["#notice"]).to_contain_text("/roll 2d6")
    await ana.say("/dance all night")
    refused = ana["#composer .say.refused"]
    await expect(refused).to_contain_text("There is no command /dance")
    await expect(refused.locator("[name=text]")).to_have_value("/dance all night")
    await refused.locator("[name=text]").fill("//dance all night")
    await refused.get_by_role("button", name="Send again").click()
    await bento.shows("/dance all night")
    await expect(bento["#notice"]).to_have_text("")
    await expect(ana["#composer .say.refused"]).to_have_count(0)


async def test_commands_work_by_plain_forms(server: ServerProcess, visitors: Visitors, room: str) -> None:
    tab = await (await visitors(server.url, java_script_enabled=False)).enter(room, live=False)
    told = tab.form.locator("#told")
    await tab.send("/nick Zoé")
    await expect(told).to_have_text("Done.")
    await tab.send("/me waves")
    await expect(tab.texts).to_have_text("Zoé waves")
    await expect(told).to_have_count(0)
    await tab.send("/help")
    await expect(told).to_contain_text("/roll 2d6")
    tab.witness.allow(r"status of 422")  # what the form gets that is given back
    await tab.field.fill("/dance")
    await tab.page.keyboard.press("Enter")
    await expect(told).to_contain_text("There is no command /dance")
    await expect(tab.field).to_have_value("/dance")
    await expect(tab.texts).to_have_count(1)
    await tab["summary"].filter(has_text="Write several lines").click()
    await tab["#plain"].fill("/dance\nagain")
    await tab["form.plain button"].click()
    await expect(tab["form.plain .error"]).to_contain_text("There is no command /dance")
    await expect(tab["#plain"]).to_have_value("/dance\nagain")
