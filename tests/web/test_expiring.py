"""A room that keeps messages for a while: the server lets go of them by itself, and no address shows them any more."""

from __future__ import annotations

import re

import httpx
import pytest

from quart_chat.room.entries import order
from quart_chat.store import keys
from quart_chat.store.expiring import HOUR
from tests.server.processes import ServerProcess, store
from tests.store.ageing import age
from tests.web.test_files import addresses, send
from tests.web.test_forgetting import until
from tests.web.test_messages import say
from tests.web.test_order import rule
from tests.web.visits import fresh, tab


async def test_old_messages_go_by_themselves_from_every_address(
    server: ServerProcess, ana: httpx.Client, bob: httpx.Client
) -> None:
    room = fresh()
    old = say(ana, room, "a word of old")
    ana.post(f"/r/{room}/m/{old}/pin")
    send(ana, room, ("minutes.txt", b"of old"), text="with a file")
    (file,) = addresses(ana, room)
    ana.post(f"/r/{room}/topic", data={"topic": "what stays"})
    with store(server) as held:
        age(held, room, 2 * HOUR)
        say(bob, room, "an answer", reply=old)
        assert bob.get(file).status_code == 200
        assert rule(ana, room, keep="1").status_code == 303
        page = bob.get(f"/r/{room}").text
        assert page.count("a word of old") == 4  # itself, its pin, and twice quoted
        assert "Nothing is kept here: messages go after an hour." in page
        assert "An hour: nothing is kept" in bob.get(f"/r/{room}/order").text
        held.zadd(keys.EXPIRING, {room: 0})
        until(lambda: held.xlen(keys.messages(room)) == 1, "that the old ones went")
        assert held.hgetall(keys.files(room)) == {"bytes": "0"}
        until(lambda: not [*(server.data / "files").rglob(f"{room}/*")], "that its file went, too")
    for path in (
        "",
        "/messages",
        f"/messages?before={order(old)[0] + 10**9}-0",
        f"/messages?after={old}",
        f"?after={old}",
    ):
        found = bob.get(f"/r/{room}{path}")
        assert found.status_code == 200
        assert "of old" not in found.text
        assert "minutes.txt" not in found.text
    assert "what stays" in bob.get(f"/r/{room}").text
    assert re.findall(r'<li id="m-', bob.get(f"/r/{room}").text) == ['<li id="m-']
    assert "/unpin" not in bob.get(f"/r/{room}").text
    for path in ("search?q=word", f"m/{old}/menu"):
        assert "of old" not in bob.get(f"/r/{room}/{path}").text
    for path in (f"/r/{room}/m/{old}", f"/r/{room}/m/{old}/edit", f"/r/{room}/m/{old}/edits", file):
        assert ana.get(path).status_code == 404
    for act in ("edit", "delete", "react", "pin", "report"):
        assert ana.post(f"/r/{room}/m/{old}/{act}", data={"text": "x", "emoji": "👍"}).status_code == 404
    async with tab(server, room) as page_again:
        await page_again.send(act="resume", since=old)
        frame = await page_again.frame("an answer")
        assert "of old" not in "".join([*page_again.read, frame])
    assert rule(ana, room).status_code == 303
    page = bob.get(f"/r/{room}").text
    assert "of old" not in page
    assert "messages go" not in page.lower()


@pytest.mark.parametrize("keep", ["2", "-1", "x", "٣", "9" * 5000])
def test_a_time_that_is_not_offered_is_refused(ana: httpx.Client, keep: str) -> None:
    room = fresh()
    say(ana, room, "mine")
    assert rule(ana, room, keep=keep).status_code == 400
