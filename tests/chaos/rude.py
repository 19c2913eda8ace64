"""Clients without manners, on bare sockets, and a server that tells what it still holds of them.

`python -m tests.chaos.rude` is the chat with one more route, /held.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import string
import struct
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from quart import Quart

PATIENCE = 5.0  # seconds until a server that has not answered hangs
AT_ONCE = 50  # connections
TOLD = 400  # bytes of what was sent that the report of a failure shows, of each piece
TEXT, BINARY, CLOSE, PING, PONG, CONTINUE = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0
FIN = MASK = 0x80
RSV1, RSV2, RSV3 = 0x40, 0x20, 0x10
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close by RST

T = TypeVar("T")
Item = TypeVar("Item")


class Gone(Exception):
    """The server has ended the connection."""


class Closed(Exception):
    """The server sent a close frame with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Peer(asyncio.Protocol):
    """One connection, as bytes: what it sends need make no sense, what comes back has to.

    history: all that it has sent.
    """

    def __init__(self) -> None:
        self.history: list[bytes] = []
        self.came = bytearray()
        self.ended = False
        self._transport: asyncio.Transport  # from when it is connected
        self._news: asyncio.Future[None] | None = None

    @classmethod
    async def connect(cls, port: int) -> Peer:
        _, peer = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return peer

    # --- asyncio's side ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.came += data
        self._wake()

    def eof_received(self) -> None:
        self.ended = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    # --- what it does ------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        self.history.append(data)
        self._transport.write(data)

    def finish(self) -> None:
        """Send nothing more, and go on reading."""
        if not self._transport.is_closing():
            with suppress(OSError):
                self._transport.write_eof()

    def close(self) -> None:
        self._transport.close()

    def reset(self) -> None:
        """Be gone at once and without a word."""
        if not self._transport.is_closing():
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._transport.abort()

    async def until(self, seen: Callable[[], T | None], what: str) -> T:
        """Wait for something in what came.

        Raises:
            Gone: the connection has ended, and it was not there. AssertionError: nor was it after PATIENCE.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := seen()) is None:
                    if self.ended:
                        raise Gone(f"{what} never came")
                    self._news = asyncio.get_running_loop().create_future()
                    await self._news
                return found
        except TimeoutError:
            raise AssertionError(f"{PATIENCE} s without {what}; there is {bytes(self.came[:300])!r}") from None

    def story(self) -> str:
        """Tell what it has sent, one piece a line."""
        return "\n".join(f"  {len(data)} bytes: {data[:TOLD]!r}" for data in self.history)

    async def end(self) -> None:
        """Wait until the server closes the connection."""
        await self.until(lambda: self.ended or None, "an end")

    async def head(self) -> bytes:
        """Read the head of an answer."""
        await self.until(lambda: b"\r\n\r\n" in self.came or None, "an answer")
        head, _, rest = self.came.partition(b"\r\n\r\n")
        self.came = rest
        return bytes(head)

    async def frame(self) -> bytes:
        """Read a frame of the server's, strictly, and give what it carries, inflated.

        Raises:
            Closed: it is a close frame.
        """
        first, payload = await self.until(self._frame, "a frame")
        assert first & 0x30 == 0, "a reserved bit"
        assert first & FIN, "a message in parts"
        opcode = first & 0xF
        assert opcode in (TEXT, CLOSE, PING, PONG), f"an opcode {opcode}"
        if opcode == CLOSE:
            raise Closed(int.from_bytes(payload[:2], "big") if payload else 1005)
        if first & RSV1:
            assert opcode == TEXT, "a compressed control frame"
            payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
        assert opcode != TEXT or payload.decode().startswith("<"), "a text that is no HTML"
        return payload

    def _frame(self) -> tuple[int, bytes] | None:
        came = self.came
        if len(came) < 2:
            return None
        first, length = came[0], came[1]
        assert not length & MASK, "a masked frame"
        begin = 2
        if length > 125:
            begin += 2 if length == 126 else 8
            if len(came) < begin:
                return None
            length = int.from_bytes(came[2:begin], "big")
        if len(came) < begin + length:
            return None
        payload = bytes(came[begin : begin + length])
        del came[: begin + length]
        return first, payload

    async def text(self, part: bytes) -> None:
        """Read to a text with this in it."""
        while part not in await self.frame():
            pass

    async def closed(self) -> int:
        """Read to the server's close frame, and give its code."""
        try:
            while True:
                await self.frame()
        except Closed as closed:
            return closed.code


def frame(
    chance: Random,
    opcode: int,
    payload: bytes = b"",
    *,
    first: int = FIN,
    masked: bool = True,
    length: int | None = None,
) -> bytes:
    """Encode a frame as a client does (RFC 6455, section 5.2), or as it must not.

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
    key = chance.randbytes(4)
    keys = (key * (len(payload) // 4 + 1))[: len(payload)]
    return head + key + (int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")).to_bytes(len(payload), "big")


def form(chance: Random, **fields: Any) -> bytes:
    """Encode a frame of a page's form."""
    return frame(chance, TEXT, json.dumps(fields).encode())


