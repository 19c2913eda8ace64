from __future__ import annotations

import re

import httpx
import pytest

from quart_chat.room.proofs import deed_of
from quart_chat.store import keys
from tests.server.processes import ServerProcess, store
from tests.web.visits import browser, fresh, tab

HTMX = {"HX-Request": "true"}
PHRASE = "three sad tigers"
MARK = '<span class="proof" role="img" aria-label="proved by a phrase" title="proved by a phrase">✓</span>'


def called(client: httpx.Client, name: str) -> None:
    assert client.post("/me", data={"name": name}).status_code == 303


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_name_that_is_kept_is_shown_with_its_mark_and_is_nobody_else_s(
    ana: httpx.Client, bob: httpx.Client, headers: dict[str, str]
) -> None:
    name, room = fresh("Kept").replace("-", " "), fresh()
    called(ana, name)
    kept = ana.post("/me/phrase", data={"phrase": PHRASE}, headers=headers)
    assert kept.status_code == (200 if headers else 303)
    assert f"{name} is yours" in (kept.text if headers else ana.get("/me").text)
    ana.post(f"/r/{room}/messages", data={"text": "it is me", "nonce": "n"})
    page = bob.get(f"/r/{room}").text
    assert f'<bdi class="name">{name} {MARK}</bdi>' in page
    assert PHRASE not in page
    for typed in (name, name.upper(), f"{name}.", name.replace("e", "е")):  # the last e is Cyrillic
        refused = bob.post("/me", data={"name": typed}, headers=HTMX)
        assert refused.status_code == 422, typed
    assert bob.post("/me/phrase", data={"phrase": PHRASE}).status_code == 303  # for a name of his own
    called(ana, "Another")
    assert MARK not in ana.get("/").text
    called(ana, name)
    assert MARK in ana.get("/").text


def test_a_kept_name_is_meant_found_answered_and_exported_like_any_other(
    server: ServerProcess, ana: httpx.Client, bob: httpx.Client
) -> None:
    name, room = fresh("Meant").replace("-", " "), fresh()
    called(ana, name)
    ana.post("/me/phrase", data={"phrase": PHRASE})
    ana.post(f"/r/{room}/messages", data={"text": "it is me", "nonce": "n"})
    bob.post(f"/r/{room}/messages", data={"text": f"@{name} hello", "nonce": "n"})
    page = bob.get(f"/r/{room}").text
    assert f">@{name}</" in page
    first = re.findall(r'<li id="m-([0-9]+-[0-9]+)"', page)[0]
    for client in (ana, bob):
        client.post(f"/r/{room}/m/{first}/react", data={"emoji": "👍"})
    bob.post(f"/r/{room}/messages", data={"text": "an answer", "nonce": "r", "reply": first})
    found = bob.get(f"/r/{room}/search", params={"q": f'from:"{name}"'}).text
    assert "it is me" in found
    page = bob.get(f"/r/{room}").text
    assert page.count(MARK) >= 2  # the message's, and the one above the answer
    assert f'title="{name}, ' in page
    assert "\x06" not in page + found + bob.get(f"/r/{room}/m/{first}").text + bob.get(f"/r/{room}/m/{first}/menu").text


def test_who_knows_the_phrase_takes_the_name_to_another_browser(ana: httpx.Client, bob: httpx.Client) -> None:
    name = fresh("Taken").replace("-", " ")
    called(ana, name)
    ana.post("/me/phrase", data={"phrase": PHRASE})
    wrong = bob.post("/me/proof", data={"name": name, "phrase": "three sad lions"}, headers=HTMX)
    assert wrong.status_code == 422
    assert "No name is proved by these together" in wrong.text
    assert "lions" not in wrong.text
    assert bob.post("/me/proof", data={"name": name.lower(), "phrase": PHRASE}).status_code == 303
    assert MARK in bob.get("/").text
    assert name in bob.get("/").text
    assert bob.post("/me/release").status_code == 303
    for client in (ana, bob):  # both have it still, and nobody keeps it
        assert MARK not in client.get("/").text
    with_room = bob.post("/me/phrase", data={"phrase": PHRASE, "room": "sala"})
    assert with_room.headers["Location"] == "/me?room=sala"


