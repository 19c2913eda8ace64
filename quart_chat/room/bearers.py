"""What programs show instead of a cookie: tokens of people, and of bots, that are of one room alone."""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

from quart_chat.errors import BadName
from quart_chat.room.characters import has_surrogate, one_line
from quart_chat.room.handover import ticket_of
from quart_chat.room.names import NAME_TOO_LONG
from quart_chat.room.people import public_id

MAX_LABEL = 40  # code points of what somebody calls a token of theirs
MOST_TOKENS = 20  # of a person
MOST_BOTS = 20  # of a room
PREFIXES = ("qc_", "qb_")  # of a person's, of a bot's: whoever finds one somewhere knows what it is

_TOKEN = re.compile(r"(?:qc|qb_([a-z0-9-]{1,64}))_[A-Za-z0-9_-]{32}")  # 192 bits


class Bearer(NamedTuple):
    """A token as it was shown. ticket: what the store knows it by. room: whose bot's it is; "": it is a person's."""

    text: str
    ticket: str
    room: str


class Token(NamedTuple):
    """A person's token, as its owner sees it. made, used: days, ISO 8601; used is "" where it never was."""

    ticket: str
    label: str
    made: str
    used: str


class Bot(NamedTuple):
    """A program that the keepers of a room let in. ticket: of its token. name: without its mark. made: a day, ISO 8601.

    writes: it does not only read.
    """

    ticket: str
    name: str
    made: str
    writes: bool = False

    @property
    def identity(self) -> str:
        """What stands for a person's id; no cookie holds such a one."""
        return identity_of(self.ticket)

    @property
    def public(self) -> str:
        """The id that pages carry."""
        return public_id(self.identity)


def identity_of(ticket: str) -> str:
    """Give a bot's id, of its token's ticket."""
    return f"bot {ticket}"


def new_token() -> str:
    """Make a person's token."""
    return f"qc_{secrets.token_urlsafe(24)}"


def new_bot_token(room: str) -> str:
    """Make a bot's token: it says for which room it is, so that it is looked for there, and ends with it."""
    return f"qb_{room}_{secrets.token_urlsafe(24)}"


def read_bearer(text: str) -> Bearer | None:
    """Read what was shown; None where it cannot be a token."""
    found = _TOKEN.fullmatch(text)
    return None if found is None else Bearer(text, ticket_of(text), found[1] or "")


def clean_label(typed: str) -> str:
    """Make of what somebody typed a word by which they know a token again; "" for none.

    Raises:
        BadName: it is too long.
    """
    text = "" if has_surrogate(typed) else one_line(typed)
    if len(text) > MAX_LABEL:
        raise BadName(NAME_TOO_LONG, most=MAX_LABEL, count=len(text))
    return text
