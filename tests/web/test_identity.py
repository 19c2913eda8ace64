from __future__ import annotations

import base64

import httpx
import pytest
from itsdangerous import URLSafeSerializer
from quart import Response

from quart_chat.room.people import is_id, new_id
from quart_chat.web.identity import KEPT, Identities
from tests.server.processes import ServerProcess
from tests.web.visits import browser, cookie_of, fresh

YEAR_AND_MORE = int(KEPT.total_seconds())
TLS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}


def attributes(line: str) -> set[str]:
    return {part.strip().lower() for part in line.split(";")[1:]}


def test_a_visitor_gets_a_cookie_that_scripts_and_other_sites_cannot_use(client: httpx.Client) -> None:
    line = cookie_of(client.get("/"), "quart_chat")
    found = attributes(line)
    assert {"httponly", "path=/", "samesite=lax", f"max-age={YEAR_AND_MORE}"} <= found
    assert not any(each.startswith("domain") for each in found)
    assert "secure" not in found  # over plain HTTP a browser would drop it


def test_over_a_trusted_proxy_s_tls_the_cookie_is_bound_to_its_host(behind: ServerProcess) -> None:
    with browser(behind, **TLS) as client:
        line = cookie_of(client.get("/"), "__Host-quart_chat")
    assert {"httponly", "path=/", "samesite=lax", "secure"} <= attributes(line)
    assert not any(each.startswith("domain") for each in attributes(line))


def test_a_header_of_a_proxy_that_is_not_trusted_means_nothing(server: ServerProcess) -> None:
    with browser(server, **TLS) as client:
        assert "secure" not in attributes(cookie_of(client.get("/"), "quart_chat"))


def test_the_language_s_cookie_is_as_careful(behind: ServerProcess) -> None:
    with browser(behind, **{**TLS, "Origin": f"https://127.0.0.1:{behind.port}"}) as client:
        response = client.post("/language", data={"language": "pt-BR"})
        assert {"httponly", "path=/", "samesite=lax", "secure"} <= attributes(
            cookie_of(response, "__Host-quart_chat_language")
        )


def test_somebody_stays_who_they_are_and_the_cookie_is_renewed(client: httpx.Client) -> None:
    client.get("/")
    client.post("/me", data={"name": "Renewed Ana"})
    first = client.cookies["quart_chat"]
    response = client.get("/")
    assert "Renewed Ana" in response.text
    assert cookie_of(response, "quart_chat").startswith(f"quart_chat={first};")


def test_what_the_cookie_holds_is_shown_nowhere(client: httpx.Client) -> None:
    room = fresh()
    client.get("/")
    signed = client.cookies["quart_chat"]
    identity = signed.partition(".")[0]
    decoded = base64.urlsafe_b64decode(identity + "==").decode().strip('"')
    assert is_id(decoded)
    client.post(f"/r/{room}/messages", data={"text": "x", "nonce": "n"})
    for path in ("/", f"/r/{room}", f"/r/{room}/messages", "/healthz"):
        text = client.get(path).text
        assert decoded not in text
        assert identity not in text


def forged() -> list[str]:
    identity = new_id()
    right = URLSafeSerializer("another key of some length", salt="quart-chat identity").dumps(identity)
    return [
        "",
        "x",
        ".",
        "a.b",
        "a.b.c",
        str(right),
        str(right)[:-1],
        identity,
        "W10.x",
        "%00",
        "é",
        "x" * 3000,
        "." * 3000,
        '"',
    ]


@pytest.mark.parametrize("value", forged(), ids=lambda value: value[:8] or "empty")
def test_a_forged_cookie_makes_somebody_new(server: ServerProcess, value: str) -> None:
    with browser(server) as client:
        response = client.get("/", headers={b"Cookie": f"quart_chat={value}".encode()})  # type: ignore[dict-item]
        assert response.status_code == 200
        made = cookie_of(response, "quart_chat").partition(";")[0]
        assert made != f"quart_chat={value}"


def test_a_cookie_of_another_name_or_purpose_proves_nothing(server: ServerProcess) -> None:
    with browser(server) as client:
        client.get("/")
        client.post("/me", data={"name": "Only Plain"})
        signed = client.cookies["quart_chat"]
        client.cookies.clear()
        response = client.get("/", headers={"Cookie": f"__Host-quart_chat={signed}; quart_chat_language={signed}"})
        assert "Only Plain" not in response.text


@pytest.mark.parametrize("held", [5, None, [], {"id": 1}, "short", "a" * 23, "ä" * 22, "../" * 7 + "a"])
def test_an_identity_that_is_none_is_not_taken_even_when_it_is_signed(held: object) -> None:
    identities = Identities("a key of this test")
    signed = str(URLSafeSerializer("a key of this test", salt="quart-chat identity").dumps(held))
    assert identities.read({"quart_chat": signed}, secure=False) is None
    assert identities.presented({"quart_chat": signed}, secure=False)
    assert not identities.presented({"quart_chat": signed}, secure=True)


def test_a_cookie_is_signed_as_itsdangerous_does_it_and_its_line_stays() -> None:
    identities, identity = Identities("a key of this test"), new_id()
    signed = str(URLSafeSerializer("a key of this test", salt="quart-chat identity").dumps(identity))
    for _ in range(2):
        response = Response("")
        identities.write(response, identity, secure=True)
        assert response.headers["Set-Cookie"].startswith(f"__Host-quart_chat={signed}; Max-Age=")
        assert identities.read({"__Host-quart_chat": signed}, secure=True) == identity
        assert identities.read({"__Host-quart_chat": signed[:-1]}, secure=True) is None
