from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from quart_chat.errors import SettingsError
from quart_chat.server import options
from tests.server.processes import REPOSITORY


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "hypercorn.toml"
    file.write_text(text)
    return file


def test_the_built_in_defaults_are_those_of_hypercorn_toml() -> None:
    assert tomllib.loads((REPOSITORY / "hypercorn.toml").read_text()) == dict(options.DEFAULTS)


def test_a_file_that_says_little_keeps_the_bounds(tmp_path: Path) -> None:
    config = options.load(written(tmp_path, 'bind = "127.0.0.1:1"'))
    assert (config.bind, config.websocket_max_message_size) == (["127.0.0.1:1"], 65536)


def test_the_file_here_wins_over_the_one_beside_the_package(tmp_path: Path) -> None:
    assert options.find_file(tmp_path) == REPOSITORY / "hypercorn.toml"
    file = written(tmp_path, "")
    assert options.find_file(tmp_path) == file


def test_workers_are_what_the_file_says_or_one_per_core(tmp_path: Path) -> None:
    assert options.worker_count(options.load(written(tmp_path, "workers = 7"))) == 7
    assert options.worker_count(options.load(written(tmp_path, "workers = 1"))) == 1
    assert options.worker_count(options.load(None)) >= 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("bind = [", "cannot be read"),
        ('certflie = "x"', "'certflie'"),
        ('certfile = "x"', "certfile and keyfile"),
        ('certfile = "/none"\nkeyfile = "/none"', "cannot be used"),
        ("bind = 8000", "bind cannot be 8000"),
        ('backlog = "many"', "backlog cannot be 'many'"),
        ('loglevel = "loud"', "loglevel is 'loud'"),
        ('worker_class = "trio"', "'uvloop' or 'asyncio'"),
        ('quic_bind = ["127.0.0.1:1"]', "quic_bind"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        options.load(written(tmp_path, text))
