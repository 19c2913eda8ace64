"""Frames that break the protocol, are no text, too much, or no form."""

from __future__ import annotations

import json
import string
from functools import cache
from random import Random
from typing import Any

from tests.chaos.malformed.cases import (
    GONE,
    STAYS,
    Case,
    Way,
    changed,
    deflated,
    in_parts,
    junk,
    kind,
    letters,
)
from tests.web.frames import BINARY, CLOSE, CONTINUE, FIN, MASK, PING, PONG, RSV1, RSV2, RSV3, TEXT, frame

# frames that break the protocol


@kind(3)
def reserved_bits(chance: Random, way: Way) -> Case:
    deflates = chance.random() < 0.5
    bits = chance.choice((RSV2, RSV3, RSV2 | RSV3, RSV1 | RSV3) if deflates else (RSV1, RSV2, RSV3, RSV1 | RSV2 | RSV3))
    opcode = chance.choice((TEXT, BINARY, PING, CLOSE))
    return way.tab(frame(opcode, junk(chance, 100), first=FIN | bits), 1002, deflates=deflates)


@kind(3)
def no_mask(chance: Random, way: Way) -> Case:
    opcode = chance.choice((TEXT, BINARY, PING, PONG, CLOSE))
    return way.tab(frame(opcode, junk(chance, 100), masked=False), 1002)


@kind(3)
def an_unknown_opcode(chance: Random, way: Way) -> Case:
    opcode = chance.choice((3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF))
    return way.tab(frame(opcode, junk(chance, 100), first=chance.choice((0, FIN))), 1002)


@kind(3)
def a_control_frame_in_parts(chance: Random, way: Way) -> Case:
    return way.tab(frame(chance.choice((PING, PONG, CLOSE)), junk(chance, 100), first=0), 1002)


@kind(3)
def a_control_frame_that_is_too_long(chance: Random, way: Way) -> Case:
    size = chance.choice((126, 127, 1000, 65_535, 65_536, 100_000))
    return way.tab(frame(chance.choice((PING, PONG, CLOSE)), bytes(size)), 1002)


@kind(3)
def a_continuation_of_nothing(chance: Random, way: Way) -> Case:
    before = chance.choice((b"", in_parts(chance, TEXT, b"{}"), frame(PING)))
    return way.tab(before + frame(CONTINUE, junk(chance, 100), first=chance.choice((0, FIN))), 1002)


@kind(3)
def a_message_within_a_message(chance: Random, way: Way) -> Case:
    begun = frame(chance.choice((TEXT, BINARY)), b"x", first=0)
    return way.tab(begun + frame(chance.choice((TEXT, BINARY)), b"y"), 1002)


@kind(3)
def a_close_that_says_what_none_may(chance: Random, way: Way) -> Case:
    code = chance.choice((chance.randrange(1000), 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535))
    return way.tab(frame(CLOSE, chance.choice((b"\3", code.to_bytes(2, "big") + b"why"))), 1002)


@kind(3)
def a_length_in_more_bytes_than_it_takes(chance: Random, way: Way) -> Case:
    short = (MASK | 126, chance.randrange(126).to_bytes(2, "big"))
    long = (MASK | 127, (chance.randrange(65_536) | chance.choice((0, 1 << 63))).to_bytes(8, "big"))
    marker, length = chance.choice((short, long))
    return way.tab(bytes((FIN | TEXT, marker)) + length + bytes(200), 1002)


@kind(3)
def a_compressed_frame_that_may_not_be(chance: Random, way: Way) -> Case:
    control = frame(chance.choice((PING, PONG, CLOSE)), deflated(b"x"), first=FIN | RSV1)
    later = frame(TEXT, b"x", first=0) + frame(CONTINUE, b"x", first=FIN | RSV1)
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
    return way.tab(frame(CLOSE, b"\x03\xe8" + reason), 1007)


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
    return way.tab(frame(TEXT, b"x" * 140_000, length=length), 1009)


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
        return frame(BINARY, junk(chance, 5000))
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
