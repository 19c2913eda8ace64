"""Files as a browser without a script and as htmx send them, and as they are given out again."""

from __future__ import annotations

import http.client
import re
from urllib.parse import quote

import httpx
import pytest

from tests.pages.trees import Tree
from tests.pictures.drawings import SECRET, bomb, drawn, told
from tests.server.processes import ServerProcess
from tests.web.visits import PATIENCE, ask, browser, fresh, tab

HTMX = {"HX-Request": "true"}
MB = 1_000_000

Sent = tuple[str, bytes, str] | tuple[str, bytes]


def send(
    client: httpx.Client, room: str, *files: Sent, text: str = "", nonce: str = "", **headers: str
) -> httpx.Response:
    data = {"text": text, "nonce": nonce or fresh("n")}
    return client.post(f"/r/{room}/files", data=data, files=[("file", one) for one in files], headers=headers)


def tree(page: str) -> Tree:
    return Tree(page.partition("<!doctype html>")[2])


def why(page: str) -> str:
    found = re.search(r'id="attach-why"[^>]*>([^<]*)<', page)
    assert found, page
    return found[1].replace("&#34;", '"')


def addresses(client: httpx.Client, room: str) -> list[str]:
    """Where the files of a room's page are, and the small pictures."""
    return re.findall(rf'(?:href|src)="(/r/{room}/m/[0-9-]+/(?:files|small)/[^"]+)"', client.get(f"/r/{room}").text)


