"""Handshakes that are none, or of somebody who may not come in."""

from __future__ import annotations

import string
from random import Random

from tests.chaos.malformed.cases import (
    CLEAR,
    GONE,
    REFUSED,
    Case,
    Way,
    answered,
    changed,
    kind,
    letters,
)
from tests.chaos.malformed.frames import junk_frame
from tests.chaos.rude import DEFLATE, handshake


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
    return answered(sent, *REFUSED)


@kind(2)
def frames_before_the_answer(chance: Random, way: Way) -> Case:
    return answered(way.handshake() + junk_frame(chance), 101, *REFUSED)


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
    return answered(sent, 400, 404, 405)


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


@kind(2)
def a_key_that_is_none(chance: Random, way: Way) -> Case:
    """RFC 6455, section 4.2.1: a key is 16 bytes in base64, or the answer is 400."""
    key = chance.choice((b"", b"x", b"\xff", b"!" * 24, b"dGhlIHNhbXBsZSBub25jZQ", b"A" * 5000, b"A" * 24))
    return answered(way.handshake(b"Sec-WebSocket-Key: " + key, without=b"Sec-WebSocket-Key"), 400)


@kind(2)
def a_handshake_that_is_no_ascii(chance: Random, way: Way) -> Case:
    line = chance.choice((b"Connection: Upgrade, ", b"Sec-WebSocket-Extensions: ", b"Sec-WebSocket-Protocol: "))
    return answered(way.handshake(line + b"\xff", without=line[:10] if line.startswith(b"Conn") else b""), 101, 400)


@kind(4)
def a_handshake_with_bytes_changed(chance: Random, way: Way) -> Case:
    """It meets the kinds above by chance."""
    return answered(changed(chance, way.handshake(DEFLATE)[:-4], 4) + b"\r\n\r\n", 101, *CLEAR)
