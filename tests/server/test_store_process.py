from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from quart_chat.server.folder import Folder
from tests.server.conftest import Servers
from tests.server.processes import kill, lives, store


def test_it_keeps_what_it_answered_through_a_kill_of_everything(serve: Servers) -> None:
    first = serve()
    store(first).set("answered", "yes")
    pid = first.store_pid
    first.kill()
    assert not lives(pid)
    assert store(serve()).get("answered") == "yes"


def test_a_store_that_a_crash_left_is_taken_over(serve: Servers) -> None:
    first = serve(env={"QUART_CHAT_FSYNC": "everysec"})
    store(first).set("answered", "yes")
    kill(first.process.pid)
    second = serve()
    assert second.store_pid == first.store_pid
    assert f"taken over (pid {first.store_pid})" in second.output
    assert store(second).get("answered") == "yes"
    assert store(second).config_get("appendfsync") == {"appendfsync": "always"}
    assert second.stop() == 0
    second.wait_for(lambda: not lives(first.store_pid), "the end of the store that was taken over")


def test_a_store_that_was_taken_over_comes_back_too(serve: Servers) -> None:
    first = serve()
    kill(first.process.pid)
    second = serve()
    store(second).set("answered", "yes")
    kill(second.store_pid)
    second.wait_for_output("the store that was taken over has ended")
    second.wait_for(lambda: second.store_pid != first.store_pid, "another store")
    assert store(second).get("answered") == "yes"


def test_a_killed_store_comes_back_with_what_it_kept(serve: Servers) -> None:
    server = serve()
    assert httpx.get(f"{server.url}/count").text == "1"
    killed, worker = server.store_pid, server.worker_pids
    kill(killed)
    server.wait_for_output("the store was ended by SIGKILL; it starts again now; the end of .*valkey.log: .+ / .+")
    server.wait_for(lambda: server.store_pid != killed, "another store")
    assert httpx.get(f"{server.url}/count").text == "2"
    assert server.worker_pids == worker


@pytest.mark.parametrize("name", ["a b'c\"d#ä%20", "far" * 60], ids=["odd", "long"])
def test_any_path_serves_and_is_found_again_after_a_crash(serve: Servers, tmp_path: Path, name: str) -> None:
    data = tmp_path / name
    first = serve(data=data)
    assert httpx.get(f"{first.url}/count").text == "1"
    kill(first.process.pid)
    second = serve(data=data)
    assert second.store_pid == first.store_pid
    assert httpx.get(f"{second.url}/count").text == "2"
    socket = Folder(data).recorded_socket()
    assert socket.stat().st_mode & 0o777 == 0o700
    assert data.stat().st_mode & 0o777 == 0o700
    assert second.stop() == 0
    assert not socket.exists()
    assert socket.parent == data / "store" or not socket.parent.exists()


def test_what_it_loads_is_torn_is_said_with_its_log(serve: Servers) -> None:
    first = serve()
    store(first).set("answered", "yes")
    assert first.stop() == 0
    (log_of_writes,) = (serve.data / "store" / "appendonlydir").glob("*.incr.aof")
    log_of_writes.write_bytes(b"torn" + log_of_writes.read_bytes())
    second = serve(wait=False)
    assert second.wait() == 1
    last = second.output.splitlines()[-1]
    assert last.startswith("quart-chat: the embedded store ended with status 1 as it started; the end of ")
    assert "valkey.log" in last
