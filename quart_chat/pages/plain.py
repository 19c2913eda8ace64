"""A room's face in a terminal: lines of plain text, the newest below.

Nobody's text makes a line that looks like somebody else's: further lines of a message begin with a bar, and control
characters never get into a message (`room/characters`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from quart_chat.pages import languages
from quart_chat.pages.fragments import State
from quart_chat.pages.languages import Audience, say
from quart_chat.room.aloud import Line
from quart_chat.room.attachments import named
from quart_chat.room.characters import BIDI_CONTROLS
from quart_chat.room.digest import Digest
from quart_chat.room.entries import ACTION, PIN, ROLL, TOPIC, Change, Header, Message
from quart_chat.room.proofs import signed

MOST_NAMED = 12  # people of a room that tells who is in it
_NEVER = dict.fromkeys(map(ord, BIDI_CONTROLS))  # they turn around what follows, in some terminals past the line


class Plain:
    """The face of `pages/faces.PLAIN`."""

    def newest(
        self, room: str, shown: Sequence[Message], place: str, above: Header, audience: Audience, *, more: bool
    ) -> str:
        """Write the newest page, and what stands above the room."""
        topic = [_note(say(audience.language, "Topic: %(topic)s", {"topic": above.topic}))] if above.topic else []
        return "".join([*topic, *_said(shown, audience)])

    def replayed(self, room: str, news: Digest, place: str, audience: Audience) -> str:
        """Write what came since."""
        return self.appended(room, news, place, audience)

    def appended(self, room: str, news: Digest, place: str, audience: Audience) -> str:
        """Write what entries come to."""
        return "".join([*_said(news.messages, audience), *(_changed(one, audience) for one in news.changes)])

    def trimmed(self, room: str, first: str, language: str) -> str:
        """Nothing is taken away."""
        return ""

    def aloud(self, said: Sequence[Line], language: str) -> str:
        """Nothing: what came has been told."""
        return ""

    def connection(self, state: State, language: str, worker: str = "") -> str:
        """Write only what keeps one from talking: a terminal that is silent may be a quiet room."""
        return _note(say(language, "Messages can’t be sent right now.")) if state == "store" else ""

    def sent_away(self, why: str, language: str) -> str:
        """Write why nothing more comes."""
        return _note(why)

    def notice(self, text: str, language: str) -> str:
        """Write what is true for a moment."""
        return _note(text)

    def ruled(self, room: str, language: str) -> str:
        """Write that there are other rules."""
        return _note(say(language, "The rules of this room have changed."))

    def reported(self, room: str, entry_id: str, language: str) -> str:
        """Write that a message was reported."""
        return _note(say(language, "Somebody has reported a message."))

    def people(self, here: Sequence[tuple[str, str]], count: int, language: str) -> str:
        """Write who is here."""
        if not 0 < count <= MOST_NAMED:  # there they come and go all the time
            return ""
        return _note(say(language, "Here: %(names)s", {"names": ", ".join(signed(name) for _, name in here)}))

    def crowd(self, named: int, count: int, language: str) -> str:
        """Nothing: people of a full room come and go all the time."""
        return ""

    def typing(self, typists: Sequence[tuple[str, str]], language: str) -> str:
        """Nothing: a line cannot be taken back."""
        return ""


def opening(title: str, link: str, language: str) -> str:
    """Write where one is, and how to say something there."""
    how = say(language, "To say something: curl -d text=hello %(link)s", {"link": link})
    return f"{_note(f'{title} · {link}')}{_note(how)}"


def line(text: str) -> str:
    """Write a text of somebody's so that it stays in its line."""
    return " ".join(text.translate(_NEVER).split())


def _note(text: str) -> str:
    return f"-- {line(text)}\n"


def _said(messages: Iterable[Message], audience: Audience) -> list[str]:
    """Write messages, and a line for each new day."""
    audience = audience._replace(hours=audience.hours or "24")  # as terminals have it, and all as wide
    lines: list[str] = []
    for one in messages:
        before = one.before
        if before is None or languages.date_of(before.at, audience) != languages.date_of(one.at, audience):
            lines.append(_note(languages.day(one.at, audience)))
        lines.append(f"{languages.clock(one.at, audience)} {_message(one, audience.language)}")
    return lines


def _message(one: Message, language: str) -> str:
    name = signed(one.name)
    if one.deleted:
        return f"{name}: {say(language, 'This message was deleted.')}\n"
    text = _block(one.said)
    if one.files:
        text = f"{text} " * bool(text) + f"[{line(named(one.files))}]"
    if one.kind in (ACTION, ROLL):
        return f"* {name} {text}\n"
    if one.kind == TOPIC:
        told = f"{say(language, 'set the topic:')} {text}" if text else say(language, "cleared the topic.")
        return f"* {name} {told}\n"
    if one.kind == PIN:
        return f"* {name} {say(language, 'pinned a message.')}\n"
    edited = f" {say(language, '(edited)')}" if one.changes is not None and one.changes.edited else ""
    reply = f"> {signed(one.reply.name)}: {line(one.reply.text)[:60]}\n      │ " if one.reply is not None else ""
    return f"{name}: {reply}{text}{edited}\n"


def _block(text: str) -> str:
    """Write a text of several lines so that no line of it looks like somebody else's."""
    first, *others = text.translate(_NEVER).splitlines() or [""]  # at all of Unicode's line ends
    return "\n      │ ".join([first, *others])


def _changed(change: Change, audience: Audience) -> str:
    name, language, changes = signed(change.name), audience.language, change.changes
    if not change.text:
        given = " ".join(f"{one.emoji} {one.number}" for one in changes.reactions)
        return _note(f"{say(language, 'Reactions to %(name)s', {'name': name})}: {given or '–'}")
    if changes.deleted:
        return _note(f"{name} {say(language, 'deleted a message.')}")
    return f"-- {name} {say(language, 'corrected a message:')} {_block(changes.text or '')}\n"
