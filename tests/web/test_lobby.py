from __future__ import annotations

import httpx
import pytest

from quart_chat.room.names import MAX_TITLE, is_slug
from tests.pages.trees import Tree
from tests.server.processes import ServerProcess, store
from tests.web.visits import browser, fresh


def test_a_room_is_opened_by_its_title_and_shows_it(client: httpx.Client) -> None:
    response = client.post("/rooms", data={"title": "  Festa da  Família & <Amigos> "})
    assert response.status_code == 303
    assert response.headers["Location"] == "/r/festa-da-familia-amigos"
    page = client.get("/r/festa-da-familia-amigos")
    assert page.status_code == 200
    assert "Festa da Família &amp; &lt;Amigos&gt;" in page.text
    assert "<Amigos>" not in page.text


def test_who_comes_later_with_another_spelling_comes_to_the_same_room(client: httpx.Client) -> None:
    name = fresh("sala-ça").replace("ç", "c")
    assert client.post("/rooms", data={"title": name.replace("-", " ").title()}).headers["Location"] == f"/r/{name}"
    assert client.post("/rooms", data={"title": name.upper()}).headers["Location"] == f"/r/{name}"
    assert name.replace("-", " ").title() in client.get(f"/r/{name}").text


def test_a_surprise_leads_to_a_room_with_a_readable_name(client: httpx.Client) -> None:
    response = client.post("/rooms", data={"title": "", "surprise": "1"})
    assert response.status_code == 303
    room = response.headers["Location"].removeprefix("/r/")
    assert is_slug(room)
    assert len(room.split("-")) == 3
    assert room.replace("-", " ").title() in client.get(f"/r/{room}").text


@pytest.mark.parametrize("title", ["", "   ", "…", "{}", "\0", "\u202e", "x" * (MAX_TITLE + 1)])
def test_a_title_that_cannot_be_used_is_refused_and_stays_in_the_field(client: httpx.Client, title: str) -> None:
    response = client.post("/rooms", data={"title": title})
    assert response.status_code == 422
    field = Tree(response.text.partition("<!doctype html>")[2]).by_id("title").attributes
    assert field["value"] == title.replace("\0", "\N{REPLACEMENT CHARACTER}") or field["value"] == title
    assert field["aria-invalid"] == "true"
    assert 'id="title-error"' in response.text


def test_a_refused_title_is_escaped(client: httpx.Client) -> None:
    title = '"><script>alert(1)</script>' + "x" * MAX_TITLE
    response = client.post("/rooms", data={"title": title})
    assert response.status_code == 422
    assert "<script>alert" not in response.text
    assert Tree(response.text.partition("<!doctype html>")[2]).by_id("title").attributes["value"] == title


def test_a_form_without_fields_is_refused(client: httpx.Client) -> None:
    assert client.post("/rooms").status_code == 422
    assert client.post("/rooms", content=b"\xff\xfe%%%&&=", headers={"Content-Type": "text/x"}).status_code == 422


def test_the_lobby_lists_the_rooms_one_has_been_in_latest_first(client: httpx.Client, server: ServerProcess) -> None:
    rooms = [client.post("/rooms", data={"title": fresh("listed")}).headers["Location"] for _ in range(3)]
    client.get(rooms[0])
    page = client.get("/").text
    assert sorted(rooms, key=lambda room: page.index(f'href="{room}"')) == [
        rooms[0],
        rooms[2],
        rooms[1],
    ]
    with browser(server) as stranger:
        assert rooms[0] not in stranger.get("/").text


def test_looking_creates_nothing(server: ServerProcess) -> None:
    room = fresh("unseen")
    with store(server) as held, browser(server) as stranger:
        before = set(held.scan_iter(count=1000))
        paths = ["/", f"/r/{room}", f"/r/{room}/messages", f"/r/{room}/messages?after=0-1", "/healthz", "/readyz"]
        for path in [*paths, f"/r/{room}?before=5-0", "/r/Un%20Seen", "/nowhere", "/away/en", "/compose/en/none"]:
            assert stranger.get(path, headers={"Cookie": ""}).status_code < 500
            stranger.cookies.clear()
            assert stranger.head(path).status_code < 500
            stranger.cookies.clear()
        stranger.get(f"/r/{room}")
        stranger.get(f"/r/{room}")  # with the cookie of the first time
        assert set(held.scan_iter(count=1000)) - before == set()


@pytest.mark.parametrize(
    "room", ["//evil.example", "https://evil.example", "\\\\evil.example", "/\t/evil.example", "../x"]
)
def test_no_form_leads_to_another_site(client: httpx.Client, room: str) -> None:
    for path, data in (("/me", {"name": "Ana"}), ("/language", {"language": "en"}), ("/rooms", {"title": room})):
        location = client.post(path, data={**data, "room": room}).headers.get("Location", "/")
        assert location == "/" or is_slug(location.removeprefix("/r/"))
