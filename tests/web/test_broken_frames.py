"""Frames that no browser sends, over a bare socket: each ends its own connection, with the code that it ought to."""

from __future__ import annotations

import base64
import os
import re
import socket
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.server.processes import ServerProcess
from tests.web.frames import BINARY, CLOSE, CONTINUE, FIN, MASK, PING, PONG, RSV1, TEXT, frame
from tests.web.visits import PATIENCE, fresh, tab

DEFLATE = "permessage-deflate; client_max_window_bits"


@contextmanager
def handshaken(server: ServerProcess, offer: str = "") -> Iterator[socket.socket]:
    """Open a tab's socket; offer: of extensions, which is to be agreed to."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as raw:
        key = base64.b64encode(os.urandom(16)).decode()
        raw.sendall(
            f"GET /r/{fresh()}/ws HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"{f'Sec-WebSocket-Extensions: {offer}' if offer else 'X-None: 1'}\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            head += raw.recv(1)
        assert head.startswith(b"HTTP/1.1 101"), head
        assert (b"\nsec-websocket-extensions: permessage-deflate" in head.lower()) == bool(offer)
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
    """Read one frame of the server's, strictly: whole, unmasked, no reserved bits but those of compression."""
    first, second = read_exactly(raw, 2)
    assert first & 0x70 in (0, RSV1)
    assert not first & RSV1 or first & 0xF == TEXT
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


# --- compressed frames -----------------------------------------------------------------------------


def deflated(data: bytes, level: int = 9) -> bytes:
    stream = zlib.compressobj(level, zlib.DEFLATED, -15)
    return (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


BOMB = deflated(b"x" * 100_000_000)  # 97 KB

SQUEEZED = {
    "no deflate": (frame(TEXT, b"\xff" * 10, first=FIN | RSV1), 1007),
    "deflate of no text": (frame(TEXT, deflated(b"\xff\xfe"), first=FIN | RSV1), 1007),
    "a compressed ping": (frame(PING, deflated(b"x"), first=FIN | RSV1), 1002),
    "a compressed close": (frame(CLOSE, b"\x03\xe8", first=FIN | RSV1), 1002),
    "a compressed continuation": (frame(TEXT, b"x", first=0) + frame(CONTINUE, b"x", first=FIN | RSV1), 1002),
    "another reserved bit": (frame(TEXT, deflated(b"x"), first=FIN | RSV1 | 0x20), 1002),
    "a bomb": (frame(TEXT, BOMB, first=FIN | RSV1), 1009),
    "a small bomb": (frame(TEXT, deflated(b"x" * 65_537), first=FIN | RSV1), 1009),
    "a bomb in parts": (
        frame(TEXT, BOMB[:50], first=RSV1) + frame(CONTINUE, BOMB[50:60], first=0) + frame(CONTINUE, BOMB[60:]),
        1009,
    ),
    "a bomb of bytes": (frame(BINARY, deflated(b"\0" * 50_000_000), first=FIN | RSV1), 1009),
    "a message that inflates to nothing": (frame(TEXT, b"\x00\x00\x00\xff\xff" * 30_000, first=RSV1), 1009),
}


@pytest.mark.parametrize("name", SQUEEZED)
def test_what_breaks_the_compression_ends_its_own_connection(server: ServerProcess, name: str) -> None:
    sent, code = SQUEEZED[name]
    before = len(server.output)
    with handshaken(server, DEFLATE) as raw, handshaken(server, DEFLATE) as other:
        raw.sendall(sent)
        assert close_code(raw) == code
        other.sendall(frame(TEXT, deflated(b'{"act": "dance"}'), first=FIN | RSV1))
        while b"does not know that act" not in text_of(next_frame_whole(other)):
            pass
    said = server.output[before:]
    assert "Traceback" not in said
    assert "ERROR" not in said


@pytest.mark.parametrize("name", ["no deflate", "a bomb"])
def test_a_compressed_frame_that_nothing_was_agreed_on_breaks_the_protocol(server: ServerProcess, name: str) -> None:
    with handshaken(server) as raw:
        raw.sendall(SQUEEZED[name][0])
        assert close_code(raw) == 1002


def next_frame_whole(raw: socket.socket) -> tuple[int, bytes]:
    """Read one frame: its first byte, and what it carries."""
    first, second = read_exactly(raw, 2)
    length = second
    if second > 125:
        length = int.from_bytes(read_exactly(raw, 2 if second == 126 else 8), "big")
    return first, read_exactly(raw, length)


def text_of(frame: tuple[int, bytes]) -> bytes:
    first, payload = frame
    return zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff") if first & RSV1 else payload


def test_a_compressed_message_in_parts_with_pings_between_is_one(server: ServerProcess) -> None:
    whole = deflated(b'{"act": "dance", "more": "' + b"x" * 5000 + b'"}')
    with handshaken(server, DEFLATE) as raw:
        raw.sendall(frame(TEXT, whole[:5], first=RSV1))
        for part in (whole[5:9], whole[9:]):
            raw.sendall(frame(PING, b"between"))
            raw.sendall(frame(CONTINUE, part, first=FIN if part == whole[9:] else 0))
        seen: list[tuple[int, bytes]] = []
        while not any(b"does not know that act" in text_of(one) for one in seen):
            seen.append(next_frame_whole(raw))
        assert [payload for first, payload in seen if first & 0xF == PONG] == [b"between"] * 2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc is Linux's")
def test_bombs_cost_a_worker_next_to_nothing(server: ServerProcess) -> None:
    """Twenty of them at once, each of 100 MB in 97 KB: inflated without a bound they would take 2 GB."""
    status = Path(f"/proc/{server.worker_pids[-1]}/status")

    def memory(name: str) -> int:
        found = re.search(rf"{name}:\s+(\d+) kB", status.read_text())
        assert found
        return int(found[1])  # KiB

    def throw(count: int) -> None:
        raws = [stack.enter_context(handshaken(server, DEFLATE)) for _ in range(count)]
        for raw in raws:
            raw.sendall(frame(TEXT, BOMB, first=FIN | RSV1))
        for raw in raws:
            assert close_code(raw) == 1009

    with ExitStack() as stack:
        throw(3)  # what a worker needs the first time is no bomb's
        Path(f"/proc/{server.worker_pids[-1]}/clear_refs").write_text("5")  # VmHWM begins anew
        before = memory("VmRSS")
        throw(20)
        assert memory("VmHWM") - before < 40 * 1024
