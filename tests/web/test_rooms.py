from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from quart_chat.room.entries import is_entry_id
from quart_chat.room.names import is_slug
from quart_chat.store.keys import visited
from tests.pages.trees import Tree
from tests.server.processes import ServerProcess, store
from tests.web.conftest import UNLIMITED
from tests.web.visits import ask, browser, fresh, key_in

HTMX = {"HX-Request": "true"}


def say(client: httpx.Client, room: str, text: str, nonce: str, **headers: str) -> httpx.Response:
    return client.post(f"/r/{room}/messages", data={"text": text, "nonce": nonce}, headers=headers)


def rows(page: str) -> list[tuple[str, str]]:
    """Give the messages of a page: id and text."""
    body = page.partition("<!doctype html>")[2] or page
    elements = Tree(body).elements
    found = [e.attributes["id"] for e in elements if str(e.attributes.get("class", "")).startswith("message ")]
    texts = [e.text for e in elements if e.attributes.get("class") == "text"]
    return list(zip([str(name).removeprefix("m-") for name in found], texts, strict=True))


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("Meine%20Stra%C3%9Fe", "meine-strasse"),
        ("FESTA", "festa"),
        ("a_b", "a-b"),
        ("-a-", "a"),
        ("a--b", "a-b"),
        ("%F0%9F%8E%89", None),
        ("%E6%9D%B1%E4%BA%AC", None),
    ],
)
def test_another_spelling_leads_to_the_one_true_address(server: ServerProcess, spelling: str, name: str | None) -> None:
    for rest, query in (("", ""), ("", "?before=5-0&x=%C3%A9%20%22"), ("/messages", "?after=5-0")):
        answer = ask(server, f"/r/{spelling}{rest}{query}")
        assert answer.status == 308
        room = str(answer.headers["Location"]).removeprefix("/r/").removesuffix(f"{rest}{query}")
        assert is_slug(room)
        assert name in (None, room)
    answer = ask(server, f"/r/{spelling}/messages", "POST", Origin=server.url)
    assert answer.status == 308  # which keeps the method and the form


@pytest.mark.parametrize(
    "name",
    [
        *("../", "..", "%2e%2e%2f", "%2e%2e%2fetc%2fpasswd", "..%5c", "{}", "%7B%7D", "%00", "a%00b", "%0d%0aX:%20y"),
        *(
            "a" * 10_000,
            "%F0%9F" * 3000,
            "%ED%A0%80",
            "%FF",
            "a%FFb",
            "%",
            "%zz",
            "-",
            "---",
            "%20",
            "%E2%80%AE",
            "?",
            "#",
        ),
        *("{{7*7}}", "%25s", "<script>", "%3Cscript%3E", "/evil.example", "%2F%2Fevil.example", "a/b", "a;b", "~", "@"),
    ],
)
@pytest.mark.parametrize("rest", ["", "/messages"])
def test_a_name_that_is_none_gets_a_clear_answer(server: ServerProcess, name: str, rest: str) -> None:
    answer = ask(server, f"/r/{name}{rest}")
    assert answer.status in (308, 400, 404, 422), answer.body
    if answer.status == 308:
        location = str(answer.headers["Location"]).removeprefix(server.url)
        assert re.fullmatch(r"/r/[a-z0-9.][a-z0-9./-]*", location), location
    assert "<script>alert" not in answer.body
    assert "<script>" not in answer.body.partition("<body")[2]


def test_a_room_that_nobody_opened_shows_its_name_and_can_be_written_in(client: httpx.Client) -> None:
    room = fresh()
    page = client.get(f"/r/{room}")
    assert page.status_code == 200
    assert f"<bdi>{room}</bdi>" in page.text
    assert rows(page.text) == []
    assert f'hx-ws:connect="/r/{room}/ws?language=en"' in page.text
    assert 'id="since" name="since" value="0-0"' in page.text


def test_a_message_is_said_by_a_plain_form(client: httpx.Client) -> None:
    room = fresh()
    page = client.get(f"/r/{room}").text
    response = say(client, room, "Oi <b>\r\n🎉", key_in(page))
    assert (response.status_code, response.headers["Location"]) == (303, f"/r/{room}")
    page = client.get(f"/r/{room}").text
    ((entry_id, text),) = rows(page)
    assert is_entry_id(entry_id)
    assert text == "Oi <b>\n🎉"
    assert f'id="since" name="since" value="{entry_id}"' in page
    assert key_in(page) != key_in(client.get(f"/r/{room}").text)


def test_htmx_gets_no_page_for_it(client: httpx.Client) -> None:
    response = say(client, fresh(), "x", "n", **HTMX)
    assert (response.status_code, response.text) == (204, "")