def handshake(port: int, room: str, cookie: str, *more: bytes, without: bytes = b"") -> bytes:
    """Write a page's handshake; more: lines; without: what the name of a line begins with that is left out."""
    lines = [
        b"GET /r/%b/ws HTTP/1.1" % room.encode(),
        b"Host: 127.0.0.1:%d" % port,
        b"Origin: http://127.0.0.1:%d" % port,
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Version: 13",
        b"Cookie: %b" % cookie.encode(),
    ]
    kept = [line for line in lines if not (without and line.startswith(without))]
    return b"\r\n".join([*kept, *more]) + b"\r\n\r\n"


async def all_of(items: Iterable[Item], work: Callable[[Item], Awaitable[None]]) -> None:
    """Work on all of them, AT_ONCE at a time; the first failure ends it."""
    left = iter(items)

    async def one_after_the_other() -> None:
        for item in left:
            await work(item)

    workers = [asyncio.create_task(one_after_the_other()) for _ in range(AT_ONCE)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


# --- what is malformed ---------------------------------------------------------------------------------

STAYS, GONE = "stays", "gone"  # what comes of it besides close codes and statuses
CLEAR = frozenset(range(200, 500))  # statuses that say what is wrong, or that nothing is
REFUSED = frozenset(range(400, 500))
NOT_YET = 0  # the server does not do this right: CHAOS_KINDS=name shows what it does


@dataclass(frozen=True, slots=True)
class Page:
    """A page that somebody has loaded; cookie: NAME=VALUE, place: where its log ends."""

    cookie: str
    place: str


@dataclass(frozen=True, slots=True)
class Case:
    """What somebody sends, and what may come of it.

    expected: close codes, statuses, STAYS or GONE.
    greeting: the handshake before it; empty: it comes first. resumes: a page's resume form comes between them.
    half: nothing more is sent after it. leaves: and nobody waits for an answer.
    lingers: the server says that it will close the connection, and need not do so.
    """

    sent: bytes
    expected: frozenset[int | str]
    greeting: bytes = b""
    resumes: bool = True
    half: bool = False
    leaves: bool = False
    lingers: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """To a server's room, as somebody with this page."""

    port: int
    room: str
    page: Page

    def handshake(self, *more: bytes, without: bytes = b"") -> bytes:
        return handshake(self.port, self.room, self.page.cookie, *more, without=without)

    def tab(self, sent: bytes, *expected: int | str, deflates: bool = False, **more: Any) -> Case:
        """Send this by a tab's socket."""
        return Case(sent, frozenset(expected), self.handshake(*((DEFLATE,) if deflates else ())), **more)

    def request(self, line: bytes, *headers: bytes, body: bytes = b"", host: bool = True) -> bytes:
        """Write a request; line: the first one, without its version."""
        named = [b"Host: 127.0.0.1:%d" % self.port, b"Origin: http://127.0.0.1:%d" % self.port] if host else []
        lines = [line + b" HTTP/1.1", *named, b"Cookie: " + self.page.cookie.encode(), b"Connection: close", *headers]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


Kind = Callable[[Random, Way], Case]
KINDS: dict[str, tuple[int, Kind]] = {}  # by name: how often beside the others, and what makes one


def kind(weight: int) -> Callable[[Kind], Kind]:
    def note(make: Kind) -> Kind:
        KINDS[make.__name__] = weight, make
        return make

    return note


def answered(sent: bytes, *expected: int | str, **more: Any) -> Case:
    """Send this in a connection's beginning."""
    return Case(sent, frozenset(expected), **more)


def junk(chance: Random, most: int) -> bytes:
    return chance.randbytes(chance.randint(1, most))


def letters(chance: Random, most: int, among: str = string.printable[:94]) -> bytes:
    return "".join(chance.choices(among, k=chance.randint(0, most))).encode()


def changed(chance: Random, data: bytes, most: int) -> bytes:
    """Change some bytes."""
    mutable = bytearray(data)
    for _ in range(chance.randint(1, most)):
        mutable[chance.randrange(len(mutable))] = chance.getrandbits(8)
    return bytes(mutable)


def in_parts(chance: Random, opcode: int, data: bytes, rsv: int = 0) -> bytes:
    """Encode a message in one to four frames, sometimes with pings between."""
    places = sorted(chance.randint(0, len(data)) for _ in range(chance.randint(0, 3)))
    pieces = [data[begin:end] for begin, end in zip([0, *places], [*places, len(data)], strict=True)]
    sent = b""
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        first = (FIN if last else 0) | (0 if number else rsv)
        sent += frame(chance, CONTINUE if number else opcode, piece, first=first)
        if not last and chance.random() < 0.3:
            sent += frame(chance, PING, b"between")
    return sent


def deflated(data: bytes, level: int = 9) -> bytes:
    stream = zlib.compressobj(level, zlib.DEFLATED, -15)
    return (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


# frames that break the protocol


@kind(3)
def reserved_bits(chance: Random, way: Way) -> Case:
    deflates = chance.random() < 0.5
    bits = chance.choice((RSV2, RSV3, RSV2 | RSV3, RSV1 | RSV3) if deflates else (RSV1, RSV2, RSV3, RSV1 | RSV2 | RSV3))
    opcode = chance.choice((TEXT, BINARY, PING, CLOSE))
    return way.tab(frame(chance, opcode, junk(chance, 100), first=FIN | bits), 1002, deflates=deflates)


@kind(3)
def no_mask(chance: Random, way: Way) -> Case:
    opcode = chance.choice((TEXT, BINARY, PING, PONG, CLOSE))
    return way.tab(frame(chance, opcode, junk(chance, 100), masked=False), 1002)


@kind(3)
def an_unknown_opcode(chance: Random, way: Way) -> Case:
    opcode = chance.choice((3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF))
    return way.tab(frame(chance, opcode, junk(chance, 100), first=chance.choice((0, FIN))), 1002)


@kind(3)
def a_control_frame_in_parts(chance: Random, way: Way) -> Case:
    return way.tab(frame(chance, chance.choice((PING, PONG, CLOSE)), junk(chance, 100), first=0), 1002)


@kind(3)
def a_control_frame_that_is_too_long(chance: Random, way: Way) -> Case:
    size = chance.choice((126, 127, 1000, 65_535, 65_536, 100_000))
    return way.tab(frame(chance, chance.choice((PING, PONG, CLOSE)), bytes(size)), 1002)


@kind(3)
def a_continuation_of_nothing(chance: Random, way: Way) -> Case:
    before = chance.choice((b"", in_parts(chance, TEXT, b"{}"), frame(chance, PING)))
    return way.tab(before + frame(chance, CONTINUE, junk(chance, 100), first=chance.choice((0, FIN))), 1002)


@kind(3)
def a_message_within_a_message(chance: Random, way: Way) -> Case:
    begun = frame(chance, chance.choice((TEXT, BINARY)), b"x", first=0)
    return way.tab(begun + frame(chance, chance.choice((TEXT, BINARY)), b"y"), 1002)


@kind(3)
def a_close_that_says_what_none_may(chance: Random, way: Way) -> Case:
    code = chance.choice((chance.randrange(1000), 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535))
    return way.tab(frame(chance, CLOSE, chance.choice((b"\3", code.to_bytes(2, "big") + b"why"))), 1002)


@kind(3)
def a_length_in_more_bytes_than_it_takes(chance: Random, way: Way) -> Case:
    short = (MASK | 126, chance.randrange(126).to_bytes(2, "big"))
    long = (MASK | 127, (chance.randrange(65_536) | chance.choice((0, 1 << 63))).to_bytes(8, "big"))
    marker, length = chance.choice((short, long))
    return way.tab(bytes((FIN | TEXT, marker)) + length + bytes(200), 1002)


@kind(3)
def a_compressed_frame_that_may_not_be(chance: Random, way: Way) -> Case:
    control = frame(chance, chance.choice((PING, PONG, CLOSE)), deflated(b"x"), first=FIN | RSV1)
    later = frame(chance, TEXT, b"x", first=0) + frame(chance, CONTINUE, b"x", first=FIN | RSV1)
    return way.tab(chance.choice((control, later)), 1002, deflates=True)


# what is no text

NO_UTF8 = (
    b"\xff",
    b"\x80",
    b"\xc0\xaf",
    b"\xe2\x82x",
    b"\xed\xa0\x80",  # a surrogate
    b"\xf4\x90\x80\x80",  # past the last code point
    b"\xf0\x9f\x8e",  # the beginning of a character
)


def no_text(chance: Random) -> bytes:
    return ("é🎉x" * chance.randint(0, 200)).encode() + chance.choice(NO_UTF8) + b"x" * chance.choice((0, 1, 500))


@kind(5)
def no_utf8(chance: Random, way: Way) -> Case:
    return way.tab(in_parts(chance, TEXT, no_text(chance)), 1007, deflates=chance.random() < 0.3)


@kind(3)
def no_utf8_compressed(chance: Random, way: Way) -> Case:
    sent = in_parts(chance, TEXT, deflated(no_text(chance), chance.randint(0, 9)), RSV1)
    return way.tab(sent, 1007, deflates=True)


@kind(2)
def a_close_whose_reason_is_no_text(chance: Random, way: Way) -> Case:
    reason = b"x" * chance.randint(0, 90) + chance.choice(NO_UTF8)
    return way.tab(frame(chance, CLOSE, b"\x03\xe8" + reason), 1007)


@kind(3)
def no_deflate(chance: Random, way: Way) -> Case:
    # its first block is of the type that there is none of. RFC 7692 names no code: ws sends 1007, others 1002
    sent = bytes((chance.getrandbits(8) | 0x06,)) + junk(chance, 500)
    return way.tab(in_parts(chance, chance.choice((TEXT, BINARY)), sent, RSV1), 1007, deflates=True)


@kind(3)
def deflate_with_bytes_changed(chance: Random, way: Way) -> Case:
    valid = deflated(b'{"act": "dance", "more": "%b"}' % letters(chance, 1000), chance.randint(0, 9))
    sent = in_parts(chance, TEXT, chance.choice((changed(chance, valid, 5), junk(chance, 500))), RSV1)
    return way.tab(sent, 1007, 1009, STAYS, deflates=True)


# what is too much


@cache
def bomb(size: int, fill: bytes) -> bytes:
    return deflated(fill * size)


@kind(2)
def a_message_that_is_too_large(chance: Random, way: Way) -> Case:
    opcode, size = chance.choice((TEXT, BINARY)), chance.choice((65_537, 70_000, 200_000))
    return way.tab(in_parts(chance, opcode, b"x" * size), 1009)


@kind(1)
def a_length_that_is_only_claimed(chance: Random, way: Way) -> Case:
    length = chance.choice((1 << 31, 1 << 40, (1 << 63) - 1))
    return way.tab(frame(chance, TEXT, b"x" * 140_000, length=length), 1009)


@kind(3)
def a_bomb(chance: Random, way: Way) -> Case:
    sent = bomb(chance.choice((65_537, 1_000_000, 20_000_000)), chance.choice((b"x", b"\0")))
    return way.tab(in_parts(chance, chance.choice((TEXT, BINARY)), sent, RSV1), 1009, deflates=True)


@kind(1)
def a_message_that_inflates_to_nothing(chance: Random, way: Way) -> Case:
    empty = b"\x00\x00\x00\xff\xff" * chance.randint(14_000, 20_000)
    return way.tab(in_parts(chance, TEXT, empty, RSV1), 1009, deflates=True)


# forms that are none

FORMS: tuple[dict[str, Any], ...] = (
    {"act": "say", "text": "é <b>🎉", "nonce": "k-0", "headers": {"HX-Request": "true"}},
    {"act": "resume", "since": "1-0", "headers": {}},
    {"act": "typing"},
    {"act": "newest"},
    {"act": "compose", "nonce": "k-1"},
    {"headers": {}},
)
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e300, [], [[]], ["say"], {}, {"a": 1}),
    *("", " ", "\0", "\ud800", "x\udfff", "\u202e", "x" * 65, "x" * 5000, "🎉" * 4001, "<script>", "'\"--", "{{7*7}}"),
    *("0-0", "99999999999999999999-0", "18446744073709551615-18446744073709551615", "-", "٣-٤"),
)
TEXTS = (
    *("", " ", "\0", "\ufeff{}", "null", "5", '"say"', "[]", "[{}]", "{", "{}{}", "[1,]", "'", "\u2028"),
    *("NaN", "-Infinity", "1e999999", '{"a":NaN}', '{"act":"say","act":"typing"}', '{"act":"\\ud800"}'),
    *('{"\\ud800":"\\udfff"}', '{"act":"say","text":"\\ud83d","nonce":"\\udc00"}'),
)


