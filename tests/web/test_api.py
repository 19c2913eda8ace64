"""The JSON API: what a program does by it, that it is the same as by the pages, and that it tells outsiders nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from quart_chat.room.json_entries import message_json, people_json
from quart_chat.web import api_shapes as shapes
from tests.room.test_json_entries import SAID
from tests.server.processes import ServerProcess
from tests.web.routes import routes
from tests.web.test_bearers import bot_of, program, token_of
from tests.web.test_messages import say
from tests.web.test_order import ban, own, rule
from tests.web.visits import browser, fresh

PROBLEM = "application/problem+json"


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    told: dict[str, Any] = response.json()
    assert response.headers["Content-Type"] == PROBLEM
    assert (response.status_code, told["status"], told["code"]) == (status, status, code), told
    return told


def at(room: str, *rest: str) -> str:
    return "/".join(("/api/rooms", room, *rest))


@pytest.fixture
def script(server: ServerProcess, ana: httpx.Client) -> Any:
    """A program that shows a token of ana's."""
    with program(server, token_of(ana)) as client:
        yield client


def test_a_program_talks_as_the_person_whose_token_it_shows(script: httpx.Client, ana: httpx.Client) -> None:
    room, name = fresh(), fresh("Paula")
    ana.post("/me", data={"name": name})
    sent = script.post(at(room, "messages"), json={"text": "hi *there*", "nonce": "n1"})
    assert sent.status_code == 201
    entry_id = sent.json()["id"]
    assert sent.headers["Location"] == at(room, "messages", entry_id)
    assert sent.json()["path"] == f"/r/{room}/m/{entry_id}"
    again = script.post(at(room, "messages"), json={"text": "hi *there*", "nonce": "n1"})
    assert again.json()["id"] == entry_id
    problem(script.post(at(room, "messages"), json={"text": "other", "nonce": "n1"}), 422, "spent")
    got = script.get(sent.headers["Location"]).json()
    assert (got["id"], got["text"], got["author"]["name"], got["edited"]) == (entry_id, "hi *there*", name, None)
    assert got["author"]["id"] == own(ana, room)
    assert "hi <em>there</em>" in ana.get(f"/r/{room}").text
    answer = script.post(at(room, "messages"), json={"text": "and this", "reply": entry_id}).json()["id"]
    assert script.get(at(room, "messages", answer)).json()["reply"]["id"] == entry_id
    edited = script.patch(at(room, "messages", entry_id), json={"text": "bye"}).json()
    assert (edited["text"], edited["edited"] is not None) == ("bye", True)
    assert script.get(at(room, "messages", answer)).json()["reply"]["text"] == "bye"
    assert script.delete(at(room, "messages", entry_id)).status_code == 204
    gone = script.get(at(room, "messages", entry_id)).json()
    assert (gone["text"], gone["deleted"]) == ("", True)
    problem(script.delete(at(room, "messages", "1-1")), 404, "no-message")
    assert "Set-Cookie" not in sent.headers


def test_reactions_pins_and_topics_come_to_the_same_however_often(script: httpx.Client, ana: httpx.Client) -> None:
    room = fresh()
    one = say(ana, room, "mine")
    for _ in range(2):
        assert script.post(at(room, "messages", one, "reactions"), json={"emoji": ":tada:"}).status_code == 204
        assert script.put(at(room, "pins", one)).status_code == 204
        assert script.put(at(room, "topic"), json={"topic": "about"}).status_code == 204
    (reaction,) = script.get(at(room, "messages", one)).json()["reactions"]
    assert (reaction["emoji"], reaction["count"]) == ("🎉", 1)
    told = script.get(at(room)).json()
    assert (told["topic"], [pin["id"] for pin in told["pins"]]) == ("about", [one])
    for _ in range(2):
        assert script.delete(at(room, "messages", one, "reactions", "🎉")).status_code == 204
        assert script.delete(at(room, "pins", one)).status_code == 204
    assert script.get(at(room, "messages", one)).json()["reactions"] == []
    assert script.get(at(room)).json()["pins"] == []
    problem(script.post(at(room, "messages", one, "reactions"), json={"emoji": "xy"}), 422, "bad-text")


