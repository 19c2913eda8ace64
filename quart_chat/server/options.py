"""Server settings: Hypercorn's own, from hypercorn.toml."""

from __future__ import annotations

import logging
import os
import ssl
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hypercorn.config import Config

from quart_chat.errors import SettingsError

FILE = "hypercorn.toml"

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "bind": ["127.0.0.1:8000"],
        "worker_class": "uvloop",
        "websocket_max_message_size": 65536,  # characters
        "graceful_timeout": 5,  # seconds
        "backlog": 1024,  # connections
        "h11_max_incomplete_size": 65536,  # bytes
        "errorlog": "-",
        "include_server_header": False,
    }
)
"""What hypercorn.toml says, for an installation without it; a test holds the two together.

They lie beneath a file of the operator's too: who writes only `bind` keeps the bounds.
"""


def find_file(folder: Path) -> Path | None:
    """Find hypercorn.toml in `folder`, else in the package or beside it (a checkout); None where there is none."""
    package = Path(__file__).resolve().parents[1]
    places = (folder, package, package.parent)
    return next((place / FILE for place in places if (place / FILE).is_file()), None)


def load(file: Path | None) -> Config:
    """Read the server settings.

    file: a TOML file as Hypercorn reads it; None takes the built-in defaults.

    Raises:
        SettingsError: the file, or a value that the server could not start with.
    """
    written: dict[str, Any] = {}
    if file is not None:
        try:
            written = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SettingsError(f"{file} cannot be read: {error}") from error
    # Hypercorn takes any name and ignores it; a typo in `certfile` would mean no TLS.
    unknown = [name for name in written if name.startswith("_") or not hasattr(Config, name)]
    if unknown:
        raise SettingsError(f"{file}: Hypercorn has no setting {unknown[0]!r}")
    wrong = [name for name, value in written.items() if not _fits(value, getattr(Config(), name, None))]
    if wrong:
        raise SettingsError(f"{file}: {wrong[0]} cannot be {written[wrong[0]]!r}")
    config = Config.from_mapping({**DEFAULTS, **written})
    if config.worker_class not in ("uvloop", "asyncio"):
        raise SettingsError(f"{file}: worker_class is {config.worker_class!r}; it takes 'uvloop' or 'asyncio'")
    if config.quic_bind:
        raise SettingsError(
            f"{file}: several workers cannot share quic_bind; take it out, or run the hypercorn command"
        )
    if config.loglevel.upper() not in logging.getLevelNamesMapping():
        raise SettingsError(f"{file}: loglevel is {config.loglevel!r}; it takes 'info', 'warning' or 'error'")
    _check_tls(config, file)
    return config


def _fits(value: object, default: object) -> bool:
    """Say whether a value is of the kind of Hypercorn's own default; one of None tells nothing."""
    if isinstance(default, list):
        return isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, str) for part in value))
    if isinstance(default, bool | str):
        return isinstance(value, type(default))
    if isinstance(default, int | float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return True


def _check_tls(config: Config, file: Path | None) -> None:
    """Load the certificate once here: otherwise each worker would fail on it."""
    if (config.certfile is None) != (config.keyfile is None):
        raise SettingsError(f"{file}: TLS needs certfile and keyfile, and only one of them is set")
    try:
        config.create_ssl_context()
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"{file}: certfile or keyfile cannot be used: {error}") from error


def worker_count(config: Config) -> int:
    """Say how many workers run: what the file says, else one for each core that this process may use.

    Raises:
        SettingsError: `workers` is not a number above 0.
    """
    if "workers" in vars(config):  # an instance's attribute: written in the file, not Hypercorn's default
        count = config.workers
        if not isinstance(count, int) or count < 1:
            raise SettingsError(f"workers is {count!r}; it takes a whole number from 1")
        return count
    return _cores()


def _cores() -> int:
    if hasattr(os, "process_cpu_count"):  # Python 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