def junk_text(chance: Random) -> str:
    """Make a text that is no form, or an odd one."""
    fields = chance.choice(FORMS)

    def odd() -> str:
        name = chance.choice(("act", "text", "nonce", "since", "headers", "more"))
        return json.dumps({**fields, name: chance.choice(VALUES)}, ensure_ascii=chance.random() < 0.5)

    def misspelt() -> str:
        letter = list(json.dumps(fields, ensure_ascii=False))
        for _ in range(chance.randint(1, 6)):
            letter[chance.randrange(len(letter))] = chance.choice((*'"{}[],:\\0-é\0', "\\u", "", '""'))
        return "".join(letter)

    def huge() -> str:
        around = chance.choice(('{"act": %s}', '{"act": "say", "text": "", "nonce": %s}', "-%s", "%s.5", "[1e%s]"))
        return around % (chance.choice(string.digits[1:]) * chance.choice((100, 4301, 50_000)))

    def deep() -> str:
        return chance.choice(("[", '{"a":', '[{"a":', '{"act":{"act":')) * chance.choice((10, 900, 4000))

    def many() -> str:
        return json.dumps({f"k{number}": chance.choice(VALUES) for number in range(20)})[:60_000]

    def unknown() -> str:
        return json.dumps({**fields, "act": letters(chance, 20, "saytyping ABC{}<").decode()})

    return chance.choice((odd, misspelt, huge, deep, many, unknown, lambda: chance.choice(TEXTS)))()


