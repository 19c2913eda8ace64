from __future__ import annotations

import os
import pty
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.server.conftest import Servers
from tests.server.processes import REPOSITORY, ServerProcess, kill, lives, store

LIMIT = 10.0  # seconds in which every end is over


def get(server: ServerProcess, path: str = "/") -> str:
    """Ask on a connection of its own, so that any worker may answer."""
    return httpx.get(server.url + path).raise_for_status().text


def nothing_is_left(server: ServerProcess, pids: list[int]) -> None:
    server.wait_for(lambda: not any(lives(pid) for pid in pids), f"the end of {pids}")


def test_it_starts_answers_and_ends(serve: Servers) -> None:
    server = serve(workers=2)
    pids = [*server.worker_pids, server.store_pid]
    assert int(get(server)) in pids
    assert [get(server, "/count"), get(server, "/count")] == ["1", "2"]
    assert f"2 workers; messages are kept in {serve.data}" in server.output
    before = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - before < LIMIT
    nothing_is_left(server, pids)
    assert "Traceback" not in server.output


def test_what_was_written_is_there_at_the_next_start(serve: Servers) -> None:
    first = serve()
    get(first, "/count")
    assert first.stop() == 0
    assert get(serve(), "/count") == "2"


def test_an_interrupt_of_the_whole_group_ends_it_in_order(serve: Servers) -> None:
    server = serve(workers=2)
    pids = [*server.worker_pids, server.store_pid]
    os.killpg(server.process.pid, signal.SIGINT)  # the session of this test's own server
    assert server.wait() == 0
    nothing_is_left(server, pids)
    assert "the store has ended" in server.output
    assert "Traceback" not in server.output


def test_it_ends_in_order_while_its_workers_start(serve: Servers) -> None:
    server = serve(wait=False)
    server.wait_for_output("the store is ready")
    assert server.stop() == 0
    assert "the store has ended" in server.output
    assert "Traceback" not in server.output


def test_a_request_that_hangs_does_not_hold_up_the_end(serve: Servers) -> None:
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
        get(server)  # the worker is the same: it has taken the first request by now
        before = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - before < LIMIT


def test_a_second_interrupt_hurries_and_the_store_still_ends_in_order(serve: Servers) -> None:
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
        get(server, "/count")
        server.send(signal.SIGINT)
        server.wait_for_output("SIGINT: the server ends")
        before = time.monotonic()
        assert server.stop(signal.SIGINT) == 0
        assert time.monotonic() - before < 3
    assert "the store has ended" in server.output


def test_a_second_server_on_the_folder_is_refused(serve: Servers) -> None:
    first = serve()
    second = serve(wait=False)
    assert second.wait() == 1
    assert second.output.startswith("quart-chat: ")
    assert f"is in use by another quart-chat (pid {first.process.pid})" in second.output
    assert len(second.output.splitlines()) == 1
    get(first)


def test_a_busy_port_is_said_in_one_line(serve: Servers, tmp_path: Path) -> None:
    first = serve()
    second = serve(data=tmp_path / "other", bind=f"127.0.0.1:{first.port}", wait=False)
    assert second.wait() == 1
    assert f"127.0.0.1:{first.port} is in use" in second.output
    assert len(second.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("fails", "reason"),
    [
        ("settings", "TINY_FAILS is 'settings'; it takes nothing"),
        ("store", "the tiny store is away"),
        ("bug", "ZeroDivisionError: a bug"),
    ],
)
def test_a_worker_that_cannot_start_says_why(serve: Servers, fails: str, reason: str) -> None:
    server = serve(env={"TINY_FAILS": fails}, wait=False)
    assert server.wait() == 1
    assert server.output.splitlines()[-1] == f"quart-chat: {reason}"
    assert ("Traceback" in server.output) == (fails == "bug")
    assert "the store has ended" in server.output


def test_a_killed_worker_is_back_and_the_other_one_went_on(serve: Servers) -> None:
    server = serve(workers=2)
    killed, other = server.worker_pids
    # One connection that the worker which stays has taken: it must not notice anything.
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = client.recv(4000)
        while not answer.endswith((str(killed).encode(), str(other).encode())):
            answer += client.recv(4000)
        if answer.endswith(str(killed).encode()):
            killed, other = other, killed
        kill(killed)
        server.wait_for_output(rf"\(pid {killed}\) was ended by SIGKILL; another one starts now")
        server.wait_for(lambda: len(server.worker_pids) == 2, "two workers")
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(4000).startswith(b"HTTP/1.1 200")
    assert other in server.worker_pids


