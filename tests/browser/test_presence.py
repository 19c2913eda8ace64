"""Who is here, who is typing, and what they are called."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess

SECOND = 1_000  # ms
UNPROCESSABLE = r"Failed to load resource: the server responded with a status of 422"


async def called(tab: Tab, name: str) -> Tab:
    await tab.rename(name)
    await expect(tab["#me"]).to_have_text(name)
    return tab


async def test_whoever_comes_is_seen_by_all_and_counted_once(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana, bento = await visitors(server.url), await visitors(server.url)
    one = await ana.enter(room)
    name = await one.name()
    await one.sees_people(name)
    other = await bento.enter(room)
    await other.move_away_from(one)
    names = (name, await other.name())
    for tab in (one, other):
        await tab.sees_people(*names)
    second = await ana.enter(room)
    await second.move_away_from(one)
    assert await second.name() == name
    for tab in (one, other, second):
        await tab.sees_people(*names)
    own, others = [await one.look(f"#people > .person:has-text('{who}')", "font-weight") for who in names]
    assert own != others, "one's own entry is marked"


async def test_a_reload_does_not_flicker_in_the_list_of_people(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    names = (await ana.name(), await bento.name())
    for tab in (ana, bento):
        await tab.sees_people(*names)
    await ana.page.evaluate(
        """() => {
          window.counts = []
          const look = () => window.counts.push(document.querySelectorAll("#people > .person").length)
          new MutationObserver(look).observe(document.querySelector("#side"), {subtree: true, childList: true})
        }"""
    )
    for number in (1, 2, 3):
        await bento.reload()
        await bento.say(f"here again {number}")
        await ana.ends_with(f"here again {number}")
    await ana.sees_people(*names)
    assert set(await ana.page.evaluate("() => window.counts")) <= {2}


async def test_who_closed_the_last_tab_is_gone_soon(server: ServerProcess, visitors: Visitors, room: str) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await visitors(server.url)
    first, second = await bento.enter(room), await bento.enter(room)
    name, theirs = await ana.name(), await first.name()
    await ana.sees_people(name, theirs)
    await first.page.close()
    await second.say("still here")
    await ana.ends_with("still here")
    await ana.sees_people(name, theirs)
    await second.page.close()
    await ana.sees_people(name, timeout=11 * SECOND)


async def test_typing_shows_to_others_and_ends_with_the_message(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await bento.move_away_from(ana)
    name = await ana.name()
    await ana.sees_people(name, await bento.name())
    await ana.field.focus()
    await ana.page.keyboard.type("I am writ", delay=10)
    await expect(bento["#typing"]).to_have_text(f"{name} is typing…")
    await expect(bento["#typing .typist"]).to_be_visible()
    await expect(ana["#typing .typist"]).to_have_count(1)
    await expect(ana["#typing .typist"]).to_be_hidden()
    await ana.page.keyboard.type("ing", delay=10)
    await ana.page.keyboard.press("Enter")
    await bento.ends_with("I am writing")
    await expect(bento["#typing .typist"]).to_have_count(0, timeout=500)


async def test_typing_that_leads_to_nothing_ends_by_itself(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await ana.field.focus()
    await ana.page.keyboard.type("hmm", delay=10)
    await expect(bento["#typing .typist"]).to_be_visible()
    await expect(bento["#typing .typist"]).to_have_count(0, timeout=10 * SECOND)


async def test_a_new_name_shows_everywhere_at_once(server: ServerProcess, visitors: Visitors, room: str) -> None:
    person = await visitors(server.url)
    ana, elsewhere = await person.enter(room), await person.enter(f"{room[:50]}-elsewhere")
    bento = await (await visitors(server.url)).enter(room)
    await elsewhere.move_away_from(ana)
    old, other = await ana.name(), await bento.name()
    await bento.sees_people(old, other)
    await ana.say("under the old name")
    await bento.ends_with("under the old name")
    await ana.page.evaluate("() => { window.kept = true }")
    await called(ana, "Ana Júlia ✨")
    assert await ana.page.evaluate("() => window.kept"), "the page was loaded again"
    await expect(ana["#name"]).to_have_value("Ana Júlia ✨")
    for tab in (ana, bento):
        await tab.sees_people("Ana Júlia ✨", other)
    await expect(elsewhere["#me"]).to_have_text("Ana Júlia ✨")
    await elsewhere.sees_people("Ana Júlia ✨")
    await ana.say("under the new name")
    await bento.ends_with("under the new name")
    await expect(bento["#log .name"]).to_have_text([old, "Ana Júlia ✨"])
    await elsewhere.say("here too")
    await expect(elsewhere["#log .name"]).to_have_text(["Ana Júlia ✨"])
    await ana.reload()
    await expect(ana["#me"]).to_have_text("Ana Júlia ✨")


TOO_LONG = ("x" * 41, "at most 40 characters; this one has 41")
BLANK = ("   ", "at least one letter, digit or sign")


@pytest.mark.parametrize("refused", [TOO_LONG, BLANK], ids=["too long", "blank"])
async def test_a_name_that_cannot_be_is_refused_in_place(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str, refused: tuple[str, str]
) -> None:
    typed, why = refused
    tab = await (await visitors(server.url)).enter(room)
    tab.witness.allow(UNPROCESSABLE)
    name = await tab.name()
    await tab.rename(typed)
    await expect(tab["#name-error"]).to_be_visible()
    await expect(tab["#name-error"]).to_contain_text(why)
    await expect(tab["#name"]).to_have_value(typed)
    await expect(tab["#me"]).to_have_text(name)
    await somebody.say(room, "the room is still live")
    await tab.ends_with("the room is still live")
    await called(tab, "Good Name")
    await expect(tab["#name-error"]).to_have_count(0)
