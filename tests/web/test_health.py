from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server.processes import ServerProcess
from tests.store.valkey import Valkey
from tests.web.conftest import UNLIMITED
from tests.web.visits import browser, fresh, tab


@pytest.fixture
def own_store() -> Iterator[Valkey]:
    with Valkey(append_only=True) as valkey:
        yield valkey


@pytest.fixture
def lone(own_store: Valkey, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server whose store a test may kill."""
    with ServerProcess(tmp_path / "data", env={**UNLIMITED, "REDIS_URL": own_store.url}) as server:
        yield server


def test_a_healthy_server_says_so(client: httpx.Client) -> None:
    for path in ("/healthz", "/readyz"):
        response = client.get(path)
        assert response.status_code == 200
        assert response.json()["status"] == "ok"
        assert response.headers["Content-Type"] == "application/json"
        assert "Set-Cookie" not in response.headers


async def test_a_store_that_is_away_is_said_kindly_and_nothing_is_lost(lone: ServerProcess, own_store: Valkey) -> None:
    room = fresh()
    with browser(lone) as client:
        client.get("/")
        assert client.post(f"/r/{room}/messages", data={"text": "before", "nonce": "1"}).status_code == 303
        lone.wait_for(lambda: client.get("/readyz").status_code == 200, "readiness")
        cookie = f"quart_chat={client.cookies['quart_chat']}"
        async with tab(lone, room, cookie=cookie) as page:
            await page.enter()
            own_store.kill()
            await page.frame('id="connection" class="store"')
            assert client.get("/healthz").status_code == 200
            ready = client.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
            assert ready.json()["reason"]
            for response in (
                client.get(f"/r/{room}"),
                client.get("/"),
                client.get(f"/r/{room}/messages"),
                client.post(f"/r/{room}/messages", data={"text": "meanwhile", "nonce": "2"}),
                client.post("/rooms", data={"surprise": "1"}),
                client.post("/me", data={"name": "Ana"}),
            ):
                assert response.status_code == 503
                assert int(response.headers["Retry-After"]) >= 1
                assert "Traceback" not in response.text
            await page.send(act="say", nonce="3", text="over the socket")
            frame = await page.frame('<form id="say-3"')
            assert "over the socket</textarea>" in frame
            assert "delay:" in frame
            own_store.start()
            await page.frame('id="connection" class="live"')
            lone.wait_for(lambda: client.get("/readyz").status_code == 200, "readiness")
            await page.send(act="say", nonce="3", text="over the socket")
            await page.frame('<form id="say-3" hx-swap-oob="delete">')
        client.post(f"/r/{room}/messages", data={"text": "before", "nonce": "1"})
        assert client.get(f"/r/{room}").text.count('class="text"') == 2
    assert "Traceback" not in lone.output


async def test_a_server_that_ends_sends_its_tabs_to_come_again(lone: ServerProcess) -> None:
    async with tab(lone, fresh()) as page:
        await page.enter()
        async with tab(lone, fresh()) as silent:  # it has asked for nothing yet
            lone.process.terminate()
            assert await page.close_code() == 1012
            assert await silent.close_code() == 1012
    assert lone.wait() == 0
    assert "Traceback" not in lone.output
