from __future__ import annotations

from pathlib import Path

import pytest

from quart_chat import keys
from quart_chat.errors import SettingsError


def test_the_key_is_made_once_and_kept_privately(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    (key,) = keys.load(data, None)
    assert len(key) >= 32
    assert keys.load(data, None) == (key,)
    assert [path.name for path in data.iterdir()] == ["secret.key"]
    assert (data / "secret.key").stat().st_mode & 0o777 == 0o600
    assert keys.load(data, "a key of words, as people choose them") == ("a key of words, as people choose them",)


def test_several_keys_may_be_given_newest_first(tmp_path: Path) -> None:
    assert keys.load(tmp_path, f"{'n' * 16}:{'o' * 16}") == ("n" * 16, "o" * 16)
    (tmp_path / "secret.key").write_text(f"{'n' * 16}\n{'o' * 16}\n")
    assert keys.load(tmp_path, None) == ("n" * 16, "o" * 16)


@pytest.mark.parametrize("configured", ["short", f"{'n' * 16}:short", f"{'n' * 16}:", ":"])
def test_a_key_that_is_too_short_is_said(tmp_path: Path, configured: str) -> None:
    with pytest.raises(SettingsError, match="QUART_CHAT_SECRET_KEY"):
        keys.load(tmp_path, configured)


@pytest.mark.parametrize("held", [b"short", b"\xff" * 40, b"", b"\n", b"n" * 16 + b"\nshort"])
def test_a_file_that_holds_no_key_is_said(tmp_path: Path, held: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(held)
    with pytest.raises(SettingsError, match="holds no key"):
        keys.load(tmp_path, None)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="QUART_CHAT_DATA"):
        keys.load(tmp_path / "file", None)


def test_a_key_is_taken_before_it_signs(tmp_path: Path) -> None:
    """So that workers which restart one by one know it, whichever of them signed."""
    (first,) = keys.load(tmp_path, None)
    with pytest.raises(SettingsError, match="prepare"):
        keys.use(tmp_path)
    keys.prepare(tmp_path)
    newest, prepared = keys.load(tmp_path, None)
    assert newest == first
    keys.use(tmp_path)
    assert keys.load(tmp_path, None) == (prepared, first)
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_file_keeps_some_keys_and_not_all(tmp_path: Path) -> None:
    keys.load(tmp_path, None)
    for _ in range(2 * keys.MOST):
        keys.prepare(tmp_path)
        keys.use(tmp_path)
    assert len(set(keys.load(tmp_path, None))) == keys.MOST
