from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from quart_chat.pages.languages import LANGUAGES, TAGS
from tests.browser.conftest import Visitors
from tests.browser.pages import Tab
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess


async def test_a_browser_that_prefers_portuguese_gets_it(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    await somebody.say(room, "from before")
    bruna = await (await visitors(server.url, locale="pt-BR")).enter(room)
    ana = await (await visitors(server.url)).enter(room)
    await somebody.say(room, "live")
    for tab, language, word, clock in (
        (bruna, "pt-BR", "Enviar", r"^\d\d:\d\d$"),
        (ana, "en", "Send", r"^\d{1,2}:\d\d\s[AP]M$"),
    ):
        await tab.shows("from before", "live")
        await expect(tab["html"]).to_have_attribute("lang", language)
        await expect(tab["#composer .send"]).to_have_text(word)
        for nth in (0, 1):  # of the page, and of the live frame
            found = (await tab["#log time"].nth(nth).text_content() or "").replace("\u202f", " ")
            assert re.search(clock, found), found
    placeholder = await bruna.field.get_attribute("placeholder")
    assert placeholder
    assert placeholder != await ana.field.get_attribute("placeholder")
    await bruna.say("olá")
    await expect(bruna.field).to_have_attribute("placeholder", placeholder)
    await ana.field.focus()
    await ana.page.keyboard.type("hi", delay=10)
    await expect(bruna["#typing"]).not_to_contain_text("is typing")
    await expect(bruna["#typing"]).to_contain_text(await ana.name())


async def test_a_chosen_language_is_remembered(server: ServerProcess, visitors: Visitors, room: str) -> None:
    tab = await (await visitors(server.url, locale="pt-BR")).enter(room)
    await tab.page.get_by_role("button", name="English").click()
    await expect(tab["html"]).to_have_attribute("lang", "en")
    await expect(tab.page).to_have_url(f"{server.url}/r/{room}")
    await tab.reload()
    await expect(tab["html"]).to_have_attribute("lang", "en")
    await expect(tab["#composer .send"]).to_have_text("Send")
    await expect(tab.page.get_by_role("button", name="English")).to_have_attribute("aria-current", "true")
    await tab.lobby()
    await expect(tab["html"]).to_have_attribute("lang", "en")
    await tab.page.get_by_role("button", name="Português").click()
    await expect(tab["html"]).to_have_attribute("lang", "pt-BR")
    await expect(tab["h2, label[for=title]"].first).not_to_have_text("Name of the room")


async def test_no_word_of_english_is_left_in_arabic(server: ServerProcess, visitors: Visitors, room: str) -> None:
    english: list[str | None] = []
    arabic: list[str | None] = []
    for words, locale in ((english, "en-US"), (arabic, "ar-EG")):
        tab = await (await (await visitors(server.url, locale=locale)).tab()).lobby()
        words.extend([await element.inner_text() for element in await tab["header p, label, button"].all()])
        await tab.enter(room)
        words.extend([await element.inner_text() for element in await tab["h2, .hint, button:visible, #older"].all()])
        words.extend(
            await tab["[aria-label], [placeholder], [title]"].evaluate_all(
                "all => all.flatMap(one => ['aria-label', 'placeholder', 'title'].map(name => one.getAttribute(name)))"
            )
        )
    assert len(english) == len(arabic)
    same = {one for one, other in zip(english, arabic, strict=True) if one and one == other}
    assert {one for one in same if len(one) > 1 and one != room} == {language.name for language in LANGUAGES}


MARK_IS_LAST = """(text, mark) => {
  const words = document.createTreeWalker(text, NodeFilter.SHOW_TEXT).nextNode()
  const box = (from, to) => {
    const range = document.createRange()
    range.setStart(words, from)
    range.setEnd(words, to)
    return range.getBoundingClientRect()
  }
  const at = words.data.indexOf(mark)
  return box(at, at + 1).left > box(0, 1).left
}"""
OUTSIDE = """[...document.querySelectorAll("html, main *, header *")].filter(one => one.checkVisibility())
  .filter(one => one.getBoundingClientRect().width > 1)
  .filter(one => one.getBoundingClientRect().left < -1 || one.getBoundingClientRect().right > innerWidth + 1)
  .map(one => one.outerHTML.slice(0, 100))"""

# Boxes, and not what stands in a line: that is for the browser to order
BOXES = """
    .top, .home, .titles, .top h1, #topic, .look, .about, .open, .open .row > *, .open .quiet, .rooms a,
    #side, #side .link, .person, #side .field, #side .row > button, .sounds button, .languages button,
    .message, .message > .text, .say, .say > *, .attach, .to-newest, #menu, #menu .item,
    #search, #search .close, #search .row > *, .hit
"""


async def is_mirrored(tab: Tab, *seen: str) -> None:
    """Check that every box stands as far from the one side as it stands from the other once the page is turned."""
    for selector in seen:
        await expect(tab[selector]).to_be_visible()
    ends = await tab.page.evaluate(
        """async boxes => {
          const root = document.documentElement
          const measure = async way => {
            root.dir = way
            await Promise.all(document.getAnimations().filter(one => one.transitionProperty).map(one => one.finished))
            return [...document.querySelectorAll(boxes)].filter(one => one.checkVisibility()).map(one => {
              const {left, right, top} = one.getBoundingClientRect()
              const ends = way === "rtl" ? [innerWidth - right, innerWidth - left] : [left, right]
              return [one.outerHTML.slice(0, 120), ...ends, top]
            })
          }
          const turned = await measure("rtl")
          return [await measure("ltr"), turned]
        }""",
        BOXES,
    )
    assert len(ends[0]) > 5
    for (shown, *one), (_, *other) in zip(*ends, strict=True):
        assert other == pytest.approx(one, abs=1), shown


async def test_a_page_written_from_the_right_is_the_mirror_of_the_other(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(server.url)).enter(room)
    await somebody.say(room, "hello", "مرحبا")
    await tab.say("/topic words")
    await tab.say("mine")
    await tab.ends_with("mine")
    await is_mirrored(tab, "#side", ".send")
    await tab.field.fill("مرحبا hello")
    assert await tab.field.evaluate("field => getComputedStyle(field).unicodeBidi") == "plaintext"
    space = await tab.field.evaluate("field => parseFloat(getComputedStyle(field).paddingLeft)")
    assert space > 40, "the button that sends files stands there, whichever way one writes"
    await tab["#log > .message"].first.hover()
    await tab["#log > .message .more"].first.click()
    await is_mirrored(tab, "#menu .item >> nth=0")
    await tab.page.keyboard.press("Escape")
    await tab[".look"].click()
    await tab["#find-words"].fill("hello")
    await is_mirrored(tab, "#search .close", ".hit")
    await tab.page.keyboard.press("Escape")
    await tab.page.set_viewport_size({"width": 360, "height": 640})
    await tab["button.about"].click()
    await is_mirrored(tab, "#side")
    await tab.lobby()
    await is_mirrored(tab, ".open", ".rooms")


async def test_arabic_is_read_from_the_right(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(server.url, locale="ar-EG")).enter(room)
    await somebody.say(room, "Is it true (really)?", "هل هذا صحيح؟")
    await tab.shows("Is it true (really)?", "هل هذا صحيح؟")
    await expect(tab["html"]).to_have_attribute("dir", "rtl")
    width = await tab.page.evaluate("innerWidth")
    panel, log = await tab["#side"].bounding_box(), await tab["#scroll"].bounding_box()
    assert panel
    assert log
    assert panel["x"] + panel["width"] == pytest.approx(width, abs=1)
    assert log["x"] + log["width"] <= panel["x"] + 1
    english, arabic = tab["#log .text"].first, tab["#log .text"].last
    for text, way in ((english, "ltr"), (arabic, "rtl")):
        assert await text.evaluate("text => getComputedStyle(text).direction") == way
    # the question mark stands where the sentence ends: on the right of one and on the left of the other
    assert await english.evaluate(MARK_IS_LAST, "?")
    assert not await arabic.evaluate(MARK_IS_LAST, "؟")
    await tab.page.set_viewport_size({"width": 360, "height": 640})
    for path in (f"/r/{room}", f"/r/{room}/search?q=true"):
        await tab.page.goto(server.url + path)
        await expect(tab["html"]).to_have_attribute("dir", "rtl")
        assert await tab.page.evaluate(OUTSIDE) == [], path


async def test_the_words_of_every_language_fit_on_a_phone(server: ServerProcess, visitors: Visitors, room: str) -> None:
    visitor = await visitors(server.url, viewport={"width": 360, "height": 640})
    tab = await visitor.enter(room)
    await tab.say("mine, so that all rules are shown as forms")
    for tag in TAGS:
        await visitor.context.add_cookies([{"name": "quart_chat_language", "value": tag, "url": server.url}])
        for path in (f"/r/{room}/order", "/me"):
            await tab.page.goto(server.url + path)
            await expect(tab["html"]).to_have_attribute("lang", tag)
            assert await tab.page.evaluate(OUTSIDE) == [], (tag, path)
