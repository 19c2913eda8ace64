"""Who is meant by @name: people who are in the room, or were lately."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

MOST = 20  # in one message

_AT = re.compile(r"(?<![\w@.])@(?=\S)")


class Mention(NamedTuple):
    """Somebody who is meant.

    name: as the text has it after the @. person: their public id; two people of one name are two mentions.
    """

    name: str
    person: str


def mentions_in(text: str, people: Iterable[tuple[str, str]]) -> tuple[Mention, ...]:
    """Find who is meant in a text, each once; the longest name that fits counts, whatever its case.

    people: (public id, name) of those who may be.
    """
    known = sorted({(name.casefold(), name, person) for person, name in people}, key=lambda one: (-len(one[1]), one))
    found: dict[Mention, None] = {}
    for at in _AT.finditer(text):
        length = 0
        for folded, name, person in known:
            if length and len(name) < length:
                break
            written = text[at.end() : at.end() + len(name)]
            after = text[at.end() + len(name) : at.end() + len(name) + 1]
            if written.casefold() == folded and not after.isalnum():
                length = len(name)
                found[Mention(written, person)] = None
        if len(found) >= MOST:
            break
    return tuple(found)[:MOST]