def test_the_same_form_sent_twice_is_one_message(client: httpx.Client, server: ServerProcess) -> None:
    room = fresh()
    assert [say(client, room, "x", "n").status_code for _ in range(3)] == [303] * 3
    assert say(client, room, "y", "n").status_code == 422
    assert [text for _, text in rows(client.get(f"/r/{room}").text)] == ["x"]
    with browser(server) as another:
        another.get("/")
        say(another, room, "y", "n")
    assert [text for _, text in rows(client.get(f"/r/{room}").text)] == ["x", "y"]


@pytest.mark.parametrize("text", ["", " \n", "x" * 4001, "</textarea><script>alert(1)</script>" + "x" * 4000])
def test_a_message_that_cannot_be_kept_stays_in_the_field(client: httpx.Client, text: str) -> None:
    room = fresh()
    response = say(client, room, text, "n")
    assert response.status_code == 422
    assert "<script>alert" not in response.text
    field = Tree(response.text.partition("<!doctype html>")[2]).by_id("plain")
    assert field.text == f"\n{text}"  # browsers drop the first line end
    assert 'role="alert"' in response.text
    short = say(client, room, text, "n", **HTMX)
    assert short.status_code == 422
    assert rows(client.get(f"/r/{room}").text) == []


@pytest.mark.parametrize(
    "data", [{}, {"text": "x"}, {"nonce": "n"}, {"text": "x", "nonce": "a b"}, {"text": "x", "nonce": ""}]
)
def test_a_form_without_its_fields_is_refused(client: httpx.Client, data: dict[str, str]) -> None:
    assert client.post(f"/r/{fresh()}/messages", data=data).status_code == 400


def test_the_first_message_opens_the_room(client: httpx.Client, server: ServerProcess) -> None:
    room = fresh("opened")
    say(client, room, "x", "n")
    with store(server) as held:
        assert held.hget(f"c:{{{room}}}:meta", "title") == room
    assert f'href="/r/{room}"' in client.get("/").text


def test_history_is_read_backwards_and_forwards(client: httpx.Client) -> None:
    room = fresh("history")
    for number in range(120):
        say(client, room, str(number), f"n{number}", **HTMX)
    page = client.get(f"/r/{room}").text
    newest = rows(page)
    assert [text for _, text in newest] == [str(n) for n in range(70, 120)]
    part = client.get(f"/r/{room}/messages", params={"before": newest[0][0]})
    older = rows(part.text)
    assert [text for _, text in older] == [str(n) for n in range(20, 70)]
    assert part.text.count(' old"') == 50
    assert f"/r/{room}/messages?before={older[0][0]}" in part.text
    oldest = rows(client.get(f"/r/{room}/messages", params={"before": older[0][0]}).text)
    assert [text for _, text in oldest] == [str(n) for n in range(20)]
    after = rows(client.get(f"/r/{room}/messages", params={"after": oldest[-1][0]}).text)
    assert [text for _, text in after] == [str(n) for n in range(20, 70)]
    assert rows(client.get(f"/r/{room}/messages", params={"after": newest[-1][0]}).text) == []
    assert rows(client.get(f"/r/{room}/messages").text) == newest
    past = client.get(f"/r/{room}", params={"before": newest[0][0]}).text
    assert rows(past) == older
    assert "hx-ws:connect" not in past


@pytest.mark.parametrize(
    "place", ["", "x", "1", "1-", "-1-0", "5-0 ", "٣-٤", "1" * 20 + "-0", "<script>", "5-0\n", "*", "+", "-", "$"]
)
@pytest.mark.parametrize("argument", ["before", "after"])
def test_a_place_that_is_none_is_refused(server: ServerProcess, argument: str, place: str) -> None:
    answer = ask(server, f"/r/x/messages?{argument}={quote(place)}")
    assert answer.status == 400
    if argument == "before":
        assert ask(server, f"/r/x?{argument}={quote(place)}").status == 400


@pytest.mark.parametrize("place", ["0-0", "0-1", "999999999999999-999999999999999"])
@pytest.mark.parametrize("argument", ["before", "after"])
def test_any_place_that_could_be_one_is_answered(server: ServerProcess, argument: str, place: str) -> None:
    assert ask(server, f"/r/x/messages?{argument}={place}").status == 200
    assert ask(server, f"/r/x?{argument}={place}").status == 200


def test_a_page_says_times_in_the_operator_s_zone_and_the_reader_s_language(client: httpx.Client) -> None:
    room = fresh()
    say(client, room, "x", "n")
    english = client.get(f"/r/{room}", headers={"Accept-Language": "ja, de;q=0, en;q=0.5"})
    portuguese = client.get(f"/r/{room}", headers={"Accept-Language": "pt;q=0.9, en;q=0.5"})
    assert '<html lang="en" dir="ltr" ' in english.text
    assert '<html lang="pt-BR" dir="ltr" ' in portuguese.text
    assert "UTC" in english.text


