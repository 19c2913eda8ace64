"""The keys that sign identities: of the settings, or a file in the data folder that is made on first start."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from quart_chat.errors import SettingsError

FILE = "secret.key"  # a key a line, newest first
SHORTEST = 16  # characters of a key
MOST = 4  # keys that a file keeps


def load(data: Path, configured: str | None) -> tuple[str, ...]:
    """Give the keys, newest first: the configured ones, else the data folder's.

    configured: one, or several with colons between, for people put commas and spaces into theirs.

    Raises:
        SettingsError: none can be had, or one is too short.
    """
    if configured:
        keys = tuple(key.strip() for key in configured.split(":"))
        if any(len(key) < SHORTEST for key in keys):
            raise SettingsError(
                "QUART_CHAT_SECRET_KEY is too short; it takes 16 characters or more, at random, "
                "or several such keys with colons between, the newest first"
            )
        return keys
    path = data / FILE
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as error:
        raise _unkept(path, error) from error


def prepare(data: Path) -> None:
    """Put a new key behind the newest: from their next start on servers take what it signs, and sign by it not yet.

    Raises:
        SettingsError: the file cannot be read or written.
    """
    newest, *others = load(data, None)
    _write(data / FILE, [newest, secrets.token_urlsafe(32), *others][:MOST])


def use(data: Path) -> None:
    """Put the key that was prepared before all others: it signs from the next start on.

    Raises:
        SettingsError: none was prepared, or the file cannot be written.
    """
    keys = load(data, None)
    if len(keys) < 2:
        raise SettingsError(f"{data / FILE} holds one key alone; prepare another one first, and restart all workers")
    _write(data / FILE, [keys[1], keys[0], *keys[2:]])


def _make(path: Path) -> None:
    """Make the file, whole or not at all: written aside, then linked under its name, which one worker of many can."""
    fresh = _aside(path, [secrets.token_urlsafe(32)])
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _read(path: Path) -> tuple[str, ...]:
    keys = tuple(path.read_text(encoding="ascii", errors="replace").split())
    if not keys or any(len(key) < SHORTEST or not key.isascii() for key in keys):
        raise SettingsError(f"{path} holds no key; delete it, and everybody gets a new identity")
    return keys


def _write(path: Path, keys: list[str]) -> None:
    try:
        _aside(path, keys).replace(path)
    except OSError as error:
        raise _unkept(path, error) from error


def _aside(path: Path, keys: list[str]) -> Path:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write("".join(f"{key}\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    return fresh


def _unkept(path: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"the key for identities cannot be kept in {path}: {error.strerror}; "
        "set QUART_CHAT_SECRET_KEY, or QUART_CHAT_DATA to a folder that can be written"
    )
