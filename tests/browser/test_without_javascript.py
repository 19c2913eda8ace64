"""Everything by plain forms and links, in a browser that runs no script."""

from __future__ import annotations

import signal

from playwright.async_api import expect

from tests.browser.conftest import Serve, Visitors
from tests.browser.pages import Tab, Visitor, each_once, numbered
from tests.browser.poster import Poster
from tests.browser.test_messages import choose, message
from tests.server.processes import ServerProcess


async def test_a_room_is_opened_and_used_by_plain_forms(server: ServerProcess, visitors: Visitors) -> None:
    tab = await (await (await visitors(server.url, java_script_enabled=False)).tab()).lobby()
    await tab["#title"].fill("Sem Script, Só HTML")
    await tab.page.get_by_role("button", name="Open", exact=True).click()
    await expect(tab.page).to_have_url(f"{server.url}/r/sem-script-so-html")
    await expect(tab["h1"]).to_have_text("Sem Script, Só HTML")
    await expect(tab["#connection"]).to_be_hidden()
    await expect(tab.page.get_by_role("button", name="Write several lines")).to_have_count(0)
    await tab.send("first")
    await tab.shows("first")
    await tab.field.fill("second, by Enter")
    await tab.page.keyboard.press("Enter")
    await tab.shows("first", "second, by Enter")
    await expect(tab.page).to_have_url(f"{server.url}/r/sem-script-so-html")
    await expect(tab.field).to_have_value("")
    other = await (await visitors(server.url)).enter("sem-script-so-html")
    await other.shows("first", "second, by Enter")
    await other.say("from somebody with scripts")
    await tab.shows("first", "second, by Enter", "from somebody with scripts")
    await expect(tab["#connection"]).to_be_hidden()
    await tab.send("and back")
    await other.ends_with("and back")


