"""How an identity goes to another browser: sealed by a token that only a link carries."""

from __future__ import annotations

import hashlib

from quart_chat.room.people import is_id, new_id


def new_token() -> str:
    """Make a token: 128 random bits, URL-safe, like an identity, and as hard to guess."""
    return new_id()


def is_token(text: str) -> bool:
    """Tell whether text looks like a token."""
    return is_id(text)


def ticket_of(token: str) -> str:
    """Give what the store knows a token by: 64 hex digits, from which nobody finds the way back."""
    return hashlib.sha256(f"ticket {token}".encode()).hexdigest()


def seal(identity: str, token: str) -> str:
    """Hide an identity so that only the token finds it again: the store must not be able to tell who anybody is.

    A one-time pad, made of the token's 128 bits; a token seals once.
    """
    return _padded(identity.encode(), token).hex()


def unseal(sealed: str, token: str) -> str | None:
    """Give the identity that a token sealed; None where it is none."""
    try:
        identity = _padded(bytes.fromhex(sealed), token).decode()
    except ValueError:
        return None
    return identity if is_id(identity) else None


def _padded(text: bytes, token: str) -> bytes:
    pad = hashlib.sha256(f"seal {token}".encode()).digest()
    return bytes(one ^ other for one, other in zip(text, pad, strict=False))
