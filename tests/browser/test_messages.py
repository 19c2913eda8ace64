"""What people do with a message: in two tabs on two workers, after a time away, and without JavaScript."""

from __future__ import annotations

import re

import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.browser.conftest import Serve, Visitors
from tests.browser.pages import Tab, Visitor, numbered
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess

TOKEN = re.compile(r'<input[^>]* name="token"[^>]*>')  # of the page's reader alone: nothing that is pushed holds one
# A row as it stands: its id, and the markup of what may change in it. Which tab shows it makes no difference.
ROWS = """rows => rows.map(row => [row.id, ...[".quote", ".text", ".reactions"].map(
  part => row.querySelector(`:scope > ${part}`)?.outerHTML.replaceAll(' data-htmx-powered=""', '')
    .replace(/<input[^>]* name="token"[^>]*>/, "") ?? "")])"""


@pytest_asyncio.fixture(loop_scope="session")
async def ana(server: ServerProcess, visitors: Visitors, room: str) -> Tab:
    tab = await (await visitors(server.url)).enter(room)
    await tab.rename("Ana")
    await expect(tab["#me"]).to_have_text("Ana")
    return tab


@pytest_asyncio.fixture(loop_scope="session")
async def bento(server: ServerProcess, visitors: Visitors, room: str, ana: Tab) -> Tab:
    """On another worker."""
    tab = await (await visitors(server.url)).enter(room)
    await tab.rename("Bento")
    await expect(tab["#me"]).to_have_text("Bento")
    await tab.move_away_from(ana)
    return tab


def message(tab: Tab, text: str) -> Locator:
    return tab.log.locator("#log > .message").filter(has=tab.log.locator("> .text", has_text=text)).last


async def choose(tab: Tab, text: str, name: str) -> None:
    """Open a message's menu, and choose from it."""
    row = message(tab, text)
    await row.hover()
    await row.get_by_role("button", name="More").click()
    await tab["#menu"].get_by_role("button", name=name, exact=True).click()


async def answer(tab: Tab, text: str) -> None:
    """Choose to answer a message, and wait until the field says so."""
    await expect(tab[".turn:last-child .replying"]).to_have_count(0)
    await choose(tab, text, "Reply")
    await expect(tab[".turn:last-child .replying"]).to_be_visible()


async def standing(tab: Tab) -> list[list[str]]:
    """All rows as they stand, and the header."""
    rows: list[list[str]] = await tab["#log > .message"].evaluate_all(ROWS)
    return [*rows, [await tab["#topic"].inner_text(), TOKEN.sub("", await tab["#pins"].inner_html())]]


async def agree(*tabs: Tab) -> None:
    """Wait until all tabs show the same."""
    for _ in range(50):
        shown = [await standing(tab) for tab in tabs]
        if all(one == shown[0] for one in shown):
            return
        await tabs[0].page.wait_for_timeout(100)
    assert shown[1:] == shown[:1] * (len(tabs) - 1)


# --- edit and delete --------------------------------------------------------------------------------


async def test_one_s_own_message_is_edited_in_its_place(ana: Tab, bento: Tab) -> None:
    await ana.say("helo *wrold*")
    await bento.shows("helo wrold")
    await choose(ana, "helo", "Edit")
    field = ana[".message > .edit [name=text]"]
    await expect(field).to_be_focused()
    await expect(field).to_have_value("helo *wrold*")
    await field.fill("hello *world*")
    await ana.page.keyboard.press("Enter")
    for tab in (ana, bento):
        await tab.shows("hello world (edited)")
        await expect(tab.texts.first.locator("em")).to_have_text("world")
    await expect(ana[".edit"]).to_have_count(0)
    await bento.reload()
    await agree(ana, bento)