async def test_several_lines_are_written_in_a_field_of_their_own(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    tab = await (await visitors(server.url, java_script_enabled=False)).enter(room, live=False)
    await tab["summary"].filter(has_text="Write several lines").click()
    await tab["#plain"].fill("one\n  two\n\nfour")
    await tab["form.plain button"].click()
    await expect(tab.texts).to_have_count(1)
    assert await tab.texts.first.inner_text() == "one\n  two\n\nfour"


async def test_a_form_that_is_sent_twice_counts_once(server: ServerProcess, visitors: Visitors, room: str) -> None:
    person = await visitors(server.url, java_script_enabled=False)
    tab = await person.enter(room, live=False)
    nonce = await tab.form.locator(".say [name=nonce]").get_attribute("value") or ""
    await tab.field.fill("only once")
    await tab.form.locator(".say .send").dblclick()
    await tab.shows("only once")
    answer = await person.context.request.post(
        f"{server.url}/r/{room}/messages",
        form={"act": "say", "nonce": nonce, "text": "only once"},
        headers={"Origin": server.url},
    )
    assert answer.ok
    await tab.go(f"/r/{room}")
    await tab.shows("only once")
    await tab.send("only once")  # the same words, but meant again
    await tab.shows("only once", "only once")


async def test_older_messages_are_reached_by_links(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    texts = numbered(120)
    await somebody.flood(room, texts)
    tab = await (await visitors(server.url, java_script_enabled=False)).enter(room, live=False)
    found = await tab.texts.all_text_contents()
    while await tab.log.locator("#older a").count():
        first = await tab.log.locator("#log > .message").first.get_attribute("id")
        await tab.log.locator("#older a").click()
        await expect(tab[f"[id='{first}']"]).to_have_count(0)
        await expect(tab[".past"]).to_be_visible()
        found = [*await tab.texts.all_text_contents(), *found]
    each_once(found, texts)
    await tab.page.get_by_role("link", name="Jump to now").first.click()
    await expect(tab.page).to_have_url(f"{server.url}/r/{room}")
    await tab.send("an answer to the past")
    await tab.ends_with("an answer to the past")


async def test_name_and_language_are_changed_by_plain_forms(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    tab = await (await visitors(server.url, java_script_enabled=False)).enter(room, live=False)
    await tab.rename("Zé sem Script")
    await expect(tab.page).to_have_url(f"{server.url}/r/{room}")
    await expect(tab["#me"]).to_have_text("Zé sem Script")
    await tab.send("it is me")
    await expect(tab.log.locator("#log .name")).to_have_text(["Zé sem Script"])
    await tab.page.get_by_role("button", name="Português").click()
    await expect(tab["html"]).to_have_attribute("lang", "pt-BR")
    await expect(tab.page).to_have_url(f"{server.url}/r/{room}")
    await tab.go(f"/r/{room}")
    await expect(tab["html"]).to_have_attribute("lang", "pt-BR")
    await expect(tab["#me"]).to_have_text("Zé sem Script")


async def test_what_happens_is_seen_as_it_happens(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url, java_script_enabled=False)).enter(room, live=False)
    await expect(bento.log.locator(".here").last).to_contain_text("2 people here")
    await ana.field.press_sequentially("thinking")
    name = await ana.name()
    await expect(bento.log.locator(".typing").last).to_have_text(f"{name} is typing…")
    await ana.field.fill("")
    await ana.say("a tpyo")
    await bento.shows("a tpyo")
    await ana.say("a secret")
    await bento.shows("a tpyo", "a secret")
    await choose(ana, "a tpyo", "Edit")
    await ana[".edit [name=text]"].fill("a typo")
    await ana.page.keyboard.press("Enter")
    await expect(bento.log.locator(".change").last).to_have_text(f"{name} corrected a message: a typo (edited)")
    struck = bento.log.locator("#log > .message > .text").first
    await expect(struck).to_have_css("text-decoration-line", "line-through")
    row = message(ana, "a secret")
    await row.hover()
    await row.get_by_role("button", name="More").click()
    await ana["#menu"].get_by_text("Delete", exact=True).click()
    await ana["#menu"].get_by_role("button", name="Delete for everyone").click()
    await expect(bento.log.locator(".change").last).to_have_text(f"{name} deleted a message.")
    await expect(bento.log.get_by_text("a secret")).to_be_hidden()
    await bento.go(f"/r/{room}")  # and the next page has each as it stands
    await bento.shows("a typo (edited)", "This message was deleted.")


async def with_a_message(person: Visitor, room: str) -> Tab:
    """Open a room and say "before" in it; what befalls its server after that is provoked."""
    tab = await person.enter(room, live=False)
    tab.expect_network_errors()
    await tab.send("before")
    await tab.shows("before")
    return tab


async def test_a_page_that_ends_comes_again_by_itself_and_shows_nothing_twice(
    visitors: Visitors, serve: Serve, room: str
) -> None:
    server = serve()
    tab = await with_a_message(await visitors(server.url, java_script_enabled=False), room)
    async with tab.page.expect_event("framenavigated", lambda frame: frame.url.endswith("/live")):
        server.send(signal.SIGHUP)  # the workers end one by one, and so does what they told
    server.wait_for_output("the workers are renewed")
    other = await (await visitors(server.url)).enter(room)
    other.expect_network_errors()
    await other.say("after")
    await tab.shows("before", "after")


async def test_a_page_comes_again_after_its_server_was_started_again(
    serve: Serve, visitors: Visitors, room: str
) -> None:
    server = serve()
    tab = await with_a_message(await visitors(server.url, java_script_enabled=False), room)
    port = server.port
    server.stop()
    again = serve(port)
    async with Poster(again.url, "Somebody Else") as somebody:
        await somebody.flood(room, ["meanwhile"])
    await tab.shows("before", "meanwhile")


async def test_who_wants_no_scripts_gets_the_same(server: ServerProcess, visitors: Visitors, room: str) -> None:
    tab = await (await visitors(server.url)).enter(room)
    await tab.page.get_by_role("link", name="Without scripts").click()
    await expect(tab.page).to_have_url(f"{server.url}/r/{room}/plain")
    form, log = tab.page.frame_locator("#write"), tab.page.frame_locator("#live")
    await form.locator(".field").fill("by choice")
    await form.locator(".send").click()
    await expect(log.locator("#log > .message > .text")).to_have_text("by choice")
    assert await tab.page.evaluate("typeof window.htmx") == "undefined"
    await tab.page.get_by_role("link", name="With scripts").click()
    await tab.is_live()
    await tab.shows("by choice")
