"""WebSocket frames (RFC 6455, section 5.2) and chunks of HTTP/1.1 (RFC 9112, section 7.1) as bytes.

So one encoding serves every tab of a broadcast.
"""

from __future__ import annotations

_TEXT = 0x81  # FIN and opcode 1
_DEFLATED = 0xC1  # FIN, RSV1 and opcode 1 (RFC 7692, section 6)
_PING = 0x89  # FIN and opcode 9


def text_frame(text: str) -> bytes:
    """Encode a whole text message in one frame, unmasked as a server sends."""
    return _frame(_TEXT, text.encode())


def deflated_frame(payload: bytes) -> bytes:
    """Encode a whole text message that `deflate` has compressed."""
    return _frame(_DEFLATED, payload)


def ping_frame(payload: bytes = b"") -> bytes:
    """Encode a ping; payload: at most 125 bytes, which the pong brings back."""
    return _frame(_PING, payload)


LAST_CHUNK = b"0\r\n\r\n"


def chunk(text: str) -> bytes:
    """Encode a piece of a body that goes on; no text is no bytes, for a chunk of none ends the body."""
    payload = text.encode()
    return b"%x\r\n%b\r\n" % (len(payload), payload) if payload else b""


def _frame(first: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 1 << 16:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload
