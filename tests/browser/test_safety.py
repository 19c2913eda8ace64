"""What people write stays text, the policy is never broken, and who is sent away stays away."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import TimeoutError as Never
from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.browser.network import Proxy
from tests.browser.pages import Tab, each_once, numbered
from tests.browser.poster import Poster
from tests.hostile import ATTRIBUTES, ELEMENTS, HTMX, LINES, MARK, TEMPLATES
from tests.server.processes import ServerProcess

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '<hx-partial hx-target="#log" hx-swap="innerHTML">gone</hx-partial>',
    "</template><script>alert(1)</script>",
    '" hx-get="/x" hx-trigger="load" data-x="',
    "' onmouseover='alert(1)",
    "{{7*7}} ${7*7} <%= 7*7 %> #{7*7}",
    '{"target": "#log", "swap": "innerHTML", "html": "gone"}',
    '<li id="since" hx-swap-oob="true">gone</li>',
    "</div></li></ol><title>gone</title>",
    "&lt;b&gt; &amp;amp; &#60;i&#62;",
    "<!-- <![CDATA[ -->",
    "<base href=//evil.example><meta http-equiv=refresh content=0>",
    "javascript:alert(1) <a href=javascript:alert(1)>x</a>",
    "\u202egnirts desrever\u202c",
]
CORPUS = [" ".join(text.split()) for text in (*ELEMENTS, *ATTRIBUTES, *HTMX, *TEMPLATES, *LINES)]
HOSTILE_NAMES = ["<b onclick=alert(1)>Bob</b>", '"><script>alert(1)<', "</bdi><li>{{7*7}}"]


async def elements(tab: Tab) -> set[str]:
    found: list[str] = await tab["#log *, #people *, #typing *, #profile b *, h1 *"].evaluate_all(
        """all => all.filter(one => !one.matches('img[src^="/face/"][alt=""]')).map(one => one.localName)"""
    )
    return set(found)


async def shows_as_text(tab: Tab, texts: list[str]) -> None:
    await expect(tab.texts).to_have_count(len(texts))
    each_once(await tab.all_texts(), texts)
    assert await tab["#log .text *, #log .name *"].count() == 0
    assert await elements(tab) <= {"li", "p", "span", "b", "bdi", "time", "div", "a", "button"}


async def test_hostile_messages_are_shown_as_they_were_written(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    title = await ana.page.title()
    for text in HOSTILE:
        await ana.say(text)
    for tab in (ana, bento):
        await shows_as_text(tab, HOSTILE)
        assert await tab.page.title() == title
        await expect(tab["#since"]).to_have_count(1)
    await ana.reload()
    await shows_as_text(ana, HOSTILE)
    plain = await (await visitors(server.url, java_script_enabled=False)).enter(room, live=False)
    await expect(plain.texts).to_have_count(len(HOSTILE))
    each_once(await plain.texts.all_text_contents(), HOSTILE)


async def test_hostile_names_are_shown_as_they_were_written(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    for name in HOSTILE_NAMES:
        await ana.rename(name)
        await expect(ana["#me"]).to_have_text(name)
        await expect(ana["#name"]).to_have_value(name)
        await ana.say("mine")
        await bento.sees_people(name, await bento.name())
        await expect(bento["#log .name"].last).to_have_text(name)
    await ana.field.focus()
    for _ in range(100):  # who has just sent something counts as typing only a few seconds later
        await ana.page.keyboard.type("x", delay=100)
        if await bento["#typing .typist"].count():
            break
    await expect(bento["#typing .typist"]).to_contain_text(HOSTILE_NAMES[-1])
    for tab in (ana, bento):
        await shows_as_text(tab, ["mine"] * len(HOSTILE_NAMES))


async def test_a_hostile_title_is_shown_as_it_was_written(server: ServerProcess, visitors: Visitors) -> None:
    tab = await (await (await visitors(server.url)).tab()).lobby()
    title = '<img src=x onerror=alert(1)> "{{7*7}}"'
    await tab["#title"].fill(title)
    await tab.page.keyboard.press("Enter")
    await expect(tab["h1"]).to_have_text(title)
    await expect(tab.page).to_have_title(f"{title} · Quart Chat")
    await tab.is_live()
    await tab.lobby()
    await expect(tab[".rooms bdi"]).to_have_text([title])
    assert await tab["img:not([src^='/face/'])"].count() == 0


async def test_nothing_of_the_corpus_does_anything_in_two_tabs(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    """Titles, topics, names, messages, edits, answers, files and searches: no script, no dialog, no way elsewhere."""
    ana = await (await visitors(server.url)).tab()
    bento = await (await visitors(server.url)).tab()
    asked: set[str] = set()
    for tab in (ana, bento):
        tab.page.on("request", lambda request: asked.add(request.url))
    await ana.lobby()
    await ana["#title"].fill(f'"><svg onload=alert(1)>{room}')
    await ana.page.keyboard.press("Enter")
    await ana.is_live()
    await bento.enter(ana.page.url.rpartition("/")[2])
    kinds = await elements(ana)
    for text in CORPUS:
        await ana.say(f"{text} .")
    await expect(bento.texts).to_have_count(len(CORPUS))
    await ana.say(f"/topic {ELEMENTS[0]}")
    for tab in (ana, bento):
        await expect(tab["#topic"]).to_have_text(ELEMENTS[0])
    for name in (ELEMENTS[1], ATTRIBUTES[0], HTMX[3]):
        await ana.rename(name[:40])
        await expect(ana["#me"]).to_have_text(name[:40])
        await ana.say("mine")
        await bento["#log .more"].last.click()
        await bento["#menu"].get_by_role("button", name="Reply").click()
        await bento["#composer .replying"].wait_for()
        await bento.say(name)
    await bento["#find-words"].evaluate("field => field.closest('[popover]').showPopover()")
    for typed in (ATTRIBUTES[0], HTMX[2], "pwned"):
        await bento["#find-words"].fill(typed)
        await expect(bento["#found-count"]).not_to_be_empty()
    await expect(bento["#found .hit"].first).to_be_attached()
    for tab in (ana, bento):
        await tab.reload()
        assert await tab["#since"].count() == 1
        assert await tab[f"[id*={MARK}], [class*={MARK}], [onclick], [onload], [onerror], [style]"].count() == 0
        assert await elements(tab) <= kinds | {"li", "p", "span", "b", "bdi", "time", "div", "a", "button", "code"}
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(server.url).netloc}
    assert not [url for url in asked if MARK in url and "/search?" not in url]


async def test_what_htmx_sends_carries_the_token_of_its_page(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    """Also from what came by the socket, which is the same for everybody and holds none."""
    tab = await (await visitors(server.url)).enter(room)
    await somebody.say(room, "from elsewhere")
    await tab.ends_with("from elsewhere")
    async with tab.page.expect_request("**/me") as renamed:
        await tab.rename("Ana")
    await tab["#log .more"].last.click()
    async with tab.page.expect_request("**/react") as reacted:
        await tab["#menu .quick button"].first.click()
    await expect(tab["#log .reaction"]).to_have_count(1)
    tokens = {(await (await one.value).all_headers()).get("x-form-token") for one in (renamed, reacted)}
    assert len(tokens) == 1
    assert None not in tokens


async def test_markup_comes_into_a_page_by_htmx_alone(server: ServerProcess, visitors: Visitors, room: str) -> None:
    """Trusted Types: what any other script would write is refused, and no other policy can be made."""
    tab = await (await visitors(server.url)).enter(room)
    tab.witness.allow(
        "CSP: (require-trusted-types-for|trusted-types)", "TrustedHTML|TrustedType|Trusted Type|TrustedScript"
    )
    for sink in (
        "document.body.innerHTML = '<b id=in>x</b>'",
        "document.body.insertAdjacentHTML('beforeend', '<b id=in>x</b>')",
        "document.write('<b id=in>x</b>')",
        "Object.assign(document.createElement('script'), {text: 'x'})",
        "trustedTypes.createPolicy('another', {createHTML: text => text})",
        "trustedTypes.createPolicy('htmx', {createHTML: text => text})",
    ):
        refused: bool = await tab.page.evaluate(f"() => {{ try {{ {sink}; return false }} catch {{ return true }} }}")
        assert refused, sink
    assert await tab["#in"].count() == 0
    await tab.say("and it goes on")
    await tab.ends_with("and it goes on")


async def test_a_walk_through_everything_breaks_no_policy(
    server: ServerProcess, proxy: Proxy, visitors: Visitors, somebody: Poster
) -> None:
    violations: list[str] = []
    tab = await (await visitors(proxy.url)).tab()
    answer = await tab.page.goto(proxy.url)
    assert answer is not None
    policy = await answer.header_value("content-security-policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    await tab["#title"].fill("A walk")
    await tab.page.keyboard.press("Enter")
    await tab.is_live()
    await tab.say("hello")
    await tab.rename("Walker")
    await expect(tab["#me"]).to_have_text("Walker")
    await somebody.flood("a-walk", numbered(70))
    await tab.ends_with("number 70")
    await tab.reload()
    await tab.load_all()
    await tab.page.get_by_role("link", name="Back to the newest").click()
    await expect(tab.texts).to_have_count(50)
    tab.witness.check()  # until here without any network error
    tab.expect_network_errors()
    proxy.cut()
    await tab.is_away()
    proxy.heal()
    await tab.is_live()
    await tab.say("and back again")
    await tab.ends_with("and back again")
    violations += [line for line in tab.witness.said if "CSP" in line or "Content Security Policy" in line]
    assert not violations
    assert await tab["script:not([src]), style, [style], [onclick], [onload]"].count() == 0


async def test_who_is_sent_away_for_good_is_told_why_and_does_not_come_back(
    server: ServerProcess, proxy: Proxy, visitors: Visitors, somebody: Poster, room: str
) -> None:
    person = await visitors(proxy.url)
    tab = await person.enter(room)
    tab.expect_network_errors()
    await tab.say("before")
    await person.context.clear_cookies(name="quart_chat")
    await person.context.add_cookies(
        [{"name": "quart_chat", "value": "ImZvcmdlZCI.Zm9yZ2Vk", "url": proxy.url, "httpOnly": True}]
    )
    proxy.cut()
    await tab.is_away()
    proxy.heal()
    ended = tab["#connection.ended"]
    await expect(ended).to_be_visible()
    await expect(ended).to_contain_text("does not know you any more")
    with pytest.raises(Never):
        await tab.page.wait_for_event("websocket", timeout=2_000)
    await expect(ended).to_be_visible()
    await ended.get_by_role("link", name="Load the page again").click()
    await tab.is_live()
    await tab.say("as somebody new")
    await tab.shows("before", "as somebody new")