def test_a_room_tells_its_rules_and_what_whoever_asks_may_do(
    server: ServerProcess, script: httpx.Client, ana: httpx.Client, client: httpx.Client
) -> None:
    room = fresh()
    say(ana, room, "mine")
    rule(ana, room, writers="moderators", slow="30")
    owner, guest = script.get(at(room)).json(), client.get(at(room)).json()
    assert (owner["you"]["role"], guest["you"]["role"]) == ("owner", "member")
    assert "rule" in owner["you"]["may"]
    assert guest["you"]["may"] == []
    assert (guest["rules"]["writers"], guest["rules"]["slow"]) == ("moderators", 30)
    with program(server, bot_of(ana, room)) as bot:
        you = bot.get(at(room)).json()["you"]
        assert (you["role"], you["bot"], you["name"]) == ("bot", True, "Robo")
        assert bot.post(at(room, "messages"), json={"text": "beep"}).status_code == 201
        assert bot.get(at(room, "messages")).json()["messages"][-1]["author"]["bot"] is True
        problem(bot.get(at(fresh())), 403, "unwelcome")
        problem(bot.put(at(room, "topic"), json={"topic": "x"}), 403, "not-yours")  # the room is slow
    assert client.get(at(room, "people")).json() == people_json([], 0)
    problem(client.post(at(room, "messages"), json={"text": "x"}), 403, "not-yours")


def test_messages_come_in_pages_to_both_sides(script: httpx.Client, ana: httpx.Client) -> None:
    room = fresh()
    ids = [say(ana, room, f"number {number}") for number in range(7)]

    def page(**query: Any) -> tuple[list[str], bool]:
        told = script.get(at(room, "messages"), params=query).json()
        return [one["id"] for one in told["messages"]], told["more"]

    assert page() == (ids, False)
    assert page(limit=3) == (ids[-3:], True)
    assert page(limit=100) == (ids, False)
    assert page(limit=3, before=ids[3]) == (ids[:3], False)
    assert page(limit=2, before=ids[3]) == (ids[1:3], True)
    assert page(limit=3, after=ids[3]) == (ids[4:], False)
    assert page(limit=2, after=ids[3]) == (ids[4:6], True)
    assert page(limit=2, after=ids[-1]) == ([], False)
    for query in ({"limit": 0}, {"limit": 101}, {"limit": "x"}, {"before": "x"}, {"beforr": ids[0]}):
        assert "understood" in problem(script.get(at(room, "messages"), params=query), 400, "bad-request")["detail"]
    both = script.get(at(room, "messages"), params={"before": ids[0], "after": ids[0]})
    problem(both, 422, "bad-search")


def test_a_search_finds_what_fits(script: httpx.Client, ana: httpx.Client) -> None:
    room = fresh()
    one, _, last = say(ana, room, "a needle"), say(ana, room, "hay"), say(ana, room, "needles too")
    found = script.get(at(room, "search"), params={"q": "needle"}).json()
    assert ([hit["id"] for hit in found["messages"]], found["rest"]) == ([last, one], None)
    assert script.get(at(room, "search"), params={"q": " "}).json() == {"messages": [], "rest": None}
    problem(script.get(at(room, "search"), params={"q": "before:2026-13-99"}), 422, "bad-search")
    problem(script.get(at(room, "search")), 400, "bad-request")


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b'{"text": "x"}', "text/plain", 415, "unsupported-media-type"),
        (b"text=x", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        (b'{"text": "x"}', "", 415, "unsupported-media-type"),
        (b"", "application/json", 400, "bad-frame"),
        (b'{"text": 1}', "application/json", 400, "bad-frame"),
        (b'{"text": "x", "nonse": "y"}', "application/json", 400, "bad-frame"),
        (b'{"text": "x", "nonce": "a b"}', "application/json", 400, "bad-frame"),
        (b'{"text": "x", "reply": "1"}', "application/json", 400, "bad-frame"),
        (b'{"text": "\\ud800"}', "application/json", 400, "bad-frame"),
        (b"[" * 100_000, "application/json", 400, "bad-frame"),
        (b"1" * 5000, "application/json", 400, "bad-frame"),
        (b'{"text": "\xff"}', "application/json", 400, "bad-frame"),
        (b'{"text": "  "}', "application/json", 422, "bad-text"),
        (b'{"text": "' + b"x" * 4001 + b'"}', "application/json", 422, "bad-text"),
        (b'{"text": "' + b"x" * 140_000 + b'"}', "application/json", 413, "request-entity-too-large"),
    ],
)
def test_what_cannot_be_taken_is_told_as_a_problem(  # noqa: PLR0917
    script: httpx.Client, ana: httpx.Client, body: bytes, kind: str, status: int, code: str
) -> None:
    room = fresh()
    say(ana, room, "mine")
    headers = {"Content-Type": kind} if kind else {}
    told = problem(script.post(at(room, "messages"), content=body, headers=headers), status, code)
    assert told["detail"]
    assert [one["text"] for one in script.get(at(room, "messages")).json()["messages"]] == ["mine"]


