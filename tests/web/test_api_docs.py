"""docs/api.md is true: its commands are run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from shutil import which

import httpx
import pytest

from quart_chat.web.api_schema import WHY
from tests.server.processes import ServerProcess
from tests.web.test_bearers import token_of

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
COMMANDS = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.mark.skipif(which("curl") is None, reason="curl is not installed")
def test_each_command_of_the_page_works(server: ServerProcess, ana: httpx.Client, tmp_path: Path) -> None:
    commands = COMMANDS.findall(PAGE.read_text(encoding="utf-8"))
    assert len(commands) == 5
    script = "set -e\n" + "\n".join(commands)
    environ = {**os.environ, "CHAT": server.url, "TOKEN": token_of(ana), "no_proxy": "*"}
    done = subprocess.run(
        ["bash", "-c", script], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "It will *rain* at four." in done.stdout
    assert "The numbers" in done.stdout.partition("<feed")[2]


def test_each_status_is_told(ana: httpx.Client) -> None:
    told = PAGE.read_text(encoding="utf-8").partition("## What goes wrong")[2]
    assert {str(status) for status in WHY} <= set(re.findall(r"\b[1-5]\d\d\b", told))
    described = ana.get("/api/openapi.json")
    assert described.headers["Content-Type"] == "application/json"
    assert described.json()["openapi"].startswith("3.1")
    assert "cdn" not in described.text