def test_a_worker_that_keeps_dying_is_started_ever_later(serve: Servers) -> None:
    server = serve()
    for pause in ("now", "in 0.25 s", "in 0.5 s"):
        (pid,) = server.wait_for(lambda: server.worker_pids, "a worker")
        kill(pid)
        server.wait_for_output(rf"\(pid {pid}\) was ended by SIGKILL; another one starts {pause}")
    server.wait_for(lambda: server.worker_pids, "a worker")
    get(server)


def test_a_hangup_renews_the_workers_one_by_one(serve: Servers) -> None:
    server = serve(workers=2)
    old = server.worker_pids
    statuses: list[int] = []
    done = threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            statuses.append(httpx.get(server.url).status_code)

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        server.send(signal.SIGHUP)
        server.wait_for_output('"the workers are renewed"')
    finally:
        done.set()
        asking.join()
    assert set(statuses) == {200}
    assert len(server.worker_pids) == 2
    assert not {*old} & {*server.worker_pids}
    nothing_is_left(server, old)
    assert int(get(server)) in server.worker_pids


def test_a_renewal_that_fails_leaves_the_old_workers_at_work(serve: Servers, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("graceful_timeout = 1\n")
    server = serve("--config", str(file))
    old = server.worker_pids
    file.write_text("graceful_timeout = \n")
    server.send(signal.SIGHUP)
    server.wait_for_output("cannot be read: .* the old ones go on")
    assert server.worker_pids == old
    get(server)


def test_a_worker_whose_supervisor_is_gone_ends(serve: Servers) -> None:
    server = serve(workers=2)
    pids = server.worker_pids
    kill(server.process.pid)
    nothing_is_left(server, pids)
    assert "the supervisor is gone" in server.output


def test_after_a_killed_supervisor_the_same_port_serves_again(serve: Servers) -> None:
    first = serve(workers=2)
    get(first, "/count")
    kill(first.process.pid)
    second = serve(bind=f"127.0.0.1:{first.port}")
    assert get(second, "/count") == "2"


def test_tls_comes_from_the_file(serve: Servers, tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {cert}".split(),
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    file = tmp_path / "tls.toml"
    file.write_text(f'certfile = "{cert}"\nkeyfile = "{key}"\nbind = "127.0.0.1:0"\n')
    server = serve("--config", str(file), bind=None)
    assert server.url.startswith("https://")
    context = ssl.create_default_context(cafile=str(cert))
    assert httpx.get(server.url, verify=context).text == str(server.worker_pids[0])


def test_asyncio_serves_and_ends_as_well(serve: Servers, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('worker_class = "asyncio"\ngraceful_timeout = 1\n')
    server = serve("--config", str(file))
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
        get(server)
        before = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - before < LIMIT


def test_it_listens_on_a_unix_socket(serve: Servers, tmp_path: Path) -> None:
    path = tmp_path / "web"
    server = serve(bind=f"unix:{path}")
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
        assert client.get("http://x/").text == str(server.worker_pids[0])


def test_with_a_store_of_its_own_nothing_is_embedded(serve: Servers, tmp_path: Path) -> None:
    lender = serve()
    other = serve(data=tmp_path / "other", env={"REDIS_URL": lender.store_url})
    assert get(other, "/count") == "1"
    assert store(lender).get("count") == "1"
    assert "the store is ready" not in other.output
    assert not (tmp_path / "other" / "store").exists()


def test_a_closed_terminal_ends_the_server(tmp_path: Path) -> None:
    """SIGHUP from a terminal that is gone is not a wish for new workers."""
    ours, theirs = pty.openpty()
    command = f"import fcntl, termios, os; os.setsid(); fcntl.ioctl({theirs}, termios.TIOCSCTTY, 0);"
    command += "import runpy, sys; sys.argv = sys.argv[:1] + sys.argv[1:];"
    command += "runpy.run_module('tests.server.tiny', run_name='__main__')"
    output = (tmp_path / "output").open("w+")
    with output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                command,
                "--bind",
                "127.0.0.1:0",
                "--data",
                tmp_path / "d",
                "--workers",
                "1",
            ],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"},
            cwd=REPOSITORY,
            stdout=output,
            stderr=output,
            pass_fds=(theirs,),
        )
        try:
            os.close(theirs)
            deadline = time.monotonic() + LIMIT
            while "Ctrl-C" not in (said := (tmp_path / "output").read_text()):
                assert process.poll() is None, said
                assert time.monotonic() < deadline, said
            os.close(ours)
            assert process.wait(LIMIT) == 0, (tmp_path / "output").read_text()
            assert "the terminal was closed" in (tmp_path / "output").read_text()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(LIMIT)
