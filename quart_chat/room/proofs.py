"""The marks of names that only the server gives: of those that somebody has proved by their phrase, and of bots.

A name carries its mark in front, as a control character that nobody can send: so it goes wherever the name goes, into
entries, leases and the keys of caches, and pages show it as a check mark, or as a word.
"""

from __future__ import annotations

import hashlib
import unicodedata

from quart_chat.errors import BadPhrase
from quart_chat.room.characters import has_surrogate
from quart_chat.room.lookalikes import look_of

SHORTEST, LONGEST = 8, 200  # code points of a phrase

# "acknowledge" and "enquiry"; `characters.one_line` takes both out of whatever somebody types
_MARK, _BOT = "\x06", "\x05"


def proved(name: str) -> str:
    """Give a name with the mark."""
    return _MARK + bare(name)


def is_proved(name: str) -> bool:
    """Tell whether a name carries the mark."""
    return name.startswith(_MARK)


def of_bot(name: str) -> str:
    """Give a name with the mark of bots."""
    return _BOT + bare(name)


def is_bot(name: str) -> bool:
    """Tell whether a name is a bot's."""
    return name.startswith(_BOT)


def signed(name: str) -> str:
    """Give a name with its mark as a sign, for plain texts; nobody's name may hold one (`lookalikes`)."""
    return f"{bare(name)} ✓" if is_proved(name) else f"{bare(name)} ⚙" if is_bot(name) else name


def bare(name: str) -> str:
    """Give a name without its mark."""
    return name[1:] if name.startswith((_MARK, _BOT)) else name


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