def test_a_phrase_is_changed_by_who_has_the_name_alone(ana: httpx.Client, bob: httpx.Client) -> None:
    name = fresh("Changed").replace("-", " ")
    called(ana, name)
    ana.post("/me/phrase", data={"phrase": PHRASE})
    assert ana.post("/me/phrase", data={"phrase": "another phrase"}).status_code == 303
    assert bob.post("/me/proof", data={"name": name, "phrase": PHRASE}).status_code == 422
    assert bob.post("/me/proof", data={"name": name, "phrase": "another phrase"}).status_code == 303
    called(bob, "Other name")
    refused = bob.post("/me/phrase", data={"phrase": PHRASE})
    assert refused.status_code == 422
    assert f"You keep the name {name} already" in refused.text


def test_who_had_the_name_before_loses_it_as_they_come_next(ana: httpx.Client, bob: httpx.Client) -> None:
    name, room = fresh("Before").replace("-", " "), fresh()
    for client in (ana, bob):
        called(client, name)
    ana.post("/me/phrase", data={"phrase": PHRASE})
    bob.post(f"/r/{room}/messages", data={"text": "it is not me", "nonce": "n"})
    assert name not in ana.get(f"/r/{room}").text.partition('id="log"')[2]
    assert name not in bob.get("/").text


def test_a_mark_that_nothing_proves_any_more_is_not_shown(server: ServerProcess, ana: httpx.Client) -> None:
    name, room = fresh("Stale").replace("-", " "), fresh()
    called(ana, name)
    ana.post("/me/phrase", data={"phrase": PHRASE})
    with store(server) as held:
        held.delete(keys.deed(deed_of(name)))  # as if it had faded
    ana.post(f"/r/{room}/messages", data={"text": "unproved", "nonce": "n"})
    assert f'<bdi class="name">{name}</bdi>' in ana.get(f"/r/{room}").text


@pytest.mark.parametrize("phrase", ["", "short", "x" * 201])
def test_a_phrase_that_cannot_be_is_refused_with_the_reason(client: httpx.Client, phrase: str) -> None:
    refused = client.post("/me/phrase", data={"phrase": phrase}, headers=HTMX)
    assert refused.status_code == 422
    assert "A phrase has 8 to 200 characters." in refused.text


def test_trying_phrases_is_limited(server: ServerProcess, behind: ServerProcess) -> None:
    with browser(behind, **{"X-Forwarded-For": "203.0.113.99"}) as guest:
        guest.get("/")
        tries = [guest.post("/me/proof", data={"name": "Paula", "phrase": f"{PHRASE} {n}"}) for n in range(7)]
        assert [one.status_code for one in tries] == [422] * 5 + [429] * 2
        assert int(tries[-1].headers["Retry-After"]) > 0


def test_a_name_is_tried_by_all_together_so_often_and_no_more(behind: ServerProcess) -> None:
    codes = []
    for number in range(6):
        with browser(behind, **{"X-Forwarded-For": f"203.0.113.{number}"}) as guest:
            guest.get("/")
            tries = [guest.post("/me/proof", data={"name": "Eva", "phrase": PHRASE}) for _ in range(4)]
            codes += [one.status_code for one in tries]
    assert codes == [422] * 20 + [429] * 4


def test_the_store_holds_no_phrase(server: ServerProcess, ana: httpx.Client) -> None:
    called(ana, fresh("Stored").replace("-", " "))
    ana.post("/me/phrase", data={"phrase": "a phrase to look for"})
    with store(server) as held:
        deeds = [held.hgetall(key) for key in held.scan_iter("c:{~*}:deed", count=1000)]
    assert deeds
    assert all(one["phrase"].startswith("$argon2id$") for one in deeds)
    assert not any("look for" in str(one) for one in deeds)


async def test_open_tabs_show_the_mark_at_once_and_nobody_sends_it(server: ServerProcess, ana: httpx.Client) -> None:
    room, name = fresh(), fresh("Live").replace("-", " ")
    called(ana, f"\x06{name}")
    async with tab(server, room, cookie=f"quart_chat={ana.cookies['quart_chat']}") as page:
        await page.enter()
        await page.frame(f"<bdi>{name}</bdi>")
        ana.post("/me/phrase", data={"phrase": PHRASE})
        await page.frame('id="people"', f"<bdi>{name} {MARK}</bdi>")
        await page.send(act="say", text="marked", nonce="n")
        await page.frame("marked", f'<bdi class="name">{name} {MARK}</bdi>')
