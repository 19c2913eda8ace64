"""Files, as an operator looks after them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from quart_chat.config import Settings
from quart_chat.errors import SettingsError
from quart_chat.tools import checkup
from tests.pictures.drawings import drawn
from tests.server.processes import ServerProcess
from tests.tools.test_tools import quart_chat, right
from tests.web.visits import browser


def test_a_room_moves_with_its_files_and_takes_them_with_it(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup.jsonl"
    at = ("--data", str(data))
    with ServerProcess(data) as server, browser(server) as client:
        client.get("/")
        files = [("file", ("sea.png", drawn())), ("file", ("a.txt", b"words"))]
        assert client.post("/r/here/files", data={"text": "", "nonce": "n"}, files=files).status_code == 303
        right(quart_chat("export", "here", "-o", str(backup), *at))
        shutil.copytree(data / "files" / "here", tmp_path / "bytes")
        assert len(list((data / "files" / "here").iterdir())) == 3
        right(quart_chat("delete", "here", "--yes", *at))
        assert list((data / "files").iterdir()) == []
        right(quart_chat("import", str(backup), *at))
        page = client.get("/r/here").text
        address = page.partition('class="picture" href="')[2].partition('"')[0]
        assert client.get(address).status_code == 404
        shutil.copytree(tmp_path / "bytes", data / "files" / "here")
        assert client.get(address).headers["Content-Type"] == "image/png"
        right(quart_chat("delete", "here", "--yes", *at))
        assert list((data / "files").iterdir()) == []


async def findings(settings: Settings) -> list[tuple[bool | None, str]]:
    return [(one.fine, one.text) async for one in checkup.look_at_files(settings)]


async def test_a_check_looks_at_files_and_pictures(tmp_path: Path) -> None:
    assert await findings(Settings(data=tmp_path)) == [
        (True, f"files are kept in {tmp_path}/files"),
        (True, "pictures can be made anew"),
    ]
    assert await findings(Settings(files=False)) == [(True, "files are switched off")]
    (tmp_path / "no").write_text("")
    ((fine, text), _) = await findings(Settings(data=tmp_path / "no"))
    assert fine is False
    assert text.startswith("files: ")


def test_settings_of_files_are_read() -> None:
    default = Settings.from_environment({})
    assert (default.files, default.files_url, default.file_megabytes) == (True, None, 10)
    assert (default.files_per_room_megabytes, default.uploads_per_minute) == (200, 10)
    chosen = Settings.from_environment(
        {"QUART_CHAT_FILES": "no", "QUART_CHAT_FILES_URL": "s3://bucket/x", "QUART_CHAT_FILE_MEGABYTES": "1000"}
    )
    assert (chosen.files, chosen.files_url, chosen.file_megabytes) == (False, "s3://bucket/x", 1000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QUART_CHAT_FILES", "maybe"),
        ("QUART_CHAT_FILES_URL", "/srv/files"),
        ("QUART_CHAT_FILES_URL", "s3://"),
        ("QUART_CHAT_FILES_URL", "gs://bucket"),
        ("QUART_CHAT_FILE_MEGABYTES", "0"),
        ("QUART_CHAT_FILE_MEGABYTES", "1001"),
        ("QUART_CHAT_UPLOADS_PER_MINUTE", "-1"),
    ],
)
def test_settings_that_cannot_be_used_are_said(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is '{value}'"):
        Settings.from_environment({name: value})