async def test_an_edit_that_cannot_be_kept_stays_in_its_field_with_the_reason(ana: Tab, bento: Tab) -> None:
    await ana.say("short")
    await choose(ana, "short", "Edit")
    field = ana[".message > .edit [name=text]"]
    await field.fill("x" * 4001)
    ana.witness.allow("422")
    await ana[".edit"].get_by_role("button", name="Save").click()
    await expect(ana[".edit .error"]).to_contain_text("at most 4000 characters; this one has 4001")
    await expect(field).to_have_value("x" * 4001)
    await ana[".edit"].get_by_role("button", name="Cancel").click()
    await expect(ana[".edit"]).to_have_count(0)
    await ana.shows("short")
    await choose(ana, "short", "Edit")
    await bento.say("while she edits")
    await ana.ends_with("while she edits")
    await expect(field).to_have_value("short")


async def test_a_deleted_message_leaves_a_quiet_trace_and_nothing_of_its_text(ana: Tab, bento: Tab) -> None:
    await ana.say("a secret")
    await bento.shows("a secret")
    await answer(bento, "a secret")
    await bento.say("what?")
    await expect(ana[".quote"]).to_contain_text("a secret")
    row = message(ana, "a secret")
    await row.hover()
    await row.get_by_role("button", name="More").click()
    await ana["#menu"].get_by_text("Delete", exact=True).click()
    await ana["#menu"].get_by_role("button", name="Delete for everyone").click()
    for tab in (ana, bento):
        await tab.shows("This message was deleted.", "what?")
        await expect(tab[".quote"]).to_contain_text("This message is gone.")
        assert "a secret" not in await tab["#chat"].inner_html()
    await bento.reload()
    await agree(ana, bento)
    assert "a secret" not in await bento.page.content()


async def test_nobody_is_offered_what_is_not_theirs_to_do(ana: Tab, bento: Tab) -> None:
    await ana.say("mine")
    await message(bento, "mine").hover()
    await message(bento, "mine").get_by_role("button", name="More").click()
    await expect(bento["#menu"].get_by_role("button", name="Reply")).to_be_visible()
    await expect(bento["#menu"].get_by_role("button", name="Edit")).to_have_count(0)
    await expect(bento["#menu"].get_by_text("Delete")).to_have_count(0)


async def test_the_menu_is_used_by_keyboard_alone_and_gives_the_focus_back(ana: Tab, bento: Tab) -> None:
    await bento.say("look")
    more = message(ana, "look").get_by_role("button", name="More")
    await more.focus()
    await ana.page.keyboard.press("Enter")
    await expect(ana["#menu"]).to_be_visible()
    await expect(ana["#menu .quick button"].first).to_be_visible()
    await ana.page.keyboard.press("Tab")
    await expect(ana["#menu .quick button"].first).to_be_focused()
    await ana.page.keyboard.press("Enter")
    await expect(ana["#menu"]).to_be_hidden()
    await expect(more).to_be_focused()
    chip = ana[".reaction"]
    await expect(chip).to_have_text("👍 1")
    await chip.focus()
    await bento[".reaction"].click()
    await expect(chip).to_have_text("👍 2")
    await expect(chip).to_be_focused()
    await more.focus()
    await ana.page.keyboard.press("Enter")
    await ana.page.keyboard.press("Escape")
    await expect(ana["#menu"]).to_be_hidden()
    await expect(more).to_be_focused()


# --- reply and permalinks ----------------------------------------------------------------------------


async def test_a_reply_quotes_its_message_and_leads_to_it(ana: Tab, bento: Tab, server: ServerProcess) -> None:
    await ana.say("**Who** has the keys?")
    await bento.field.fill("half typed")
    await answer(bento, "Who")
    await expect(bento[".replying"]).to_contain_text("Ana Who has the keys?")
    await expect(bento.field).to_be_focused()
    await expect(bento.field).to_have_value("half typed")
    await bento.say("I do")
    await expect(bento[".replying"]).to_have_count(0)
    for tab in (ana, bento):
        await expect(message(tab, "I do").locator(".quote")).to_have_text("Ana Who has the keys?")
    await answer(ana, "I do")
    await ana[".replying"].get_by_role("button", name="Reply to nobody").click()
    await expect(ana[".replying"]).to_have_count(0)
    await ana.say("to nobody")
    await expect(message(bento, "to nobody").locator(".quote")).to_have_count(0)
    await agree(ana, bento)
    first = await message(ana, "Who").get_attribute("id") or ""
    await message(ana, "I do").locator(".quote").click()
    await expect(ana.page).to_have_url(re.compile(f"/m/{first.removeprefix('m-')}#{first}$"))
    await expect(ana[f"#{first}"]).to_be_in_viewport()
    await expect(ana[".meant"]).to_have_id(first)


