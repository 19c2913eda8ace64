"""Frames of the websocket protocol, as a client encodes them, or as it must not."""

from __future__ import annotations

TEXT, BINARY, CLOSE, PING, PONG, CONTINUE = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0
FIN = MASK = 0x80
RSV1, RSV2, RSV3 = 0x40, 0x20, 0x10
KEY = bytes.fromhex("37fa213d")  # of the RFC's own example: what is sent is the same each time


def frame(
    opcode: int, payload: bytes = b"", *, first: int = FIN, masked: bool = True, length: int | None = None
) -> bytes:
    """Encode a frame (RFC 6455, section 5.2).

    first: the bits before the opcode. length: what it says, where that is not so.
    """
    said, mask = len(payload) if length is None else length, MASK if masked else 0
    if said < 126:
        head = bytes((first | opcode, said | mask))
    elif said < 1 << 16:
        head = bytes((first | opcode, 126 | mask)) + said.to_bytes(2, "big")
    else:
        head = bytes((first | opcode, 127 | mask)) + said.to_bytes(8, "big")
    if not masked:
        return head + payload
    keys = (KEY * (len(payload) // 4 + 1))[: len(payload)]
    return head + KEY + (int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")).to_bytes(len(payload), "big")
