"""Keeping order in a room, in two tabs on two workers and once without JavaScript."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.browser.test_messages import message
from tests.server.processes import ServerProcess

SENT_AWAY = (r"htmx:ws:error: Connection not open", r"status of 403")  # of a page that is let in no more


async def both(server: ServerProcess, visitors: Visitors, room: str) -> tuple[Tab, Tab]:
    """An owner and somebody else, on two workers."""
    ana = await (await visitors(server.url)).enter(room)
    await ana.rename("Ana")
    await ana.say("welcome")
    bento = await (await visitors(server.url)).enter(room)
    await bento.rename("Bento")
    await bento.move_away_from(ana)
    bento.witness.allow(*SENT_AWAY)
    return ana, bento


async def sanction(tab: Tab, text: str, what: str, length: str) -> None:
    """Open the menu of a message, and do something to whoever wrote it."""
    row = message(tab, text)
    await row.hover()
    await row.get_by_role("button", name="More").click()
    await tab["#menu"].get_by_text(what, exact=True).click()
    await tab["#menu"].get_by_role("button", name=length, exact=True).and_(tab["#menu details[open] button"]).click()


async def test_an_owner_deletes_mutes_and_bans(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana, bento = await both(server, visitors, room)
    await bento.say("rude")
    await ana.shows("welcome", "rude")
    row = message(ana, "rude")
    await row.hover()
    await row.get_by_role("button", name="More").click()
    await ana["#menu"].get_by_text("Delete", exact=True).click()
    await ana["#menu"].get_by_role("button", name="Delete for everyone").click()
    await bento.shows("welcome", "This message was deleted.")
    await bento.say("rude again")
    await ana.ends_with("rude again")
    await sanction(ana, "rude again", "Mute Bento", "for an hour")
    await bento.field.fill("let me")
    await bento.page.keyboard.press("Enter")
    await expect(bento["#composer"]).to_contain_text("A moderator has muted you here")
    await expect(bento["#composer [name=text]"].first).to_have_value("let me")
    await ana.say("be calm")
    await bento.ends_with("be calm")
    await sanction(ana, "rude again", "Ban Bento", "for a day")
    await expect(bento["#connection"]).to_contain_text("You were sent away from this room.")
    await bento.page.reload()
    await expect(bento.page.get_by_text("You were sent away from this room.")).to_be_visible()
    await expect(ana.people).to_have_count(1)
    await ana.page.get_by_role("link", name="Rules and moderators").click()
    await expect(ana[".keepers"].last).to_contain_text("Bento")
    await ana.page.get_by_role("button", name="Let in again").click()
    await bento.page.goto(f"{server.url}/r/{room}")
    await bento.ends_with("be calm")


async def test_a_moderator_comes_by_a_link(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana, bento = await both(server, visitors, room)
    await ana.say("mine")
    await bento.ends_with("mine")
    await bento["#log > .message"].last.hover()
    await ana.page.get_by_role("link", name="Rules and moderators").click()
    await ana.page.get_by_role("button", name="New link for moderators").click()
    link = await ana[".new-link .link"].inner_text()
    await bento.page.goto(link)
    await bento.page.get_by_role("button", name="Become a moderator").click()
    await bento.is_live()
    await choose_delete(bento, "mine")
    await bento.ends_with("This message was deleted.")
    await bento.page.get_by_role("link", name="Rules and moderators").click()
    await expect(bento[".deeds"]).to_contain_text("deleted a message of Ana")
    await expect(bento[".deeds"]).to_contain_text("became a moderator by a link")


async def choose_delete(tab: Tab, text: str) -> None:
    row = message(tab, text)
    await row.hover()
    await row.get_by_role("button", name="More").click()
    await tab["#menu"].get_by_text("Delete", exact=True).click()
    await tab["#menu"].get_by_role("button", name="Delete for everyone").click()


async def test_rules_are_set_and_hold(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana, bento = await both(server, visitors, room)
    await ana.page.get_by_role("link", name="Rules and moderators").click()
    await ana.page.get_by_label("Who may write").select_option("moderators")
    await ana.page.get_by_role("button", name="Save").click()
    await bento.field.fill("may I?")
    await bento.page.keyboard.press("Enter")
    await expect(bento["#composer"]).to_contain_text("Only moderators write in this room.")
    await bento.reload()
    await expect(bento[".past"]).to_have_text("Only moderators write in this room.")
    await ana.page.get_by_role("link", name="Back to the room").click()
    await ana.is_live()
    await ana.say("news")
    await bento.ends_with("news")


async def test_order_is_kept_without_javascript(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana = await (await visitors(server.url, java_script_enabled=False)).enter(room, live=False)
    await ana.send("welcome")
    bento = await (await visitors(server.url)).enter(room)
    bento.witness.allow(*SENT_AWAY)
    await bento.rename("Bento")
    await bento.say("rude")
    await bento.ends_with("rude")
    await expect(bento.waiting).to_have_count(0)
    await message(ana, "rude").locator(".by a").click()
    await ana.page.get_by_text("Mute or ban Bento").click()
    await ana.page.get_by_role("button", name="Ban Bento").click()
    await expect(bento["#connection"]).to_contain_text("You were sent away from this room.")
    await ana.page.get_by_role("link", name="Rules and moderators").click()
    await ana.page.get_by_label("Pause between two messages of a person").select_option("30")
    await ana.page.get_by_role("button", name="Save").click()
    await expect(ana.page.get_by_label("Pause between two messages of a person")).to_have_value("30")
    await ana.page.get_by_role("button", name="Let in again").click()
    await expect(ana.page.get_by_role("button", name="Let in again")).to_have_count(0)


async def test_newcomers_answer_a_question_and_who_was_there_stays(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana, bento = [await (await visitors(server.url)).enter(room) for _ in range(2)]
    await ana.say("welcome")
    await bento.ends_with("welcome")
    await ana.page.get_by_role("link", name="Rules and moderators").click()
    await ana.page.get_by_label("Newcomers answer a question first").check()
    await ana.page.get_by_role("button", name="Save").click()
    await ana.page.get_by_label("Your question").fill("Which colour has the <b>door</b>?")
    await ana.page.get_by_label("Its answer").fill("Dark green")
    await ana["form[action$='/question'] button"].click()
    await expect(ana.page.get_by_label("Its answer")).to_have_value("Dark green")
    await bento.set_offline(True)
    await bento.is_away()
    carla = await (await visitors(server.url)).tab()
    carla.witness.allow(r"status of (403|422|429)")
    await carla.page.goto(f"{server.url}/r/{room}")
    field = carla.page.get_by_label("Which colour has the <b>door</b>?")
    await expect(field).to_be_focused()
    told = carla.page.get_by_role("alert")
    await field.fill("blue")
    await carla.page.keyboard.press("Enter")
    await expect(told).to_contain_text("That was quicker than anybody reads.")
    while "quicker" in await told.inner_text():
        async with carla.page.expect_navigation():
            await field.press("Enter")
    await expect(told).to_have_text("That is not the answer.")
    await expect(field).to_have_value("blue")
    await field.fill(" dark  GREEN!")
    await carla.page.keyboard.press("Enter")
    await carla.is_live()
    await carla.say("here I am")
    await carla.shows("welcome", "here I am")
    await bento.set_offline(False)
    await bento.is_live()
    await bento.say("me too")
    await carla.ends_with("me too")
    await bento.shows("welcome", "here I am", "me too")
