from __future__ import annotations

import re

import httpx
import pytest

from quart_chat.room.handover import new_token
from tests.server.processes import ServerProcess, store
from tests.web.visits import browser, fresh, identity_of

HTMX = {"HX-Request": "true"}


def link_in(page: str) -> str:
    found = re.search(r'<p class="link" dir="ltr">[^<]*(/carry/[A-Za-z0-9_-]{22}(?:\?room=[a-z0-9-]+)?)</p>', page)
    assert found, page
    return found[1]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_another_browser_becomes_who_made_the_link(
    ana: httpx.Client, bob: httpx.Client, headers: dict[str, str]
) -> None:
    room = fresh()
    ana.post("/me", data={"name": "Ana Maria"})
    bob.post("/me", data={"name": "Bob"})
    made = ana.post("/me/elsewhere", data={"room": room}, headers=headers)
    assert made.status_code == 200
    assert made.headers["Cache-Control"] == "no-store"
    assert "<svg" in made.text
    assert "style=" not in made.text
    link = link_in(made.text)
    for _ in range(2):  # a preview does not use it up
        asked = bob.get(link)
        assert asked.status_code == 200
        assert "Carry on as Ana Maria" in asked.text
        assert "Who you were in this browser, Bob, is dropped" in asked.text
        assert "Set-Cookie" not in asked.headers
    before = bob.cookies["quart_chat"]
    done = bob.post(link)
    assert (done.status_code, done.headers["Location"]) == (303, f"/r/{room}")
    assert len(done.headers.get_list("Set-Cookie")) == 1
    assert bob.cookies["quart_chat"] == ana.cookies["quart_chat"] != before
    assert "Ana Maria" in bob.get("/").text
    assert bob.post(link).status_code == bob.get(link).status_code == 404


def test_the_same_browser_is_told_that_it_is_the_one_already(ana: httpx.Client) -> None:
    page = ana.get(link_in(ana.post("/me/elsewhere").text)).text
    assert "You are here already" in page
    assert "<form" not in page


def test_the_store_knows_neither_the_token_nor_the_identity_and_forgets(
    server: ServerProcess, ana: httpx.Client
) -> None:
    token = link_in(ana.post("/me/elsewhere").text).removeprefix("/carry/")
    identity = identity_of(ana)
    with store(server) as held:
        keys = list(held.scan_iter("c:{~*}:handover", count=1000))
        assert keys
        for key in keys:
            value = str(held.get(key))
            assert token not in key + value
            assert identity not in key + value
            assert 0 < held.pttl(key) <= 5 * 60 * 1000


@pytest.mark.parametrize("token", ["x", new_token(), "a" * 300, "%2e%2e", "<b>"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_was_never_offered_makes_nobody(client: httpx.Client, token: str, method: str) -> None:
    response = client.request(method, f"/carry/{token}")
    assert response.status_code in (404, 405)
    assert "quart_chat" not in response.headers.get("Set-Cookie", "")


def test_guessing_is_limited_and_another_site_is_not_listened_to(server: ServerProcess, ana: httpx.Client) -> None:
    link = link_in(ana.post("/me/elsewhere").text)
    with browser(server) as guest:
        guest.get("/")
        assert guest.post(link, headers={"Origin": "https://evil.example"}).status_code == 403
        codes = [guest.post(f"/carry/{new_token()}").status_code for _ in range(12)]
        assert set(codes[:10]) == {404}
        assert codes[10:] == [429, 429]
        assert guest.post(link).status_code == 429  # right or wrong
    assert ana.post("/me/elsewhere", headers={"Origin": "null"}).status_code == 403


def test_many_links_in_a_minute_are_too_many(client: httpx.Client) -> None:
    client.get("/")
    codes = [client.post("/me/elsewhere").status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
