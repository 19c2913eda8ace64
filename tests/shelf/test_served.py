"""A server whose files are in a bucket."""

from __future__ import annotations

import re
import signal
import urllib.request
from pathlib import Path

from tests.pictures.drawings import drawn
from tests.server.processes import ServerProcess
from tests.web.visits import browser


def listed(s3: str) -> list[str]:
    with urllib.request.urlopen(f"{s3}/bucket", timeout=10) as answer:
        return re.findall(r"<Key>([^<]+)</Key>", answer.read().decode())


def test_files_come_out_of_a_bucket_and_go_with_their_message(s3: str, in_s3: str, tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data", env={"QUART_CHAT_FILES_URL": "s3://bucket/served"}) as server:
        with browser(server) as client:
            client.get("/")
            content = b"words" * 300_000
            files = [("file", ("sea.png", drawn())), ("file", ("a.txt", content))]
            assert client.post("/r/here/files", data={"text": "", "nonce": "n"}, files=files).status_code == 303
            found = re.findall(r'href="(/r/here/m/[^"]+/files/[^"]+)"', client.get("/r/here").text)
            assert len(found) == 2
            assert client.get(found[1]).content == content
            assert client.get(found[0]).headers["Content-Type"] == "image/png"
            assert len([key for key in listed(s3) if key.startswith("served/here/")]) == 3
            client.post(f"{found[0].partition('/files/')[0]}/delete")
            assert not [key for key in listed(s3) if key.startswith("served/")]
            assert client.get(found[1]).status_code == 404
        assert not (tmp_path / "data" / "files").exists()
        assert server.stop(signal.SIGTERM) == 0
        assert "Traceback" not in server.output
