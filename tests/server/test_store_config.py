from __future__ import annotations

from pathlib import Path

import pytest
from redis import ConnectionPool

from quart_chat.server.folder import Folder
from quart_chat.server.store_config import quote, store_config
from quart_chat.server.store_process import url_of


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("yes", b'"yes"'),
        ("", b'""'),
        ("/a b/c", b'"/a b/c"'),
        ("q\"uo'te\\", b'"q\\x22uo\\x27te\\x5c"'),
        ("line\nport 1", b'"line\\x0aport 1"'),
        ("ä", b'"\\xc3\\xa4"'),
    ],
)
def test_a_value_cannot_leave_its_quotes(value: str, written: bytes) -> None:
    assert quote(value) == written


def test_nothing_listens_on_the_network_and_nothing_is_dropped() -> None:
    lines = store_config(Folder(Path("/d")), Path("/d/s"), "always").decode().splitlines()
    assert {'port "0"', 'appendonly "yes"', 'appendfsync "always"', 'maxmemory-policy "noeviction"'} <= {*lines}


@pytest.mark.parametrize("path", ["/plain", "/a b/c%20d", "/#?;=&:@[]/ä", "//two"])
def test_redis_py_reads_back_every_path(path: str) -> None:
    assert ConnectionPool.from_url(url_of(Path(path))).connection_kwargs["path"] == str(Path(path))