def test_who_comes_without_a_cookie_leaves_nothing_behind(server: ServerProcess) -> None:
    room = fresh()
    with browser(server) as somebody:
        assert somebody.post("/rooms", data={"title": room}).status_code == 303
    with store(server) as look:
        before = set(look.scan_iter(count=1000))
        for _ in range(3):
            assert httpx.get(f"{server.url}/r/{room}", trust_env=False).status_code == 200
        assert set(look.scan_iter(count=1000)) <= before  # what other tests left may lapse meanwhile


def texts(client: httpx.Client, room: str, **headers: str) -> list[str]:
    return [text for _, text in rows(client.get(f"/r/{room}", headers=headers).text)]


def test_two_servers_of_one_store_show_the_same_at_once(
    client: httpx.Client, server: ServerProcess, tmp_path: Path
) -> None:
    room, key = fresh(), (server.data / "secret.key").read_text()
    env = {**UNLIMITED, "REDIS_URL": server.store_url, "QUART_CHAT_SECRET_KEY": key}
    with ServerProcess(tmp_path, env=env) as second, browser(second) as other:
        for number in range(6):
            say((client, other)[number % 2], room, str(number), f"n{number}")
            assert texts(client, room) == texts(other, room) == [str(n) for n in range(number + 1)]


def test_a_room_of_which_less_than_a_page_is_kept_shows_no_more_than_that(tmp_path: Path) -> None:
    room = fresh()
    env = {**UNLIMITED, "QUART_CHAT_MESSAGES_PER_ROOM": "3"}
    with ServerProcess(tmp_path, env=env) as server, browser(server) as client:
        for number in range(6):
            say(client, room, str(number), f"n{number}")
            assert texts(client, room) == [str(n) for n in range(number + 1)][-3:]
        assert "This is where the room begins." in client.get(f"/r/{room}").text


def test_a_room_that_lapsed_begins_anew(client: httpx.Client, server: ServerProcess) -> None:
    room = fresh()
    say(client, room, "old", "n")
    assert texts(client, room) == ["old"]
    with store(server) as held:
        held.delete(*held.keys(f"c:{{{room}}}:*"))
    page = client.get(f"/r/{room}").text
    assert rows(page) == []
    assert 'id="since" name="since" value="0-0"' in page
    say(client, room, "new", "n")
    assert texts(client, room) == ["new"]


def test_a_page_is_each_reader_s_own(client: httpx.Client, server: ServerProcess) -> None:
    room = fresh()
    say(client, room, "x", "n")
    with browser(server, **{"Accept-Language": "pt"}) as other:
        pages = [one.get(f"/r/{room}").text for one in (client, other, client, other)]
    assert ['<html lang="en" dir="ltr" ' in page for page in pages] == [True, False, True, False]
    assert len({key_in(page) for page in pages}) == 4
    own = [re.findall(r"/own/[0-9a-f]{16}", page) for page in pages]
    assert own[0] == own[2] != own[1] == own[3]
    named = client.get(f"/r/{room}", headers={"Host": "chat.example"}).text
    assert f"http://chat.example/r/{room}" in named
    assert "chat.example" not in client.get(f"/r/{room}").text


def test_a_new_name_leaves_what_was_said_before(client: httpx.Client) -> None:
    room = fresh()
    for number, name in enumerate(("Ana", "Ana Maria")):
        client.post("/me", data={"name": name})
        say(client, room, name, f"n{number}")
        page = client.get(f"/r/{room}").text
    names = [
        e.text
        for e in Tree(page.partition("<!doctype html>")[2]).elements
        if e.attributes.get("class") == "name" and "ol" in e.path
    ]
    assert names == ["Ana", "Ana Maria"]
    assert Tree(page.partition("<!doctype html>")[2]).by_id("name").attributes["value"] == "Ana Maria"


def test_looking_again_notes_no_visit_unless_one_was_elsewhere(client: httpx.Client, server: ServerProcess) -> None:
    room, other = fresh(), fresh()
    for name in (other, room):
        say(client, name, "x", "n")
    page = client.get(f"/r/{room}").text
    (public,) = re.findall(r"/own/([0-9a-f]{16})", page)
    with store(server) as held:
        before = held.zrange(visited(public), 0, -1, withscores=True)
        for _ in range(5):
            client.get(f"/r/{room}")
        assert held.zrange(visited(public), 0, -1, withscores=True) == before
    for looked_at in (other, room):  # the second though it was noted a moment ago
        client.get(f"/r/{looked_at}")
        with store(server) as held:
            assert held.zrange(visited(public), -1, -1) == [looked_at]
