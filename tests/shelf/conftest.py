"""A shelf in a folder, and one in a bucket of a real server that speaks S3."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from quart_chat.shelf.shelf import Shelf
from tests.ports import free_port

PATIENCE = 20.0  # seconds


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """Where moto's server is; it has a bucket."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", url.rpartition(":")[2]]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(urllib.request.Request(f"{url}/bucket", method="PUT"), timeout=5).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "moto's server did not start"
                assert server.poll() is None, "moto's server ended"
        yield url
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def in_s3(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a bucket, with what its keeper sets for it."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3,
    }.items():
        monkeypatch.setenv(name, value)
    return "s3://bucket/some/prefix"


@pytest.fixture(params=["folder", "bucket"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    url = request.getfixturevalue("in_s3") if request.param == "bucket" else None
    shelf = Shelf(url, tmp_path / "files")
    yield shelf
    shelf.close()
