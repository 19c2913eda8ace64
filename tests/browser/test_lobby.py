from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.server.processes import ServerProcess

UNPROCESSABLE = r"Failed to load resource: the server responded with a status of 422"


async def test_a_name_with_accents_opens_a_room_that_keeps_its_title(server: ServerProcess, visitors: Visitors) -> None:
    tab = await (await (await visitors(server.url)).tab()).lobby()
    await tab["#title"].fill("Sala de bate-papo é nossa")
    await tab.page.get_by_role("button", name="Open", exact=True).click()
    await expect(tab.page).to_have_url(f"{server.url}/r/sala-de-bate-papo-e-nossa")
    await expect(tab["h1"]).to_have_text("Sala de bate-papo é nossa")
    await expect(tab.page).to_have_title("Sala de bate-papo é nossa · Quart Chat")
    await tab.is_live()


async def test_a_room_keeps_the_title_of_whoever_opened_it_first(server: ServerProcess, visitors: Visitors) -> None:
    for title in ("Ação & Reação!", "acao reacao"):
        tab = await (await (await visitors(server.url)).tab()).lobby()
        await tab["#title"].fill(title)
        await tab.page.keyboard.press("Enter")
        await expect(tab.page).to_have_url(f"{server.url}/r/acao-reacao")
        await expect(tab["h1"]).to_have_text("Ação & Reação!")


async def test_a_name_without_letters_is_refused_and_stays_in_its_field(
    server: ServerProcess, visitors: Visitors
) -> None:
    tab = await (await (await visitors(server.url)).tab()).lobby()
    tab.witness.allow(UNPROCESSABLE)
    await tab["#title"].fill("!!! ???")
    await tab.page.get_by_role("button", name="Open", exact=True).click()
    await expect(tab["#title-error"]).to_be_visible()
    await expect(tab["#title-error"]).to_contain_text("at least one letter or digit")
    await expect(tab["#title"]).to_have_value("!!! ???")
    await expect(tab["#title"]).to_have_attribute("aria-invalid", "true")
    await tab["#title"].fill("")
    await tab.page.keyboard.press("Enter")
    await expect(tab["#title-error"]).to_have_text("Give the room a name.")


async def test_surprise_me_opens_a_room_with_a_readable_name(server: ServerProcess, visitors: Visitors) -> None:
    tab = await (await (await visitors(server.url)).tab()).lobby()
    await tab.page.get_by_role("button", name="Surprise me").click()
    await expect(tab.page).to_have_url(re.compile(r"/r/[a-z]+-[a-z]+-[a-z]+$"))
    await expect(tab["h1"]).to_have_text(re.compile(r"^[A-Z][a-z]+ [A-Z][a-z]+ [A-Z][a-z]+$"))
    await tab.is_live()


async def test_visited_rooms_are_listed_latest_first(server: ServerProcess, visitors: Visitors) -> None:
    tab = await (await visitors(server.url)).tab()
    for title in ("Apple Room", "Banana Room", "Cherry Room"):
        await tab.lobby()
        await tab["#title"].fill(title)
        await tab.page.keyboard.press("Enter")
        await expect(tab["h1"]).to_have_text(title)
    await tab.enter("apple-room")
    await tab.lobby()
    await expect(tab[".rooms bdi"]).to_have_text(["Apple Room", "Cherry Room", "Banana Room"])
    await tab.page.get_by_role("link", name="Cherry Room").click()
    await expect(tab["h1"]).to_have_text("Cherry Room")
    stranger = await (await (await visitors(server.url)).tab()).lobby()
    await expect(stranger["h1"]).to_be_visible()
    await expect(stranger[".rooms"]).to_have_count(0)