def junk_frame(chance: Random) -> bytes:
    if chance.random() < 0.1:
        return frame(chance, BINARY, junk(chance, 5000))
    return in_parts(chance, TEXT, junk_text(chance).encode(errors="replace"))


@kind(14)
def forms_that_are_none(chance: Random, way: Way) -> Case:
    sent = b"".join(junk_frame(chance) for _ in range(chance.randint(1, 6)))
    return way.tab(sent, STAYS, deflates=chance.random() < 0.5, resumes=chance.random() < 0.998)


# 1002, 1007 and 1009, or the answer to a lawful close frame, which chance makes now and then; but no 1011
ANY_END = frozenset((1000, 1001, 1002, 1003, 1005, 1007, 1009, *range(3000, 5000), GONE))


@kind(4)
def frames_with_bytes_changed(chance: Random, way: Way) -> Case:
    sent = changed(chance, b"".join(junk_frame(chance) for _ in range(chance.randint(1, 4))), 8)
    return way.tab(sent, *ANY_END, half=True, deflates=chance.random() < 0.5)


@kind(4)
def frames_of_chance(chance: Random, way: Way) -> Case:
    return way.tab(junk(chance, 3000), *ANY_END, half=True, deflates=chance.random() < 0.5)


# handshakes


@kind(4)
def a_forged_cookie(chance: Random, way: Way) -> Case:
    name, value = way.page.cookie.split("=", 1)
    flipped = "b" if value[3] == "a" else "a"
    plain = letters(chance, 300, string.ascii_letters + string.digits + "._-!*'()/:").decode()
    forged = chance.choice((f"x{plain}", f"{value[:3]}{flipped}{value[4:]}", value[:-5], f"{value}.{value}", "W10.x"))
    return Case(b"", frozenset((1008,)), handshake(way.port, way.room, f"{name}={forged}"))


