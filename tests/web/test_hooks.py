"""Hooks as programs and owners meet them: by requests such as curl sends, and by plain forms."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.server.processes import ServerProcess
from tests.web.test_messages import say
from tests.web.test_order import tree
from tests.web.visits import browser, fresh

CHARACTERS = 4000


@pytest.fixture
def room(ana: httpx.Client) -> str:
    room = fresh()
    say(ana, room, "mine")
    return room


@pytest.fixture
def program(server: ServerProcess) -> Iterator[httpx.Client]:
    """What knows nothing but the address of a hook."""
    with httpx.Client(trust_env=False) as client:
        yield client


def shown(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [one.text for one in tree(response).elements if one.attributes.get("class") == "link"]


def make(owner: httpx.Client, room: str, name: str = "GitHub") -> str:
    """Make a hook by which a program writes; gives its address."""
    address, curl = shown(owner.post(f"/r/{room}/hooks", data={"do": "in", "name": name}))
    assert curl == f"curl -d text=hello {address}"
    return address


def hook_ids(owner: httpx.Client, room: str) -> list[str]:
    return re.findall(r'name="hook" value="([0-9a-f]+)"', owner.get(f"/r/{room}/order").text)


def test_a_program_writes_as_json_as_a_form_and_as_text(ana: httpx.Client, program: httpx.Client, room: str) -> None:
    address = make(ana, room)
    text = {"Content-Type": "text/plain; charset=utf-8"}
    answers = [
        program.post(address, json={"text": "by *JSON*", "blocks": [1]}),
        program.post(address, json={"content": "as Discord"}, headers={"Content-Type": "application/cloudevents+json"}),
        program.post(address, data={"text": "by a form"}),
        program.post(address, data={"payload": '{"text": "as Slack’s older senders"}'}),
        program.post(address, content="by text ü".encode(), headers=text),
        program.post(address, data={"text": "asking for JSON"}, headers={"Accept": "application/json"}),
    ]
    assert [one.status_code for one in answers] == [201] * 6
    assert [one.headers["Content-Type"].partition(";")[0] for one in answers] == [
        *("application/json", "application/json", "text/plain", "text/plain", "text/plain", "application/json")
    ]
    for answer in answers:
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
    assert answers[0].json()["id"] == re.findall(r'<li id="m-([0-9-]+)"', ana.get(f"/r/{room}").text)[1]
    assert re.fullmatch(r"[0-9]+-[0-9]+\n", answers[2].text)
    page = ana.get(f"/r/{room}").text
    for said in ("by <em>JSON</em>", "as Discord", "by a form", "as Slack’s older senders", "by text ü"):
        assert said in page, said
    assert 'GitHub <small class="bot">bot</small>' in page
    assert room not in str(answers[0].headers) + answers[0].text, "a hook does not tell where the room is"


@pytest.mark.parametrize(
    ("sent", "status", "why"),
    [
        ({"json": {"text": ""}}, 422, "The message is empty."),
        ({"json": {"text": "x" * (CHARACTERS + 1)}}, 422, "A message has at most 4000 characters"),
        ({"content": b'{"text": "\\ud800"}', "headers": {"Content-Type": "application/json"}}, 422, "not text"),
        ({"json": {"text": 1}}, 400, "Send JSON with a text"),
        ({"json": [{"text": "x"}]}, 400, "Send JSON with a text"),
        ({"content": "{", "headers": {"Content-Type": "application/json"}}, 400, "That is no JSON."),
        ({"content": "[" * 50_000, "headers": {"Content-Type": "application/json"}}, 400, "That is no JSON."),
        ({"content": b"\xff", "headers": {"Content-Type": "text/plain"}}, 400, "The text is not UTF-8."),
        ({"content": b"\xff", "headers": {"Content-Type": "application/json"}}, 400, "That is no JSON."),
        ({"data": {"other": "x"}}, 400, "Send JSON with a text"),
        ({"content": b"x", "headers": {"Content-Type": "image/png"}}, 415, "Send JSON with a text"),
        ({"content": b"x" * 200_000, "headers": {"Content-Type": "text/plain"}}, 413, "too much"),
        ({"json": {"text": "x"}, "headers": {"Idempotency-Key": "x" * 256}}, 400, "An Idempotency-Key"),
        ({"json": {"text": "x"}, "headers": {"Idempotency-Key": ""}}, 400, "An Idempotency-Key"),
    ],
)
def test_what_cannot_be_taken_is_told_in_the_kind_that_was_sent(
    server: ServerProcess, program: httpx.Client, sent: dict[str, object], status: int, why: str
) -> None:
    with browser(server) as owner:
        room = fresh()
        say(owner, room, "mine")
        answer = program.post(make(owner, room), **sent)  # type: ignore[arg-type]
        assert (answer.status_code, why in answer.text) == (status, True), answer.text
        as_json = "json" in sent or "json" in str(sent.get("headers"))
        assert answer.headers["Content-Type"].startswith("application/json" if as_json else "text/plain")
        assert owner.get(f"/r/{room}").text.count('<li id="m-') == 1


def test_a_key_makes_a_message_once_and_a_removed_hook_none(
    ana: httpx.Client, program: httpx.Client, room: str
) -> None:
    address = make(ana, room)
    once = {"Idempotency-Key": '"build 42"'}
    first, again = (program.post(address, json={"text": "once"}, headers=once) for _ in range(2))
    assert first.json() == again.json()
    assert program.post(address, json={"text": "other"}, headers=once).status_code == 422
    (hook_id,) = hook_ids(ana, room)
    assert ana.post(f"/r/{room}/hooks", data={"do": "remove", "hook": hook_id}).status_code == 303
    gone = program.post(address, json={"text": "x"})
    assert gone.status_code == 404
    assert "no hook at this address" in gone.json()["error"]
    assert program.get(address).status_code == 405
    assert "made a hook:" in ana.get(f"/r/{room}/order").text
    assert "removed a hook:" in ana.get(f"/r/{room}/order").text


def test_a_program_meets_limits_and_an_archive(behind: ServerProcess, program: httpx.Client) -> None:
    """On a server whose operator wants no messages to go out."""
    with browser(behind, **{"X-Forwarded-For": "192.0.2.77"}) as owner:
        room = fresh("hooked")
        say(owner, room, "mine")
        address = make(owner, room)
        for _ in range(3):
            assert program.post(address, json={"text": "x"}).status_code == 201
        refused = program.post(address, json={"text": "x"})
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert 'name="url"' not in owner.get(f"/r/{room}/order").text
        out = {"do": "out", "url": "https://example.org", "which": "all"}
        assert owner.post(f"/r/{room}/hooks", data=out).status_code == 403
        owner.post(f"/r/{room}/order", data={"writers": "everyone", "slow": "0", "archived": "1"})
        assert program.post(address, json={"text": "x"}).status_code == 403


def test_an_owner_makes_a_hook_to_a_server_and_others_see_nothing_of_it(
    ana: httpx.Client, bob: httpx.Client, room: str
) -> None:
    made = ana.post(
        f"/r/{room}/hooks",
        data={"do": "out", "url": "https://hook.example/secret-path", "which": "first", "word": "!x"},
    )
    (secret,) = shown(made)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/=]{44}", secret)
    page = ana.get(f"/r/{room}/order").text
    assert secret not in page, "it is shown once"
    assert "secret-path" not in page
    assert "hook.example" in page
    assert "gets messages that begin with “!x”, none yet" in page
    seen = bob.get(f"/r/{room}/order").text
    assert "Messages also go to another server: <bdi>hook.example</bdi>" in seen, "everybody may know where to"
    for text in (seen, bob.get(f"/r/{room}").text):
        assert not re.search("whsec_|secret-path|/hooks|!x", text)
    refused = bob.post(f"/r/{room}/hooks", data={"do": "in", "name": "x"})
    assert refused.status_code == 403
    (hook_id,) = hook_ids(ana, room)
    assert bob.post(f"/r/{room}/hooks", data={"do": "remove", "hook": hook_id}).status_code == 403
    assert ana.post(f"/r/{room}/hooks", data={"do": "wake", "hook": hook_id}).status_code == 404, "it is on"
    assert ana.post(f"/r/{room.upper()}/hooks", data={"do": "in"}).status_code == 308


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"do": "x"},
        {"do": "in"},
        {"do": "in", "name": "a" * 41},
        {"do": "out", "url": "https://example.org", "which": "x"},
        {"do": "out", "url": "https://example.org", "which": "word", "word": ""},
        {"do": "out", "url": "http://example.org", "which": "all"},
        {"do": "out", "url": "https://127.0.0.1/", "which": "all"},
        {"do": "out", "url": "https://[fd00::1]/", "which": "all"},
        {"do": "out", "url": "https://example.org:25/", "which": "all"},
        {"do": "out", "which": "all"},
        {"do": "remove"},
        {"do": "wake", "hook": "<x>"},
    ],
)
def test_what_makes_no_hook_is_refused(ana: httpx.Client, fields: dict[str, str]) -> None:
    room = fresh()
    say(ana, room, "mine")
    answer = ana.post(f"/r/{room}/hooks", data=fields)
    assert answer.status_code in (400, 404, 422), answer.text
    assert not hook_ids(ana, room)
