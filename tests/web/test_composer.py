from __future__ import annotations

import gzip

import httpx
import pytest

from quart_chat.pages.languages import TAGS, say
from tests.pages.trees import Tree
from tests.server.processes import ServerProcess
from tests.web.visits import ask

KEY = "0123456789abcdef"


def test_a_block_of_forms_follows_from_its_address(client: httpx.Client) -> None:
    page = client.get(f"/compose/en/{KEY}/2")
    assert page.status_code == 200
    tree = Tree(page.text)
    nonces = [e.attributes["value"] for e in tree.elements if e.attributes.get("name") == "nonce"]
    assert nonces == [f"{KEY}-{n}" for n in range(200, 300)]
    assert "Write a message" in page.text
    assert "Escreva uma mensagem" in client.get(f"/compose/pt-BR/{KEY}/2").text


def test_forms_are_packed_for_who_takes_that(server: ServerProcess, client: httpx.Client) -> None:
    packed = client.get(f"/compose/en/{KEY}/0", headers={"Accept-Encoding": "br, gzip"})
    plain = client.get(f"/compose/en/{KEY}/0", headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "br"
    assert "Content-Encoding" not in plain.headers
    assert packed.text == plain.text
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert int(packed.headers["Content-Length"]) < 10_000
    assert gzip.compress(plain.content, 1, mtime=0)
    refused = client.get(f"/compose/en/{KEY}/0", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers


@pytest.mark.parametrize(
    "path",
    [
        *(f"/compose/xx/{KEY}/0", f"/compose/en/{KEY[:-1]}/0", f"/compose/en/{KEY.upper()}/0", f"/compose/en/{KEY}x/0"),
        *(
            f"/compose/en/{KEY}/-1",
            f"/compose/en/{KEY}/x",
            f"/compose/en/{KEY}/10001",
            f"/compose/en/{KEY}/{'9' * 5000}",
        ),
        *(f"/compose/en/{KEY}%0a/0", "/compose/en/%3Cscript%3E/0", "/compose/en", "/away/xx", "/away/en%0a", "/away"),
        *("/own/x.css", f"/own/{KEY}", f"/own/{KEY}%0a.css", f"/own/{KEY.upper()}.css", "/own/%7B%7D.css"),
    ],
)
def test_an_address_that_is_none_is_not_found(server: ServerProcess, path: str) -> None:
    assert ask(server, path).status == 404


@pytest.mark.parametrize("text", ["", "two\nlines", "\n first", "</textarea><script>alert(1)</script>", "x" * 10_000])
def test_a_field_for_several_lines_keeps_its_text(client: httpx.Client, text: str) -> None:
    response = client.post("/compose/en/lines", data={"nonce": f"{KEY}-3", "text": text})
    assert response.status_code == 200
    (field,) = Tree(response.text).elements
    assert (field.tag, field.attributes["id"]) == ("textarea", f"text-{KEY}-3")
    assert field.text == f"\n{text}"  # browsers drop the first line end


@pytest.mark.parametrize("data", [{}, {"nonce": ""}, {"nonce": '"><b>'}, {"text": "x"}])
def test_a_field_needs_its_form_s_key(client: httpx.Client, data: dict[str, str]) -> None:
    assert client.post("/compose/en/lines", data=data).status_code == 400
    assert client.post("/compose/xx/lines", data={"nonce": "n"}).status_code in (400, 404)


def test_being_away_is_fetched_ahead(client: httpx.Client) -> None:
    page = client.get("/away/pt-BR")
    assert 'id="connection" class="away"' in page.text
    assert "hx-swap-oob" not in page.text  # it must not swap itself in while it is only fetched
    assert client.get("/compose/en/none").text == ""


@pytest.mark.parametrize("tag", TAGS)
def test_what_a_page_fetches_ahead_is_there_in_every_language(client: httpx.Client, tag: str) -> None:
    gone = "No connection. What you write is sent as soon as it is back."
    assert say(tag, gone) in client.get(f"/away/{tag}").text
    assert f'aria-label="{say(tag, "Message")}"' in client.get(f"/compose/{tag}/{KEY}/0").text
    lines = client.post(f"/compose/{tag}/lines", data={"nonce": f"{KEY}-1", "text": ""})
    assert say(tag, "Write a message") in lines.text


def test_one_s_own_marks_are_a_stylesheet(client: httpx.Client) -> None:
    response = client.get(f"/own/{KEY}.css")
    assert response.headers["Content-Type"].startswith("text/css")
    assert f".message.p-{KEY}" in response.text