@kind(3)
def a_handshake_that_is_none(chance: Random, way: Way) -> Case:
    version = chance.choice((b"", b"0", b"8", b"12", b"013", b"13x", b"13, 8", b"9" * 1000))
    missing = chance.choice((b"Sec-WebSocket-Key", b"Sec-WebSocket-Version", b"Upgrade", b"Connection"))
    sent = chance.choice(
        (
            way.handshake(b"Sec-WebSocket-Version: " + version, without=b"Sec-WebSocket-Version"),
            way.handshake(without=missing),
            way.handshake(chance.choice((b"Connection: keep-alive", b"Connection: ")), without=b"Connection"),
            way.handshake(chance.choice((b"Upgrade: h2", b"Upgrade: websockets")), without=b"Upgrade"),
            way.handshake().replace(b"HTTP/1.1", b"HTTP/1.0"),
            way.handshake().replace(b"GET", chance.choice((b"POST", b"PUT", b"BREW")), 1),
            way.handshake(b"Content-Length: 5") + b"hello",
        )
    )
    return answered(sent, *REFUSED, lingers=True)


@kind(2)
def frames_before_the_answer(chance: Random, way: Way) -> Case:
    return answered(way.handshake() + junk_frame(chance), 101, *REFUSED, lingers=True)


@kind(3)
def a_foreign_origin(chance: Random, way: Way) -> Case:
    own = b"http://127.0.0.1:%d" % way.port
    origins = (
        *(b"null", b"", b"https://evil.example", b"http://127.0.0.1", b"http://127.0.0.1:1", b"file://", b"\xff"),
        *(own.replace(b"http", b"https"), own + b".evil.example", own + b"/x", b"http://[", b"http://:%d" % way.port),
        *(own + b"@evil.example", b"x" * 1000, own + b", " + own),
    )
    lines = [b"Origin: " + chance.choice(origins)] if chance.random() < 0.9 else []
    return answered(way.handshake(*lines, without=b"Origin"), 403)


@kind(3)
def a_path_without_a_room(chance: Random, way: Way) -> Case:
    names = ("", *"A - a_b % %zz %00 %ff %2e%2e .. a/b {} %F0%9F%8E%89 a%2Fws".split(), "a" * 65)
    name = chance.choice((*names, letters(chance, 50, "%0aF_!~.").decode() + "!"))
    sent = way.handshake().replace(b"/r/%b/ws" % way.room.encode(), f"/r/{name}/ws".encode(), 1)
    return answered(sent, 400, 404)


@kind(2)
def odd_offers(chance: Random, way: Way) -> Case:
    offers = (
        *(b"permessage-deflate; server_max_window_bits=99", b"permessage-deflate; client_max_window_bits=x", b";;,,;="),
        *(b"permessage-deflate" + b"; a" * 5000, b"x-webkit-deflate-frame", b"permessage-deflate, " * 3000),
        letters(chance, 200),
    )
    name = chance.choice((b"Extensions", b"Protocol"))
    return answered(way.handshake(b"Sec-WebSocket-%b: %b" % (name, chance.choice(offers))), 101)


@kind(1)
def a_head_that_is_too_large(chance: Random, way: Way) -> Case:
    more = chance.choice((b"X: " + b"x" * 300_000, b"\r\n".join([b"X-%d: x" % chance.randrange(9)] * 40_000)))
    # what it has not read resets the connection, and that may be all that comes of it
    return answered(chance.choice((way.handshake(more), way.request(b"GET /", more))), 400, 431, GONE)


