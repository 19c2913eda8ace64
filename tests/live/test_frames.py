from __future__ import annotations

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import Ping, TextMessage

from quart_chat.live.frames import ping_frame, text_frame
from quart_chat.live.wire import Broadcast


def read(data: bytes) -> tuple[str, list[bytes]]:
    """Read frames as a client of another library does: all text, and the payloads of pings."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(data)
    text, pings = "", []
    for event in client.events():
        if isinstance(event, TextMessage):
            text += event.data
        else:
            assert isinstance(event, Ping)
            pings.append(bytes(event.payload))
    return text, pings


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 1_000_000])
def test_a_text_of_any_length_is_read_back(length: int) -> None:
    frame = text_frame("x" * length)
    assert read(frame) == ("x" * length, [])
    assert len(frame) - length == (2 if length < 126 else 4 if length < 65536 else 10)  # the shortest head allowed


@pytest.mark.parametrize("text", ["é" * 63, "🦉" * 16384, "a\u0000b", "<li>ç</li>"])
def test_lengths_count_bytes_and_not_characters(text: str) -> None:
    assert read(text_frame(text)) == (text, [])


def test_frames_that_follow_each_other_stay_apart() -> None:
    assert read(text_frame("one") + ping_frame(b"p" * 125) + ping_frame() + text_frame("two")) == (
        "onetwo",
        [b"p" * 125, b""],
    )


def test_a_broadcast_is_encoded_once() -> None:
    broadcast = Broadcast("<p></p>")
    assert broadcast.frame is broadcast.frame
    assert read(broadcast.frame)[0] == broadcast.text
