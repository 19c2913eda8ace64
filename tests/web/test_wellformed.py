"""What is no request and no handshake gets a 4xx and an end, and not a traceback."""

from __future__ import annotations

import socket

import pytest

from tests.server.processes import ServerProcess
from tests.web.visits import PATIENCE

LINES = b"Host: 127.0.0.1\r\nConnection: close\r\n"
UPGRADE = b"Host: 127.0.0.1\r\nUpgrade: websocket\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
VERSION = b"Sec-WebSocket-Version: 13\r\n"
CONNECTION = b"Connection: Upgrade\r\n"


def answer(server: ServerProcess, target: bytes, lines: bytes, method: bytes = b"GET") -> tuple[int, bytes]:
    """Send a request and read to the server's end of the connection; gives the status and all that came."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as raw:
        raw.sendall(b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, lines))
        came = b""
        while part := raw.recv(65536):
            came += part
    return int(came.split()[1]), came


@pytest.mark.parametrize("target", [b"?", b"?x", b"http://[", b"http://[x]/", b"http://x"])
def test_an_address_without_a_path_is_told_so(server: ServerProcess, target: bytes) -> None:
    status, came = answer(server, target, LINES)
    assert status == 400
    assert b"This is no address" in came
    assert b"content-security-policy: " in came
    assert answer(server, target, UPGRADE + CONNECTION + KEY + VERSION)[0] == 403


@pytest.mark.parametrize("target", [b"http://chat.example/", b"/", b"//[", b"//"])
def test_an_odd_address_with_a_path_is_looked_for(server: ServerProcess, target: bytes) -> None:
    assert answer(server, target, LINES)[0] == (200 if target in (b"http://chat.example/", b"/", b"//") else 404)


def test_asking_what_the_server_can_do_is_answered(server: ServerProcess) -> None:
    assert answer(server, b"*", LINES, b"OPTIONS")[0] in (200, 204, 404)


@pytest.mark.parametrize("host", [b"x" * 64, b"x" * 5000, b"a..b", b".", b"x" * 64 + b":80"])
def test_a_host_that_is_no_name_is_told_so(server: ServerProcess, host: bytes) -> None:
    status, came = answer(server, b"/", b"Host: %b\r\nConnection: close\r\n" % host)
    assert status == 400
    assert b"no name of a host" in came


@pytest.mark.parametrize("host", [b"127.0.0.1", b"[::1]:8000", b"chat.example.", b"xn--bcher-kva.example", b""])
def test_a_host_s_own_name_is_taken(server: ServerProcess, host: bytes) -> None:
    assert answer(server, b"/", b"Host: %b\r\nConnection: close\r\n" % host)[0] == 200


@pytest.mark.parametrize("name", [b"x" * 256, b"x" * 5000, b"none.css", b"%00", b"../app.py", b"base.css/", b""])
def test_a_file_that_there_is_not_is_not_found(server: ServerProcess, name: bytes) -> None:
    assert answer(server, b"/static/" + name, LINES)[0] == 404


@pytest.mark.parametrize(
    "lines",
    [
        KEY + VERSION + b"Connection: Upgrade, \xff\r\n",
        KEY + VERSION + CONNECTION + b"Sec-WebSocket-Extensions: \xff\r\n",
        KEY + VERSION + CONNECTION + b"Sec-WebSocket-Protocol: \xff\r\n",
        VERSION + CONNECTION + b"Sec-WebSocket-Key: \r\n",
        VERSION + CONNECTION + b"Sec-WebSocket-Key: \xff\r\n",
        VERSION + CONNECTION + b"Sec-WebSocket-Key: " + b"A" * 24 + b"\r\n",
        VERSION + CONNECTION + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n",
        VERSION + CONNECTION,
        KEY + CONNECTION,
        KEY + CONNECTION + b"Sec-WebSocket-Version: 8\r\n",
    ],
)
def test_a_handshake_that_is_none_is_refused_and_closed(server: ServerProcess, lines: bytes) -> None:
    assert answer(server, b"/r/none/ws", UPGRADE + lines)[0] == 400


def test_frames_before_the_answer_are_no_handshake(server: ServerProcess) -> None:
    status, _ = answer(server, b"/r/none/ws", UPGRADE + CONNECTION + KEY + VERSION + b"\r\n\x81\x80abcd")
    assert status == 400