@kind(NOT_YET)
def a_key_that_is_none(chance: Random, way: Way) -> Case:
    """RFC 6455, section 4.2.1: a key is 16 bytes in base64, or the answer is 400."""
    key = chance.choice((b"", b"x", b"\xff", b"!" * 24, b"dGhlIHNhbXBsZSBub25jZQ", b"A" * 5000, b"A" * 24))
    return answered(way.handshake(b"Sec-WebSocket-Key: " + key, without=b"Sec-WebSocket-Key"), 400)


@kind(NOT_YET)
def a_handshake_that_is_no_ascii(chance: Random, way: Way) -> Case:
    line = chance.choice((b"Connection: Upgrade, ", b"Sec-WebSocket-Extensions: ", b"Sec-WebSocket-Protocol: "))
    return answered(way.handshake(line + b"\xff", without=line[:10] if line.startswith(b"Conn") else b""), 101, 400)


@kind(NOT_YET)
def a_refused_handshake_that_is_not_closed(chance: Random, way: Way) -> Case:
    return answered(way.handshake(without=b"Sec-WebSocket-Key"), 400)


@kind(NOT_YET)
def a_handshake_with_bytes_changed(chance: Random, way: Way) -> Case:
    """It meets the kinds above by chance."""
    return answered(changed(chance, way.handshake(DEFLATE)[:-4], 4) + b"\r\n\r\n", 101, *CLEAR, lingers=True)


# requests

