from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from quart_chat.room.people import new_id, public_id
from tests.server.processes import ServerProcess
from tests.web.observatory import complaints
from tests.web.routes import VALUES, routes
from tests.web.visits import ask, browser, fresh, tab

FOR_GOOD = "max-age=31536000, immutable"
KEY = "0123456789abcdef"
CSS = f"/own/{public_id(new_id())}.css"

ANSWERS = [
    ("GET", "/", 200),
    ("GET", "/r/headers", 200),
    ("GET", "/r/Headers", 308),
    ("GET", "/r/headers/messages", 200),
    ("GET", "/r/headers/messages?before=x", 400),
    ("GET", "/r/{}", 422),
    ("GET", "/nowhere", 404),
    ("GET", "/language", 405),
    ("GET", "/me", 200),
    ("GET", "/carry/x", 404),
    ("OPTIONS", "/me", 200),
    ("HEAD", "/", 200),
    ("POST", "/rooms", 422),
    ("POST", "/language", 400),
    ("GET", "/healthz", 200),
    ("GET", "/readyz", 200),
    ("GET", "/away/en", 200),
    ("GET", "/away/xx", 404),
    ("GET", CSS, 200),
    ("GET", f"/compose/en/{KEY}/0", 200),
    ("GET", "/compose/en/none", 200),
    ("GET", "/static/base.css", 200),
    ("GET", "/static/nothing.css", 404),
    ("GET", "/static/../pyproject.toml", 404),
    ("GET", "/static/%2e%2e/pyproject.toml", 404),
    ("GET", "/r/headers/ws", 400),
]


def protected(response: httpx.Response, *, secure: bool = False) -> None:
    assert complaints(response, secure=secure) == []


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_kind_of_answer_protects_itself(client: httpx.Client, method: str, path: str, status: int) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    protected(response)


def test_another_site_s_form_is_answered_with_the_same_care(client: httpx.Client) -> None:
    response = client.post("/rooms", headers={"Origin": "https://evil.example"})
    assert response.status_code == 403
    protected(response)


async def test_a_refused_handshake_is_answered_with_the_same_care(server: ServerProcess) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with tab(server, "r", origin="https://evil.example"):
            pass
    headers = list(refused.value.response.headers.raw_items())
    assert refused.value.response.status_code == 403
    protected(httpx.Response(403, headers=headers))


METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")


@pytest.mark.parametrize("secure", [False, True], ids=["HTTP", "HTTPS"])
def test_every_address_answers_every_method_as_an_a_plus_asks(
    behind: ServerProcess, tmp_path: Path, secure: bool
) -> None:
    scheme = "https" if secure else "http"
    headers = {
        "X-Forwarded-Proto": scheme,
        "X-Forwarded-For": "192.0.2.9",
        "Origin": f"{scheme}://127.0.0.1:{behind.port}",
    }
    paths = {route.at(**VALUES) for route in routes(tmp_path)}
    paths |= {
        "/static/base.css",
        "/static/vendor/htmx.min.js",
        "/nowhere",
        "/r/{}",
        "/r/Headers",
        "//x//y",
        "/r/headers/ws",
    }
    statuses: set[int] = set()
    with browser(behind, **headers) as client:
        for path in sorted(paths):
            for method in METHODS:
                others = ({"HX-Request": "true"}, {"Origin": "https://evil.example"})
                for more in ({}, *(others if method in ("GET", "POST") else ())):
                    answer = client.request(method, path, headers=more)
                    statuses.add(answer.status_code)
                    taken = {"/live": ("GET", "HEAD", "OPTIONS"), "/write": ("GET", "HEAD", "OPTIONS", "POST")}
                    framed = method in taken.get(path[path.rfind("/") :].partition("?")[0], ())
                    wrong = complaints(answer, secure=secure, framed=framed)
                    assert wrong == [], f"{method} {path} {more}: {answer.status_code}"
    assert statuses >= {200, 303, 308, 400, 403, 404, 405, 422}


def test_what_is_no_request_is_answered_with_the_same_care(behind: ServerProcess) -> None:
    for headers, secure in (({"X-Forwarded-Proto": "https"}, True), ({}, False)):
        answer = ask(behind, "x", **headers)
        assert answer.status in (400, 404)
        assert complaints(httpx.Response(answer.status, headers=answer.headers.items()), secure=secure) == []


def test_pictures_and_downloads_may_do_nothing_at_all(ana: httpx.Client) -> None:
    room = fresh()
    ana.post(f"/r/{room}/files", data={"nonce": "n", "text": ""}, files=[("file", ("x.txt", b"x", "text/plain"))])
    address = re.findall(rf'href="(/r/{room}/m/[^"]+/files/[^"]+)"', ana.get(f"/r/{room}").text)[0]
    answer = ana.get(address)
    assert answer.status_code == 200
    protected(answer)
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/r/headers", "/r/headers/messages", "/healthz", "/readyz", "/nowhere", "/r/{}"])
def test_what_changes_is_kept_nowhere(client: httpx.Client, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "no-store"


def test_what_follows_from_its_address_is_kept_for_good(client: httpx.Client) -> None:
    for path in (f"/compose/en/{KEY}/0", f"/compose/pt-BR/{KEY}/3", "/compose/en/none", "/away/pt-BR", CSS):
        response = client.get(path)
        assert response.headers["Cache-Control"] == f"private, {FOR_GOOD}", path
        assert "Set-Cookie" not in response.headers, path
        assert client.get(path).content == response.content


def test_no_page_needs_what_the_policy_forbids(client: httpx.Client) -> None:
    client.post("/r/headers/messages", data={"text": "x", "nonce": "policy"})
    for path in ("/", "/r/headers", "/nowhere", "/r/headers/messages", f"/compose/en/{KEY}/0", "/away/en"):
        page = client.get(path).text
        assert not re.search(r"<[^>]+\s(style|on\w+|hx-on[:\w-]*)=", page), path
        assert not re.search(r"<style|<script(?![^>]*\ssrc=)|javascript:|\bjs:", page), path
        assert not re.search(r'(?:src|href|action|hx-get|hx-post)="(?:https?:)?//', page), path