async def test_a_reply_that_was_written_offline_arrives_as_one(ana: Tab, bento: Tab) -> None:
    await ana.say("a question")
    await answer(bento, "a question")
    await expect(bento[".replying"]).to_be_visible()
    await bento.set_offline(True)
    await bento.is_away()
    await bento.say("an answer")
    await bento.set_offline(False)
    await expect(message(ana, "an answer").locator(".quote")).to_contain_text("a question")
    await agree(ana, bento)


async def test_a_permalink_opens_the_room_around_its_message(
    server: ServerProcess, visitors: Visitors, room: str, somebody: Poster
) -> None:
    await somebody.flood(room, numbered(120))
    tab = await (await visitors(server.url)).enter(room)
    await tab.load_all()
    element = await message(tab, "number 30").get_attribute("id") or ""
    await tab.page.goto(f"{server.url}/r/{room}/m/{element.removeprefix('m-')}")
    await expect(tab[".meant > .text"]).to_have_text("number 30")
    await expect(tab[".meant"]).to_be_in_viewport()
    shown = await tab.all_texts()
    assert "number 30" in shown
    assert shown == sorted(shown, key=lambda text: int(text.split()[1]))
    for end in ("#newer.end", "#older.start"):
        while not await tab[end].count():
            await tab["#newer" if end.startswith("#newer") else "#older"].evaluate("row => row.scrollIntoView()")
            await tab.page.wait_for_timeout(50)
    assert await tab.all_texts() == numbered(120)
    await tab["#newer"].get_by_role("link", name="Jump to now").click()
    await tab.is_live()
    await tab.ends_with("number 120")


async def test_on_a_message_s_own_page_the_menu_does_what_it_says(ana: Tab, bento: Tab) -> None:
    await ana.say("look here")
    await message(ana, "look here").locator(".by a").click()
    await expect(ana[".meant"]).to_be_visible()
    await choose(ana, "look here", "🎉")
    for tab in (ana, bento):
        await expect(tab[".reaction"]).to_have_text("🎉 1")
    await ana[".reaction"].click()
    for tab in (ana, bento):
        await expect(tab[".reaction"]).to_have_count(0)
    await choose(ana, "look here", "Edit")
    await ana[".edit [name=text]"].fill("look there")
    await ana.page.keyboard.press("Enter")
    for tab in (ana, bento):
        await expect(tab.texts.first).to_have_text("look there (edited)")
    await message(ana, "look there").hover()
    await message(ana, "look there").get_by_role("button", name="More").click()
    await ana["#menu"].get_by_role("link", name="Reply").click()
    await ana["#reply"].fill("from there")
    await ana.page.keyboard.press("Enter")
    await ana.is_live()  # where a form leads
    await expect(message(bento, "from there").locator(".quote")).to_contain_text("look there")


async def test_a_message_that_is_not_there_is_said(server: ServerProcess, visitors: Visitors, room: str) -> None:
    tab = await (await visitors(server.url)).tab()
    tab.witness.allow("404")
    await tab.page.goto(f"{server.url}/r/{room}/m/1700000000000-0")
    await expect(tab["main"]).to_contain_text("There is no such message any more.")


# --- reactions, pins, topic --------------------------------------------------------------------------


