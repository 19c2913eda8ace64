"""A server that is its operator's own, themes, faces, and the page that tells how it works."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.pages.trees import Tree
from tests.server.processes import ServerProcess
from tests.web.conftest import UNLIMITED
from tests.web.visits import browser, fresh

LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>'


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("house")
    (folder / "logo.svg").write_bytes(LOGO)
    (folder / "house.css").write_text(":root { --accent: #b30059; }", "utf-8")
    (folder / "rules.txt").write_text("Be *kind*.\n\nNo ads.", "utf-8")
    env = UNLIMITED | {
        "QUART_CHAT_NAME": "Tea & Co",
        "QUART_CHAT_LOGO": str(folder / "logo.svg"),
        "QUART_CHAT_STYLE": str(folder / "house.css"),
        "QUART_CHAT_WELCOME": "Welcome to the *tea* house",
        "QUART_CHAT_HOUSE_RULES": str(folder / "rules.txt"),
        "QUART_CHAT_ROOM_DAYS": "0",
        "QUART_CHAT_FILES": "no",
        "QUART_CHAT_KEEP_EDITS": "yes",
    }
    with ServerProcess(folder, env=env) as server:
        yield server


def tree(response: httpx.Response) -> Tree:
    return Tree(response.text.partition("<!doctype html>")[2])


def theme_of(response: httpx.Response) -> str | None:
    return tree(response).elements[0].attributes["data-theme"]


def test_every_page_is_the_operator_s(house: ServerProcess) -> None:
    with browser(house) as client:
        for path in ("/", f"/r/{fresh()}", "/me", "/about", "/nowhere", "/times"):
            page = client.get(path)
            assert "Tea &amp; Co" in page.text, path
            assert "Quart Chat" not in page.text, path
            assert "\0" not in page.text, path
            (style,) = (
                str(one.attributes["href"])
                for one in tree(page).elements
                if (one.attributes.get("href") or "").startswith("/brand/style-")
            )
        found = client.get(style)
        assert found.headers["Content-Type"] == "text/css; charset=utf-8"
        assert found.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "--accent: #b30059" in found.text
        logo = found.text.partition('url("')[2].partition('"')[0]
        drawn = client.get(logo)
        assert drawn.content == LOGO
        assert drawn.headers["Content-Type"].startswith("image/svg+xml")
        assert "default-src 'none'" in drawn.headers["Content-Security-Policy"]
        assert client.get("/brand/logo.svg").status_code == client.get("/brand/..%2fsecret.key").status_code == 404


def test_its_welcome_stands_in_the_lobby_and_its_rules_are_linked_from_rooms(house: ServerProcess) -> None:
    with browser(house) as client:
        assert "Welcome to the <em>tea</em> house" in client.get("/").text
        room = f"/r/{fresh()}"
        (link,) = (
            one
            for one in tree(client.get(room)).elements
            if (one.attributes.get("href") or "").endswith("#house-rules")
        )
        assert "hidden" not in link.attributes
        page = client.get(str(link.attributes["href"]))
        assert "Be <em>kind</em>." in page.text
        assert tree(page).by_id("house-rules").tag == "section"
        assert f'href="{room}"' in page.text


def test_the_page_of_how_it_works_says_what_this_server_does(house: ServerProcess, client: httpx.Client) -> None:
    with browser(house) as visitor:
        theirs = visitor.get("/about")
    ours = client.get("/about")
    assert "Set-Cookie" not in ours.headers
    assert "goes after 90 days" in ours.text
    assert "200 MB in a room" in ours.text
    assert "is shown to nobody" in ours.text
    assert "A room stays until its owners delete it" in theirs.text
    assert "carry no files" in theirs.text
    assert "stays readable for everybody" in theirs.text
    assert 'id="house-rules"' not in ours.text
    said = client.get("/about", headers={"Accept-Language": "pt-BR"}).text
    assert "Como funciona" in said
    assert "What is kept" not in said


def test_a_theme_is_chosen_by_a_plain_form_and_stays(ana: httpx.Client) -> None:
    room = fresh()
    assert theme_of(ana.get("/")) == "system"
    for theme in ("dark", "contrast", "light"):
        answer = ana.post("/theme", data={"theme": theme, "room": room})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/r/{room}")
        for path in ("/", f"/r/{room}", "/me", "/nowhere", "/about"):
            assert theme_of(ana.get(path)) == theme, path
    ana.post("/theme", data={"theme": "system"})
    assert theme_of(ana.get(f"/r/{room}")) == "system"


def test_one_kept_page_fits_readers_of_all_themes(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    ana.post(f"/r/{room}/messages", data={"text": "hello", "nonce": "n"})
    ana.post("/theme", data={"theme": "dark"})
    for _ in range(2):
        assert [theme_of(one.get(f"/r/{room}")) for one in (ana, bob)] == ["dark", "system"]


@pytest.mark.parametrize("theme", ["", "pink", "dark\r\nX: y"])
def test_what_is_no_theme_is_refused(ana: httpx.Client, theme: str) -> None:
    answer = ana.post("/theme", data={"theme": theme})
    assert answer.status_code == 400
    assert "no such theme" in answer.text
    assert theme_of(ana.get("/")) == "system"


def test_a_cookie_that_says_something_else_is_the_system_s_theme(client: httpx.Client) -> None:
    assert theme_of(client.get("/", headers={"Cookie": 'quart_chat_theme="><script>'})) == "system"


def test_a_face_is_drawn_for_an_id_and_kept_for_good(client: httpx.Client) -> None:
    first = client.get("/face/0123456789abcdef.svg")
    assert first.headers["Content-Type"].startswith("image/svg+xml")
    assert first.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in first.headers
    assert client.get("/face/0123456789abcdef.svg").content == first.content
    for other in ("0123456789ABCDEF", "x", "0123456789abcde", "../../etc"):
        assert client.get(f"/face/{other}.svg").status_code == 404


def test_whoever_writes_is_seen_by_their_face_once_a_group(ana: httpx.Client) -> None:
    room = fresh()
    for number in range(3):
        ana.post(f"/r/{room}/messages", data={"text": f"message {number}", "nonce": f"n{number}"})
    log = ana.get(f"/r/{room}").text.partition('id="log"')[2].partition("</ol>")[0]
    assert log.count("<img src=") == log.count('<img src="/face/') == 1


def test_an_empty_room_says_how_to_begin_and_a_full_one_does_not(ana: httpx.Client) -> None:
    room = fresh()
    assert 'class="first"' in ana.get(f"/r/{room}").text
    ana.post(f"/r/{room}/messages", data={"text": "hello", "nonce": "n"})
    assert 'class="first"' not in ana.get(f"/r/{room}").text


def test_what_did_not_work_in_a_room_leads_back_to_it(ana: httpx.Client) -> None:
    room = fresh()
    ana.post(f"/r/{room}/messages", data={"text": "hello", "nonce": "n"})
    lost = ana.get(f"/r/{room}/m/1700000000000-0")
    assert lost.status_code == 404
    assert f'href="/r/{room}"' in lost.text
    assert "Back to the room" in lost.text
    assert "Back to the room" not in ana.get("/nowhere").text
