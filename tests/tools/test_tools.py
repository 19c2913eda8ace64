"""The subcommands, as an operator runs them: beside a server, without one, and on a store elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from quart_chat.store import keys
from tests.server.processes import ServerProcess, store
from tests.store.valkey import Valkey

HEADER = '{"quart_chat":1,"room":"past","title":"Past ☕","opened":"2026-01-01T00:00:00.000Z"}\n'


def lines(count: int) -> str:
    return HEADER + "".join(
        f'{{"id":"{1_700_000_000_000 + number}-0","time":"2023-11-14T22:13:{number % 60:02}.000Z",'
        f'"author":"{"ab"[number % 2] * 16}","name":"Ana","text":"message {number}"}}\n'
        for number in range(count)
    )


def quart_chat(
    *arguments: str, env: Mapping[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("QUART_CHAT_", "REDIS_URL"))}
    return subprocess.run(
        [sys.executable, "-m", "quart_chat", *arguments],
        env={**environ, "QUART_CHAT_TIME_ZONE": "UTC", **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def browser(server: ServerProcess, cookies: Mapping[str, str] | None = None) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"Origin": server.url}, cookies=dict(cookies or {}), timeout=20)


def own(page: str) -> str:
    """Whose page it is."""
    found = re.search(r"/own/([0-9a-f]{16})\.css", page)
    assert found is not None
    return found[1]


def right(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_room_is_imported_exported_listed_and_deleted_without_a_server(tmp_path: Path) -> None:
    data, file, out = tmp_path / "data", tmp_path / "past.jsonl", tmp_path / "out.jsonl"
    file.write_text(lines(1234), encoding="utf-8")
    at = ("--data", str(data))
    assert "1,234 messages are in /r/past" in quart_chat("import", str(file), *at).stderr
    assert right(quart_chat("export", "past", *at)) == file.read_text(encoding="utf-8")
    right(quart_chat("export", "past", "--output", str(out), *at))
    assert out.read_bytes() == file.read_bytes()
    listed = right(quart_chat("rooms", *at))
    assert listed.split() == ["2023-11-14", "22:13", "1,234", "past", "Past", "☕"]
    text = right(quart_chat("export", "http://chat.example/r/past", "--format", "text", *at))
    assert "] Ana: message 1233\n" in text
    page = right(quart_chat("export", "Past", "--format", "html", "--language", "pt", *at))
    assert page.count("<li ") == 1234
    assert '<html lang="pt-BR" dir="ltr">' in page

    again = quart_chat("import", str(file), *at)
    assert again.returncode == 1
    assert "the room past has other messages" in again.stderr
    right(quart_chat("import", str(file), "--room", "Other one", *at))
    assert right(quart_chat("export", "other-one", *at)).splitlines()[1:] == file.read_text("utf-8").splitlines()[1:]

    asked = quart_chat("delete", "past", *at, stdin="n\n")
    assert asked.returncode == 1
    assert "1,234 messages" in asked.stdout
    right(quart_chat("delete", "past", "--yes", *at))
    gone = quart_chat("export", "past", *at)
    assert (gone.returncode, gone.stderr) == (1, "quart-chat: there is no room 'past'; `quart-chat rooms` lists them\n")
    assert right(quart_chat("rooms", *at)).split()[3:] == ["other-one", "Other", "one"]


def test_a_room_that_is_in_use_is_exported_and_deleted_beside_the_server(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup.jsonl"
    at = ("--data", str(data))
    with ServerProcess(data) as server, browser(server) as http:
        http.get("/r/here")
        for number in range(3):
            said = http.post("/r/here/messages", data={"text": f"message {number}", "nonce": f"n-{number}"})
            assert said.status_code < 400, said.text
        right(quart_chat("export", "here", "-o", str(backup), *at))
        assert [json.loads(line).get("text") for line in backup.read_text("utf-8").splitlines()[1:]] == [
            "message 0",
            "message 1",
            "message 2",
        ]
        right(quart_chat("delete", "here", "--yes", *at))
        assert "message 0" not in http.get("/r/here").text
        right(quart_chat("import", str(backup), *at))
        page = http.get("/r/here").text
        assert [f"message {number}" in page for number in range(3)] == [True] * 3
        # and it goes on where it ended
        assert http.post("/r/here/messages", data={"text": "after", "nonce": "n-9"}).status_code < 400
        assert "after" in right(quart_chat("export", "here", *at)).splitlines()[-1]


def test_a_private_room_stays_so_when_it_is_deleted_and_brought_back(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup.jsonl"
    at = ("--data", str(data))
    with ServerProcess(data) as server, browser(server) as ana, browser(server) as bob, browser(server) as eva:
        for http in (ana, bob, eva):
            http.get("/")
        for http in (ana, bob):
            assert http.post("/r/ours/messages", data={"text": "just us", "nonce": "n"}).status_code < 400
        rules = {"writers": "everyone", "slow": "5", "files": "1", "closed": "1"}
        assert ana.post("/r/ours/order", data=rules).status_code == 303
        link = right(quart_chat("owner", "ours", *at)).strip()
        right(quart_chat("export", "ours", "-o", str(backup), *at))
        right(quart_chat("delete", "ours", "--yes", *at))
        # what one of them wrote without a connection opens no room that others read
        for http in (ana, bob, eva):
            late = http.post("/r/ours/messages", data={"text": "late", "nonce": "m"})
            assert late.status_code == 403, late.text
        right(quart_chat("import", str(backup), *at))
        assert [http.get("/r/ours").status_code for http in (ana, bob, eva)] == [200, 200, 403]
        assert "5 seconds" in ana.get("/r/ours/order").text
        assert "<select" in ana.get("/r/ours/order").text
        assert eva.post(link).status_code == 303
        assert "<select" in eva.get("/r/ours/order").text
        assert "became an owner by a link" in ana.get("/r/ours/order").text
        assert ana.post("/r/ours/order", data={"writers": "everyone", "listed": "1", "language": "pt-BR"}).is_redirect
        right(quart_chat("export", "ours", "-o", str(backup), *at))
        right(quart_chat("delete", "ours", "--yes", *at))
        right(quart_chat("import", str(backup), *at))
        with browser(server) as other:
            assert 'href="/r/ours"' in other.get("/").text
            assert '<html lang="pt-BR" dir="ltr" ' in other.get("/r/ours").text


def test_a_backup_of_the_data_folder_is_a_server_s_whole_state(tmp_path: Path) -> None:
    """As docs/operations.md says: copy the folder, start on the copy."""
    data, copy = tmp_path / "data", tmp_path / "copy"
    with ServerProcess(data) as server, browser(server) as http:
        before = own(http.get("/r/kept").text)
        assert http.post("/r/kept/messages", data={"text": "kept", "nonce": "n"}).status_code < 400
        cookies = dict(http.cookies)
        subprocess.run(["cp", "-r", str(data), str(copy)], check=True)
    with ServerProcess(copy) as server, browser(server, cookies) as http:
        page = http.get("/r/kept")
        assert "kept</div>" in page.text
        assert own(page.text) == before  # the key is the same: they are who they were


def test_rooms_of_a_store_elsewhere(tmp_path: Path) -> None:
    with Valkey() as valkey:
        env = {"REDIS_URL": valkey.url}
        file = tmp_path / "past.jsonl"
        file.write_text(lines(2), encoding="utf-8")
        right(quart_chat("import", str(file), env=env))
        assert "past" in right(quart_chat("rooms", env=env))
        right(quart_chat("delete", "past", "--yes", env=env))
        with valkey.client() as look:
            assert look.keys() == []
        wrong = quart_chat("rooms", env={"REDIS_URL": "unix:///nonexistent/socket"})
        assert wrong.returncode == 1
        assert "the store does not answer" in wrong.stderr


def test_a_file_that_cannot_be_brought_back_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "torn.jsonl"
    file.write_text(lines(700) + '{"time":"2023-', encoding="utf-8")
    with Valkey() as valkey:
        done = quart_chat("import", str(file), env={"REDIS_URL": valkey.url})
        assert done.returncode == 1
        assert "line 702 is no JSON" in done.stderr
        with valkey.client() as look:
            assert look.keys() == []


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    done = quart_chat("rooms", "--data", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "there are no messages in" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_check_finds_a_store_fine_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    with Valkey(append_only=True) as valkey:
        done = quart_chat("check", env={"REDIS_URL": valkey.url})
        assert "A server would serve." in right(done)
        assert "WRONG" not in done.stdout
        with valkey.client() as look:
            assert look.keys() == []
            look.config_set("maxmemory", "100mb")
            look.config_set("maxmemory-policy", "allkeys-lru")
            assert "set noeviction" in right(quart_chat("check", env={"REDIS_URL": valkey.url}))
            look.config_set("maxmemory-policy", "noeviction")
            look.config_set("maxmemory", "1mb")
            full = quart_chat("check", env={"REDIS_URL": valkey.url})
            assert full.returncode == 1
            assert "WRONG it does not take a message" in full.stdout
    away = quart_chat("check", env={"REDIS_URL": valkey.url})
    assert away.returncode == 1
    assert "WRONG the store cannot be used" in away.stdout
    assert "A server would serve." in right(quart_chat("check", "--data", str(tmp_path / "data")))


def test_check_says_which_setting_is_wrong() -> None:
    done = quart_chat("check", env={"QUART_CHAT_ROOM_DAYS": "many"})
    assert (done.returncode, done.stderr.count("QUART_CHAT_ROOM_DAYS")) == (2, 1)


@pytest.mark.parametrize("command", ["check", "rooms", "export", "import", "delete"])
def test_each_says_what_it_does(command: str) -> None:
    assert "--data" in right(quart_chat(command, "--help"))


def test_what_is_deleted_is_all_that_a_room_had(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with ServerProcess(data) as server, browser(server) as http:
        http.get("/r/gone")
        http.post("/r/gone/messages", data={"text": "x", "nonce": "n"})
        right(quart_chat("delete", "gone", "--yes", "--data", str(data)))
        with store(server) as look:
            assert [
                name for name in look.keys(keys.meta("gone").replace("meta", "*")) if not name.endswith(":here")
            ] == []
