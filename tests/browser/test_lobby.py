from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.server.processes import ServerProcess
from tests.web.visits import within_a_minute

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


async def test_the_last_line_comes_live_and_a_room_is_found_and_taken_off_the_list(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    writer = await (await (await visitors(server.url)).tab()).enter(room)
    other = f"{room}-ação"
    reader = await (await visitors(server.url)).tab()
    for title in (other, room, f"{room}-third"):
        await reader.lobby()
        await reader["#title"].fill(title)
        await reader.page.keyboard.press("Enter")
        await reader.is_live()
    await reader.lobby()
    mine = reader[f'.rooms a[href="/r/{room}"]']
    await expect(mine).to_contain_text(f"/r/{room}")
    await reader["#sought"].focus()
    within_a_minute()
    await writer.say("see you **at eight**")
    await expect(mine).to_contain_text(": see you at eight")
    await expect(mine).to_contain_text("just now")
    await expect(reader[".rooms.own a"].first).to_have_attribute("href", f"/r/{room}")
    await expect(reader["#sought"]).to_be_focused()
    await reader.page.keyboard.type("ACAO")
    await expect(reader[".rooms.own a"]).to_have_count(1)
    await expect(reader["#rooms"]).to_contain_text("1 room found.")
    await expect(reader["#sought"]).to_be_focused()
    await reader[".rooms.own button"].press("Enter")
    await expect(reader["#rooms"]).to_contain_text("is off your list. Go back there")
    await expect(reader["#rooms .told a"]).to_be_focused()
    await reader["#sought"].fill("")
    await expect(reader[".rooms.own a"]).to_have_count(2)
    await reader.lobby()
    await expect(reader[".rooms.own a"]).to_have_count(2)


async def test_a_room_is_shared_from_its_panel_and_an_invite_lets_in(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    owner = await (await visitors(server.url)).tab()
    await owner.lobby()
    await owner["#title"].fill(room)
    await owner.page.keyboard.press("Enter")
    await owner.is_live()
    await owner["#share a"].press("Enter")
    await expect(owner["#share .qr"]).to_be_visible()
    await expect(owner["#share a"]).to_be_focused()
    await expect(owner["#invite"]).to_have_count(0)
    await owner.page.goto(f"{server.url}/r/{room}/order")
    await owner["input[name=closed]"].check()
    await owner.page.get_by_role("button", name="Save", exact=True).click()
    await owner.enter(room)
    await owner["#share a"].click()
    await owner.page.get_by_role("button", name="New invite").click()
    link = await owner["#invited .link"].text_content()
    guest = await (await visitors(server.url)).tab()
    await guest.page.goto(link or "")
    await guest.page.get_by_role("button", name="Come in").click()
    await guest.is_live()


async def test_without_javascript_rooms_are_found_left_shared_and_written_down(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    tab = await (await (await visitors(server.url, java_script_enabled=False)).tab()).lobby()
    for title in (room, f"{room}-two", f"{room}-three"):
        await tab["#title"].fill(title)
        await tab.page.keyboard.press("Enter")
        await expect(tab.page).to_have_url(f"{server.url}/r/{title}")
        await tab.send(f"said in {title}")
        await tab.shows(f"said in {title}")
        await tab.lobby()
    await expect(tab[".rooms.own .last"]).to_have_text([f"You: said in {room}{end}" for end in ("-three", "-two", "")])
    await tab["#sought"].fill("THREE")
    await tab.page.get_by_role("button", name="Search").click()
    await expect(tab[".rooms.own a"]).to_have_count(1)
    await tab[".rooms.own button"].click()
    await expect(tab["#rooms"]).to_contain_text(f"“{room}-three” is off your list.")
    await expect(tab[".rooms.own a"]).to_have_count(2)
    await tab.enter(room, live=False)
    await tab["#share a"].click()
    await expect(tab[".qr"]).to_be_visible()
    await tab.page.get_by_role("link", name="Back to the room").click()
    await tab.page.get_by_role("link", name="Print or save").click()
    await expect(tab[".message .text"]).to_have_text(f"said in {room}")
    async with tab.page.expect_download() as saved:
        await tab.page.get_by_role("link", name="Save as text").click()
    text = Path(await (await saved.value).path()).read_text("utf-8")
    assert f": said in {room}\n" in text
    await tab.page.emulate_media(media="print")
    await expect(tab["nav"]).to_be_hidden()
    await expect(tab[".message .text"]).to_be_visible()


async def test_a_room_s_page_is_printed_with_its_messages_alone(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    tab = await (await (await visitors(server.url)).tab()).enter(room)
    await tab.page.set_viewport_size({"width": 800, "height": 400})
    for number in range(10):
        await tab.say(f"text {number}")
    await tab.page.emulate_media(media="print")
    for hidden in (".write", "#side", ".look", ".home"):
        await expect(tab[hidden]).to_be_hidden()
    await expect(tab.texts).to_have_count(10)
    height = await tab["#scroll"].evaluate("element => element.scrollHeight - element.clientHeight")
    assert height < 10, "all of them are on paper"
