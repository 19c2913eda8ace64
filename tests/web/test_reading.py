"""What is new, as a browser asks for it: the line in the page, the lobby's list, icons, and the switch of the sound."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from quart_chat.room.limits import COUNTS
from tests.server.processes import ServerProcess
from tests.web.visits import browser, cookie_of, fresh

HTMX = {"HX-Request": "true"}
LINE = '<li id="new" class="new">'


def say(client: httpx.Client, room: str, *texts: str) -> None:
    for text in texts:
        response = client.post(f"/r/{room}/messages", data={"text": text, "nonce": fresh("n")})
        assert response.status_code == 303, response.text


def read(client: httpx.Client, room: str) -> str:
    """Open a room as a browser without a script does; gives the page."""
    page = client.get(f"/r/{room}").text
    (address,) = re.findall(r'"(/r/[^"]+/read\.css\?until=[^"]+)"', page)
    response = client.get(address)
    assert (response.status_code, response.text, response.headers["Content-Type"]) == (
        200,
        "",
        "text/css; charset=utf-8",
    )
    assert response.headers["Cache-Control"] == "no-store"
    return page


def test_a_line_stands_above_what_is_new_and_is_gone_once_it_was_read(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "one")
    assert LINE not in read(bob, room)
    say(ana, room, "two", "three")
    for _ in range(2):  # a page that was fetched and never shown has not been read
        page = bob.get(f"/r/{room}").text
        assert page.count(LINE) == 1
        assert re.search(rf"{LINE}<span>New since you left</span></li><li[^>]*>.*?two", page)
    assert LINE in read(bob, room)
    assert LINE not in read(bob, room)
    assert LINE not in read(ana, room)


def test_what_is_new_from_before_the_page_is_a_link_away(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "first")
    read(bob, room)
    say(ana, room, *(f"t{number}" for number in range(60)))
    (link,) = re.findall(rf'{LINE}<a href="(/r/[^"]+)">New since you left', bob.get(f"/r/{room}").text)
    beyond = bob.get(link).text
    assert re.findall(r'dir="auto">(t\d+)<', beyond)[:2] == ["t0", "t1"]


def test_no_text_moves_the_line(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "one")
    read(bob, room)
    entry = '<li id="m-1-0" class="message">'
    say(ana, room, entry)
    page = bob.get(f"/r/{room}").text
    assert page.count(LINE) == 1
    assert page.index(LINE) < page.index("&lt;li id=")


@pytest.mark.parametrize("until", ["", "x", "0-0-0", "1-1%0a", "'"])
def test_what_is_no_place_is_not_noted(bob: httpx.Client, until: str) -> None:
    assert bob.get(f"/r/{fresh()}/read.css?until={until}").status_code == 404


def test_a_link_to_what_notes_it_notes_nothing(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "one")
    read(bob, room)
    say(ana, room, "two")
    address = f"/r/{room}/read.css?until=99999999999999-0"
    assert bob.get(address, headers={"Sec-Fetch-Dest": "document"}).status_code == 404
    assert LINE in bob.get(f"/r/{room}").text
    assert bob.get(address, headers={"Sec-Fetch-Dest": "style"}).status_code == 200
    assert LINE not in bob.get(f"/r/{room}").text


def test_a_stranger_and_a_room_that_there_is_not_leave_nothing(server: ServerProcess, bob: httpx.Client) -> None:
    room = fresh()
    with browser(server) as stranger:
        assert stranger.get(f"/r/{room}/read.css?until=1-0").status_code == 200
    assert bob.get(f"/r/{room}/read.css?until=1-0").status_code == 200
    assert f"/r/{room}" not in bob.get("/").text


def test_the_lobby_counts_what_is_new_in_each_room_and_asks_again(ana: httpx.Client, bob: httpx.Client) -> None:
    one, two = fresh("one"), fresh("two")
    for room in (one, two):
        say(bob, room, "mine")
        read(bob, room)
    say(ana, one, "a", "b")
    say(ana, two, "@nobody")
    page, polled = bob.get("/").text, bob.get("/rooms", headers=HTMX).text
    for html in (page, polled):
        own = html.partition('id="rooms"')[2].partition("</section>")[0]  # others list rooms for everybody
        assert re.findall(r'<span class="aside">([^<]+)</span>', own) == ["1 new message", "2 new messages"]
        assert own.count("<li><a") == 2
        assert "<title>(3) Quart Chat" in html
        assert 'href="/icon/3-0.svg?v=' in html
    (again,) = re.findall(r'hx-get="(/rooms\?shown=[^"]+)"', polled)
    assert again in page
    assert bob.get(again, headers=HTMX).status_code == 204  # nothing is another
    read(bob, one)
    assert "<title>(1) Quart Chat" in bob.get(again, headers=HTMX).text
    assert bob.get("/rooms").headers["Location"] == "/"


def test_who_asks_all_the_time_gets_the_lobby_without_numbers(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(bob, room, "mine")
    read(bob, room)
    say(ana, room, "new")
    answers = [bob.get("/rooms", headers=HTMX) for _ in range(COUNTS.most)]
    while answers[-1].status_code == 200 and len(answers) < 2 * COUNTS.most:  # one is earned in each second
        answers.append(bob.get("/rooms", headers=HTMX))
    assert [answer.status_code for answer in answers] == [200] * (len(answers) - 1) + [429]
    assert len(answers) > COUNTS.most
    assert int(answers[-1].headers["Retry-After"]) >= 1
    pages = [bob.get("/") for _ in range(3)]
    assert all(page.status_code == 200 and f"/r/{room}" in page.text for page in pages)
    assert any('class="count"' not in page.text for page in pages)


def test_what_means_somebody_is_counted_apart_in_the_lobby(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    name = fresh("bob")
    bob.post("/me", data={"name": name})
    say(bob, room, "mine")
    read(bob, room)
    say(ana, room, f"@{name} look", "and this")
    page = bob.get("/").text
    assert "<title>(2, @1) Quart Chat" in page
    assert re.findall(r'<span class="aside">([^<]+)</span>', page) == ["2 new messages", "1 of them mentions you"]


@pytest.mark.parametrize(("path", "number"), [("7-0", "7"), ("7-2", "2"), ("100-0", "99+"), ("100-100", "99+")])
def test_an_icon_has_the_number(client: httpx.Client, path: str, number: str) -> None:
    response = client.get(f"/icon/{path}.svg")
    assert response.headers["Content-Type"].startswith("image/svg+xml")
    assert f">{number}</text>" in response.text
    assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["0-0", "101-0", "1-2", "x-0", "-1-0", "1"])
def test_an_icon_that_nobody_needs_is_not_drawn(client: httpx.Client, path: str) -> None:
    assert client.get(f"/icon/{path}.svg").status_code == 404


def test_the_switch_of_the_sound_is_remembered_and_told_to_the_socket(bob: httpx.Client) -> None:
    room = fresh()
    switch = r'role="switch" aria-checked="(true|false)"'
    say(bob, room, "one")
    assert re.findall(switch, bob.get(f"/r/{room}").text) == ["false"]
    answer = bob.post("/sound", data={"sound": "1", "room": room}, headers=HTMX)
    assert re.findall(switch, answer.text) == ["true"]
    assert json.loads(re.findall(r"hx-vals='([^']+)'", answer.text)[0]) == {"act": "sound", "on": "1"}
    assert "<audio" in answer.text
    assert "HttpOnly" in cookie_of(answer, "quart_chat_sound")
    assert re.findall(switch, bob.get(f"/r/{room}").text) == ["true"]
    plain = bob.post("/sound", data={"sound": "0", "room": room})
    assert (plain.status_code, plain.headers["Location"]) == (303, f"/r/{room}")
    assert re.findall(switch, bob.get(f"/r/{room}").text) == ["false"]
    for odd in ({}, {"sound": "x"}, {"sound": "0", "room": "//evil.example"}):
        assert bob.post("/sound", data=odd).headers["Location"] == "/"


def test_the_sound_is_one_that_the_page_may_play(client: httpx.Client) -> None:
    page = client.get(f"/r/{fresh()}")
    assert "media-src 'self'" in page.headers["Content-Security-Policy"]
    switched = client.post("/sound", data={"sound": "1", "room": "x"}, headers=HTMX).text
    (address,) = re.findall(r'src="(/static/mention\.[0-9a-f]{12}\.wav)"', switched)
    sound = client.get(address)
    assert sound.content[:4] == b"RIFF"
    assert sound.headers["Content-Type"] in ("audio/x-wav", "audio/wav")