async def test_reactions_are_counted_and_taken_back_and_one_s_own_are_marked(ana: Tab, bento: Tab) -> None:
    await ana.say("Lunch?")
    await choose(bento, "Lunch?", "🎉")
    chip = ana[".reaction"]
    await expect(chip).to_have_text("🎉 1")
    await expect(chip).to_have_attribute("title", "Bento")
    plain = (await ana.look(".reaction", "border-top-color"))[0]
    await chip.click()
    for tab in (ana, bento):
        await expect(tab[".reaction"]).to_have_text("🎉 2")
        await expect(tab[".reaction"]).to_have_attribute("title", "Bento, Ana")
    assert (await ana.look(".reaction", "border-top-color"))[0] != plain
    await message(ana, "Lunch?").hover()
    await message(ana, "Lunch?").get_by_role("button", name="More").click()
    await ana["#menu"].get_by_text("More emoji").click()
    await ana["#menu"].get_by_role("button", name="🍕").click()
    await expect(bento[".reaction"]).to_have_text(["🎉 2", "🍕 1"])
    await agree(ana, bento)
    await bento[".reaction"].first.click()
    await ana[".reaction"].first.click()
    await ana[".reaction"].first.click()
    for tab in (ana, bento):
        await expect(tab[".reactions"]).to_have_count(0)
    await bento.reload()
    await agree(ana, bento)


async def test_a_message_is_pinned_for_all_and_stands_as_it_is_edited(ana: Tab, bento: Tab) -> None:
    await ana.say("Exam on Friday")
    await choose(bento, "Exam", "Pin")
    for tab in (ana, bento):
        await expect(tab["#pins a"]).to_have_text(["Ana Exam on Friday"])
        await tab.shows("Exam on Friday", "Bento pinned a message.")
    await choose(ana, "Exam", "Edit")
    await ana[".edit [name=text]"].fill("Exam on Monday")
    await ana.page.keyboard.press("Enter")
    for tab in (ana, bento):
        await expect(tab["#pins a"]).to_have_text(["Ana Exam on Monday"])
        await expect(tab["#log .quote"]).to_have_text("Ana Exam on Monday")
    await bento.reload()
    await agree(ana, bento)
    await choose(bento, "Exam", "Unpin")
    for tab in (ana, bento):
        await expect(tab["#pins > li"]).to_have_count(0)
        await expect(tab[".pinned"]).to_be_hidden()


async def test_a_topic_is_set_by_form_and_by_command(ana: Tab, bento: Tab) -> None:
    await ana.say("hello")
    await expect(ana["#topic"]).to_be_hidden()
    await ana.page.get_by_role("link", name="Set the topic").click()
    await ana["#topic-text"].fill("Chapter 2 & <b>more</b>")
    await ana.page.keyboard.press("Enter")
    for tab in (ana, bento):
        await expect(tab["#topic"]).to_have_text("Chapter 2 & <b>more</b>")
        await tab.ends_with("Ana set the topic: Chapter 2 & <b>more</b>")
    await expect(ana.page.get_by_role("link", name="Set the topic")).to_be_visible()
    await bento.say("/topic Chapter 3")
    await expect(ana["#topic"]).to_have_text("Chapter 3")
    await bento.reload()
    await agree(ana, bento)
    await bento.say("/topic")
    await ana.ends_with("Bento cleared the topic.")
    await expect(ana["#topic"]).to_be_hidden()


