from __future__ import annotations

import re

import httpx
import pytest

from tests.pages.trees import Tree
from tests.server.processes import ServerProcess, store
from tests.web.visits import browser, fresh, tab

HTMX = {"HX-Request": "true"}


def test_a_name_is_taken_and_shown_wherever_one_writes(client: httpx.Client) -> None:
    room = fresh()
    response = client.post("/me", data={"name": "  Ana <b>  Maria ", "room": room})
    assert (response.status_code, response.headers["Location"]) == (303, f"/r/{room}")
    client.post(f"/r/{room}/messages", data={"text": "x", "nonce": "n"})
    page = client.get(f"/r/{room}").text
    assert page.count("Ana &lt;b&gt; Maria") >= 2  # the message's, and the own one
    assert "<b> Maria" not in page
    assert "Ana &lt;b&gt; Maria" in client.get("/").text


def test_who_chose_no_name_has_a_friendly_one_that_stays(client: httpx.Client) -> None:
    first = Tree(client.get("/").text.partition("<!doctype html>")[2]).by_id("name").attributes["value"]
    again = Tree(client.get("/").text.partition("<!doctype html>")[2]).by_id("name").attributes["value"]
    assert first == again
    assert first
    assert len(first.split()) == 2


def test_htmx_gets_its_form_back(client: httpx.Client) -> None:
    response = client.post("/me", data={"name": "Ana", "room": "r"}, headers=HTMX)
    assert response.status_code == 200
    assert response.text.startswith('<form id="profile"')
    assert Tree(response.text).by_id("name").attributes["value"] == "Ana"


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "\u202e", "x" * 41, '"><script>alert(1)</script>' + "x" * 40])
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_name_that_cannot_be_used_is_refused(client: httpx.Client, name: str, headers: dict[str, str]) -> None:
    response = client.post("/me", data={"name": name}, headers=headers)
    assert response.status_code == 422
    assert "<script>alert" not in response.text
    assert 'role="alert"' in response.text
    if headers:
        assert Tree(response.text).by_id("name").attributes["value"] == name


def test_what_was_typed_comes_back_as_one_s_own_name_stays(client: httpx.Client) -> None:
    client.post("/me", data={"name": "Ana"})
    form = Tree(client.post("/me", data={"name": "x" * 41}, headers=HTMX).text)
    assert form.by_id("name").attributes["value"] == "x" * 41
    assert "Ana" in form.texts()


async def test_the_name_of_somebody_who_is_in_the_room_is_refused_with_the_reason(
    server: ServerProcess, ana: httpx.Client, bob: httpx.Client
) -> None:
    room = fresh()
    ana.post("/me", data={"name": "Paula"})
    async with tab(server, room, cookie=f"quart_chat={ana.cookies['quart_chat']}") as page:
        await page.enter()
        await page.frame("Paula")
        for typed in ("paula", "PauIa", "P a u l a"):
            response = bob.post("/me", data={"name": typed, "room": room}, headers=HTMX)
            assert response.status_code == 422
            assert f"is called {typed}, or looks so" in response.text
        asked = {"text": "/nick Paula.", "nonce": "n1"}
        assert bob.post(f"/r/{room}/messages", data=asked).status_code == 422
        assert ana.post("/me", data={"name": "PAULA", "room": room}).status_code == 303
        assert bob.post("/me", data={"name": "Paula", "room": fresh()}).status_code == 303
        bob.post(f"/r/{room}/messages", data={"text": "I am not she", "nonce": "n2"})
        said = await page.frame("I am not she")
        assert re.search(r'<bdi class="name">Paula \d+</bdi>', said), said


@pytest.mark.parametrize("name", ["Аnа", "Ana ✓", "A" + "\u0301" * 6], ids=["mixed", "mark", "flood"])
def test_a_name_that_pretends_to_be_another_is_refused(client: httpx.Client, name: str) -> None:
    response = client.post("/me", data={"name": name}, headers=HTMX)
    assert response.status_code == 422
    assert 'role="alert"' in response.text


def test_many_names_in_a_minute_are_too_many(server: ServerProcess) -> None:
    with browser(server) as client:
        client.get("/")
        assert [client.post("/me", data={"name": f"Name {n}"}).status_code for n in range(20)] == [303] * 20
        for headers in ({}, HTMX):
            response = client.post("/me", data={"name": "One more"}, headers=headers)
            assert response.status_code == 429
            assert 1 <= int(response.headers["Retry-After"]) <= 3
        assert "Name 19" in client.get("/").text


def test_a_language_is_chosen_and_stays(client: httpx.Client) -> None:
    assert "Surprise me" in client.get("/").text
    response = client.post("/language", data={"language": "pt-BR", "room": "sala"})
    assert (response.status_code, response.headers["Location"]) == (303, "/r/sala")
    for path in ("/", "/r/sala", "/nowhere"):
        page = client.get(path, headers={"Accept-Language": "en"})
        assert '<html lang="pt-BR" dir="ltr" ' in page.text
    assert "Me surpreenda" in client.get("/").text
    assert "Dê um nome à sala." in client.post("/rooms", data={"title": ""}).text
    client.post("/language", data={"language": "en"})
    assert "Surprise me" in client.get("/", headers={"Accept-Language": "pt-BR"}).text


@pytest.mark.parametrize("language", ["", "xx", "pt_BR", "../en", "en\n", "<b>"])
def test_a_language_that_is_not_spoken_is_refused(client: httpx.Client, language: str) -> None:
    response = client.post("/language", data={"language": language})
    assert response.status_code == 400
    assert "quart_chat_language" not in str(response.headers.get_list("Set-Cookie"))


def test_a_cookie_of_a_language_that_is_not_spoken_is_passed_over(client: httpx.Client) -> None:
    page = client.get("/", headers={"Cookie": "quart_chat_language=../../x", "Accept-Language": "pt"})
    assert '<html lang="pt-BR" dir="ltr" ' in page.text


def test_a_name_is_kept_under_the_public_id_alone(client: httpx.Client, server: ServerProcess) -> None:
    client.get("/")
    client.post("/me", data={"name": "Kept"})
    identity = client.cookies["quart_chat"].partition(".")[0]
    with store(server) as held:
        keys = list(held.scan_iter(count=1000))
    assert any(key.endswith(":name") for key in keys)
    assert not any(identity in key for key in keys)
