from __future__ import annotations

import gzip
import re

import brotli
import httpx
import pytest

from quart_chat.files import folder
from tests.server.processes import ServerProcess
from tests.web.visits import fresh

FOR_GOOD = "public, max-age=31536000, immutable"


def linked(client: httpx.Client) -> set[str]:
    """The static files of a room's page and the lobby."""
    pages = client.get(f"/r/{fresh()}").text + client.get("/").text
    return set(re.findall(r'(?:src|href)="(/static/[^"]+)"', pages))


def raw(client: httpx.Client, path: str, accepted: str) -> tuple[httpx.Response, bytes]:
    """An answer, and its body as it came over the wire."""
    with client.stream("GET", path, headers={"Accept-Encoding": accepted}) as response:
        return response, b"".join(response.iter_raw())


def test_static_files_of_a_page_are_kept_for_good(client: httpx.Client) -> None:
    found = linked(client)
    names = {re.sub(r"\.[0-9a-f]{12}", "", path) for path in found}
    assert names >= {"/static/base.css", "/static/room-page.css", "/static/htmx.js", "/static/icon.svg"}
    for path in found:
        response = client.get(path)
        assert response.status_code == 200, path
        assert response.headers["Cache-Control"] == FOR_GOOD, path


def test_a_file_without_its_digits_is_asked_for_again(client: httpx.Client) -> None:
    for path in ("/static/base.css", "/static/base.css?v=0", "/static/vendor/htmx.min.js", "/static/htmx.js"):
        response = client.get(path)
        assert response.status_code == 200, path
        assert response.headers["Cache-Control"] == "no-cache", path
        again = client.get(path, headers={"If-None-Match": response.headers["ETag"]})
        assert again.status_code == 304, path
        assert again.headers["Cache-Control"] == "no-cache", path
        assert not again.content


def test_the_digits_of_another_server_s_file_give_ours_but_not_for_good(client: httpx.Client) -> None:
    ours = client.get("/static/base.css")
    theirs = client.get("/static/base.000000000000.css")
    assert theirs.content == ours.content
    assert theirs.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("identity", None),
        ("*;q=0", None),
        ("deflate", None),
        ("br;q=x, , ;;", None),
    ],
)
def test_a_file_comes_as_its_reader_takes_it(client: httpx.Client, accepted: str, encoding: str | None) -> None:
    response, body = raw(client, "/static/base.css", accepted)
    assert response.headers.get("Content-Encoding") == encoding
    assert response.headers["Vary"] == "Accept-Encoding"
    unpacked = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding](body)
    plain, whole = raw(client, "/static/base.css", "identity")
    assert unpacked == whole
    assert (response.headers["ETag"] == plain.headers["ETag"]) == (encoding is None), "a cache would mix them up"


def test_what_gets_no_smaller_goes_as_it_is(client: httpx.Client) -> None:
    response, body = raw(client, "/static/icon-192.png", "br")
    assert "Content-Encoding" not in response.headers
    assert body == (folder("static") / "icon-192.png").read_bytes()


def test_every_file_in_a_stylesheet_is_there_for_good(client: httpx.Client) -> None:
    sheets = [path for path in linked(client) if path.endswith(".css")]
    named = {name for sheet in sheets for name in re.findall(r"url\(([^)]+)\)", client.get(sheet).text)}
    assert len(named) >= 2
    for name in named:
        response = client.get(name.strip("\"'"))
        assert response.status_code == 200, name
        assert response.headers["Cache-Control"] == FOR_GOOD, name


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/%2e%2e/pyproject.toml",
        "/static/..%2fpyproject.toml",
        "/static/vendor%2f..%2fbase.css",
        "/static/vendor/%2E%2E/base.css",
        "/static/%2fetc%2fpasswd",
        "/static/base.css%00",
        "/static/BASE.css",
        "/static/.000000000000.css",
        "/static/vendor",
        "/static/" + "x" * 3000,
        "/static/base.000000000000",
    ],
)
def test_nothing_but_the_files_is_there(server: ServerProcess, path: str) -> None:
    with httpx.Client(trust_env=False) as client:
        request = client.build_request("GET", server.url)
        request.url = request.url.copy_with(raw_path=path.encode())
        assert client.send(request, follow_redirects=True).status_code == 404


def test_pages_come_packed_and_are_the_same(ana: httpx.Client) -> None:
    room = fresh()
    for number in range(20):
        ana.post(f"/r/{room}/messages", data={"text": f"row {number}", "nonce": f"n{number}"})
    for path in (f"/r/{room}", f"/r/{room}/messages", f"/compose/en/{'0' * 16}/0"):
        plain, whole = raw(ana, path, "identity")
        assert "Content-Encoding" not in plain.headers
        for encoding, unpack in (("br", brotli.decompress), ("gzip", gzip.decompress)):
            response, body = raw(ana, path, encoding)
            assert response.headers["Content-Encoding"] == encoding
            assert response.headers["Vary"] == "Accept-Encoding"
            assert len(body) < len(whole) / 4
            assert masked(unpack(body)) == masked(whole)


def masked(page: bytes) -> bytes:
    """A page without what is another on each."""
    return re.sub(rb"[0-9a-f]{16}|[\w-]{30,}", b"", page)


@pytest.mark.parametrize(
    ("site", "packed"), [("none", True), ("same-origin", True), ("cross-site", False), ("same-site", False)]
)
def test_the_lobby_is_packed_for_who_asked_for_it_themselves(ana: httpx.Client, site: str, packed: bool) -> None:
    response = ana.get("/", headers={"Sec-Fetch-Site": site})
    assert ("Content-Encoding" in response.headers) == packed


def test_by_https_the_lobby_is_not_packed_for_a_browser_that_does_not_say_who_asks(behind: ServerProcess) -> None:
    with httpx.Client(base_url=behind.url, trust_env=False) as client:
        assert "Content-Encoding" in client.get("/").headers
        assert "Content-Encoding" not in client.get("/", headers={"X-Forwarded-Proto": "https"}).headers


def test_what_says_back_what_was_sent_is_not_packed(ana: httpx.Client) -> None:
    room = fresh()
    ana.post(f"/r/{room}/messages", data={"text": "here", "nonce": "n"})
    said_back = ana.post(f"/r/{room}/messages", data={"text": "x" * 5000, "nonce": "m"})
    assert "x" * 5000 in said_back.text
    found = ana.get(f"/r/{room}/search", params={"q": "here"})
    for response in (said_back, found):
        assert len(response.content) > 1000
        assert "Content-Encoding" not in response.headers
