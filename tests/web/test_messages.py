"""A message's address and its forms, as a browser without a script and as htmx sends them."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.pages.trees import Tree
from tests.server.processes import ServerProcess
from tests.web.visits import fresh, tab

HTMX = {"HX-Request": "true"}


def say(client: httpx.Client, room: str, text: str, **fields: str) -> str:
    """Say something; gives its id."""
    response = client.post(f"/r/{room}/messages", data={"text": text, "nonce": fresh("n"), **fields})
    assert response.status_code == 303, response.text
    return str(re.findall(r'<li id="m-([0-9-]+)"', client.get(f"/r/{room}").text)[-1])


def tree(page: str) -> Tree:
    return Tree(page.partition("<!doctype html>")[2])


def test_a_message_has_an_address(ana: httpx.Client) -> None:
    room = fresh()
    first = say(ana, room, "one")
    say(ana, room, "two")
    page = ana.get(f"/r/{room}/m/{first}")
    assert page.status_code == 200
    (meant,) = (e for e in tree(page.text).elements if " meant" in str(e.attributes.get("class")))
    assert meant.attributes["id"] == f"m-{first}"
    assert ana.get(f"/r/{room.upper()}/m/{first}").headers["Location"] == f"/r/{room}/m/{first}"
    assert ana.get(f"/r/{room.upper()}/m/{first}/menu").headers["Location"] == f"/r/{room}/m/{first}/menu"


@pytest.mark.parametrize("where", ["", "/menu", "/edit", "/edits"])
@pytest.mark.parametrize(
    "odd", ["0{}", "{}0", "x", "1-1-1", "-", "٣-٠", "0-0", "999999999999999-999999999999999", "1" * 50]
)
def test_what_is_no_message_is_nowhere(ana: httpx.Client, odd: str, where: str) -> None:
    room = fresh()
    entry_id = odd.format(say(ana, room, "one"))
    response = ana.get(f"/r/{room}/m/{entry_id}{where}")
    assert response.status_code == (
        200 if where == "/menu" and response.text == "<p>There is no such message any more.</p>" else 404
    )


@pytest.mark.parametrize("act", ["edit", "delete", "react", "pin", "reply"])
def test_an_id_that_the_store_would_take_for_another_is_none(ana: httpx.Client, act: str) -> None:
    room = fresh()
    entry_id = say(ana, room, "one")
    data = {"text": "x", "emoji": "🎉", "nonce": "n"}
    assert ana.post(f"/r/{room}/m/0{entry_id}/{act}", data=data).status_code == 404
    say(ana, room, "plain", reply=f"0{entry_id}")
    assert 'class="quote' not in ana.get(f"/r/{room}").text


@pytest.mark.parametrize("act", ["edit", "delete", "react", "pin", "unpin"])
def test_nothing_is_done_for_another_site_or_by_an_address(ana: httpx.Client, server: ServerProcess, act: str) -> None:
    room = fresh()
    entry_id = say(ana, room, "one")
    path, data = f"/r/{room}/m/{entry_id}/{act}", {"text": "x", "emoji": "🎉"}
    before = ana.get(f"/r/{room}/messages").text
    assert ana.post(path, data=data, headers={"Origin": "https://evil.example"}).status_code == 403
    for method in ("GET", "HEAD"):
        assert ana.request(method, path).status_code == (405 if act != "edit" else 200)
    assert ana.get(f"/r/{room}/messages").text == before


def test_what_is_refused_is_told_and_nothing_changes(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    entry_id = say(ana, room, "one")
    path = f"/r/{room}/m/{entry_id}"
    assert bob.post(f"{path}/edit", data={"text": "his"}).status_code == 403
    assert bob.post(f"{path}/delete").status_code == 403
    assert ana.post(f"{path}/edit", data={}).status_code == 422
    assert ana.post(f"{path}/react", data={"emoji": "no"}).status_code == 422
    assert ana.post(f"{path}/react").status_code == 422
    refused = bob.post(f"{path}/delete", headers=HTMX)
    assert (refused.status_code, refused.headers["HX-Reswap"]) == (403, "none")
    assert tree(f"<!doctype html>{refused.text}").by_id("notice")
    typed = ana.post(f"{path}/edit", data={"text": " "})
    assert tree(typed.text).by_id(f"edit-{entry_id}")
    assert ana.get(f"/r/{room}/messages").text.count("message ") == 1
    assert "(edited)" not in ana.get(path).text


def test_a_page_without_a_socket_is_loaded_again_to_show_what_was_done(
    ana: httpx.Client, server: ServerProcess
) -> None:
    room = fresh()
    entry_id = say(ana, room, "one")
    path = f"/r/{room}/m/{entry_id}"
    for page, again in ((f"/r/{room}", False), (path, True), (f"/r/{room}?before={entry_id}", True)):
        headers = {**HTMX, "HX-Current-URL": server.url + page}
        done = ana.post(f"{path}/react", data={"emoji": "🎉"}, headers=headers)
        assert (done.status_code, "HX-Refresh" in done.headers) == (204, again)
        assert "Set-Cookie" in done.headers
        menu = ana.get(f"{path}/menu", headers=headers).text
        assert (f'href="{path}#reply"' in menu) == again


def test_a_reply_that_is_refused_still_answers(ana: httpx.Client) -> None:
    room = fresh()
    entry_id = say(ana, room, "one")
    page = ana.post(f"/r/{room}/messages", data={"text": "x" * 4001, "nonce": "n", "reply": entry_id})
    assert page.status_code == 422
    found = tree(page.text)
    assert found.by_id("reply").attributes["value"] == "x" * 4001
    assert "at most 4000 characters" in page.text


async def test_so_does_one_by_the_socket(ana: httpx.Client, server: ServerProcess) -> None:
    room = fresh()
    entry_id = say(ana, room, "one")
    async with tab(server, room) as guest:
        await guest.enter()
        await guest.send(act="say", text="x" * 4001, nonce="n-1", reply=entry_id)
        frame = await guest.frame("say-n-1", "refused")
        assert f'name="reply" value="{entry_id}"' in frame
        await guest.send(act="say", text="short", nonce="n-2", reply=entry_id)
        assert f"q-{entry_id}" in await guest.frame("short", 'class="message')
        await guest.send(act="say", text="to nothing", nonce="n-3", reply="5-0")
        assert "q-5-0" not in await guest.frame("to nothing", 'class="message')


def test_a_pin_whose_message_is_gone_can_be_taken_off(ana: httpx.Client) -> None:
    room = fresh()
    entry_id = say(ana, room, "one")
    assert ana.post(f"/r/{room}/m/{entry_id}/pin").headers["Location"] == f"/r/{room}/m/{entry_id}"
    page = tree(ana.get(f"/r/{room}").text)
    (form,) = (e for e in page.elements if str(e.attributes.get("action", "")).endswith("/unpin"))
    assert ana.post(str(form.attributes["action"])).headers["Location"] == f"/r/{room}"
    assert "/unpin" not in ana.get(f"/r/{room}").text


def test_a_topic_is_told_why_it_is_not_taken(ana: httpx.Client) -> None:
    room = fresh()
    assert ana.post(f"/r/{room}/topic", data={"topic": "x"}).status_code == 422
    say(ana, room, "one")
    for headers in ({}, HTMX):
        long = ana.post(f"/r/{room}/topic", data={"topic": "x" * 201}, headers=headers)
        assert long.status_code == 422
        assert "at most 200 characters" in long.text
        assert "x" * 201 in long.text
    assert ana.post(f"/r/{room}/topic", data={"topic": "t"}).headers["Location"] == f"/r/{room}"
    assert ana.get(f"/r/{room.upper()}/topic").headers["Location"] == f"/r/{room}/topic"
    assert 'value="t"' in ana.get(f"/r/{room}/topic").text
