"""The limits of people and addresses, on a server of 3 messages a minute, 4 rooms an hour and 2 sockets."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

import httpx
from websockets.exceptions import ConnectionClosed

from quart_chat.room.limits import FREE
from tests.server.processes import ServerProcess
from tests.web.conftest import LIMITED
from tests.web.visits import PATIENCE, browser, fresh, tab

HTMX = {"HX-Request": "true"}


@contextmanager
def visitor(behind: ServerProcess, address: str) -> Iterator[httpx.Client]:
    """Somebody who has a cookie already."""
    with browser(behind, **{"X-Forwarded-For": address}) as client:
        client.get("/")
        yield client


def say(client: httpx.Client, room: str, nonce: str, **headers: str) -> httpx.Response:
    return client.post(f"/r/{room}/messages", data={"text": f"text {nonce}", "nonce": nonce}, headers=headers)


def too_fast(response: httpx.Response, most: int) -> None:
    """Assert that it says so, and when to come again, in seconds."""
    assert response.status_code == 429
    assert 1 <= int(response.headers["Retry-After"]) <= most


def test_a_person_s_messages_are_limited_and_what_was_written_is_not_lost(behind: ServerProcess) -> None:
    room = fresh()
    with visitor(behind, "198.51.100.1") as client:
        assert [say(client, room, f"n{n}").status_code for n in range(3)] == [303] * 3
        too_fast(say(client, room, "n3", **HTMX), 20)
        refused = say(client, room, "n3")
        too_fast(refused, 20)
        assert "text n3" in refused.text
        assert "text n3" not in client.get(f"/r/{room}").text


def test_a_retry_of_what_is_in_the_room_already_is_no_new_message(behind: ServerProcess) -> None:
    room = fresh()
    with visitor(behind, "198.51.100.2") as client:
        for n in range(3):
            say(client, room, f"n{n}")
        assert say(client, room, "n3", **HTMX).status_code == 429
        assert say(client, room, "n1", **HTMX).status_code == 204
        assert say(client, room, "n1").status_code == 303


def test_a_person_is_limited_in_all_rooms_and_from_all_addresses_together(behind: ServerProcess) -> None:
    with visitor(behind, "198.51.100.3") as client:
        for n in range(3):
            assert say(client, fresh(), f"n{n}").status_code == 303
        client.headers["X-Forwarded-For"] = "198.51.100.4"
        assert say(client, fresh(), "n3").status_code == 429


def test_an_address_has_the_messages_of_ten_people(behind: ServerProcess) -> None:
    room, began, taken = fresh(), time.monotonic(), 0
    refused = None
    for _ in range(20):  # people, of whom each may write three
        with visitor(behind, "198.51.100.5") as client:
            answers = [say(client, room, f"n{n}", **HTMX) for n in range(3)]
        taken += sum(one.status_code == 204 for one in answers)
        refused = next((one for one in answers if one.status_code != 204), None)
        if refused is not None:
            break
    assert refused is not None
    too_fast(refused, 2)
    assert 30 <= taken <= 30 + (time.monotonic() - began) / 2  # one is earned in two seconds
    with visitor(behind, "198.51.100.6") as client:
        assert say(client, room, "n").status_code == 303


def test_the_proxy_s_word_counts_and_not_what_a_visitor_put_before_it(behind: ServerProcess) -> None:
    with visitor(behind, "203.0.113.1, 198.51.100.7") as client:
        codes = []
        for n in range(5):
            client.headers["X-Forwarded-For"] = f"203.0.113.{n}, 198.51.100.7"
            codes.append(client.post("/rooms", data={"title": fresh("spoofed")}).status_code)
        assert codes == [303] * 4 + [429]


def test_without_a_proxy_nobody_s_word_counts(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data", env={**LIMITED, "QUART_CHAT_TRUSTED_HOPS": "0"}) as server:
        codes = []
        for n in range(5):
            with visitor(server, f"203.0.113.{n}") as client:
                client.headers["Forwarded"] = f"for=203.0.113.{n}"
                client.headers["X-Real-IP"] = f"203.0.113.{n}"
                codes.append(client.post("/rooms", data={"title": fresh("spoofed")}).status_code)
        assert codes == [303] * 4 + [429]


def test_a_person_s_reactions_have_a_limit_of_their_own(behind: ServerProcess) -> None:
    room = fresh()
    with visitor(behind, "198.51.100.13") as client:
        say(client, room, "n")
        found = re.search(r'id="m-(\d+-\d+)"', client.get(f"/r/{room}").text)
        assert found
        address = f"/r/{room}/m/{found[1]}"
        assert [client.post(f"{address}/react", data={"emoji": "👍"}).status_code for _ in range(3)] == [303] * 3
        too_fast(client.post(f"{address}/react", data={"emoji": "👍"}), 20)
        assert client.post(f"{address}/edit", data={"text": "another"}).status_code == 303


def test_who_keeps_on_waits_longer_and_is_shown_for_how_long(behind: ServerProcess) -> None:
    room = fresh()
    with visitor(behind, "198.51.100.14") as client:
        for n in range(3):
            say(client, room, f"n{n}")
        too_fast(say(client, room, "n3"), 20)
        waits = [int(say(client, room, "n3").headers["Retry-After"]) for _ in range(FREE + 3)]
        assert waits[FREE - 1] <= 20
        assert 39 <= waits[FREE] <= 40
        assert 159 <= waits[FREE + 2] <= 160
        assert re.search(r'class="countdown( w\d+)+"', say(client, room, "n3").text)


def test_a_household_s_many_addresses_count_as_one(behind: ServerProcess) -> None:
    with visitor(behind, "2001:db8:0:1::1") as client:
        codes = []
        for n in range(5):
            client.headers["X-Forwarded-For"] = f"2001:db8:0:1:{n}::{n}"
            codes.append(client.post("/rooms", data={"title": fresh("household")}).status_code)
        assert codes == [303] * 4 + [429]


def test_new_rooms_are_limited_whichever_way_they_are_opened(behind: ServerProcess) -> None:
    with visitor(behind, "198.51.100.8") as client:
        title = fresh("opened")
        assert client.post("/rooms", data={"title": title}).status_code == 303
        assert client.post("/rooms", data={"surprise": "1"}).status_code == 303
        assert [say(client, fresh("said"), f"n{n}").status_code for n in range(2)] == [303] * 2
        refused = client.post("/rooms", data={"title": "one too many & more"})
        too_fast(refused, 900)
        assert 'value="one too many &amp; more"' in refused.text
        too_fast(client.post("/rooms", data={"surprise": "1"}), 900)
        too_fast(say(client, fresh("said"), "n9", **HTMX), 900)
        assert client.post("/rooms", data={"title": title}).status_code == 303  # it is open already
        assert client.get(f"/r/{title}").status_code == 200
    with visitor(behind, "198.51.100.8") as another:  # of the same address
        assert another.post("/rooms", data={"title": "one more"}).status_code == 429


async def test_an_address_has_so_many_sockets_and_gets_them_back(behind: ServerProcess) -> None:
    room, address = fresh(), {"X-Forwarded-For": "198.51.100.9"}
    async with AsyncExitStack() as open_tabs:
        for _ in range(2):
            page = await open_tabs.enter_async_context(tab(behind, room, **address))
            await page.enter()
        async with tab(behind, room, **address) as third:
            # try again later: tabs of a worker that died count for a while, and must lock nobody out for good
            assert await third.close_code() == 1013
            assert 'id="notice"' in third.read[-1]
            assert "Too many tabs are open from your network." in third.read[-1]
        async with tab(behind, room, **{"X-Forwarded-For": "198.51.100.10"}) as other:
            await other.enter()
    deadline = time.monotonic() + PATIENCE
    while True:  # the server hears of the closing a moment later
        with suppress(ConnectionClosed):
            async with tab(behind, room, **address) as page:
                if 'class="live"' in await page.frame('id="connection"'):
                    return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_a_tab_that_is_too_fast_gets_its_message_back_to_be_sent_again(behind: ServerProcess) -> None:
    with visitor(behind, "198.51.100.11") as client:
        cookie = f"quart_chat={client.cookies['quart_chat']}"
    async with tab(behind, fresh(), cookie=cookie, **{"X-Forwarded-For": "198.51.100.11"}) as page:
        await page.enter()
        for n in range(4):
            await page.send(act="say", nonce=f"n{n}", text=f"text {n}")
        frame = await page.frame('<form id="say-n3"')
        assert "You write faster than 3 messages a minute." in frame
        assert "text 3</textarea>" in frame
        assert 'hx-trigger="load delay:' in frame


async def test_joins_are_limited_and_who_is_refused_comes_again_by_itself(tmp_path: Path) -> None:
    env = {**LIMITED, "QUART_CHAT_SOCKETS_PER_ADDRESS": "0", "QUART_CHAT_JOINS_PER_MINUTE": "3"}
    address = {"X-Forwarded-For": "198.51.100.12"}
    with ServerProcess(tmp_path / "data", workers=2, env=env) as server:
        with visitor(server, "198.51.100.12") as client:
            cookie = f"quart_chat={client.cookies['quart_chat']}"
        for _ in range(3):
            async with tab(server, "r", cookie=cookie, **address) as page:
                await page.enter()
        async with tab(server, "r", cookie=cookie, **address) as refused:
            assert await refused.close_code() == 1013
            assert "Pages connect too often from here." in refused.read[-1]
        async with tab(server, "r", **address) as other:  # each person has a limit of their own
            await other.enter()
        joined = 0
        while True:  # without cookies; their address has a limit, too: ten times that of one person
            async with tab(server, "r", **address) as page:
                if "Pages connect too often" in await page.frame("<"):
                    break
            joined += 1
            assert joined < 200
        assert joined >= 26  # four have joined before