async def test_who_is_meant_is_marked_for_themselves(ana: Tab, bento: Tab, visitors: Visitors, room: str) -> None:
    third = await (await visitors(ana.url)).enter(room)
    await expect(third.people.filter(has_text=re.compile("^(Ana|Bento)$"))).to_have_count(2)
    await ana.say("@bento, `@Bento` and me@bento.example")
    for tab in (ana, bento, third):
        await expect(tab[".mention"]).to_have_text(["@bento"])
    marked, plain = [(await tab.look(".mention", "color", "background-color")) for tab in (bento, third)]
    assert marked != plain == await ana.look(".mention", "color", "background-color")
    await choose(ana, "and me", "Edit")
    await ana[".edit [name=text]"].fill("@Ana: a note to self")
    await ana.page.keyboard.press("Enter")
    await expect(bento[".mention"]).to_have_text(["@Ana"])
    assert await bento.look(".mention", "color", "background-color") == plain
    await bento.reload()
    await agree(ana, bento, third)
    await answer(ana, "note to self")
    await ana.say("a reply marks whom it answers")
    await answer(bento, "a reply marks")
    await bento.say("such as this")
    await expect(ana.texts).to_have_count(3)
    assert await ana.look(".text", "border-top-color", nth=2) != await third.look(".text", "border-top-color", nth=2)


# --- away --------------------------------------------------------------------------------------------


async def test_who_was_away_sees_all_as_who_stayed(ana: Tab, bento: Tab, visitors: Visitors, room: str) -> None:
    """By a replay, and by the newest page."""
    for text in ("one", "two", "three", "four"):
        await ana.say(text)
    await bento.ends_with("four")
    await answer(ana, "four")
    await ana.say("five")
    await bento.ends_with("five")
    await choose(ana, "one", "👍")
    await expect(bento[".reaction"]).to_have_count(1)
    await bento.set_offline(True)
    await bento.is_away()
    await choose(ana, "two", "Edit")
    await ana[".edit [name=text]"].fill("two, edited")
    await ana.page.keyboard.press("Enter")
    await choose(ana, "one", "👍")
    await choose(ana, "three", "🎉")
    await choose(ana, "three", "Pin")
    row = message(ana, "four")
    await row.hover()
    await row.get_by_role("button", name="More").click()
    await ana["#menu"].get_by_text("Delete", exact=True).click()
    await ana["#menu"].get_by_role("button", name="Delete for everyone").click()
    await ana.say("/topic while he was away")
    await ana.ends_with("Ana set the topic: while he was away")
    await expect(ana["#log .gone"]).to_have_count(2)
    fresh = await (await visitors(ana.url)).enter(room)
    await bento.set_offline(False)
    await bento.is_live()
    await agree(ana, bento, fresh)
    await bento[".to-newest"].evaluate("link => link.click()")
    await bento.page.wait_for_timeout(500)
    await agree(ana, bento, fresh)


# --- without a script --------------------------------------------------------------------------------


async def without_script(server: ServerProcess, visitors: Visitors) -> Visitor:
    return await visitors(server.url, java_script_enabled=False)


async def test_all_of_it_works_by_plain_forms(server: ServerProcess, visitors: Visitors, room: str, ana: Tab) -> None:
    await ana.say("from Ana")
    tab = await (await without_script(server, visitors)).enter(room, live=False)
    await expect(tab.page.get_by_role("button", name="More")).to_have_count(0)
    await message(tab, "from Ana").locator(".by a").click()
    await expect(tab[".meant > .text"]).to_have_text("from Ana")
    await tab["#reply"].fill("a reply")
    await tab.page.keyboard.press("Enter")
    await expect(message(ana, "a reply").locator(".quote")).to_contain_text("from Ana")
    await expect(tab.page).to_have_url(f"{server.url}/r/{room}")
    await message(tab, "from Ana").locator(".by a").click()
    await tab["summary"].filter(has_text="React, pin").click()
    await tab[".panel .quick button"].first.click()
    await expect(ana[".reaction"]).to_have_text("👍 1")
    await expect(tab[".reaction"]).to_have_text("👍 1")
    await tab[".reaction"].click()
    await expect(ana[".reaction"]).to_have_count(0)
    await tab["summary"].filter(has_text="React, pin").click()
    await tab[".panel [name=emoji].field"].fill(":tada:")
    await tab.page.keyboard.press("Enter")
    await expect(ana[".reaction"]).to_have_text("🎉 1")
    await tab["summary"].filter(has_text="React, pin").click()
    await expect(tab.page.get_by_role("link", name="Edit")).to_have_count(0)
    await tab.page.get_by_role("button", name="Pin", exact=True).click()
    await expect(ana["#pins > li"]).to_have_count(1)
    await tab.page.get_by_role("link", name="Jump to now").first.click()
    await expect(tab.page).to_have_url(f"{server.url}/r/{room}")
    await message(tab, "a reply").locator(".by a").click()
    await tab["summary"].filter(has_text="React, pin").click()
    await tab.page.get_by_role("link", name="Edit").click()
    await tab[".edit [name=text]"].fill("a better reply")
    await tab.page.keyboard.press("Enter")
    await expect(message(ana, "a better reply")).to_be_visible()
    await expect(tab[".meant > .text"]).to_have_text("a better reply (edited)")
    await tab["summary"].filter(has_text="React, pin").click()
    await tab.page.get_by_role("button", name="Delete for everyone").click()
    await expect(ana["#log"]).not_to_contain_text("a better reply")
    await expect(tab[".meant > .text"]).to_have_text("This message was deleted.")
    await expect(tab[".panel form"]).to_have_count(0)
    await tab.page.get_by_role("link", name="Set the topic").click()
    await tab["#topic-text"].fill("plain")
    await tab.page.keyboard.press("Enter")
    await expect(tab["#topic"]).to_have_text("plain")
    await expect(ana["#topic"]).to_have_text("plain")


