"""The page of a room's rules and of those who keep it, and the one that a link to a role leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quart_chat.pages import languages, templates
from quart_chat.pages.codes import qr
from quart_chat.pages.languages import Audience
from quart_chat.room.asking import Question
from quart_chat.room.bearers import Bot
from quart_chat.room.hooks import MOST, Held, New, host_of
from quart_chat.room.record import Deed, Invite, Known, Whom
from quart_chat.room.rights import KEEPS, Right, Role, Rules, Standing, may

SLOWS = (0, 5, 10, 30, 60, 300, 900, 3600)  # seconds that the form offers


@dataclass(frozen=True, slots=True)
class Order:
    """What the page shows. standing: of its reader; invites, members (who was let in): for who keeps order.

    lists: the lobby shows rooms to everybody, whose owners want it.
    question: the room's own for newcomers, for owners; None: it has none.
    bots: of the room, for who keeps order; token: of one that was let in just now, "" for none.
    made, link: what was made just now, "owner", "moderator" or "invite", and its link; "" for nothing.
    hooks: for owners; None: for others, or where the operator wants none. posts: outgoing ones may be made.
    new_hook: that was made just now; None: none. origin: of this server's addresses.
    receivers: hosts to which the room's messages go: everybody in it may know.
    """

    room: str
    title: str
    standing: Standing
    people: Sequence[Known]
    deeds: Sequence[Deed]
    invites: Sequence[Invite] = ()
    members: Sequence[Whom] = ()
    made: str = ""
    link: str = ""
    lists: bool = True
    topic: str = ""
    question: Question | None = None
    bots: Sequence[Bot] = ()
    token: str = ""
    hooks: Sequence[Held] | None = None
    posts: bool = True
    new_hook: New | None = None
    origin: str = ""
    receivers: Sequence[str] = ()


def told(rules: Rules) -> str:
    """Write rules in short: a form says by it which ones it changes."""
    return " ".join(map(str, rules))


def page(shown: Order, public: str, audience: Audience) -> str:
    """Render the rules; public: of who reads them."""
    return templates.page(
        "order.html",
        audience.language,
        shown=shown,
        rules=shown.standing.rules,
        was=told(shown.standing.rules),
        code=qr(shown.link) if shown.link else "",
        own=public,
        rules_it=may(Right.RULE, shown.standing),
        moderates=may(Right.MODERATE, shown.standing),
        sets_topic=may(Right.TOPIC, shown.standing),
        slows=sorted({*SLOWS, shown.standing.rules.slow}),
        keeps=sorted({*KEEPS, shown.standing.rules.keep}),
        languages=languages.LANGUAGES,
        host_of=host_of,
        most_hooks=MOST,
        moment=lambda ms: languages.moment(ms, audience),
        iso=languages.iso,
    )


def key_page(room: str, title: str, secret: str, role: Role, language: str) -> str:
    """Render what asks whether somebody wants the role of a link."""
    return templates.page("key.html", language, room=room, title=title, secret=secret, role=role)


def locked_page(room: str, language: str, error: str = "") -> str:
    """Render what asks for a room's passphrase; error: why the last one was not taken."""
    return templates.page("locked.html", language, room=room, error=error)


def invitation_page(room: str, title: str, secret: str, language: str) -> str:
    """Render what asks whether somebody comes in by an invite."""
    return templates.page("key.html", language, room=room, title=title, secret=secret, role="")
