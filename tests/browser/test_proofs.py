"""A name that is kept by a phrase."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.server.processes import ServerProcess

UNPROCESSABLE = r"Failed to load resource: the server responded with a status of 422"


async def test_a_kept_name_has_its_mark_in_every_tab_and_goes_along_to_another_browser(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    owner, guest = await visitors(server.url), await visitors(server.url)
    tab, other = await owner.enter(room), await guest.enter(room)
    await tab.rename("Paula of the proofs")
    await expect(tab["#me"]).to_have_text("Paula of the proofs")
    me = await owner.tab()
    await me.page.goto(f"{server.url}/me?room={room}")
    await me["#phrase"].fill("three sad tigers")
    await me["#keep"].click()
    await expect(me["#proof"]).to_contain_text("Paula of the proofs is yours")
    await expect(me["#me .proof"]).to_be_visible()
    for one in (tab, other):
        await expect(one["#people .person .proof"]).to_have_count(1)
    await tab.say("with the mark")
    await other.ends_with("with the mark")
    await expect(other["#log .name"].get_by_label("proved by a phrase")).to_be_visible()
    other.witness.allow(UNPROCESSABLE)
    await other.rename("PauIa of the proofs")
    await expect(other["#name-error"]).to_contain_text("kept by its owner’s phrase")
    third = await (await visitors(server.url)).tab()
    await third.page.goto(f"{server.url}/me")
    await third.page.get_by_text("I keep a name already").click()
    await third["#kept-name"].fill("paula of the proofs")
    await third["#kept-phrase"].fill("three sad tigers")
    await third["#prove"].click()
    await expect(third["#me"]).to_contain_text("Paula of the proofs")
    await expect(third["#me .proof"]).to_be_visible()
    await third.page.get_by_text("Give the name up").first.click()
    await third["#release"].click()
    await expect(third["#keep"]).to_be_visible()
    await expect(tab["#people .person .proof"]).to_have_count(0)


async def test_it_works_without_a_script(server: ServerProcess, visitors: Visitors) -> None:
    tab = await (await (await visitors(server.url, java_script_enabled=False)).tab()).lobby()
    await tab.rename("Quiet Proof")
    await tab[".set-me"].first.click()
    await tab["#phrase"].fill("three sad tigers")
    await tab["#keep"].click()
    await expect(tab["#proof"]).to_contain_text("Quiet Proof is yours")
    await expect(tab["#me .proof"]).to_be_visible()