async def test_times_are_the_reader_s_own(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana = await (await visitors(server.url, locale="pt-BR")).enter(room)
    bento = await (await visitors(server.url, locale="en")).enter(room)
    await bento.move_away_from(ana)
    await ana.say("what time is it?")
    moments = [await tab["#log time"].get_attribute("title") or "" for tab in (ana, bento)]
    assert moments[0].endswith(" BRT")
    assert moments[1].endswith(" UTC")
    await bento.page.get_by_role("link", name="Times: UTC").click()
    await bento["#zone"].select_option("Asia/Tokyo")
    await bento["#hours"].select_option("24")
    await bento[".times"].get_by_role("button", name="Save").click()
    await expect(bento.page.get_by_role("link", name="Times: Asia/Tokyo")).to_be_visible()
    await bento.is_live()
    await ana.say("and now?")
    await bento.ends_with("and now?")
    for row in (0, 1):
        assert re.search(r" \d\d:\d\d \+0900$", await bento["#log time"].nth(row).get_attribute("title") or "")
        assert re.fullmatch(r"\d\d:\d\d", await bento["#log time"].nth(row).text_content() or "")
    plain = await (await visitors(server.url, locale="en", java_script_enabled=False)).enter(room, live=False)
    await plain.page.get_by_role("link", name="Times: UTC").click()
    await plain["#zone"].select_option("America/Sao_Paulo")
    await plain["#hours"].select_option("12")
    await plain[".times"].get_by_role("button", name="Save").click()
    await expect(plain.page).to_have_url(f"{server.url}/r/{room}")
    time = plain.log.locator("#log time").first
    assert re.search(r"[AP]M -0300$", await time.get_attribute("title") or "")


async def test_earlier_texts_are_shown_where_they_are_kept(visitors: Visitors, serve: Serve, room: str) -> None:
    server = serve(QUART_CHAT_KEEP_EDITS="yes")
    ana = await (await visitors(server.url)).enter(room)
    await ana.say("first *thing*")
    await choose(ana, "first", "Edit")
    await ana[".edit [name=text]"].fill("second")
    await ana.page.keyboard.press("Enter")
    await ana.shows("second (edited)")
    for tab in (ana, await (await visitors(server.url, java_script_enabled=False)).enter(room, live=False)):
        await tab.log.get_by_role("link", name="(edited)").click()
        await expect(tab[".versions .text"]).to_have_text(["first thing", "second"])
        await tab.page.get_by_role("link", name="To the message").click()
        await expect(tab[".meant > .text"]).to_have_text("second (edited)")
