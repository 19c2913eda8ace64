"""A key takes the place of another while people are here."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from quart_chat import keys
from quart_chat.web.identity import Identities
from tests.server.processes import ServerProcess
from tests.web.conftest import UNLIMITED
from tests.web.visits import browser


def rotate(data: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "quart_chat", "rotate-key", "--data", str(data), *options]
    return subprocess.run(command, env=env or None, capture_output=True, text=True, timeout=60, check=False)


def renew(server: ServerProcess, client: httpx.Client) -> None:
    """Restart the workers, while somebody goes on."""
    old = set(server.worker_pids)
    server.send(signal.SIGHUP)

    def renewed() -> bool:
        is_known(client)
        now = server.worker_pids
        return len(now) == len(old) and not old & set(now)

    server.wait_for(renewed, "new workers")
    is_known(client)


def is_known(client: httpx.Client) -> None:
    assert "Kept Ana" in client.get("/").text


def test_a_key_takes_the_place_of_another_and_nobody_is_logged_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with ServerProcess(data, workers=2, env=UNLIMITED) as server, browser(server) as client:
        client.get("/")
        client.post("/me", data={"name": "Kept Ana"})
        first = client.cookies["quart_chat"]
        assert rotate(data).returncode == 0
        renew(server, client)
        assert client.cookies["quart_chat"] == first, "the prepared key does not sign yet"
        assert rotate(data, "--use").returncode == 0
        renew(server, client)
        signed = client.cookies["quart_chat"]
    newest = Identities(keys.load(data, None)[0])
    assert signed != first
    assert newest.read({"quart_chat": signed}, secure=False) is not None
    assert newest.read({"quart_chat": first}, secure=False) is None


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    refused = rotate(tmp_path, "--use")
    assert refused.returncode == 2
    assert "prepare" in refused.stderr
    configured = rotate(tmp_path, QUART_CHAT_SECRET_KEY="k" * 16)
    assert configured.returncode == 2
    assert re.search("QUART_CHAT_SECRET_KEY is set", configured.stderr)
    assert not (tmp_path / "secret.key").exists() or len(keys.load(tmp_path, None)) == 1
