"""A room's page. All of it but what is the reader's own is rendered once, until the room changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from quart_chat.kept import Kept
from quart_chat.pages import fragments, ids, rows, templates, tokens
from quart_chat.pages.blanks import Form, blanks
from quart_chat.pages.dress import PLAIN
from quart_chat.pages.languages import Audience
from quart_chat.pages.themes import SYSTEM
from quart_chat.pages.tokens import with_tokens
from quart_chat.room.entries import Header, Message
from quart_chat.room.people import Person
from quart_chat.room.rights import COMMON, Right, Rules

FORMS = 1000  # pages that a worker keeps, as long as
BYTES = 16_000_000  # they hold no more than these together


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows to everybody, besides its messages.

    people, count: who is here, as `fragments.people` takes them.
    place: where its socket goes on; None for a page of older messages, which has no socket.
    more: whether older messages lie before it; newer: whether some lie beyond it. megabytes: that a file may have;
    0: none are taken. rules: that hold in the room. plain: no script is to run.
    """

    audience: Audience
    room: str
    title: str
    header: Header
    people: tuple[tuple[str, str], ...]
    count: int
    place: str | None
    more: bool
    newer: bool
    megabytes: int = 0
    rules: Rules = COMMON
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Meant:
    """The message around which a page is, and what its reader may do with it.

    pinned: it is. editing: it is being edited. keeps: they keep order in the room, and it is somebody else's.
    """

    message: Message
    may: frozenset[Right]
    pinned: bool
    editing: bool
    keeps: bool = False


forms: Kept[tuple[str, Audience, bool], tuple[Shown, tuple[Message, ...], Form]] = Kept(FORMS, BYTES)
"""A room's page as it stood last, by the room's name, with all that it shows and the very messages."""


def render(
    shown: Shown,
    messages: tuple[Message, ...],
    person: Person,
    origin: str,
    token: str,
    *,
    known: bool = True,
    worn: Mapping[str, str] = PLAIN.values(SYSTEM),
    sounds: bool = False,
    new: str = "",
    left: str = "",
    typed: str = "",
    error: str = "",
    meant: Meant | None = None,
) -> bytes:
    """Render a page for somebody.

    origin: where they see it, such as https://chat.example; token: of their forms; known: they may have written
    something. worn: as `Dress.values`. sounds: they want to hear when somebody means them. new: the id of the first
    message that is new to them; "" for none; left: how far they had read, where that is before this page. typed: what
    stays in the field of the plain form beside an error; meant: the message around which it is, None for none.
    """
    kept = not (typed or error or meant)
    form = _kept(shown, messages) if kept else _render(shown, messages, typed, error, meant)
    own = fragments.link_to_own_marks(person.public)
    html = form.fill(
        own=own if known else "",
        later="" if known else own,
        link=f"{origin}/r/{shown.room}",
        gate=templates.new_gate(),
        token=token,
        key=fragments.new_page_key(),
        profile=_with_token(_profile(person, shown.audience.language, shown.room), token),
        sounds=_with_token(_sound_switch(shown.audience.language, shown.room, sounds), token),
        **worn,
    )
    return _with_line(html, shown, new, left) if new else html


@lru_cache(FORMS)
def _profile(person: Person, language: str, room: str) -> Form:
    return with_tokens(fragments.profile(person, language, room))


@lru_cache(FORMS)
def _sound_switch(language: str, room: str, on: bool) -> Form:
    return with_tokens(fragments.sound_switch(language, room, on=on))


def _with_token(form: Form, token: str) -> Markup:
    return Markup(form.fill(**{tokens.FIELD: token}).decode())  # noqa: S704 - it was markup, and is


def _with_line(html: bytes, shown: Shown, new: str, left: str) -> bytes:
    """Put the line above what is new into a page that is the same for everybody; nobody's text holds a bare "<"."""
    row = f'<li id="{ids.message(new)}"'.encode()
    link = f"/r/{shown.room}?after={left}" if left else ""
    return html.replace(row, fragments.new_line(shown.audience.language, link).encode() + row, 1)


def _kept(shown: Shown, messages: tuple[Message, ...]) -> Form:
    key = shown.room, shown.audience, shown.plain
    kept = forms.get(key)
    if kept is not None and kept[0] == shown and kept[1] is messages:
        return kept[2]
    form = _render(shown, messages)
    if shown.place is not None and (messages or shown.count):  # names that robots try would push out the others
        forms.put(key, (shown, messages, form), len(form))
    return form


def _render(
    shown: Shown, messages: tuple[Message, ...], typed: str = "", error: str = "", meant: Meant | None = None
) -> Form:
    language = shown.audience.language
    before = messages[0].id if shown.more and messages else None
    after = messages[-1].id if shown.newer and messages else None
    view = rows.View(shown.room, shown.audience)
    led, editing = (meant.message.id, meant.editing) if meant is not None else ("", False)
    return with_tokens(
        templates.page(
            "room.html",
            language,
            shown=shown,
            live=shown.place is not None,
            older=fragments.older(shown.room, before, language),
            messages=rows.render(messages, view, led, editing=editing),
            newer=fragments.newer(shown.room, after, language),
            meant=meant,
            block=fragments.BLOCK,
            typed=typed,
            error=error,
            **blanks((tokens.FIELD, "gate", "own", "later", "link", "key", "profile", "sounds")),
        )
    )
