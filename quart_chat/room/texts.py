"""A message's text: what is taken, and how long it may be. `markup` is its one way into a page."""

from __future__ import annotations

import re

from quart_chat.errors import BadText
from quart_chat.room.characters import has_surrogate, is_visible, without_controls

MAX_TEXT = 4000  # code points, after CRLF became LF

MAX_TOPIC = 200

NONCE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


def clean_text(text: str, most: int = MAX_TEXT) -> str:
    """Make a message of what somebody sent: LF for line ends, no controls, no blank lines around it.

    text: as it came; most: code points that it may have.

    Raises:
        BadText: it is empty, too long, or no text at all (lone surrogates).
    """
    if has_surrogate(text):
        raise BadText("The message holds characters that are not text.")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = without_controls(text)
    text = re.sub(r"\A(?:[^\S\n]*\n)+", "", text).rstrip()
    if not is_visible(text):
        raise BadText("The message is empty.")
    if len(text) > most:
        raise BadText("A message has at most %(most)d characters; this one has %(count)d.", most=most, count=len(text))
    return text


def clean_topic(text: str) -> str:
    """Make a room's topic of what somebody sent: one line; "" for none.

    Raises:
        BadText: it is too long, or no text at all.
    """
    if not is_visible(text):
        return ""
    return " ".join(clean_text(text, MAX_TOPIC).split())


def is_blank(text: str) -> bool:
    """Tell whether nothing of text would show: the form in use, sent by itself on a reconnect."""
    return not is_visible(text)


def is_nonce(text: object) -> bool:
    """Tell whether text can be an idempotency key: 1 to 64 of A-Z a-z 0-9 _ . : -"""
    return isinstance(text, str) and NONCE.fullmatch(text) is not None
