"""Who keeps order in a room, and what they did."""

from __future__ import annotations

from typing import NamedTuple

from quart_chat.room.rights import Role

# what was done
RULED, LINKED, CAME, APPOINTED, DISMISSED = "ruled", "linked", "came", "appointed", "dismissed"
MUTED, HEARD, BANNED, FORGIVEN, DELETED = "muted", "heard", "banned", "forgiven", "deleted"
BOT_IN, BOT_OUT = "bot in", "bot out"
HOOKED, UNHOOKED, STOPPED, WOKEN = "hooked", "unhooked", "stopped", "woken"  # a hook: its name or host is `whom`
INVITED, PURGED_OF, REPORTED, PHRASED, ASKED = "invited", "purged", "reported", "phrased", "asked"


class Whom(NamedTuple):
    """Whom something befalls. public: their public id; name: as they are called where it was asked for."""

    public: str
    name: str


class Known(NamedTuple):
    """Who has a role in a room, or is muted or banned there.

    public: their public id; name: as they were called then. muted, banned: until when, ms since the epoch; 0: not.
    network: it is not them, but where they came from.
    """

    public: str
    name: str
    role: Role
    muted: int
    banned: int
    network: bool = False


class Invite(NamedTuple):
    """An invite that can still be taken. key: names it, and opens nothing. left: people; until: ms since the epoch."""

    key: str
    left: int
    until: int


class Deed(NamedTuple):
    """One line of a room's record.

    at: ms since the epoch. by: the name of who did it. what: one of the words above. until: ms; 0 for no end.
    whom: the name of whom it befell, or the role that it was about; "" for neither. of: the message's id; "" for none.
    """

    at: int
    by: str
    what: str
    whom: str
    until: int
    of: str = ""
