"""Who may do what in a room: one table, for what is done with its messages and with itself."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import NamedTuple

from quart_chat.errors import Asked, Locked, NotYours, Unwelcome
from quart_chat.room.entries import ACTION, Message

EVERYONE, VERIFIED, MODERATORS = "everyone", "verified", "moderators"  # who may write, those after them in each
ARCHIVED = "This room is an archive: it can be read, and nobody writes in it any more."
FOR_OWNERS = "Only an owner of this room may do that."
FOR_KEEPERS = "Only moderators of this room may do that."
MUTED_HERE = "A moderator has muted you here for a while. You can read on."
FOR_MODERATORS = "Only moderators write in this room."
TOO_LOUD = "This room is slow: only those who keep order pin messages and set its topic."
PRIVATE = "This room is private. Ask somebody who is in it for an invite."
ASKS = "Newcomers answer a question before they come into this room. Its page asks it."
FOR_VERIFIED = "Only people who keep their name by a phrase write in this room."
READS_ONLY = "This bot may read here, and not write."
NO_FILES = "Messages carry no files in this room."
SENT_AWAY = "You were sent away from this room. Ask those who keep it."
SLOWEST = 3600  # seconds between two messages of a person, at most
EPHEMERAL = 1  # hour for which messages stay where nothing is kept: a page that was cut off so long finds them
KEEPS = (0, EPHEMERAL, 24, 7 * 24, 30 * 24, 90 * 24, 365 * 24)  # hours that a room may keep its messages


class Role(StrEnum):
    """What somebody is in a room; whoever opened it owns it. The last two are programs that its keepers let in."""

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"
    BOT = "bot"
    READER = "reader"  # a bot that only reads


KEEPERS = (Role.OWNER, Role.MODERATOR)
BOTS = (Role.BOT, Role.READER)


class Right(StrEnum):
    """What somebody may do: with a message, or in the room."""

    REPLY = "reply"
    REACT = "react"
    PIN = "pin"
    EDIT = "edit"
    DELETE = "delete"
    REPORT = "report"

    SAY = "say"
    ATTACH = "attach"
    TOPIC = "topic"
    MODERATE = "moderate"  # mute, ban, and read the record of both
    RULE = "rule"  # the room's rules, and who moderates it
    HOOK = "hook"  # keep hooks: programs write by them, and messages go out to others' servers


class Rules(NamedTuple):
    """What holds in a room for all. slow: seconds between two messages of a member, 0 for any.

    closed: only who was let in by an invite, or was there as it closed, gets in. listed: the lobby shows it to all.
    asks: newcomers answer a question before they get in. keep: hours for which messages stay, 0 for as long as the
    server keeps them. language: BCP 47, of pages for whom chose none; "" for as their browsers say.
    """

    writers: str = EVERYONE
    slow: int = 0
    archived: bool = False  # nobody writes any more
    files: bool = True
    closed: bool = False
    listed: bool = False
    asks: bool = False
    keep: int = 0
    language: str = ""

    @property
    def is_listed(self) -> bool:
        """Whether the lobby shows the room to everybody: a private one it never shows."""
        return self.listed and not self.closed

    @property
    def guarded(self) -> bool:
        """Whether members are in it who were let in, and nobody else: it is closed, or newcomers are asked."""
        return self.closed or self.asks


COMMON = Rules()  # of a room that nobody gave others


class Standing(NamedTuple):
    """How somebody stands in a room. muted, banned: until when, ms since the epoch; 0: they are not.

    invited: they may be in it though it is guarded: by an invite, its passphrase, an answer, or as they were there
    before. proved: their name is one that they keep by a phrase.
    locked: the room has a passphrase.
    """

    role: Role = Role.MEMBER
    rules: Rules = COMMON
    muted: int = 0
    banned: int = 0
    invited: bool = False
    proved: bool = False
    locked: bool = False

    @property
    def inside(self) -> bool:
        """Whether they may be in the room at all."""
        let_in = self.invited or self.role != Role.MEMBER or not self.rules.guarded
        return let_in and not self.banned

    @property
    def writes(self) -> bool:
        """Whether they may write at all."""
        writers = self.rules.writers
        asked_in = self.role != Role.MEMBER  # a bot, too: whoever keeps the room let it write
        heard = writers == EVERYONE or asked_in or (writers == VERIFIED and self.proved)
        return heard and self.role != Role.READER and self.inside and not (self.rules.archived or self.muted)


NEWCOMER = Standing()


class _When(Enum):
    ALWAYS = "always"
    NEVER = "never"
    WRITING = "while they may write"
    UNHURRIED = "while they may write, and the room is not slow"  # it leaves a message, for which that has a pause
    FILES = "while they may write, and the room takes files"
    OTHERS = "with others' messages"
    OWN = "with their own messages, while they may write"


_A, _N, _W, _F = _When.ALWAYS, _When.NEVER, _When.WRITING, _When.FILES
_O, _X, _U = _When.OWN, _When.OTHERS, _When.UNHURRIED

TABLE: dict[Right, tuple[_When, _When, _When, _When, _When]] = {
    #               owner  moderator  member  bot  reader
    Right.SAY: (_W, _W, _W, _W, _N),
    Right.REPLY: (_W, _W, _W, _W, _N),
    Right.REACT: (_W, _W, _W, _W, _N),
    Right.ATTACH: (_F, _F, _F, _F, _N),
    Right.TOPIC: (_W, _W, _U, _U, _N),
    Right.PIN: (_W, _W, _U, _U, _N),
    Right.EDIT: (_O, _O, _O, _O, _N),
    Right.DELETE: (_A, _A, _O, _O, _N),
    Right.REPORT: (_N, _N, _X, _N, _N),
    Right.MODERATE: (_A, _A, _N, _N, _N),
    Right.RULE: (_A, _N, _N, _N, _N),
    Right.HOOK: (_A, _N, _N, _N, _N),
}
"""Who may do what, by role."""

_OF_MESSAGES = frozenset({Right.REPLY, Right.REACT, Right.PIN, Right.EDIT, Right.DELETE, Right.REPORT})
_ROLES = tuple(Role)


def rights(public: str, message: Message, standing: Standing) -> frozenset[Right]:
    """Tell what a person may do with a message; public: their public id."""
    if message.deleted or not standing.inside:
        return frozenset()
    own = message.author == public
    may = {right for right in _OF_MESSAGES if _holds(right, standing, own=own)}
    if message.kind not in ("", ACTION):
        may.discard(Right.EDIT)
    return frozenset(may)


def may(right: Right, standing: Standing) -> bool:
    """Tell whether somebody may do something in a room."""
    return standing.inside and _holds(right, standing, own=False)


def _holds(right: Right, standing: Standing, *, own: bool) -> bool:
    when = TABLE[right][_ROLES.index(standing.role)]
    if when in (_When.ALWAYS, _When.NEVER):
        return when is _When.ALWAYS
    if when is _When.OTHERS:
        return not own
    if when is _When.FILES:
        return standing.writes and standing.rules.files
    if when is _When.UNHURRIED:
        return standing.writes and not standing.rules.slow
    return standing.writes and (own or when is _When.WRITING)


def of_hook(standing: Standing) -> Standing:
    """Give how a room's own hook stands there: its owners let it in to write, but in an archive, muted or banned."""
    return standing._replace(role=Role.MODERATOR)


