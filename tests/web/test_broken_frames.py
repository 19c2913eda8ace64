"""Frames that no browser sends, over a bare socket: each ends its own connection, with the code that it ought to."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.server.processes import ServerProcess
from tests.web.visits import PATIENCE, fresh, tab

TEXT, BINARY, CLOSE, PING, PONG, CONTINUE = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0
FIN, MASK = 0x80, 0x80


def frame(opcode: int, payload: bytes, *, first: int = FIN, masked: bool = True, length: int | None = None) -> bytes:
    """Encode a frame as a client does (RFC 6455, section 5.2), or as it must not."""
    said = len(payload) if length is None else length
    if said < 126:
        head = bytes((first | opcode, said | (MASK if masked else 0)))
    elif said < 1 << 16:
        head = bytes((first | opcode, 126 | (MASK if masked else 0))) + said.to_bytes(2, "big")
    else:
        head = bytes((first | opcode, 127 | (MASK if masked else 0))) + said.to_bytes(8, "big")
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


@contextmanager
def handshaken(server: ServerProcess) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as raw:
        key = base64.b64encode(os.urandom(16)).decode()
        raw.sendall(
            f"GET /r/{fresh()}/ws HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            head += raw.recv(1)
        assert head.startswith(b"HTTP/1.1 101"), head
        yield raw


def read_exactly(raw: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = raw.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def next_frame(raw: socket.socket) -> tuple[int, bytes]:
    """Read one frame of the server's, strictly: whole, unmasked, no reserved bits."""
    first, second = read_exactly(raw, 2)
    assert first & 0x70 == 0
    assert first & FIN
    assert not second & MASK
    length = second
    if second > 125:
        length = int.from_bytes(read_exactly(raw, 2 if second == 126 else 8), "big")
    return first & 0xF, read_exactly(raw, length)


def close_code(raw: socket.socket) -> int:
    """Read to the server's close frame, and then to the end of the connection."""
    while True:
        opcode, payload = next_frame(raw)
        if opcode == CLOSE:
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(65536):
                pass
            return int.from_bytes(payload[:2], "big")


BROKEN = {
    "an unknown opcode": (frame(0x3, b"x"), 1002),
    "an unknown control opcode": (frame(0xB, b"x"), 1002),
    "no mask": (frame(TEXT, b'{"act": "typing"}', masked=False), 1002),
    "a reserved bit": (frame(TEXT, b"x", first=FIN | 0x40), 1002),
    "another reserved bit": (frame(TEXT, b"x", first=FIN | 0x10), 1002),
    "a continuation of nothing": (frame(CONTINUE, b"x"), 1002),
    "a message within a message": (frame(TEXT, b"x", first=0) + frame(TEXT, b"y"), 1002),
    "a ping in parts": (frame(PING, b"x", first=0), 1002),
    "a ping that is too long": (frame(PING, b"x" * 126), 1002),
    "a close with half a code": (frame(CLOSE, b"\x03"), 1002),
    "a close with a code that is none": (frame(CLOSE, (999).to_bytes(2, "big")), 1002),
    "a close with a reserved code": (frame(CLOSE, (1005).to_bytes(2, "big")), 1002),
    "a close with a reason that is no text": (frame(CLOSE, b"\x03\xe8\xff\xfe"), 1007),
    "no text": (frame(TEXT, b'{"act": "\xff\xfe"}'), 1007),
    "half a character": (frame(TEXT, b'{"act": "\xc3'), 1007),
    "a surrogate in UTF-8": (frame(TEXT, b"\xed\xa0\x80"), 1007),
    "a megabyte": (frame(TEXT, b"x" * 1_000_000), 1009),
    "a megabyte of bytes": (frame(BINARY, b"x" * 1_000_000), 1009),
    "a megabyte in parts": (frame(TEXT, b"x", first=0) + frame(CONTINUE, b"x" * 60_000, first=0) * 20, 1009),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_the_protocol_ends_its_own_connection(server: ServerProcess, name: str) -> None:
    sent, code = BROKEN[name]
    before = len(server.output)
    with handshaken(server) as raw:
        raw.sendall(sent)
        assert close_code(raw) == code
    assert httpx.get(f"{server.url}/healthz", trust_env=False).status_code == 200
    said = server.output[before:]
    assert "Traceback" not in said
    assert "ERROR" not in said


@pytest.mark.parametrize("length", [1 << 31, 1 << 62, (1 << 64) - 1])
def test_a_length_that_is_only_claimed_takes_no_memory(server: ServerProcess, length: int) -> None:
    with handshaken(server) as raw:
        raw.sendall(frame(TEXT, b"x" * 200_000, length=length))
        assert close_code(raw) in (1002, 1009)


def test_a_message_in_parts_with_a_ping_between_is_one(server: ServerProcess) -> None:
    with handshaken(server) as raw:
        raw.sendall(frame(TEXT, b'{"act": "da', first=0) + frame(PING, b"between") + frame(CONTINUE, b'nce"}'))
        seen: list[tuple[int, bytes]] = []
        while not any(b'id="notice"' in payload for _, payload in seen):
            seen.append(next_frame(raw))
        assert (PONG, b"between") in seen
        assert any(b"does not know that act" in payload for _, payload in seen)


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe9bye"])
def test_a_page_that_says_goodbye_gets_one_back(server: ServerProcess, payload: bytes) -> None:
    with handshaken(server) as raw:
        raw.sendall(frame(CLOSE, payload))
        assert close_code(raw) in (int.from_bytes(payload[:2], "big"), 1000, 1005, 0)


async def test_who_vanishes_amid_a_frame_harms_nobody(server: ServerProcess) -> None:
    async with tab(server, fresh()) as page:
        await page.enter()
        for cut in (1, 3, 7, 500):
            with handshaken(server) as raw:
                raw.sendall(frame(TEXT, b"x" * 1000)[:cut])
        await page.send(act="say", nonce="k-0", text="still here")
        await page.frame("still here</div>")