def test_a_picture_comes_and_is_given_out_as_what_it_became(ana: httpx.Client) -> None:
    room = fresh()
    done = send(ana, room, ("../My Söä.JPG", told("JPEG"), "text/html"), text="*look*")
    assert (done.status_code, done.headers["Location"]) == (303, f"/r/{room}")
    page = ana.get(f"/r/{room}").text
    whole, small = addresses(ana, room)
    (image,) = (e for e in tree(page).elements if e.path.endswith("picture/img"))
    assert (image.attributes["alt"], image.attributes["width"], image.attributes["height"]) == (
        "My Söä.JPG",
        "40",
        "60",
    )
    assert image.attributes["loading"] == "lazy"
    for address, media in ((whole, "image/jpeg"), (small, "image/webp")):
        found = ana.get(address)
        assert found.status_code == 200
        assert SECRET.encode() not in found.content
        headers = found.headers
        assert headers["Content-Type"] == media
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox;")
        assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert headers["Content-Disposition"].startswith('inline; filename="My S__.JPG"; filename*=UTF-8')
        assert quote("My Söä.JPG") in headers["Content-Disposition"]
        assert int(headers["Content-Length"]) == len(found.content)
        again = ana.get(address, headers={"If-None-Match": headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = ana.head(address)
        assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", headers["Content-Length"])


@pytest.mark.parametrize(
    ("name", "content", "declared"),
    [
        ("minutes.pdf", b"%PDF-1.7 x", "application/pdf"),
        ("words.txt", b"alert(1) // <script>", "text/html"),
        ("all.zip", b"PK\x03\x04" + b"x" * (MB - 4), "application/zip"),
    ],
)
def test_all_else_is_only_to_be_downloaded(ana: httpx.Client, name: str, content: bytes, declared: str) -> None:
    room = fresh()
    assert send(ana, room, (name, content, declared)).status_code == 303
    (address,) = addresses(ana, room)
    found = ana.get(address)
    assert found.content == content
    assert found.headers["Content-Type"] == "application/octet-stream"
    assert found.headers["Content-Disposition"].startswith(f'attachment; filename="{name}"')
    assert ana.get(address, headers={"Range": "bytes=0-1"}).content == content
    assert ana.get(re.sub(r"[^/]+$", "evil.exe", address)).headers["Content-Disposition"].count(name) == 2


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("files", "said", "status"),
    [
        ([("a.svg", b"<svg/>")], "SVG", 422),
        ([("a.png", b"<html>")], "web page", 422),
        ([("a.png", b"\x89PNG\r\n\x1a\nx")], "could not be read", 422),
        ([("a.png", bomb())], "too many pixels", 422),
        ([("a.exe", b"MZ")], "program", 422),
        ([("a.txt", b"")], "empty", 422),
        ([("fine.txt", b"x"), ("<b>.txt", b"x" * (MB + 1))], "“_b_.txt” has more than 1 MB.", 413),
        ([(f"{number}.txt", b"x") for number in range(11)], "at most 10 files", 422),
        ([(f"{number}.txt", b"x" * MB) for number in range(11)], "more than 10 MB together", 413),
        ([], "Choose a file", 422),
    ],
)
def test_what_is_refused_says_why_and_keeps_what_was_typed(
    ana: httpx.Client, files: list[Sent], said: str, status: int, headers: dict[str, str]
) -> None:
    room = fresh()
    done = send(ana, room, *(files or [("", b"")]), text='my "words"', **headers)
    assert done.status_code == status
    assert said in why(done.text)
    if headers:
        assert done.headers["HX-Reswap"] == "none"
        assert done.text.startswith('<p id="attach-why"')
    else:
        (field,) = (e for e in tree(done.text).elements if e.attributes.get("name") == "text")
        assert field.attributes["value"] == ("" if "together" in said else 'my "words"')
    assert not addresses(ana, room)


def test_htmx_gets_a_new_form_in_a_closed_sheet(ana: httpx.Client) -> None:
    room = fresh()
    done = send(ana, room, ("a.txt", b"x"), nonce="n-1", **HTMX)
    found = Tree(done.text)
    assert done.status_code == 200
    assert found.by_id("attach")
    assert 'value="n-1"' not in done.text


def test_a_retry_is_one_message(ana: httpx.Client) -> None:
    room = fresh()
    for _ in range(3):
        assert send(ana, room, ("a.png", drawn()), text="once", nonce="same").status_code == 303
    assert ana.get(f"/r/{room}/messages").text.count('<div class="files">') == 1
    assert "sent before" in why(send(ana, room, ("b.txt", b"y"), nonce="same").text)


def test_a_form_that_is_none_is_told_so(ana: httpx.Client) -> None:
    room = fresh()
    path = f"/r/{room}/files"
    assert ana.post(path, data={"nonce": "n"}).status_code == 400
    assert (
        ana.post(path, content=b"x" * 200_000, headers={"Content-Type": "multipart/form-data; boundary=b"}).status_code
        == 400
    )
    assert ana.post(path, content=b"", headers={"Content-Type": "multipart/form-data"}).status_code == 400
    assert send(ana, room, ("a.txt", b"x"), nonce="not one!").status_code == 400
    cut = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhalf'
    assert ana.post(path, content=cut, headers={"Content-Type": "multipart/form-data; boundary=b"}).status_code == 400
    field = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"x" * 300_000 + b"\r\n--b--\r\n"
    assert ana.post(path, content=field, headers={"Content-Type": "multipart/form-data; boundary=b"}).status_code == 400
    assert send(ana, room.upper(), ("a.txt", b"x")).headers["Location"] == path


def test_other_forms_may_not_have_so_much(ana: httpx.Client) -> None:
    data = {"text": "x", "nonce": fresh("n")}
    done = ana.post(f"/r/{fresh()}/messages", data=data, files={"file": ("a", b"x" * 200_000)})
    assert done.status_code == 413


def test_another_sites_form_is_refused(server: ServerProcess) -> None:
    with browser(server, origin=False, Origin="https://evil.example") as client:
        assert send(client, fresh(), ("a.txt", b"x")).status_code == 403


def test_more_than_may_be_gets_its_answer_though_nothing_said_how_much(server: ServerProcess) -> None:
    """Chunked, so that no Content-Length tells; and refused while it still comes."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        body = iter([head, *[b"x" * 100_000] * 150])
        headers = {"Content-Type": "multipart/form-data; boundary=b", "Origin": server.url}
        connection.request("POST", f"/r/{fresh()}/files", body, headers, encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 413
        assert "more than 10 MB together" in answer.read().decode()
    finally:
        connection.close()


async def test_deletion_makes_it_gone_for_everybody(ana: httpx.Client, server: ServerProcess) -> None:
    room = fresh()
    async with tab(server, room) as guest:
        await guest.enter()
        send(ana, room, ("a.png", drawn()), ("b.txt", b"x"))
        await guest.frame('<div class="files">', 'class="message')
        found = addresses(ana, room)
        assert [ana.get(address).status_code for address in found] == [200, 200, 200]
        message = found[0].partition("/files/")[0]
        assert ana.post(f"{message}/delete").status_code == 303
        assert "&gt; :is(.quote, .files)" in await guest.frame("This message was deleted")
        assert [ana.get(address).status_code for address in found] == [404, 404, 404]
    page = ana.get(f"/r/{room}").text
    assert '<div class="files">' not in page
    assert not [path for path in (server.data / "files").rglob("*") if room in path.parts]
    assert list((server.data / "unfinished").iterdir()) == []


def test_an_address_leads_to_nothing_but_what_its_message_holds(ana: httpx.Client, server: ServerProcess) -> None:
    room, other = fresh(), fresh()
    send(ana, room, ("a.png", drawn()))
    send(ana, other, ("b.txt", b"other"))
    whole, small = addresses(ana, room)
    (there,) = addresses(ana, other)
    digest = there.split("/")[-2]
    wrong = [
        re.sub(r"[0-9a-f]{64}", digest, whole),
        re.sub(r"[0-9a-f]{64}", digest, small),
        re.sub(r"[0-9a-f]{64}", digest.upper(), whole),
        whole.replace(f"/r/{room}/", f"/r/{other}/"),
        re.sub(r"/m/[0-9-]+/", "/m/5-0/", whole),
        re.sub(r"/m/[0-9-]+/", "/m/x/", whole),
        re.sub(r"[0-9a-f]{64}", "..", whole),
        re.sub(r"[0-9a-f]{64}", "..%2f..%2fsecret.key", whole),
        re.sub(r"[0-9a-f]{64}", "%2e%2e", small),
        there.replace("/files/", "/small/").rpartition("/")[0],
        f"/r/{room}/files/../../secret.key",
    ]
    for path in wrong:
        assert ask(server, path).status in (404, 405), path
        assert "Traceback" not in server.output


def test_a_file_that_the_shelf_lost_is_not_there(ana: httpx.Client, server: ServerProcess) -> None:
    room = fresh()
    send(ana, room, ("a.png", drawn()))
    for path in (server.data / "files" / room).iterdir():
        path.unlink()
    for address in addresses(ana, room):
        assert ana.get(address).status_code == 404


def test_a_page_of_its_own_sends_files_too(ana: httpx.Client) -> None:
    room = fresh()
    page = tree(ana.get(f"/r/{room}/files").text)
    (form,) = (e for e in page.elements if e.attributes.get("class") == "attach-form")
    assert form.attributes["enctype"] == "multipart/form-data"
    assert ana.get(f"/r/{room.upper()}/files").headers["Location"] == f"/r/{room}/files"


def test_where_files_are_off_nothing_of_them_shows(behind: ServerProcess) -> None:
    with browser(behind) as client:
        client.get("/")
        room = fresh()
        assert 'id="attach"' not in client.get(f"/r/{room}").text
        for done in (client.get(f"/r/{room}/files"), send(client, room, ("a.txt", b"x"))):
            assert done.status_code == 404
            assert "Files are switched off on this server." in done.text
            assert "attach-form" not in done.text
        noticed = send(client, room, ("a.txt", b"x"), **HTMX)
        assert noticed.headers["HX-Reswap"] == "none"
        assert 'id="notice"' in noticed.text
