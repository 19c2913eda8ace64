"""What a tab may ask over its socket: the frames of the page's forms, read into values."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quart_chat.errors import BadFrame
from quart_chat.room.attachments import Attached
from quart_chat.room.entries import is_entry_id
from quart_chat.room.texts import is_nonce

NO_TEXT = "A message needs its field “text”, once."
NO_NONCE = "A message needs its field “nonce”: 1 to 64 letters, digits, or _ . : -"


@dataclass(frozen=True, slots=True)
class Resume:
    """The page connected and stands at `since`; None: it does not know, and wants the newest page.

    looking: whether somebody looks at it; None: nobody knows yet.
    """

    since: str | None
    looking: bool | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """A message; `nonce` is its idempotency key, unique for the person; `reply`: the id of what it answers.

    files: what it carries, kept already; such a message needs no text. plain: a command in it is not run, but said.
    """

    text: str
    nonce: str
    reply: str | None = None
    files: tuple[Attached, ...] = ()
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Typing:
    """The person is typing."""


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looks at the page; or no more."""

    looking: bool


@dataclass(frozen=True, slots=True)
class Glance:
    """The page was shown or hidden, and cannot tell which: it has to be looked for."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The person wants to hear of mentions in this tab; or not."""

    on: bool


@dataclass(frozen=True, slots=True)
class Newest:
    """Show the newest page again."""


@dataclass(frozen=True, slots=True)
class Compose:
    """The page sent its form of that nonce, and could not fetch the next one."""

    nonce: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """What would have sent a message again found it acknowledged, and its form gone."""


Command = Resume | Say | Typing | Look | Glance | Sound | Newest | Compose | Nothing


def read_command(frame: str | bytes | None) -> Command:
    """Read one frame.

    frame: JSON as htmx sends a form: an object with `act` and the form's fields; `headers` is passed over.

    Raises:
        BadFrame: it is something else; the text says what.
    """
    if not isinstance(frame, str):  # an empty binary frame comes as None
        raise BadFrame("This socket takes text, not bytes.")
    try:
        sent = json.loads(frame)
    except (ValueError, RecursionError) as error:
        raise BadFrame("That was not JSON.") from error
    if not isinstance(sent, dict):
        raise BadFrame("That was JSON, but not a form.")
    act = sent.get("act")
    read = _READERS.get(act) if isinstance(act, str) else None
    if read is not None:
        return read(sent)
    if not sent.keys() - {"headers"}:
        return Nothing()
    raise BadFrame("This room does not know that act.")


def _say(sent: dict[str, Any]) -> Say:
    text = sent.get("text")
    if not isinstance(text, str):
        raise BadFrame(NO_TEXT)
    return Say(text, read_nonce(sent.get("nonce")), read_id(sent.get("reply")))


def _resume(sent: dict[str, Any]) -> Resume:
    looking = sent.get("looking")
    return Resume(read_id(sent.get("since")), _LOOKING.get(looking) if isinstance(looking, str) else None)


def read_nonce(nonce: object) -> str:
    """Read a message's key, of a frame or a form.

    Raises:
        BadFrame: it is none.
    """
    if not isinstance(nonce, str) or not is_nonce(nonce):
        raise BadFrame(NO_NONCE)
    return nonce


def read_id(entry_id: object) -> str | None:
    """Read an entry's id, of a frame or a form; None where it is none."""
    return entry_id if isinstance(entry_id, str) and is_entry_id(entry_id) else None


_LOOKING = {"1": True, "0": False}
_READERS: dict[str, Callable[[dict[str, Any]], Command]] = {
    "say": _say,
    "resume": _resume,
    "typing": lambda _: Typing(),
    "look": lambda _: Look(looking=True),
    "rest": lambda _: Look(looking=False),
    "glance": lambda _: Glance(),
    "sound": lambda sent: Sound(on=sent.get("on") == "1"),
    "newest": lambda _: Newest(),
    "compose": lambda sent: Compose(read_nonce(sent.get("nonce"))),
}
