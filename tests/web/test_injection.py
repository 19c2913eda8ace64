"""Every address of the app, with hostile values in each part of its path, each field and the headers that it reads."""

from __future__ import annotations

import http.client
import re
import secrets
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.hostile import ELEMENTS, HOSTILE, MARK, taken_for_markup
from tests.pages.trees import Tree
from tests.server.processes import ServerProcess
from tests.web.routes import VALUES, Route, fields, routes
from tests.web.visits import PATIENCE, browser, fresh

AT_HOME = re.compile(r"/(?![/\\])[ -~]*")  # an address of this server, whatever a browser makes of it
SENT = ("User-Agent", "Referer", "Accept-Language", "HX-Current-URL", "X-Request-Id", "If-None-Match", "HX-Target")
LAST = ("delete", "unpin", "/me", "/language", "/times", "/sound")  # what the others would miss then


def looked_at(headers: http.client.HTTPMessage | httpx.Headers, body: str, told: str) -> None:
    """See that nothing of what was sent became an element, an attribute, a header or a way out."""
    for name, value in headers.items():
        assert MARK not in name.lower(), told
        if name.lower() == "location":
            assert AT_HOME.fullmatch(value), f"{told} leads to {value}"
        elif name.lower() != "content-disposition":
            assert MARK not in value, f"{told}: {name}: {value}"
    if headers.get("Content-Type", "").startswith("text/html"):
        tree = Tree(body.partition("<!doctype html>")[2] or body)
        assert not taken_for_markup(tree), told


@pytest.fixture(scope="module")
def haunted(open_server: ServerProcess) -> dict[str, str]:
    """A room in which everything that people can write is hostile; gives what its addresses hold."""
    with browser(open_server) as client:
        client.post("/me", data={"name": ELEMENTS[1][:40]})
        room = (
            client.post("/rooms", data={"title": f'"><b onclick=alert(1)>{fresh()}'})
            .headers["Location"]
            .removeprefix("/r/")
        )
        client.post(f"/r/{room}/topic", data={"topic": HOSTILE[0]})
        for number, text in enumerate(HOSTILE):
            assert client.post(f"/r/{room}/messages", data={"text": text, "nonce": f"h-{number}"}).status_code == 303
        file = ("<img src=x onerror=alert(1)>\r\n.txt", b"x", "text/html")
        client.post(f"/r/{room}/files", data={"nonce": "h-f", "text": HOSTILE[1]}, files=[("file", file)])
        page = client.get(f"/r/{room}").text
        found = re.findall(rf"/r/{room}/m/([0-9-]+)/files/([0-9a-f]{{64}})/([^\"]+)", page)
        entry_id, digest, filename = found[-1]
        for what, data in (("react", {"emoji": "🎉"}), ("pin", {}), ("edit", {"text": HOSTILE[2]})):
            assert client.post(f"/r/{room}/m/{entry_id}/{what}", data=data).status_code == 303, what
        say = {"text": HOSTILE[3], "nonce": "h-r", "reply": entry_id}
        assert client.post(f"/r/{room}/messages", data=say).status_code == 303
        cookie = f"quart_chat={client.cookies['quart_chat']}"
    return {
        **VALUES,
        "name": room,
        "entry_id": entry_id,
        "digest": digest,
        "filename": filename,
        "cookie": cookie,
    }


@pytest.fixture(scope="module")
def all_routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    found = list(routes(tmp_path_factory.mktemp("routes")))
    return sorted(found, key=lambda route: (route.path.endswith(LAST), route.path))


def test_every_address_is_known_and_every_field(all_routes: list[Route]) -> None:
    assert len(all_routes) > 35
    assert {"q", "before", "text", "nonce", "reply", "name", "title", "topic", "emoji", "zone", "room"} <= fields()


