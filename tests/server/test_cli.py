from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import quart_chat
from quart_chat.cli import main


def test_it_says_its_version() -> None:
    assert quart_chat.__version__ in CliRunner().invoke(main, ["--version"]).output


def test_a_wrong_setting_is_one_line_and_status_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUART_CHAT_FSYNC", "never")
    result = CliRunner().invoke(main, [])
    assert (result.exit_code, result.stderr) == (
        2,
        "quart-chat: QUART_CHAT_FSYNC is 'never'; it takes 'always' or 'everysec'\n",
    )


@pytest.mark.parametrize("address", ["nonsense", "localhost:80a", "127.0.0.1:70000", ":80"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    result = CliRunner().invoke(main, ["--data", str(tmp_path / "data"), "--bind", address])
    assert result.exit_code == 2
    assert f"bind is {address!r}" in result.stderr
