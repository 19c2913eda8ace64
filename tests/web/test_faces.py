"""One address, four faces: what somebody accepts decides, and what comes back to who says something there."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.server.processes import ServerProcess
from tests.web.visits import browser, fresh

CURL = {"User-Agent": "curl/8.9.1", "Accept": "*/*"}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ASKS = [
    (CURL, "text/plain"),
    ({"User-Agent": "Wget/1.24", "Accept": "*/*"}, "text/plain"),
    ({"User-Agent": "facebookexternalhit/1.1", "Accept": "*/*"}, "text/html"),  # a preview of a link wants the page
    ({"Accept": BROWSER}, "text/html"),
    ({"User-Agent": "curl/8.9.1", "Accept": BROWSER}, "text/html"),
    ({"Accept": "text/plain"}, "text/plain"),
    ({"Accept": "application/json"}, "application/x-ndjson"),
    ({"Accept": "application/x-ndjson"}, "application/x-ndjson"),
    ({"Accept": "text/html;q=0.5, application/json"}, "application/x-ndjson"),
    ({"Accept": "text/event-stream"}, "text/event-stream"),
    ({"Accept": "image/png"}, "text/html"),
    ({"Accept": "text/plain;" + "q=1," * 2000}, "text/html"),
    ({"Accept": ";;;,"}, "text/html"),
]


def opened(server: ServerProcess) -> str:
    """Open a room in a browser; give its name."""
    room = fresh()
    with browser(server) as client:
        assert client.post("/rooms", data={"title": room}).status_code == 303
    return room


@pytest.mark.parametrize(("headers", "kind"), ASKS)
def test_what_somebody_accepts_decides_what_they_see(server: ServerProcess, headers: dict[str, str], kind: str) -> None:
    with browser(server, **headers) as client:
        answer = client.get("/r/faces?follow=0")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].partition(";")[0] == kind
        assert client.head("/r/faces").headers["Content-Type"].partition(";")[0] == kind
        assert "Set-Cookie" in answer.headers or kind != "text/html"
        assert "Set-Cookie" not in answer.headers or kind == "text/html"


def test_a_terminal_says_something_and_reads_it(server: ServerProcess) -> None:
    room = opened(server)
    with browser(server, origin=False, **CURL) as curl:
        said = curl.post(f"/r/{room}", data={"text": "hello", "name": "Ana"})
        assert said.status_code == 201
        assert said.headers["Content-Type"].startswith("text/plain")
        link = said.text.strip()
        assert link == f"{server.url}{said.headers['Location']}"
        assert "Set-Cookie" not in said.headers
        assert curl.post(f"/r/{room}/messages", data={"text": "two\nlines"}).status_code == 201
        text = curl.get(f"/r/{room}?follow=0").text
        assert text.startswith(f"-- {room} · {server.url}/r/{room}\n")
        assert "Ana: hello\n" in text
        assert ": two\n      │ lines\n" in text
        assert curl.get(link, headers={"Accept": BROWSER}).status_code == 200


def test_a_program_says_something_and_reads_it(server: ServerProcess) -> None:
    room = opened(server)
    with browser(server, origin=False, Accept="application/json") as program:
        said = program.post(f"/r/{room}", data={"text": "hello", "nonce": "n-1", "name": "Ana"})
        assert said.status_code == 201
        told = said.json()
        assert told["link"].endswith(f"/r/{room}/m/{told['id']}")
        lines = program.get(f"/r/{room}?follow=0").text.splitlines()
        records = [json.loads(line) for line in lines]
        assert [one["type"] for one in records] == ["page", "header", "message"]
        assert (records[2]["id"], records[2]["text"], records[2]["author"]["name"]) == (told["id"], "hello", "Ana")


@pytest.mark.parametrize("headers", [CURL, {"Accept": "text/plain"}])
def test_a_terminal_is_told_why_not_in_words(server: ServerProcess, headers: dict[str, str]) -> None:
    room = opened(server)
    with browser(server, origin=False, **headers) as curl:
        for fields, status, why in (
            ({"text": " "}, 422, "The message is empty.\n"),
            ({"words": "x"}, 400, "A message needs its field “text”"),
            ({"text": "/dance"}, 422, "There is no command /dance"),
            ({"text": "x", "name": "\u200b"}, 422, ""),
            ({"text": "x", "nonce": "a b"}, 400, "A message needs its field “nonce”"),
        ):
            answer = curl.post(f"/r/{room}", data=fields)
            assert (answer.status_code, "<" in answer.text) == (status, False), answer.text
            assert answer.text.startswith(why)
            assert answer.headers["Content-Type"].startswith("text/plain")
        assert curl.get(f"/r/{room}?since=what").status_code == 400
        assert curl.get("/nothing").text.endswith("Rooms are at /r/their-name.\n")
        assert curl.post(f"/r/{room}", data={"text": "/help"}).text.startswith("Commands: /me waves")
        assert curl.post(f"/r/{room}", data={"text": "/me waves", "name": "Ana"}).status_code == 201


def test_a_name_that_somebody_keeps_is_not_a_guest_s(server: ServerProcess, ana: httpx.Client) -> None:
    room = opened(server)
    assert ana.post("/me", data={"name": "Keeper of Keys"}).status_code == 303
    assert ana.post("/me/phrase", data={"phrase": "a long enough phrase of mine"}).status_code == 303
    with browser(server, origin=False, **CURL) as curl:
        refused = curl.post(f"/r/{room}", data={"text": "x", "name": "Keeper of Keys"})
        assert refused.status_code == 422
        assert "is kept by its owner" in refused.text


def test_a_cookie_s_name_is_not_changed_by_the_field(ana: httpx.Client) -> None:
    room = fresh()
    ana.post("/me", data={"name": "Ana Lima"})
    ana.post(f"/r/{room}", data={"text": "x", "nonce": "n-1", "name": "Somebody"}, headers={"Accept": "text/plain"})
    assert "Ana Lima: x\n" in ana.get(f"/r/{room}?follow=0", headers={"Accept": "text/plain"}).text


def test_outsiders_of_a_private_room_see_no_face_of_it(server: ServerProcess, ana: httpx.Client) -> None:
    room = fresh("private")
    ana.post(f"/r/{room}/messages", data={"text": "the secret", "nonce": "n-1"})
    ana.post(f"/r/{room}/order", data={"closed": "1", "files": "1", "writers": "everyone", "slow": "0"})
    for accept in (*(headers.get("Accept", "") for headers, _ in ASKS), "text/plain"):
        with browser(server, origin=False, Accept=accept) as outsider:
            for path in ("", "/live", "/write", "/plain"):
                answer = outsider.get(f"/r/{room}{path}?follow=0")
                assert answer.status_code == 403, (accept, path)
                assert "secret" not in answer.text
            assert outsider.post(f"/r/{room}", data={"text": "x", "nonce": "n"}).status_code == 403


def test_the_form_of_a_page_without_scripts_gives_back_what_was_not_taken(ana: httpx.Client) -> None:
    room = fresh()
    form = ana.get(f"/r/{room}/write")
    assert form.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in form.headers["Content-Security-Policy"]
    assert "script" not in form.headers["Content-Security-Policy"].replace("script-src 'none'", "")
    said = ana.post(f"/r/{room}/write", data={"text": "hi", "nonce": "w-0"})
    assert (said.status_code, said.headers["Location"]) == (303, f"/r/{room}/write")
    again = ana.post(f"/r/{room}/write", data={"text": "/dance <b>", "nonce": "w-1"})
    assert again.status_code == 422
    assert 'value="/dance &lt;b&gt;"' in again.text
    assert again.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_what_a_frame_shows_instead_may_be_framed_too(server: ServerProcess, ana: httpx.Client) -> None:
    room = fresh("private")
    ana.post(f"/r/{room}/messages", data={"text": "x", "nonce": "n-1"})
    ana.post(f"/r/{room}/order", data={"closed": "1", "files": "1", "writers": "everyone", "slow": "0"})
    with browser(server, Accept=BROWSER) as outsider:
        for path in ("live", "write"):
            refused = outsider.get(f"/r/{room}/{path}")
            assert refused.status_code == 403
            assert refused.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert outsider.get(f"/r/{room}").headers["X-Frame-Options"] == "DENY"
    moved = ana.get("/r/Some%20Room/live?x=1")
    assert (moved.status_code, moved.headers["Location"]) == (308, "/r/some-room/live?x=1")


def test_whatever_becomes_of_what_a_frame_sent_may_be_framed(server: ServerProcess, ana: httpx.Client) -> None:
    room = fresh("archive")
    ana.post(f"/r/{room}/messages", data={"text": "x", "nonce": "n-1"})
    ana.post(f"/r/{room}/order", data={"archived": "1", "files": "1", "writers": "everyone", "slow": "0"})
    late = ana.post(f"/r/{room}/write", data={"text": "too late", "nonce": "w-0"})
    assert late.status_code == 403
    assert 'value="too late"' in late.text
    for answer in (late, ana.post(f"/r/{room}/write", data={"nonce": "w-0"})):
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    with browser(server, Accept=BROWSER) as outsider:
        ana.post(f"/r/{room}/order", data={"closed": "1", "files": "1", "writers": "everyone", "slow": "0"})
        refused = outsider.post(f"/r/{room}/write", data={"text": "x", "nonce": "w-0"})
        assert (refused.status_code, refused.headers["X-Frame-Options"]) == (403, "SAMEORIGIN")


def test_a_guest_opens_no_room_for_nobody_would_own_it(server: ServerProcess, ana: httpx.Client) -> None:
    room = fresh()
    with browser(server, origin=False, **CURL) as curl:
        refused = curl.post(f"/r/{room}", data={"text": "hello"})
        assert (refused.status_code, refused.text[:31]) == (404, "There is no such room yet. Open")
        assert ana.post(f"/r/{room}/messages", data={"text": "mine", "nonce": "n-1"}).status_code == 303
        assert curl.post(f"/r/{room}", data={"text": "hello"}).status_code == 201


def test_a_slow_room_holds_for_guests_too(server: ServerProcess, ana: httpx.Client) -> None:
    room = fresh()
    ana.post(f"/r/{room}/messages", data={"text": "x", "nonce": "n-1"})
    ana.post(f"/r/{room}/order", data={"slow": "60", "files": "1", "writers": "everyone"})
    with browser(server, origin=False, **CURL) as curl:
        refused = curl.post(f"/r/{room}", data={"text": "spam"})
        assert (refused.status_code, refused.text[:18]) == (403, "This room is slow.")
        by_program = curl.post(f"/api/rooms/{room}/messages", json={"text": "spam"})
        assert (by_program.status_code, "This room is slow." in by_program.text) == (403, True)
        form = {"text": "spam", "nonce": fresh("n")}
        with_file = curl.post(f"/r/{room}/files", data=form, files={"file": ("a.txt", b"x")})
        assert (with_file.status_code, "This room is slow." in with_file.text) == (403, True)
    assert "spam" not in ana.get(f"/r/{room}/messages").text
