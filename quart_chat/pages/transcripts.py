"""A room as a file: JSON Lines, which can be brought back, text and HTML, which are for reading."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup

from quart_chat.pages import assets, languages, rows, templates
from quart_chat.pages.languages import Audience
from quart_chat.room.charter import Charter
from quart_chat.room.digest import Record
from quart_chat.room.entries import PIN, TOPIC, Message
from quart_chat.room.entries import Header as Above
from quart_chat.room.json_entries import iso
from quart_chat.room.proofs import signed

VERSION = 1  # of the format
Kind = Literal["jsonl", "text", "html"]

NOTHING_ABOVE = Above()
NO_CHARTER = Charter()
CUT = "More was said here: the server could not read on. Ask for it again."
WAS_DELETED = "This message was deleted."


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a file. room: its name in addresses; opened: ms since the epoch; above: what stands above.

    charter: who keeps the room and by which rules.
    """

    room: str
    title: str
    opened: int
    above: Above = NOTHING_ABOVE
    charter: Charter = NO_CHARTER


@dataclass(frozen=True, slots=True)
class Form:
    """How a room is written down. begin, end: what comes before and after its messages.

    cut: what says, before the end, that some are missing.
    """

    begin: str
    write: Callable[[Sequence[Record]], str]
    end: str = ""
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A room as a page for reading and printing. first, last: the days from which to which it goes, "" for all.

    query: that asks for the same days; "" for all.
    """

    first: str = ""
    last: str = ""
    query: str = ""


def form(kind: Kind, header: Header, audience: Audience) -> Form:
    """Choose how a room is written into a file; audience: for whom text and html are."""
    cut = languages.say(audience.language, CUT)
    if kind == "jsonl":
        return Form(json_header(header), lambda records: "".join(map(json_line, records)), cut=_line({"error": CUT}))
    if kind == "text":

        def write(records: Sequence[Record]) -> str:
            return "".join(text_line(one.message, audience) for one in records)

        return Form(text_header(header), write, cut=f"\n{cut}\n")
    return _html(html_parts(header, audience), audience)


def page(header: Header, reading: Reading, audience: Audience) -> Form:
    """Render the page on which a room is read and printed."""
    mark = "\0rows\0"
    html = templates.page("reading.html", audience.language, header=header, reading=reading, rows=mark)
    before, _, after = html.rpartition(mark)
    return _html((before, after), audience)


def _html(parts: tuple[str, str], audience: Audience) -> Form:
    begin, end = parts
    cut = Markup('<li class="cut">{}</li>\n').format(languages.say(audience.language, CUT))
    return Form(begin, lambda records: html_rows((one.message for one in records), audience), end, str(cut))


# --- JSON Lines --------------------------------------------------------------------------------------


def json_header(header: Header) -> str:
    """Write the first line."""
    fields = {"quart_chat": VERSION, "room": header.room, "title": header.title, "opened": iso(header.opened)}
    if header.above.topic:
        fields["topic"] = header.above.topic
    if header.above.pins:
        fields["pins"] = [pinned._asdict() for pinned in header.above.pins]
    if header.charter.rules:
        fields["rules"] = dict(header.charter.rules)
    if header.charter.members:
        fields["members"] = dict(header.charter.members)
    return _line(fields)


def json_line(record: Record) -> str:
    """Write a message as it stands."""
    message, held = record
    fields: dict[str, Any] = {
        "id": message.id,
        "time": iso(message.at),
        "author": message.author,
        "name": message.name,
        "text": "" if held.deleted else message.said,
    }
    if message.kind:
        fields["kind"] = message.kind
    if message.files and not held.deleted:
        fields["files"] = [one._asdict() for one in message.files]
    if message.reply is not None:
        fields["reply"] = message.reply._asdict()
    if message.meant and not held.deleted:
        fields["mentions"] = message.meant
    if held.edited:
        fields["edited"] = iso(held.edited)
    if held.versions:
        fields["versions"] = [{"time": iso(at), "text": text} for at, text in held.versions]
    if held.reactions:
        fields["reactions"] = held.reactions
    if held.deleted:
        fields["deleted"] = True
    return _line(fields)


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"


# --- for reading -------------------------------------------------------------------------------------


def text_header(header: Header) -> str:
    """Write the title."""
    return f"{header.title}\n{'=' * len(header.title)}\n"


def text_line(message: Message, audience: Audience) -> str:
    """Write a message, its day before the first of each."""
    by = rows.by(message, rows.View("", audience, "file"))
    day = f"\n{by.day}\n\n" if by.new_day else ""
    first, *others = _told(message, audience.language).split("\n")
    lines = [f"[{by.clock}] {first}".rstrip(), *(f"    {line}" for line in others)]
    if not message.deleted:
        lines += [f"    📎 {one.name} ({languages.size(one.size, audience.language)})" for one in message.files]
    if message.reply is not None:
        lines.insert(
            0,
            f"    > {signed(message.reply.name)}: "
            f"{message.reply.text or languages.say(audience.language, WAS_DELETED)}",
        )
    if message.changes is not None and message.changes.reactions:
        lines.append("    " + "  ".join(f"{one.emoji} {one.number}" for one in message.changes.reactions))
    return day + "".join(f"{line}\n" for line in lines)


def _told(message: Message, language: str) -> str:
    """Tell what a message says, and who."""
    name, said = signed(message.name), message.said
    if message.deleted:
        return f"{name}: {languages.say(language, WAS_DELETED)}"
    if message.kind == TOPIC:
        did = languages.say(language, "set the topic:") if said else languages.say(language, "cleared the topic.")
        return f"* {name} {did} {said}".rstrip()
    if message.kind == PIN:
        return f"* {name} {languages.say(language, 'pinned a message.')}"
    told = f"* {name} {said}" if message.kind else f"{name}: {said}"
    edited = message.changes is not None and message.changes.edited
    return f"{told} {languages.say(language, '(edited)')}" if edited else told


def html_parts(header: Header, audience: Audience) -> tuple[str, str]:
    """Render what comes before and after the rows of a page that needs no other file."""
    mark = "\0rows\0"
    style = Markup(assets.text("transcript.css"))  # noqa: S704 - a file of ours
    html = templates.page("transcript.html", audience.language, title=header.title, style=style, rows=mark)
    before, _, after = html.rpartition(mark)
    return before, after


def html_rows(messages: Iterable[Message], audience: Audience) -> str:
    """Render messages as the room's page does."""
    view = rows.View("", audience, "file")
    return "".join(f"{rows.once(message, view)}\n" for message in messages)


def audience_of(language: str, zone: str) -> Audience:
    """Say for whom a transcript is written; the language as Accept-Language has it."""
    return Audience(languages.choose((), [language]), zone)