LINES = (
    *(b"GET", b"GET /", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 x", b"GET / HTTP/11", b"get / http/1.1"),
    b"/ GET HTTP/1.1",
    *(b"GET /\x01 HTTP/1.1", b"GET /\xff HTTP/1.1", b"G\xcbT / HTTP/1.1", b"GET / HTTP/x.y", b"GET\t/\tHTTP/1.1", b" "),
    *(b"GET / FTP/1.1", b"GET / HTTP/1.1\r\n: x", b"GET / HTTP/1.1\r\nno colon", b"GET / HTTP/1.1\r\na b: c"),
    *(b"GET / HTTP/1.1\r\nX: \0", b"GET / HTTP/1.1\r\n X: y", b"\x16\x03\x01\x02\0\x01\xfc\x03\x03", b"SSH-2.0-x"),
)


@kind(4)
def no_request(chance: Random, way: Way) -> Case:
    sent = chance.choice((chance.choice(LINES) + b"\r\n\r\n", junk(chance, 2000)))
    return answered(sent, 400, GONE, half=True)


@kind(2)
def an_unknown_method(chance: Random, way: Way) -> Case:
    methods = (b"BREW", b"PATCH", b"TRACE", b"DELETE", b"PUT", b"CONNECT", b"PROPFIND", b"X" * 3000)
    method = chance.choice((*methods, letters(chance, 20, "!#$%&'*+-.^_`|~") + b"A"))
    path = chance.choice((b"/", b"/rooms", b"/me", b"/r/%b" % way.room.encode(), b"/away/en", b"/healthz"))
    return answered(way.request(method + b" " + path), *REFUSED)


POSTS = (b"/rooms", b"/me", b"/language", b"/compose/en/lines")
URLENCODED = b"Content-Type: application/x-www-form-urlencoded"


def post(chance: Random, way: Way) -> bytes:
    return b"POST " + chance.choice((*POSTS, b"/r/%b/messages" % way.room.encode()))


@kind(3)
def a_length_that_is_none(chance: Random, way: Way) -> Case:
    length = chance.choice((b"-1", b"+5", b"0x5", b"5 5", b"5,6", b"", b"x", b"9" * 30, b"9" * 5000, b"\xb2"))
    lines = chance.choice(((b"Content-Length: " + length,), (b"Content-Length: 5", b"Content-Length: 6")))
    return answered(way.request(post(chance, way), URLENCODED, *lines, body=b"a=b&c"), 400)


@kind(2)
def a_length_that_is_wrong(chance: Random, way: Way) -> Case:
    body = b"name=" + junk(chance, 300)
    length = chance.choice((0, 1, len(body) - 1, len(body) + 1, 100_000, 131_073, 10**9))
    sent = way.request(post(chance, way), URLENCODED, b"Content-Length: %d" % length, body=body)
    return answered(sent, *CLEAR, GONE, half=True)


@kind(2)
def a_body_that_never_ends(chance: Random, way: Way) -> Case:
    sent = way.request(post(chance, way), URLENCODED, b"Content-Length: 50000", b"Expect: 100-continue", body=b"a=b")
    return answered(sent, GONE, leaves=True)


@kind(1)
def a_body_that_is_too_large(chance: Random, way: Way) -> Case:
    size = chance.choice((131_073, 400_000))
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
    sent = chance.choice(
        (
            way.request(post(chance, way), URLENCODED, b"Content-Length: %d" % size, body=b"x" * size),
            way.request(post(chance, way), URLENCODED, b"Transfer-Encoding: chunked", body=chunk),
        )
    )
    return answered(sent, 413, GONE)  # what it has not read resets the connection


@kind(3)
def chunks_that_are_none(chance: Random, way: Way) -> Case:
    chunks = (b"", b"zz\r\n", b"-1\r\n", b"5\r\nhelloX", b"5;" + b"x" * 5000, b"f" * 21, b"f" * 16 + b"\r\nx")
    body = chance.choice((*chunks, junk(chance, 300), b"3\r\na=b\r\n" * chance.randint(1, 50) + junk(chance, 9)))
    sent = way.request(post(chance, way), URLENCODED, b"Transfer-Encoding: chunked", body=body)
    return answered(sent, *CLEAR, GONE, half=True)


@kind(1)
def an_unknown_transfer_coding(chance: Random, way: Way) -> Case:
    coding = b"Transfer-Encoding: " + chance.choice((b"gzip", b"x", b"chunked, gzip", b"chunked, chunked", b"\xff"))
    return answered(way.request(post(chance, way), coding, body=b"x"), 400, 501)  # RFC 9112, section 6.1


def multipart(chance: Random) -> tuple[bytes, bytes]:
    """Make a broken form with a file in it: its type, and its body."""
    boundary = chance.choice((b"b", b"", b'"', b"\xff", b"x" * 300, b'"b"'))
    names = (b'name="text"', b'name="text"; filename="f"', b"name", b"", b'name="\xff"', b"name*=utf-8''%zz")
    head = b"--b\r\nContent-Disposition: form-data; %b\r\n%b\r\n\r\n" % (chance.choice(names), letters(chance, 40))
    body = (head + junk(chance, 99) + b"\r\n") * chance.choice((0, 1, 2, 300))
    return b"Content-Type: multipart/form-data; boundary=" + boundary, body + chance.choice((b"--b--", b"--b", b"\0"))


@kind(6)
def forms_that_are_broken(chance: Random, way: Way) -> Case:
    named = b"&".join(b"%b=%b" % (name, letters(chance, 60)) for name in (b"text", b"nonce", b"title", b"name"))
    bodies = (
        *(named, changed(chance, named, 9), b"text=%FF%FE&nonce=n&title=%ED%A0%80&name=%FF&language=%FF"),
        *(b"&&==&%&%zz=%zz&text", b"a=1&" * 3000, b"title=" + b"%00" * 500, b"name=" + "\u202e🎉".encode() * 500),
    )
    charset = chance.choice((b"", b"; charset=nonsense", b"; charset=utf-16", b"; charset=\xff", b";;;"))
    other = chance.choice((b"", b"text/plain", b"application/json", b"multipart/mixed", b"\xff"))
    urlencoded = (URLENCODED + charset, chance.choice((*bodies, junk(chance, 2000))))
    line, body = chance.choice((urlencoded, multipart(chance), (b"Content-Type: " + other, junk(chance, 300))))
    return answered(way.request(post(chance, way), line, b"Content-Length: %d" % len(body), body=body), *CLEAR)


@kind(8)
def absurd_addresses(chance: Random, way: Way) -> Case:
    def part() -> bytes:
        escaped = b"".join(b"%%%02x" % byte for byte in junk(chance, 20))
        return chance.choice((letters(chance, 40), escaped, b"9" * chance.choice((1, 20, 200)), b"..", b"%"))

    room = b"/r/" + way.room.encode()
    most = b"18446744073709551615"
    place = chance.choice((part(), most + b"-" + most, b"0-0", b"-", b"1-0&before=2-0", b"1-0%00"))
    path = chance.choice(
        (
            *(b"/" + part(), b"//" + part(), b"/r/" + part(), room + b"/" + part(), b"/r/" + b"x" * 60_000),
            *(room + b"?before=" + place, room + b"/messages?before=" + place, room + b"/messages?after=" + place),
            *(room + b"?" + letters(chance, 2000), room + b"?" + b"&" * 50_000),
            *(b"/compose/%b/%b/%b" % (part(), part(), part()), b"/compose/en/0123456789abcdef/" + part()),
            *(b"/away/" + part(), b"/own/%b.css" % part(), b"/static/" + part(), b"/healthz" + part()),
        )
    )
    return answered(way.request(b"GET " + path), *CLEAR)


@kind(4)
def absurd_headers(chance: Random, way: Way) -> Case:
    names = b"""
        Accept-Language Accept-Encoding Accept Cookie Range If-None-Match If-Modified-Since Referer User-Agent
        X-Forwarded-For X-Forwarded-Host X-Request-Id Forwarded TE Expect HX-Request Sec-Fetch-Site Authorization
        Content-Type Content-Encoding Via Max-Forwards
    """.split()
    values = (b"", b"\xff\xfe", b"a," * 2000, b";q=x,,;;q=9", b"bytes=-1", b'W/"', b"gzip;q=nan", b"=; =;;;")
    lines = [
        chance.choice(names) + b": " + chance.choice((*values, letters(chance, 300)))
        for _ in range(chance.choice((1, 3, 10)))
    ]
    path = chance.choice((b"/", b"/r/%b" % way.room.encode(), b"/static/base.css", b"/compose/en/0123456789abcdef/0"))
    return answered(way.request(b"GET " + path, *lines), *CLEAR)


@kind(2)
def absurd_hosts(chance: Random, way: Way) -> Case:
    hosts = (b"", b"x\r\nHost: y", b"<script>", b"a b", b"x:y", b"x:99999", b"[", b"[::", b"\xff", b"../..", b"%00")
    host = b"Host: " + chance.choice((*hosts, letters(chance, 50).replace(b".", b"")))
    line = chance.choice((b"GET /", b"GET /r/%b" % way.room.encode(), b"POST /rooms"))
    return answered(way.request(line, host, host=False), *CLEAR)


@kind(1)
def http_2_of_chance(chance: Random, way: Way) -> Case:
    frames = b"".join(
        chance.choice((0, 5, 8, chance.getrandbits(14))).to_bytes(3, "big") + junk(chance, 60)
        for _ in range(chance.randint(1, 5))
    )
    return answered(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frames, GONE, leaves=True)


@kind(NOT_YET)
def more_than_a_request_at_once(chance: Random, way: Way) -> Case:
    """What is behind it, or could be, is not read before the answer; who leaves meanwhile is waited for in vain."""
    one = way.request(b"GET /static/vendor/htmx.min.js").replace(b"Connection: close", b"Connection: keep-alive")
    two = way.request(b"GET /static/vendor/htmx.min.js", b"Upgrade: x")
    return answered(chance.choice((one * 2, one * 10, two)), GONE, leaves=True)


@kind(NOT_YET)
def an_address_without_a_path(chance: Random, way: Way) -> Case:
    target = chance.choice((b"?", b"?x", b"http://[", b"http://[x]/", b"//[", b"?%2f"))
    if chance.random() < 0.5:
        return answered(way.handshake().replace(b"/r/%b/ws" % way.room.encode(), target, 1), *REFUSED)
    return answered(way.request(b"GET " + target), *CLEAR)


@kind(NOT_YET)
def a_host_that_no_name_is(chance: Random, way: Way) -> Case:
    host = b"Host: " + chance.choice((b"x" * 64, b"x" * 5000, b"a..b", b".", b"xn--", b"x" * 64 + b":80"))
    if chance.random() < 0.5:
        return answered(way.handshake(host, without=b"Host"), *REFUSED)
    return answered(way.request(b"GET /", host, host=False), *CLEAR)


@kind(NOT_YET)
def a_file_whose_name_is_too_long(chance: Random, way: Way) -> Case:
    return answered(way.request(b"GET /static/" + b"x" * chance.choice((256, 5000))), 404)


@kind(NOT_YET)
def a_request_with_bytes_changed(chance: Random, way: Way) -> Case:
    """It meets the kinds above by chance."""
    body = b"text=x&nonce=n&title=x&name=x&language=en&room=x"
    sent = way.request(post(chance, way), URLENCODED, b"Content-Length: %d" % len(body), body=body)
    return answered(changed(chance, sent, 4), *CLEAR, 501, GONE, half=True)


CHOSEN = os.environ.get("CHAOS_KINDS", "").replace(",", " ").split()  # names of kinds; none: all of them


def draw(chance: Random, way: Way) -> tuple[str, Case]:
    """Make any case; gives the name of its kind, too."""
    weights = {name: weight for name, (weight, _) in KINDS.items()}
    if CHOSEN:
        weights = dict.fromkeys(CHOSEN, 1)
    (name,) = chance.choices(list(weights), list(weights.values()))
    return name, KINDS[name][1](chance, way)


# --- what a worker holds -------------------------------------------------------------------------------


def memory(pid: int) -> int:
    """Give what a process has in memory, KiB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1])


def descriptors(pid: int) -> Counter[str]:
    """Count what a process has open, by kind."""
    kinds: Counter[str] = Counter()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):
            kinds[re.sub(r"\d+", "", os.readlink(f"/proc/{pid}/fd/{fd}"))] += 1
    return kinds


def create_app() -> Quart:
    """Make the chat, with a route that tells of its worker and of that one's tasks."""
    from quart_chat.app import create_app as chat

    app = chat()

    @app.get("/held")
    async def held() -> dict[str, Any]:
        names = (getattr(task.get_coro(), "__qualname__", "?") for task in asyncio.all_tasks())
        return {"pid": os.getpid(), "tasks": Counter(names)}

    return app


if __name__ == "__main__":
    from quart_chat.cli import main

    main(prog_name="quart-chat", obj="tests.chaos.rude:create_app")
