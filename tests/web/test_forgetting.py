from __future__ import annotations

import re
import time
from collections.abc import Callable

import httpx
import pytest

from quart_chat.room.people import public_id
from tests.server.processes import ServerProcess, store
from tests.web.visits import browser, fresh, identity_of, tab

PATIENCE = 30.0  # seconds, of which ten pass before the rooms are looked through


def until(seen: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline, f"never saw: {what}"
        time.sleep(0.05)


def public(client: httpx.Client) -> str:
    return public_id(identity_of(client))


def kept_of(server: ServerProcess, person: str) -> set[str]:
    """Give what the store holds of somebody, but their limits, which lapse, and the keys of their forms."""
    with store(server) as held:
        keys = {
            key for key in held.scan_iter(f"*{person}*", count=1000) if ":limit:" not in key and ":nonce:" not in key
        }
        for read in held.scan_iter("c:{*}:read", count=1000):
            if held.hexists(read, person):
                keys.add(read)
        return keys


async def test_all_that_is_kept_of_somebody_goes_and_what_they_wrote_if_they_want(
    server: ServerProcess, ana: httpx.Client, bob: httpx.Client
) -> None:
    rooms = [fresh(), fresh()]
    name = fresh("Forgotten").replace("-", " ")
    ana.post("/me", data={"name": name})
    ana.post("/me/phrase", data={"phrase": "three sad tigers"})
    for room in rooms:
        for number in range(3):
            ana.post(f"/r/{room}/messages", data={"text": f"secret {number}", "nonce": f"a{number}"})
        bob.post(f"/r/{room}/messages", data={"text": "bob stays", "nonce": "b"})
        theirs = re.findall(r'<li id="m-([0-9]+-[0-9]+)"', ana.get(f"/r/{room}").text)[-1]
        for client in (ana, bob):
            client.post(f"/r/{room}/m/{theirs}/react", data={"emoji": "👍"})
        assert "👍 <b>2</b>" in bob.get(f"/r/{room}").text
    person = public(ana)
    assert kept_of(server, person)
    async with tab(server, rooms[0], cookie=f"quart_chat={ana.cookies['quart_chat']}") as page:
        await page.enter()
        done = ana.post("/me/forget", data={"sure": "1", "wrote": "1"})
        assert done.status_code == 200
        assert "You are forgotten here." in done.text
        (line,) = done.headers.get_list("Set-Cookie")
        assert line.startswith("quart_chat=;")
        assert "quart_chat" not in ana.cookies
        assert await page.close_code() == 1008
        assert any("You are forgotten here." in frame for frame in page.read)
    assert name not in ana.get("/").text
    for room in rooms:
        until(lambda room=room: "secret" not in bob.get(f"/r/{room}").text, "messages gone")  # type: ignore[misc]
        until(lambda room=room: "👍 <b>1</b>" in bob.get(f"/r/{room}").text, "a reaction gone")  # type: ignore[misc]
        assert "bob stays" in bob.get(f"/r/{room}").text
        assert bob.get(f"/r/{room}").text.count("This message was deleted.") == 3
    until(lambda: not kept_of(server, person), "nothing kept")
    assert bob.post("/me", data={"name": name}).status_code == 303  # it is free again


def test_what_somebody_wrote_stays_where_they_do_not_want_more(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    ana.post(f"/r/{room}/messages", data={"text": "this stays", "nonce": "a"})
    before = ana.cookies["quart_chat"]
    assert ana.post("/me/forget", data={"sure": "1"}).status_code == 200
    assert "quart_chat" not in ana.cookies
    assert "this stays" in bob.get(f"/r/{room}").text
    ana.get("/")
    assert ana.cookies["quart_chat"] != before


@pytest.mark.parametrize("data", [{}, {"wrote": "1"}, {"sure": "no"}])
def test_who_is_not_sure_stays(ana: httpx.Client, data: dict[str, str]) -> None:
    ana.post("/me", data={"name": "Still here"})
    assert ana.post("/me/forget", data=data).status_code == 400
    assert "Still here" in ana.get("/").text


def test_another_site_makes_nobody_forgotten(server: ServerProcess, ana: httpx.Client) -> None:
    ana.post("/me", data={"name": "Still here too"})
    refused = ana.post("/me/forget", data={"sure": "1"}, headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403
    assert "Still here too" in ana.get("/").text
    with browser(server) as nobody:
        assert nobody.post("/me/forget", data={"sure": "1"}).status_code == 200
