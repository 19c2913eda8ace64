from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from tests.hostile import LINES
from tests.server.processes import REPOSITORY, ServerProcess
from tests.store.valkey import Valkey
from tests.web.conftest import UNLIMITED
from tests.web.visits import ask, browser, fresh, tab

SECRETS = ["secret-text", "secret-name", "secret-title", "secret-field", "secret-nonce"]


async def test_logs_hold_no_texts_no_names_and_no_cookies(server: ServerProcess) -> None:
    """Whatever goes right or wrong: what people write to each other is not the operator's to read in passing."""
    before = len(server.output)
    room = fresh()
    with browser(server) as client:
        client.get("/")
        signed = client.cookies["quart_chat"]
        client.post("/rooms", data={"title": "secret-title …" + "x" * 200})
        client.post("/me", data={"name": "secret-name Ana"})
        client.post("/me", data={"name": "secret-name" + "x" * 50})
        for text in ("secret-text", "secret-text" * 1000, "secret-text again"):
            client.post(f"/r/{room}/messages", data={"text": text, "nonce": "secret-nonce"})
        client.post("/language", data={"language": "secret-field"})
        client.post(f"/r/{room}/messages", data={"text": "secret-text"}, headers={"Origin": "https://evil.example"})
        client.get(f"/r/{room}?before=secret-field")
        client.get("/secret-field")
        async with tab(server, room, cookie=f"quart_chat={signed}") as page:
            await page.enter()
            for frame in ("secret-text", '{"act": "secret-field"}', json.dumps({"act": "say", "text": "secret-text"})):
                await page.connection.send(frame)
            await page.send(act="say", nonce="secret-nonce", text="secret-text another")
            await page.send(act="say", nonce="secret-nonce-2", text="secret-text fine")
            await page.frame("secret-text fine</div>")
        async with tab(server, room, cookie=f"quart_chat={signed}x") as page:
            assert await page.close_code() == 1008
    # the worker writes line by line: what this said has come when its next word has
    server.wait_for(lambda: "tab.refused" in server.output[before:], "the word about a refused tab")
    said = server.output[before:]
    assert [secret for secret in SECRETS if secret in said] == []
    assert signed not in said
    assert signed.partition(".")[0] not in said


def test_what_belongs_to_a_request_carries_its_id(behind: ServerProcess, server: ServerProcess) -> None:
    with browser(server) as client:
        first, second = (client.get("/", headers={"X-Request-Id": "mine"}).headers["X-Request-Id"] for _ in range(2))
        assert first != second
        assert "mine" not in (first, second)  # anybody could write it
    with browser(behind) as client:
        assert (
            client.get("/", headers={"X-Request-Id": "from-the-proxy.1"}).headers["X-Request-Id"] == "from-the-proxy.1"
        )
        odd = client.get("/", headers={"X-Request-Id": "x" * 65}).headers["X-Request-Id"]
        assert len(odd) == 16


async def test_an_error_s_line_has_the_request_it_belongs_to(tmp_path: Path) -> None:
    with Valkey() as valkey, ServerProcess(tmp_path / "data", env={**UNLIMITED, "REDIS_URL": valkey.url}) as server:
        valkey.kill()
        with browser(server) as client:
            asked = client.get(f"/r/{fresh()}")
            assert asked.status_code == 503
            server.wait_for(lambda: "request.unserved" in server.output, "its line")
            line = next(line for line in server.output.splitlines() if "request.unserved" in line)
            assert json.loads(line)["request"] == asked.headers["X-Request-Id"]


def test_an_address_is_no_line_of_its_own_in_the_log(tmp_path: Path) -> None:
    """Also where each request is logged, which Hypercorn's own log would do with the address as it was meant."""
    shipped = (REPOSITORY / "hypercorn.toml").read_text(encoding="utf-8")
    (tmp_path / "hypercorn.toml").write_text(f'{shipped}\naccesslog = "-"\n', encoding="utf-8")
    with ServerProcess(tmp_path / "data", "--config", str(tmp_path / "hypercorn.toml"), env=UNLIMITED) as server:
        server.wait_for(lambda: "messages are kept in" in server.output, "its last word of the start")
        before = len(server.output)
        for text in LINES:
            said = text.replace("\r", "").replace("\n", "").encode("latin-1", "replace").decode("latin-1")
            ask(server, f"/r/{quote(text, safe='')}", **{"User-Agent": said, "X-Request-Id": said, "Referer": said})
        ask(server, "/healthz", **{"User-Agent": "the last one"})
        server.wait_for(lambda: "the last one" in server.output[before:], "the last request's line")
        lines = server.output[before:].splitlines()
    assert len(lines) == len(LINES) + 1
    for line in lines:
        assert json.loads(line)["level"] == "info"
        assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in line)