def test_pages_of_a_haunted_room_are_made_like_those_of_another(client: httpx.Client, haunted: dict[str, str]) -> None:
    """The same walk with harmless words: the kinds of elements and attributes are the same."""
    room = fresh("calm")
    client.post("/rooms", data={"title": room})
    client.post(f"/r/{room}/topic", data={"topic": "x"})
    for number in range(len(HOSTILE)):
        client.post(f"/r/{room}/messages", data={"text": "x `y` https://z.example/", "nonce": f"c-{number}"})
    client.post(f"/r/{room}/files", data={"nonce": "c-f", "text": "x"}, files=[("file", ("x.txt", b"x", "text/plain"))])
    entry_id = re.findall(rf"/r/{room}/m/([0-9-]+)/files/", client.get(f"/r/{room}").text)[-1]
    for what, data in (("react", {"emoji": "🎉"}), ("pin", {}), ("edit", {"text": "y"})):
        client.post(f"/r/{room}/m/{entry_id}/{what}", data=data)
    client.post(f"/r/{room}/messages", data={"text": "x", "nonce": "c-r", "reply": entry_id})
    for path in ("", "/messages", "/topic", "/files", "/m/{}", "/m/{}/menu", "/search?q=x"):
        kinds = [
            {
                (one.tag, name)
                for one in Tree(page.partition("<!doctype html>")[2] or page).elements
                for name in one.attributes
            }
            for page in (
                client.get(f"/r/{haunted['name']}{path.format(haunted['entry_id'])}").text,
                client.get(f"/r/{room}{path.format(entry_id)}").text,
            )
        ]
        assert kinds[0] <= kinds[1], path


@pytest.mark.timeout(300)
def test_nothing_that_is_sent_becomes_markup_a_header_or_a_way_out(
    server: ServerProcess, haunted: dict[str, str], all_routes: list[Route], request: pytest.FixtureRequest
) -> None:
    names = sorted(fields())
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    request.addfinalizer(connection.close)

    def ask(route: Route, path: str, htmx: bool, hostile: str) -> None:
        said = "".join(one for one in hostile if one.isprintable()).encode("latin-1", "replace").decode("latin-1")
        headers = dict.fromkeys(SENT, said)
        headers["Cookie"] = (
            f"{haunted['cookie']}; quart_chat_language={quote(hostile)}; quart_chat_times={quote(hostile)}"
        )
        sent, body = urlencode(dict.fromkeys(names, hostile)), None
        if htmx:
            headers["HX-Request"] = "true"
        if route.method == "GET":
            path += ("&" if "?" in path else "?") + sent
        elif route.path.endswith("/files"):
            boundary = secrets.token_hex(8)
            headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
            body = _multipart(boundary, names, hostile)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = sent.encode()
        if route.method == "POST":
            headers["Origin"] = server.url
        connection.request(route.method, path, body, headers)
        answer = connection.getresponse()
        read = answer.read()
        looked_at(answer.headers, read.decode("utf-8", "replace"), f"{route.method} {path}, htmx: {htmx}: {hostile!r}")
        assert answer.status < 500, f"{route.method} {path}: {hostile!r}"

    static = {"filename": "base.css"}
    for number, route in enumerate(all_routes):
        right = {**haunted, **static} if route.path.startswith("/static") else haunted
        ask(route, route.at(**right), False, "x")
        for count, hostile in enumerate(HOSTILE[number % 2 :: 2]):  # each address gets every other one
            ask(route, route.at(**right), (number + count) % 2 == 0, hostile)
            if route.arguments:
                argument = sorted(route.arguments)[count % len(route.arguments)]
                wrong = {**right, argument: quote(hostile, safe="")}
                ask(route, route.at(**wrong), (number + count) % 3 == 0, hostile)


def _multipart(boundary: str, names: list[str], hostile: str) -> bytes:
    escaped = hostile.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{hostile}' for name in names]
    parts.append(
        f'Content-Disposition: form-data; name="file"; filename="{escaped}"\r\nContent-Type: text/html\r\n\r\nx'
    )
    return "".join(f"--{boundary}\r\n{part}\r\n" for part in parts).encode() + f"--{boundary}--\r\n".encode()
