from __future__ import annotations

import re
import time

import httpx
import pytest

from quart_chat.room.names import MAX_TITLE, is_slug
from tests.pages.trees import Tree
from tests.server.processes import ServerProcess, store
from tests.web.test_messages import say
from tests.web.visits import browser, fresh, within_a_minute

HTMX = {"HX-Request": "true"}


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


def row(page: str, room: str) -> str:
    """Give what the lobby says of a room, as plain text; "" where it says nothing."""
    found = re.search(rf'<li><a href="/r/{room}">(.*?)</a>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", "", found[1]).split()) if found else ""


def test_a_room_shows_its_last_line_without_markup_and_never_what_was_deleted(
    ana: httpx.Client, bob: httpx.Client
) -> None:
    room = fresh("last")
    ana.post("/rooms", data={"title": room})
    bob.get(f"/r/{room}")
    ana.post("/me", data={"name": "Eva"})
    assert row(bob.get("/").text, room).endswith(f"/r/{room}")
    within_a_minute()
    first = say(ana, room, "see **you** at ||eight|| <b>")
    assert row(bob.get("/").text, room).endswith("just now Eva: see you at ▒▒▒ &lt;b&gt;")
    assert "You: see you" in row(ana.get("/").text, room)
    second = say(ana, room, "/me waves")
    assert row(bob.get("/").text, room).endswith("Eva waves")
    ana.post(f"/r/{room}/m/{second}/delete")
    assert "see you at" in row(bob.get("/").text, room)
    ana.post(f"/r/{room}/m/{first}/edit", data={"text": "at nine " + "x" * 300})
    assert re.search(r"Eva: at nine x{50,}…$", row(bob.get("/").text, room))
    ana.post(f"/r/{room}/m/{first}/delete")
    assert row(bob.get("/").text, room).endswith(f"/r/{room}")


def test_nothing_is_told_of_a_room_that_one_may_not_enter_any_more(ana: httpx.Client, bob: httpx.Client) -> None:
    room, away = fresh("closes"), "a secret line"
    ana.post("/rooms", data={"title": room})
    bob.get(f"/r/{room}")
    ana.post(f"/r/{room}/order", data={"writers": "everyone", "slow": "0", "closed": "1", "listed": "1"})
    say(ana, room, away)
    assert away in ana.get("/").text
    for path, headers in (("/", {}), (f"/?q={room}", {}), (f"/rooms?q={room}", HTMX), ("/rooms", HTMX)):
        page = bob.get(path, headers=headers).text
        assert away not in page
        assert f'href="/r/{room}"' not in page
    told = bob.post("/rooms/off", data={"room": room}).text
    assert f"/r/{room}" not in told
    assert away not in told


def test_the_rooms_are_sorted_by_what_was_said_last(ana: httpx.Client, bob: httpx.Client) -> None:
    one, two = fresh("sorted"), fresh("sorted")
    for room in (one, two):
        say(ana, room, "first")
        bob.get(f"/r/{room}")
    say(ana, one, "later")
    page = bob.get("/").text
    assert page.index(f'href="/r/{one}"') < page.index(f'href="/r/{two}"')


def test_a_room_is_taken_off_one_s_own_list_until_one_goes_back(ana: httpx.Client, bob: httpx.Client) -> None:
    one, two = fresh("stays"), fresh("goes")
    for room in (one, two):
        say(ana, room, "x")
        bob.get(f"/r/{room}")
    page = bob.post("/rooms/off", data={"room": two})
    assert page.status_code == 200
    assert f"“{two}” is off your list." in page.text
    assert row(page.text, one)
    assert not row(page.text, two)
    part = bob.post("/rooms/off", data={"room": one}, headers=HTMX).text
    assert "<!doctype" not in part
    assert not row(bob.get("/").text, one)
    assert row(ana.get("/").text, one), "others keep it"
    bob.get(f"/r/{two}")
    assert row(bob.get("/").text, two)
    assert bob.post("/rooms/off", data={"room": "No Slug!"}).status_code == 400
    assert bob.post("/rooms/off").status_code == 400


def test_rooms_are_found_by_beginnings_of_words_without_case_and_accents(ana: httpx.Client, bob: httpx.Client) -> None:
    word = fresh("zebrañ")
    for title in (f"Clube da {word} Ação", f"{word} (leitura)", "Other"):
        room = bob.post("/rooms", data={"title": title}).headers["Location"]
        bob.get(room)
    for typed, found in ((f"ZEBRAN{word[6:]}", 2), ("acao zebran", 1), ("leit", 1), ("eitura", 0), ("x" * 5000, 0)):
        for path, headers in (("/", {}), ("/rooms", HTMX)):
            page = bob.get(path, params={"q": typed}, headers=headers).text
            assert page.count('class="off"') == found, typed
            assert ("No room here has these words" in page) == (not found)
    assert bob.get("/", params={"q": "   "}).text.count('class="off"') == 3
    page = bob.get("/", params={"q": '"><script>'}).text
    assert '<script>"' not in page
    assert Tree(page.partition("<!doctype html>")[2]).by_id("sought").attributes["value"] == '"><script>'


def test_a_lobby_that_asks_again_sees_others_rooms_live_and_else_gets_nothing(server: ServerProcess) -> None:
    with browser(server) as owner, browser(server) as stranger:
        owner.get("/")
        room = fresh("listed")
        owner.post("/rooms", data={"title": room})
        owner.post(f"/r/{room}/order", data={"writers": "everyone", "slow": "0", "files": "1", "listed": "1"})
        page = _until(stranger, "/rooms", f'href="/r/{room}"')
        within_a_minute()
        deadline = time.monotonic() + 20
        while stranger.get(again := _again(page), headers=HTMX).status_code != 204:  # a minute may have begun
            assert time.monotonic() < deadline
            page = stranger.get("/rooms", headers=HTMX).text
        say(owner, room, "something")
        assert "just now" in row(_until(stranger, again, f'href="/r/{room}"'), room)


def _again(page: str) -> str:
    return re.findall(r'hx-get="(/rooms\?shown=[^"]+)"', page)[0]


def _until(client: httpx.Client, path: str, sign: str) -> str:
    """Ask until the answer says something: a worker's list is some seconds old."""
    deadline = time.monotonic() + 20
    while sign not in (page := client.get(path, headers=HTMX).text):
        assert time.monotonic() < deadline, page
    return page
