from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from quart_chat.room.entries import is_entry_id
from quart_chat.web.identity import Identities
from tests.pages.trees import Tree
from tests.server.processes import ServerProcess
from tests.web.visits import browser, fresh, tab

STRANGE: list[Any] = [
    "",
    " ",
    "what is this",
    "null",
    "5",
    '"say"',
    "[]",
    '[{"act": "say"}]',
    "{",
    '{"x": 1}',
    '{"act": null}',
    '{"act": "shout"}',
    '{"act": ["say"]}',
    '{"act": "say"}',
    '{"act": "say", "text": "x"}',
    '{"act": "say", "nonce": "n"}',
    '{"act": "say", "text": 5, "nonce": "n"}',
    '{"act": "say", "text": ["a", "b"], "nonce": "n"}',
    '{"act": "say", "text": "x", "nonce": "a b"}',
    '{"act": "say", "text": "x", "nonce": {}}',
    "[" * 30_000,
    '{"a":' * 10_000,
    '{"act": "say", "text": NaN, "nonce": Infinity}',
    "1" * 10_000,
    "\0",
    "\ufeff{}",
    '{"act": "\\ud800"}',
    '{"\\ud800": "\\udfff", "act": "nothing"}',
    b"bytes",
    b"",
    b"\xff\xfe",
]


async def test_a_page_that_comes_to_a_fresh_room_is_told_that_it_is_connected(server: ServerProcess) -> None:
    async with tab(server, fresh()) as page:
        frame = await page.frame('id="connection"')
        assert 'class="live"' in frame
        await page.send(act="resume", since="0-0", nonce="k-0", headers={"HX-Request": "true"})
        await page.frame('id="people"')


async def test_what_is_said_comes_to_everybody_and_the_form_goes(server: ServerProcess) -> None:
    room = fresh()
    async with tab(server, room) as ana, tab(server, room) as bob:
        await ana.enter()
        await bob.enter()
        await ana.send(act="say", nonce="k-0", text="Oi <b>\r\n🎉")
        frame = await ana.frame('<li id="m-')
        row = Tree(frame).elements[1]
        entry_id = str(row.attributes["id"]).removeprefix("m-")
        assert is_entry_id(entry_id)
        assert f'id="since" name="since" value="{entry_id}"' in frame
        assert "Oi &lt;b&gt;\n🎉</div>" in frame
        await ana.frame('<form id="say-k-0" hx-swap-oob="delete">')
        assert await bob.frame('<li id="m-') == frame
        assert not any("say-k-0" in each for each in bob.read)


async def test_a_page_that_was_away_is_sent_what_it_missed_and_no_more(server: ServerProcess) -> None:
    room = fresh()
    with browser(server) as client:
        for number in range(3):
            client.post(f"/r/{room}/messages", data={"text": f"text {number}", "nonce": f"n{number}"})
        page = client.get(f"/r/{room}").text
        place = page.partition('name="since" value="')[2].partition('"')[0]
        client.post(f"/r/{room}/messages", data={"text": "text 3", "nonce": "n3"})
        async with tab(server, room) as tab_:
            await tab_.send(act="resume", since=place)
            frame = await tab_.frame("text 3</div>")
            assert "text 2" not in frame
            await tab_.frame('id="people"')
            assert sum("text 3</div>" in each for each in tab_.read) == 1


@pytest.mark.parametrize("since", ["1-0", "999999999999999-0", "", None, "x", "٣-٤", 5])
async def test_a_place_that_the_log_never_had_brings_the_newest_page(server: ServerProcess, since: object) -> None:
    room = fresh()
    with browser(server) as client:
        client.post(f"/r/{room}/messages", data={"text": "text 0", "nonce": "n"})
    async with tab(server, room) as page:
        await page.send(act="resume", since=since)
        frame = await page.frame("text 0</div>")
        assert '<hx-partial hx-target="#log" hx-swap="innerHTML">' in frame


@pytest.mark.parametrize("strange", STRANGE, ids=lambda frame: repr(frame[:24]))
async def test_a_strange_frame_gets_a_notice_and_the_tab_stays(server: ServerProcess, strange: str | bytes) -> None:
    before = len(server.output)
    async with tab(server, fresh()) as page:
        await page.enter()
        await page.connection.send(strange)
        notice = await page.frame('<div id="notice" role="alert"')
        assert len(notice) < 500
        await page.send(act="say", nonce="k-0", text="still here")
        await page.frame("still here</div>")
    said = server.output[before:]
    assert "Traceback" not in said
    assert "ERROR" not in said


@pytest.mark.parametrize("text", ["a\ud800", "\udfff b", "x" * 4001, "x\0" + "y" * 4000, "</textarea><b>" + "x" * 4000])
async def test_a_text_that_cannot_be_kept_comes_back_with_the_reason(server: ServerProcess, text: str) -> None:
    async with tab(server, fresh()) as page:
        await page.enter()
        await page.send(act="say", nonce="k-0", text=text)
        frame = await page.frame('<form id="say-k-0"')
        assert 'class="why" role="alert"' in frame
        assert "<b>" not in frame
        await page.send(act="say", nonce="k-1", text="still here")
        await page.frame("still here</div>")


