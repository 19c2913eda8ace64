from __future__ import annotations

import socket

import httpx
import pytest

from tests.server.processes import ServerProcess
from tests.web.visits import PATIENCE, ask, fresh


@pytest.mark.parametrize(
    "path", ["/x", "/r", "/r/", "/r/a/b", "/sound", "/static/", "/favicon.ico", "//", "/%00", "/%ff"]
)
def test_an_unknown_address_says_where_rooms_are(client: httpx.Client, server: ServerProcess, path: str) -> None:
    answer = ask(server, path)
    if path == "/sound":
        assert answer.status == 405
        return
    if path == "//":
        assert answer.status in (200, 308, 404)
        return
    assert answer.status == 404
    assert "/r/their-name" in answer.body
    assert 'href="/"' in answer.body


def test_an_error_speaks_the_reader_s_language(client: httpx.Client) -> None:
    response = client.get("/nowhere", headers={"Accept-Language": "pt"})
    assert '<html lang="pt-BR" dir="ltr" ' in response.text
    assert "That did not work" not in response.text
    assert "There is nothing" not in response.text


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/sound"), ("DELETE", "/"), ("PUT", "/r/x"), ("POST", "/healthz")]
)
def test_a_method_that_an_address_does_not_take_is_said(client: httpx.Client, method: str, path: str) -> None:
    response = client.request(method, path)
    assert response.status_code == 405
    assert "does not take that" in response.text
    assert response.headers["Allow"]  # RFC 9110, section 15.5.6


@pytest.mark.parametrize("path", ["/rooms", "/me", "/language", "/r/large/messages", "/compose/en/lines"])
def test_a_form_that_is_too_large_is_refused(client: httpx.Client, path: str) -> None:
    response = client.post(path, data={"text": "x" * 200_000, "nonce": "n", "name": "x", "title": "x"})
    assert response.status_code == 413
    assert "too much at once" in response.text


def test_the_longest_message_fits_into_a_form(client: httpx.Client) -> None:
    response = client.post(f"/r/{fresh()}/messages", data={"text": "🎉" * 4000, "nonce": "n"})
    assert response.status_code == 303


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"text=%FF%FE&nonce=n&title=%ED%A0%80&name=%FF&language=%FF"),
        ("application/x-www-form-urlencoded", b"&&==&%&%zz=%zz&text"),
        ("application/x-www-form-urlencoded", b"a=1&" * 20_000),
        ("application/x-www-form-urlencoded; charset=nonsense", b"text=x&nonce=n&title=x"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"text=x&nonce=n&title=x"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="text"; filename="f"\r\n\r\nx\r\n--b--',
        ),
        ("application/json", b'{"text": "x", "nonce": "n", "title": "x"}'),
        ("", b"\xff\xfe\0"),
    ],
)
@pytest.mark.parametrize("path", ["/rooms", "/me", "/language", "/r/strange/messages", "/compose/en/lines"])
def test_a_strange_form_gets_a_clear_answer(client: httpx.Client, path: str, kind: str, body: bytes) -> None:
    response = client.post(path, content=body, headers={"Content-Type": kind})
    assert response.status_code in (200, 303, 400, 413, 415, 422)


@pytest.mark.parametrize(
    "header",
    [
        b"Accept-Language: \xff\xfe;q=x,,;;q=9",
        b"Accept-Language: " + b"a," * 2000,
        b"Accept-Encoding: gzip;q=nan",
        b"Cookie: quart_chat_language=\xff; =; ;;; a",
        b"X-Forwarded-For: \xff",
        b"Range: bytes=-1",
        b"If-None-Match: \xff",
    ],
)
@pytest.mark.parametrize("path", [b"/", b"/r/strange", b"/static/base.css", b"/compose/en/0123456789abcdef/0"])
def test_strange_headers_break_nothing(server: ServerProcess, path: bytes, header: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as raw:
        raw.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + b"\r\n\r\n")
        status = int(raw.recv(4096).split()[1])
    assert status in (200, 206, 400, 416)


@pytest.mark.parametrize(
    "host", ["", "Host: \r\n", "Host: x\r\nHost: y\r\n", "Host: <script>\r\n", "Host: a b\r\n", "Host: x:y\r\n"]
)
def test_a_strange_host_breaks_nothing(server: ServerProcess, host: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as raw:
        raw.sendall(f"GET /r/strange HTTP/1.1\r\n{host}Connection: close\r\n\r\n".encode())
        answer = b""
        while part := raw.recv(65536):
            answer += part
    assert int(answer.split()[1]) in (200, 400)
    assert b"<script>/r/" not in answer
