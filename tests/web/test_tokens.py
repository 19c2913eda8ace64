"""Forms of browsers that say nothing of where they come from: a token tells, and nothing else is taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from quart_chat.room.people import new_id
from quart_chat.web.identity import Identities
from tests.pages.trees import Tree
from tests.server.processes import ServerProcess
from tests.web.routes import VALUES, routes
from tests.web.visits import browser, fresh

HEADER = "X-Form-Token"


@pytest.fixture
def silent(server: ServerProcess) -> Iterator[httpx.Client]:
    """An old browser, or one behind a proxy that takes out what tells of it."""
    with browser(server, origin=False) as client:
        yield client


def token_in(page: str) -> str:
    found = re.search(r'<input type="hidden" name="token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def test_every_form_that_posts_carries_a_token(ana: httpx.Client, tmp_path: Path) -> None:
    room = fresh()
    ana.post(f"/r/{room}/messages", data={"text": "x", "nonce": "n"})
    entry_id = re.findall(r'id="m-([0-9-]+)"', ana.get(f"/r/{room}").text)[0]
    for what, data in (("react", {"emoji": "🎉"}), ("pin", {})):
        ana.post(f"/r/{room}/m/{entry_id}/{what}", data=data)
    values = {**VALUES, "name": room, "entry_id": entry_id, "filename": "base.css"}
    forms: set[str] = set()
    for path in sorted({route.at(**values) for route in routes(tmp_path) if route.method == "GET"}):
        page = ana.get(path).text
        if not page.startswith("<!doctype html>"):
            continue
        tree = Tree(page.partition("<!doctype html>")[2])
        for number, element in enumerate(tree.elements):
            if element.tag == "form" and element.attributes.get("method") == "post":
                forms.add(re.sub(r"/m/[^/]+", "/m", str(element.attributes["action"]).replace(room, "")))
                field = tree.elements[number + 1]
                assert field.attributes.get("name") == "token", f"{path}: {element.attributes}"
                assert field.path == f"{element.path}/input"
    assert forms >= {"/me", "/language", "/rooms", "/times", "/sound", "/r//messages", "/r//files", "/r//topic"}
    assert forms >= {"/r//m/react", "/r//m/pin", "/r//m/unpin", "/r//m/delete", "/r//m/edit"} - {"/r//m/pin"}


def test_a_form_with_its_page_s_token_is_taken(silent: httpx.Client) -> None:
    room = fresh()
    token = token_in(silent.get("/").text)  # with the cookie that the same page brought
    assert silent.post("/me", data={"name": "Silent Ana", "token": token}).status_code == 303
    said = silent.post(f"/r/{room}/messages", data={"text": "by token", "nonce": "n", "token": token})
    assert said.status_code == 303
    page = silent.get(f"/r/{room}").text
    assert "by token" in page
    assert "Silent Ana" in page
    again = token_in(page)
    assert again != token, "what is compressed with it says nothing of the next one"
    assert silent.post("/me", data={"name": "By Header"}, headers={HEADER: again}).status_code == 303
    file = {"file": ("x.txt", b"x", "text/plain")}
    sent = silent.post(f"/r/{room}/files", data={"nonce": "f", "text": "t", "token": again}, files=file)
    assert sent.status_code == 303
    sent = silent.post(f"/r/{room}/files", data={"nonce": "g", "text": "t"}, files=file, headers={HEADER: again})
    assert sent.status_code == 303


@pytest.mark.parametrize("token", ["", "x", ".", "a.b", "é", "x" * 3000, "\0.\0"])
def test_a_form_without_its_token_is_refused_where_nothing_else_tells(silent: httpx.Client, token: str) -> None:
    silent.get("/")
    room = fresh()
    for path, data in (("/me", {"name": "x"}), ("/language", {"language": "en"}), ("/rooms", {"surprise": "1"})):
        answer = silent.post(path, data={**data, "token": token})
        assert answer.status_code == 403, path
        assert "did not say" in answer.text
    file = {"file": ("x.txt", b"x", "text/plain")}
    assert silent.post(f"/r/{room}/files", data={"nonce": "f", "token": token}, files=file).status_code == 403
    assert "x.txt" not in silent.get(f"/r/{room}").text


def test_another_s_token_is_none(silent: httpx.Client, ana: httpx.Client) -> None:
    silent.get("/")
    theirs = token_in(ana.get("/").text)
    for headers in ({}, {HEADER: theirs}):
        assert silent.post("/me", data={"name": "x", "token": theirs}, headers=headers).status_code == 403


def test_a_token_does_not_outweigh_what_a_browser_says(silent: httpx.Client) -> None:
    token = token_in(silent.get("/").text)
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert silent.post("/me", data={"name": "x", "token": token}, headers=headers).status_code == 403


def test_what_says_where_it_comes_from_needs_no_token(ana: httpx.Client, server: ServerProcess) -> None:
    assert ana.post("/me", data={"name": "x"}).status_code == 303
    with browser(server, origin=False, **{"Sec-Fetch-Site": "same-origin"}) as client:
        client.get("/")
        assert client.post("/me", data={"name": "x"}).status_code == 303


def test_htmx_is_told_to_send_the_token_with_whatever_it_posts(silent: httpx.Client) -> None:
    for path in ("/", f"/r/{fresh()}"):
        found = re.search(r"""<body [^>]*hx-headers:inherited='{"X-Form-Token":"([^"]+)",""", silent.get(path).text)
        assert found, path
        assert silent.post("/me", data={"name": "x"}, headers={HEADER: found[1]}).status_code == 303


def test_a_token_is_its_identity_s_and_outlives_a_new_key() -> None:
    old, both, new, somebody = Identities("old"), Identities("new", "old"), Identities("new"), new_id()
    token = old.form_token(somebody)
    assert both.is_form_token(somebody, token)
    assert not new.is_form_token(somebody, token)
    assert new.is_form_token(somebody, both.form_token(somebody))
    assert not old.is_form_token(new_id(), token)
    assert len({old.form_token(somebody) for _ in range(50)}) == 50
    for place in (0, 5, 20, 40, 52):  # of the mask, or of what is under it
        other = "A" if token[place] != "A" else "B"
        assert not old.is_form_token(somebody, token[:place] + other + token[place + 1 :])
    for odd in ("", ".", token[:-1], f"{token}A", f"{token}=", "é" * 54, " " * 54, "x" * 54, f"{token}\n"):
        assert not old.is_form_token(somebody, odd), odd


def test_a_cookie_outlives_a_new_key_and_is_signed_anew(server: ServerProcess) -> None:
    old, both, new, somebody = Identities("old"), Identities("new", "old"), Identities("new"), new_id()
    signed = str(old._signer.dumps(somebody))
    assert both.read({"quart_chat": signed}, secure=False) == somebody
    assert new.read({"quart_chat": signed}, secure=False) is None
    response = httpx.Response(200, headers={"Set-Cookie": both._line(somebody, False)})
    renewed = response.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    assert renewed != signed
    assert new.read({"quart_chat": renewed}, secure=False) == somebody
