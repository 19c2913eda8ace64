"""Forms that are answered before they were read."""

from __future__ import annotations

import socket
import time

import pytest

from tests.server.processes import ServerProcess
from tests.web.visits import PATIENCE


def answer(connection: socket.socket) -> bytes:
    """Read one answer whose length is told."""
    read = b""
    while b"\r\n\r\n" not in read:
        piece = connection.recv(65536)
        assert piece, read
        read += piece
    head, _, body = read.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head.split(b"\r\n")[0]


@pytest.mark.parametrize("path", ["/r/x/m/no-id/react", "/r/UPPER/messages", "/nowhere", "/r/UPPER/files"])
def test_an_early_answer_leaves_the_connection_to_the_next_form(server: ServerProcess, path: str) -> None:
    """Hypercorn would end it with the answer: a browser whose form was still on its way showed an error of its own."""
    host = f"Host: 127.0.0.1:{server.port}\r\n"
    head = (
        f"POST {path} HTTP/1.1\r\n{host}Origin: {server.url}\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        for _ in range(3):
            connection.sendall(head.encode())
            connection.sendall(b"form=")
            connection.sendall(b"data")
            assert answer(connection).split()[1] in (b"404", b"308")
        connection.sendall(f"GET /healthz HTTP/1.1\r\n{host}\r\n".encode())
        assert answer(connection).split()[1] == b"200"


def test_a_form_that_never_comes_is_answered_all_the_same(server: ServerProcess) -> None:
    head = "POST /nowhere HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nContent-Length: 9\r\n\r\n"
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(head.encode())
        assert answer(connection).split()[1] == b"404"
    assert time.monotonic() - began < PATIENCE / 2
