"""permessage-deflate (RFC 7692) for a room: one deflated frame serves every tab that takes it.

Usually each connection compresses each message for itself, with a window of its own: a thousand times the time, and
hundreds of KiB a tab. Without context takeover a message leans on nothing that came before it, so whoever deflates it
once can write the same bytes to all. What clients send is inflated up to a bound.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

from wsproto.extensions import Extension
from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol, Opcode, RsvBits

KIB = 1024
MOST = 64 * KIB  # bytes that a client's message may inflate to
STREAMS = 8  # that a message may be made of; nobody sends more than one, and each costs 10 µs
PAYS = 256  # bytes of a text; what is smaller goes plain: it saves no packet, and costs the reader its time
LEVEL = 3  # a batch of 20 messages in 20 µs; 6 makes it 4 % smaller and takes twice as long
WINDOW = 15  # bits, the largest: RFC 7692, section 7.1.2
_TAIL = b"\x00\x00\xff\xff"  # ends what is flushed, and is left out of a message: RFC 7692, section 7.2.1
_ANSWER = "server_no_context_takeover; client_no_context_takeover"


class Deflater:
    """Deflates texts, each for itself. It holds 256 KiB, which a worker needs once."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW)

    def deflate(self, payload: bytes) -> bytes:
        """Give the payload of a frame that has RSV1 set."""
        # a full flush forgets the window, so that the next one stands for itself; making a new stream costs as much
        # as deflating 20 messages
        return (self._stream.compress(payload) + self._stream.flush(zlib.Z_FULL_FLUSH))[: -len(_TAIL)]


class SharedDeflate(Extension):
    """One connection's side of it, for wsproto: it inflates what comes in, and leaves what goes out as it is."""

    name = "permessage-deflate"

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._enabled = False
        self._compressed: bool | None = None  # whether the message under way is; None between two
        self._data = False  # whether the frame under way carries a message
        self._inflater: zlib._Decompress | None = None
        self._came = self._inflated = 0  # bytes of the message under way, as they came and as they are
        self._streams = 0  # that it is made of

    def enabled(self) -> bool:
        """Tell whether both sides agreed on it."""
        return self._enabled

    def offer(self) -> bool | str:
        """Offer nothing: this is the server's side."""
        return False

    def accept(self, offer: str) -> bool | str | None:
        """Agree to an offer that allows it; None where it asks for what cannot be shared.

        offer: `permessage-deflate` and its parameters.
        """
        if self._enabled:
            return None  # the client's first wish is met
        answer = _ANSWER
        seen = set()
        for part in offer.split(";")[1:]:
            name, _, value = (side.strip().strip('"') for side in part.partition("="))
            if name in seen or name not in _PARAMETERS or not _PARAMETERS[name](value):
                return None  # RFC 7692, section 7: an offer that is not understood is declined as a whole
            seen.add(name)
            if name == "server_max_window_bits":
                answer += f"; server_max_window_bits={WINDOW}"
        self._enabled = True
        return answer

    # --- what comes in -----------------------------------------------------------------------------

    def frame_inbound_header(
        self,
        proto: FrameDecoder | FrameProtocol,
        opcode: Opcode,
        rsv: RsvBits,
        payload_length: int,
    ) -> CloseReason | RsvBits:
        """Note whether a message is compressed: its first frame says so."""
        self._data = not opcode.iscontrol()
        if rsv.rsv1 and (opcode.iscontrol() or opcode is Opcode.CONTINUATION):
            return CloseReason.PROTOCOL_ERROR
        if self._data and opcode is not Opcode.CONTINUATION:
            self._compressed = rsv.rsv1
            self._came = self._inflated = self._streams = 0
            self._inflater = None
        return RsvBits(True, False, False)

    def frame_inbound_payload_data(
        self,
        proto: FrameDecoder | FrameProtocol,
        data: bytes,
    ) -> bytes | CloseReason:
        """Inflate a part of a message, as far as the bound allows."""
        if not self._data or not self._compressed:
            return data
        return self._inflate(bytes(data))

    def frame_inbound_complete(
        self,
        proto: FrameDecoder | FrameProtocol,
        fin: bool,
    ) -> bytes | CloseReason | None:
        """Inflate what is left at a message's end."""
        if not self._data or not fin:
            return None
        compressed, self._compressed = self._compressed, None
        if not compressed:
            return None
        rest = self._inflate(_TAIL)
        self._inflater = None
        return rest

    def _inflate(self, data: bytes) -> bytes | CloseReason:
        self._came += len(data)
        if self._came > self._most + len(_TAIL):
            return CloseReason.MESSAGE_TOO_BIG
        inflated = b""
        while data:
            if self._inflater is None:
                self._inflater = zlib.decompressobj(-WINDOW)
                self._streams += 1
            try:
                # one byte more than is allowed tells that there is more
                inflated += self._inflater.decompress(data, self._most - self._inflated - len(inflated) + 1)
            except zlib.error:
                return CloseReason.INVALID_FRAME_PAYLOAD_DATA
            if self._inflated + len(inflated) > self._most:
                return CloseReason.MESSAGE_TOO_BIG
            if not self._inflater.eof:
                break
            # a final block ends a stream, not the message (RFC 7692, section 7.2.3.4)
            data, self._inflater = self._inflater.unused_data, None
            if self._streams > STREAMS:
                return CloseReason.INVALID_FRAME_PAYLOAD_DATA
        self._inflated += len(inflated)
        return inflated


def _any_window(value: str) -> bool:
    return not value or (value.isascii() and value.isdecimal() and value[0] != "0" and 8 <= int(value[:3]) <= WINDOW)


_PARAMETERS: dict[str, Callable[[str], bool]] = {
    "server_no_context_takeover": lambda value: not value,
    "client_no_context_takeover": lambda value: not value,
    # a smaller window than the shared frames have
    "server_max_window_bits": lambda value: value == str(WINDOW),
    # what a client compresses with a smaller window inflates with ours as well
    "client_max_window_bits": _any_window,
}
