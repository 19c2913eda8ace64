"""A person: a random id that only they hold, and what others see of it."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from functools import lru_cache

from quart_chat.room.names import newcomer_name

HUES = 12  # colours in the stylesheet, c0 to c11
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_PUBLIC = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody here.

    id: 128 random bits as 22 URL-safe characters: the cookie's, never shown.
    name: as others see it.
    """

    id: str
    name: str

    @property
    def public(self) -> str:
        """The id that pages carry: 16 hex digits, from which nobody finds the way back."""
        return public_id(self.id)


def new_id() -> str:
    """Make an identity: 128 random bits, URL-safe."""
    return secrets.token_urlsafe(16)


def is_id(text: object) -> bool:
    """Tell whether text looks like an identity."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def is_public_id(text: str) -> bool:
    """Tell whether text looks like what `public_id` makes."""
    return _PUBLIC.fullmatch(text) is not None


@lru_cache(10_000)
def public_id(identity: str) -> str:
    """Derive what others may see of an identity."""
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def hue_of(public: str) -> int:
    """Choose a person's colour, 0 to HUES - 1, by their public id."""
    return int(public[:8], 16) % HUES


@lru_cache(10_000)
def default_name(identity: str) -> str:
    """Name somebody who has not chosen a name yet."""
    return newcomer_name(public_id(identity))