def may_sanction(standing: Standing, other: Role) -> bool:
    """Tell whether somebody may mute or ban who has that role: nobody does it to their like, or to an owner."""
    return may(Right.MODERATE, standing) and _ROLES.index(standing.role) < _ROLES.index(other)


def outside(standing: Standing) -> Unwelcome:
    """Say why somebody may not be in a room, who may not."""
    if standing.banned:
        return Unwelcome(SENT_AWAY)
    if standing.rules.asks and not standing.rules.closed:
        return Asked(ASKS)
    return Locked(PRIVATE) if standing.locked else Unwelcome(PRIVATE)


def admitted(standing: Standing) -> Standing:
    """Give how somebody stands in a room, if they may be in it at all.

    Raises:
        Unwelcome: they may not.
    """
    if not standing.inside:
        raise outside(standing)
    return standing


def silenced(standing: Standing) -> NotYours:
    """Say why somebody may not write, or not what the whole room would hear."""
    if not standing.inside:
        return NotYours(outside(standing).message)
    if standing.rules.archived:
        return NotYours(ARCHIVED)
    if standing.role == Role.READER:
        return NotYours(READS_ONLY)
    if standing.writes:
        return NotYours(TOO_LOUD)
    if standing.muted:
        return NotYours(MUTED_HERE)
    return NotYours(FOR_VERIFIED if standing.rules.writers == VERIFIED else FOR_MODERATORS)
