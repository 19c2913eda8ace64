from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from quart_chat.config import Settings
from quart_chat.errors import SettingsError
from tests.server.processes import ServerProcess
from tests.web.conftest import UNLIMITED
from tests.web.visits import browser

CONTACTS = "mailto:security@chat.example https://chat.example/report"


def test_where_weaknesses_are_reported_is_told_as_the_rfc_wants_it(tmp_path: Path) -> None:
    env = {**UNLIMITED, "QUART_CHAT_SECURITY_CONTACT": CONTACTS}
    with ServerProcess(tmp_path, env=env) as server, browser(server) as client:
        answer = client.get("/.well-known/security.txt")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        fields = re.findall(r"^([A-Za-z-]+): (.+)$", answer.text, re.MULTILINE)
        assert len(fields) == len(answer.text.splitlines())
        assert [value for name, value in fields if name == "Contact"] == CONTACTS.split()
        (until,) = (datetime.fromisoformat(value) for name, value in fields if name == "Expires")
        assert timedelta(days=90) < until - datetime.now(UTC) < timedelta(days=365)
        assert "Preferred-Languages" not in dict(fields), "the pages speak more than whoever reads the report"
        assert ("Canonical", f"{server.url}/.well-known/security.txt") in fields


def test_without_the_setting_there_is_no_such_file(client: httpx.Client) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404


@pytest.mark.parametrize("contact", ["security@chat.example", "http://chat.example", "mailto:x", "mailto:é@x", "me"])
def test_a_contact_that_is_none_is_said(contact: str) -> None:
    with pytest.raises(SettingsError, match="QUART_CHAT_SECURITY_CONTACT"):
        Settings.from_environment({"QUART_CHAT_SECURITY_CONTACT": contact})