@pytest.mark.parametrize("text", ["", "  \n", "\u200b", "\0", "\ud800"])
async def test_an_empty_message_is_told_and_its_form_goes(server: ServerProcess, text: str) -> None:
    async with tab(server, fresh()) as page:
        await page.enter()
        await page.send(act="say", nonce="k-0", text=text)
        await page.frame('<form id="say-k-0" hx-swap-oob="delete">')
        await page.frame("The message is empty.")


async def test_a_used_nonce_with_another_text_is_refused_under_a_new_key(server: ServerProcess) -> None:
    async with tab(server, fresh()) as page:
        await page.enter()
        await page.send(act="say", nonce="k-0", text="one")
        await page.frame('<form id="say-k-0" hx-swap-oob="delete">')
        await page.send(act="say", nonce="k-0", text="one")
        await page.frame('<form id="say-k-0" hx-swap-oob="delete">')
        await page.send(act="say", nonce="k-0", text="two")
        frame = await page.frame("two</textarea>")
        (nonce,) = (e.attributes["value"] for e in Tree(frame).elements if e.attributes.get("name") == "nonce")
        await page.send(act="say", nonce=nonce, text="two")
        await page.frame("two</div>")
        assert sum("one</div>" in each for each in page.read) == 1


async def test_a_thousand_messages_in_a_burst_are_all_taken_in_order(server: ServerProcess) -> None:
    room = fresh()
    async with tab(server, room) as page:
        await page.enter()
        for number in range(1000):
            await page.send(act="say", nonce=f"k-{number}", text=f"text {number};")
        await page.frame('<form id="say-k-999" hx-swap-oob="delete">')
        read = "".join(page.read)
        places = [read.index(f"text {number};") for number in range(1000)]
        assert places == sorted(places)
        assert read.count('<li id="m-') == 1000
        assert httpx.get(f"{server.url}/healthz", trust_env=False).status_code == 200


async def test_a_thousand_bad_frames_in_a_burst_hold_up_nobody_else(server: ServerProcess) -> None:
    room = fresh()
    async with tab(server, room) as noisy, tab(server, room) as quiet:
        await noisy.enter()
        await quiet.enter()
        for number in range(1000):
            await noisy.connection.send("[" * number)
        async with asyncio.timeout(5):
            await quiet.send(act="say", nonce="k-0", text="not disturbed")
            await quiet.frame("not disturbed</div>")
            await noisy.frame("not disturbed</div>")  # it is told, though what it sends waits
        assert sum('id="notice"' in each for each in noisy.read) < 20
        assert noisy.connection.close_code is None
        noisy.connection.transport.abort()  # its goodbye would wait behind all that it sent


async def test_a_forged_cookie_is_told_and_sent_away_for_good(server: ServerProcess) -> None:
    forged = ["x", "a.b", "W10.x", str(Identities("another key, long enough")._signer.dumps("a" * 22))]
    for value in forged:
        async with tab(server, fresh(), cookie=f"quart_chat={value}") as page:
            assert await page.close_code() == 1008
            assert 'id="connection" class="ended"' in page.read[-1]
            assert '<i id="watch" hx-swap-oob="delete">' in page.read[-1]


async def test_a_tab_says_things_under_its_cookie_s_name(server: ServerProcess) -> None:
    room = fresh()
    with browser(server) as client:
        client.get("/")
        client.post("/me", data={"name": "Ana <Maria>"})
        cookie = f"quart_chat={client.cookies['quart_chat']}"
        async with tab(server, room, cookie=cookie) as page:
            await page.enter()
            await page.send(act="say", nonce="k-0", text="x")
            assert '<bdi class="name">Ana &lt;Maria&gt;</bdi>' in await page.frame('<li id="m-')
            client.post("/me", data={"name": "Bia"})
            await page.frame('id="me"', "Bia")
            await page.send(act="say", nonce="k-1", text="y")
            assert '<bdi class="name">Bia</bdi>' in await page.frame('<li id="m-')


@pytest.mark.parametrize("room", ["Room", "a_b", "%7B%7D", "%00", "a" * 65, "%2e%2e", "-", "%F0%9F%8E%89", "%FF"])
async def test_a_socket_of_a_room_that_cannot_be_is_refused(server: ServerProcess, room: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with tab(server, room):
            pass
    assert refused.value.response.status_code in (400, 404)


async def test_compression_that_all_tabs_share_is_agreed_on(server: ServerProcess) -> None:
    async with tab(server, fresh()) as page:
        assert page.connection.response is not None
        agreed = page.connection.response.headers["Sec-WebSocket-Extensions"]
        assert agreed == "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        await page.enter()
        await page.send(act="say", nonce="k-1", text="é & <b> " * 400)
        assert "é &amp; &lt;b&gt; é" in await page.frame('<li id="m-')


async def test_a_tab_speaks_its_reader_s_language(server: ServerProcess) -> None:
    async with tab(server, fresh(), **{"Accept-Language": "pt"}) as page:
        await page.enter()
        await page.connection.send(json.dumps({"act": "dance"}))
        await page.frame("Esta sala não conhece essa ação.")
