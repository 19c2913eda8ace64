"""A long frame goes to many tabs out of memory that they share: whole, in order, and whatever the system refuses."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from quart_chat.live import zerocopy
from quart_chat.live.stream import StreamWire
from quart_chat.live.wire import Broadcast
from quart_chat.live.zerocopy import LONG, MANY, SharedPages, shared_pages

FRAME = bytes(range(256)) * (LONG // 128)  # twice as long as it has to be


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def connected() -> tuple[socket.socket, socket.socket]:
    """A TCP connection: a server's end, which does not wait, and its peer's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    ours.setblocking(False)
    peer.settimeout(5)
    return ours, peer


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    with ExitStack() as opened:
        made = [connected() for _ in range(3)]
        for pair in made:
            for one in pair:
                opened.enter_context(one)
        yield made


def read(peer: socket.socket, count: int) -> bytes:
    got = bytearray()
    while len(got) < count:
        part = peer.recv(count - len(got))
        assert part, f"closed after {len(got)} of {count} bytes"
        got += part
    return bytes(got)


def test_only_long_frames_for_many_tabs_are_shared() -> None:
    assert shared_pages(b"x" * LONG, MANY) is not None
    assert shared_pages(b"x" * (LONG - 1), MANY) is None
    assert shared_pages(b"x" * LONG, MANY - 1) is None


def test_a_system_without_files_in_memory_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    assert shared_pages(b"x" * LONG, MANY) is None


def test_all_sockets_get_the_frame_also_after_it_was_let_go(pairs: list[tuple[socket.socket, socket.socket]]) -> None:
    before = open_files()
    pages = SharedPages(FRAME)
    assert [pages.send(ours.fileno()) for ours, _ in pairs] == [len(FRAME)] * len(pairs)
    pages.close()
    assert open_files() == before
    for _, peer in pairs:
        assert read(peer, len(FRAME)) == FRAME


def test_a_frame_that_nobody_was_sent_makes_no_file() -> None:
    before = open_files()
    pages = SharedPages(FRAME)
    assert open_files() == before
    pages.close()


def test_a_full_socket_takes_a_part_and_then_says_that_it_is_full(
    pairs: list[tuple[socket.socket, socket.socket]],
) -> None:
    (ours, peer), sent = pairs[0], bytearray()
    pages = SharedPages(FRAME)
    took = len(FRAME)
    while took == len(FRAME):
        took = pages.send(ours.fileno())
        sent += FRAME[:took]
        assert len(sent) < 100_000_000
    with pytest.raises(BlockingIOError):
        pages.send(ours.fileno())
    pages.close()
    assert read(peer, len(sent)) == sent


@pytest.mark.parametrize("refused", ["memfd_create", "sendfile"])
def test_where_the_system_refuses_the_frame_is_copied(
    pairs: list[tuple[socket.socket, socket.socket]], monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, "too many")

    monkeypatch.setattr(os, refused, refuse)
    pages = SharedPages(FRAME)
    for ours, peer in pairs:
        assert pages.send(ours.fileno()) == len(FRAME)
        assert read(peer, len(FRAME)) == FRAME
    pages.close()


def test_a_file_that_memory_did_not_suffice_for_sends_no_more_than_it_has(
    pairs: list[tuple[socket.socket, socket.socket]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(descriptor: int, frame: bytes) -> None:
        os.write(descriptor, frame[:5000])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(zerocopy, "_fill", fill)
    pages, (ours, peer) = SharedPages(FRAME), pairs[0]
    first = pages.send(ours.fileno())
    second = pages.send(ours.fileno())
    pages.close()
    assert read(peer, first + second) == FRAME[:first] + FRAME[:second]


def test_a_broadcast_that_is_over_holds_no_file() -> None:
    before = open_files()
    ours, peer = connected()
    with ours, peer:
        wire = StreamWire(None, None)  # type: ignore[arg-type]
        wire._free = ours.fileno()
        broadcast = Broadcast("x" * LONG)
        with broadcast.to_many(MANY):
            assert broadcast.pages is not None
            wire.write(broadcast)
            assert open_files() == before + 3
        assert broadcast.pages is None
        assert open_files() == before + 2
        assert read(peer, len(broadcast.frame)) == broadcast.frame
