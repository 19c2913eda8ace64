"""HTTPS, HTTP/2 and wss straight from Hypercorn, by two settings; and a socket that systemd holds."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme
from websockets.asyncio.client import connect

from tests.server.processes import REPOSITORY, ServerProcess
from tests.web.conftest import UNLIMITED
from tests.web.visits import Tab, fresh


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(tmp_path: Path, authority: trustme.CA) -> Iterator[ServerProcess]:
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    shipped = (REPOSITORY / "hypercorn.toml").read_text(encoding="utf-8")
    config = shipped.replace('# certfile = "cert.pem"', f'certfile = "{tmp_path}/cert.pem"')
    config = config.replace('# keyfile = "key.pem"', f'keyfile = "{tmp_path}/key.pem"')
    assert config.count(str(tmp_path)) == 2
    (tmp_path / "hypercorn.toml").write_text(config, encoding="utf-8")
    with ServerProcess(tmp_path / "data", "--config", str(tmp_path / "hypercorn.toml"), env=UNLIMITED) as server:
        yield server


async def test_two_settings_give_https_http2_and_wss(secure: ServerProcess, authority: trustme.CA) -> None:
    trusting, also_trusting = ssl.create_default_context(), ssl.create_default_context()
    for one in (trusting, also_trusting):  # httpx makes the one that it gets one for HTTP/2
        authority.configure_trust(one)
    room = fresh()
    async with httpx.AsyncClient(verify=trusting, http2=True, base_url=secure.url, timeout=20) as client:
        page = await client.get(f"/r/{room}")
        assert page.http_version == "HTTP/2"
        assert page.status_code == 200
        assert "Secure" in page.headers["Set-Cookie"]
        said = await client.post(
            f"/r/{room}/messages", data={"text": "over HTTP/2", "nonce": "n"}, headers={"Origin": secure.url}
        )
        assert said.status_code == 303
        cookie = page.headers["Set-Cookie"].partition(";")[0]
    async with connect(
        f"wss://127.0.0.1:{secure.port}/r/{room}/ws",
        ssl=also_trusting,
        origin=secure.url,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie},
        proxy=None,
    ) as connection:
        tab = Tab(connection)
        await tab.enter()
        await tab.send(act="say", nonce="m", text="over wss")
        await tab.frame("over wss</div>")
    assert "Traceback" not in secure.output
    with httpx.Client(base_url=secure.url.replace("https", "http")) as plain, pytest.raises(httpx.HTTPError):
        plain.get("/healthz")


def test_a_socket_that_is_handed_in_is_served_and_waits_through_a_restart(tmp_path: Path) -> None:
    """As deploy/quart-chat.socket has it: who holds it is systemd, here this test."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        for _ in range(2):
            command = [sys.executable, "-m", "quart_chat", "--workers", "1", "--data", str(tmp_path / "data")]
            process = subprocess.Popen(
                [*command, "--bind", f"fd://{held.fileno()}"], pass_fds=[held.fileno()], stderr=subprocess.PIPE
            )
            try:
                began = time.monotonic()
                assert httpx.get(f"{url}/healthz", timeout=30).json()["status"] == "ok"  # it waited in the socket
                assert time.monotonic() - began < 30
            finally:
                process.terminate()
                _, said = process.communicate(timeout=20)
            assert process.returncode == 0, said.decode()
        held.setblocking(True)  # the socket is still a listening one
        with socket.create_connection(held.getsockname(), timeout=5):
            pass


def test_logs_are_json_where_nobody_looks_and_a_request_is_found_by_its_id(secure: ServerProcess) -> None:
    lines = [line for line in secure.output.splitlines() if line.startswith("{")]
    assert lines
    for line in lines:
        event = json.loads(line)
        assert {"event", "level", "timestamp", "process"} <= set(event)
