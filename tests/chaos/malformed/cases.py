"""What somebody sends, what may come of it, and how it is made by chance."""

from __future__ import annotations

import string
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.chaos.rude import DEFLATE, handshake
from tests.web.frames import CONTINUE, FIN, PING, frame

STAYS, GONE = "stays", "gone"  # what comes of it besides close codes and statuses
CLEAR = frozenset(range(200, 500))  # statuses that say what is wrong, or that nothing is
REFUSED = frozenset(range(400, 500))


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
    """

    sent: bytes
    expected: frozenset[int | str]
    greeting: bytes = b""
    resumes: bool = True
    half: bool = False
    leaves: bool = False


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
        sent += frame(CONTINUE if number else opcode, piece, first=first)
        if not last and chance.random() < 0.3:
            sent += frame(PING, b"between")
    return sent


def deflated(data: bytes, level: int = 9) -> bytes:
    stream = zlib.compressobj(level, zlib.DEFLATED, -15)
    return (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]
