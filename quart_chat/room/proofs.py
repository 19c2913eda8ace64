"""Names that somebody has proved by their phrase: the mark that only the server gives, and what a phrase may be.

A proved name carries its mark in front, as a control character that nobody can send: so it goes wherever the name
goes, into entries, leases and the keys of caches, and pages show it as a check mark.
"""

from __future__ import annotations

import hashlib
import unicodedata

from quart_chat.errors import BadPhrase
from quart_chat.room.characters import has_surrogate
from quart_chat.room.lookalikes import look_of

SHORTEST, LONGEST = 8, 200  # code points of a phrase

_MARK = "\x06"  # "acknowledge"; `characters.one_line` takes it out of whatever somebody types


def proved(name: str) -> str:
    """Give a name with the mark."""
    return _MARK + bare(name)


def is_proved(name: str) -> bool:
    """Tell whether a name carries the mark."""
    return name.startswith(_MARK)


def bare(name: str) -> str:
    """Give a name without the mark."""
    return name.removeprefix(_MARK)


def deed_of(name: str) -> str:
    """Give what the store knows a proved name by, and all that look like it: 32 hex digits."""
    return hashlib.sha256(look_of(bare(name)).encode()).hexdigest()[:32]


def clean_phrase(phrase: str) -> str:
    """Make a phrase of what somebody typed: composed, without space around it, so that it is the same on any keyboard.

    Raises:
        BadPhrase: it is too short or too long, or no text at all.
    """
    text = "" if has_surrogate(phrase) else unicodedata.normalize("NFC", phrase[: 4 * LONGEST]).strip()
    if not SHORTEST <= len(text) <= LONGEST:
        raise BadPhrase("A phrase has %(least)d to %(most)d characters.", least=SHORTEST, most=LONGEST)
    return text