def test_whoever_asks_for_json_is_told_problems_anywhere_in_their_language(client: httpx.Client) -> None:
    asked = {"Accept": "application/json", "Accept-Language": "pt-BR"}
    told = problem(client.get("/no/such", headers=asked), 404, "not-found")
    assert told["detail"].startswith("Não há nada neste endereço")
    assert client.get("/no/such").headers["Content-Type"].startswith("text/html")
    refused = client.get("/me", headers={"Authorization": "Bearer qc_x", **asked})
    problem(refused, 401, "bad-token")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer ")
    problem(client.put("/api/rooms/x"), 405, "method-not-allowed")
    problem(client.get("/api/rooms/x"), 404, "no-message")
    problem(client.get("/api/rooms/X Y"), 404, "no-message")
    problem(client.get("/api/no/such"), 404, "not-found")
    refused = client.get("/api/rooms/x", headers={"Authorization": "Basic eA=="})
    problem(refused, 401, "bad-token")  # here whatever is shown has to be a token


def test_a_guest_writes_in_rooms_that_are_there_as_somebody_new_each_time(
    server: ServerProcess, ana: httpx.Client
) -> None:
    room = fresh()
    say(ana, room, "mine")
    with browser(server, origin=False) as guest:
        first = guest.post(at(room, "messages"), json={"text": "one"})
        guest.post(at(room, "messages"), json={"text": "two"})
        assert "Set-Cookie" not in first.headers
        problem(guest.patch(at(room, "messages", first.json()["id"]), json={"text": "x"}), 403, "not-yours")
        problem(guest.post(at(fresh(), "messages"), json={"text": "x"}), 404, "no-message")
    authors = [one["author"]["id"] for one in ana.get(at(room, "messages")).json()["messages"]]
    assert len(set(authors)) == 3


def test_a_cookie_alone_changes_nothing_from_another_site(server: ServerProcess, ana: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "mine")
    with browser(server, origin=False) as other:
        other.cookies.update(ana.cookies)
        assert other.get(at(room)).json()["you"]["role"] == "owner"
        problem(other.post(at(room, "messages"), json={"text": "x"}), 403, "unwelcome")
        foreign = other.post(at(room, "messages"), json={"text": "x"}, headers={"Origin": "https://evil.example"})
        problem(foreign, 403, "unwelcome")
        assert other.options(at(room, "messages")).headers.get("Access-Control-Allow-Origin") is None


def test_too_much_is_told_with_when_to_come_again(behind: ServerProcess) -> None:
    room = fresh("api")
    with browser(behind, **{"X-Forwarded-For": "203.0.113.78"}) as ana:
        ana.get("/")
        statuses = [ana.post(at(room, "messages"), json={"text": f"{number}"}) for number in range(4)]
        assert [one.status_code for one in statuses] == [201, 201, 201, 429]
        problem(statuses[-1], 429, "too-fast")
        assert int(statuses[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize("kept_out", ["banned", "never invited", "never asked"])
def test_who_is_kept_out_is_told_nothing(ana: httpx.Client, bob: httpx.Client, tmp_path: Path, kept_out: str) -> None:
    room = fresh()
    entry_id = say(ana, room, "a secret word")
    if kept_out == "banned":
        assert ban(ana, room, say(bob, room, "rude")).status_code == 303
    else:
        assert rule(ana, room, **({"asks": "1"} if kept_out == "never asked" else {"closed": "1"})).status_code == 303
    values = {"name": room, "entry_id": entry_id, "emoji": "🎉"}
    bodies = {"messages": {"text": "x"}, "reactions": {"emoji": "🎉"}, "topic": {"topic": "x"}}
    of_rooms = [one for one in routes(tmp_path, methods=None) if one.path.startswith("/api/rooms/<name>")]
    assert len(of_rooms) == 13
    for route in of_rooms:
        last = route.path.rpartition("/")[2]
        body = bodies.get(last) or ({"text": "x"} if route.method == "PATCH" else None)
        query = {"q": "secret"} if last == "search" else {}
        refused = bob.request(route.method, route.at(**values), json=body, params=query)
        assert refused.status_code == 403, route
        assert "secret" not in refused.text, route


def test_the_shapes_are_those_of_what_is_given() -> None:
    assert set(message_json(SAID, "x")) == set(shapes.Message.__struct_fields__)
    assert set(message_json(SAID, "x")["files"][0]) == set(shapes.File.__struct_fields__)
    assert set(people_json([], 0)) == set(shapes.People.__struct_fields__)
