"""Every way in which pages show what people write: for tests of what must hold for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from quart_chat.errors import BadName
from quart_chat.pages import (
    aloud,
    asking,
    faces,
    fragments,
    frame,
    lobby,
    order,
    programs,
    room,
    rows,
    search,
    share,
    templates,
    transcripts,
)
from quart_chat.pages.languages import Audience
from quart_chat.pages.lobby import Rooms
from quart_chat.pages.room import Meant, Shown
from quart_chat.pages.search import Looked
from quart_chat.room.aloud import lines
from quart_chat.room.asking import Question
from quart_chat.room.attachments import Attached
from quart_chat.room.bearers import Bot, Token
from quart_chat.room.changes import Changes, Reaction
from quart_chat.room.digest import Digest, Record
from quart_chat.room.entries import Change, Header, Message, Neighbour, Quote
from quart_chat.room.hooks import Held, Incoming, New, Outgoing, Progress
from quart_chat.room.lobby import Listed, Visited
from quart_chat.room.mentions import Mention
from quart_chat.room.people import Person, new_id, public_id
from quart_chat.room.reading import Line, News
from quart_chat.room.record import Deed, Invite, Known, Whom
from quart_chat.room.rights import Right, Role, Rules, Standing
from quart_chat.room.search import Found, Hit, read

PERSON = new_id()
ANA = public_id(PERSON)
BOB = "b" * 16
NONCE, PLACE, AT = "0123456789abcdef-3", "1700000000000-1", 1_700_000_000_000
DIGEST = "d" * 64
AUDIENCES = [Audience("en", "UTC"), Audience("ar", "Asia/Riyadh")]  # from the left, and from the right


def message(text: str, name: str, before: Neighbour | None = None) -> Message:
    return Message("1700000000000-2", AT, ANA, name, text, before)


def of_a_line(text: str) -> str:
    """Leave out what asks for a field of several lines."""
    return text.replace("\n", " ")[:100]


def answer(text: str, name: str) -> Message:
    return message(text, name)._replace(reply=Quote(PLACE, BOB, name, text))


def befallen(text: str, name: str, **changes: Any) -> Message:
    return message(text, name)._replace(changes=Changes(**changes))


def changed(name: str, changes: Changes, *, text: bool = True) -> Change:
    return Change(PLACE, name, "", changes, text, reactions=True)


def files(*attached: Attached, view: rows.View) -> str:
    return rows.files(PLACE, attached, view)


def reason(text: str, to: Audience) -> str:
    return fragments.reason(to.language, BadName("“%(name)s” has more than %(most)d MB.", name=text, most=1))


def found_part(text: str, name: str, to: Audience) -> str:
    """What was found by a word that stands in what people wrote, among it."""
    where = Looked("r", f"{text} word", PLACE, to)
    hit = Hit(message(f"word {text}", name), message(text, name), message(name, text))
    # what is typed is marked, so it must be the same for all that are compared
    query, found = read("word", ZoneInfo("UTC")), Found((hit,), PLACE, AT)
    return search.part(where, found, list(search.hits(where, query, found)))


def meant(text: str, name: str, *, editing: bool = False) -> Meant:
    return Meant(message(text, name), frozenset(Right), pinned=True, editing=editing)


def room_page(text: str, name: str, to: Audience, **more: Any) -> str:
    """A room whose title, topic, pins, people and messages are all of somebody's making."""
    place = None if "meant" in more else PLACE
    pins = (Quote(PLACE, ANA, name, text),)
    people = ((ANA, name), (BOB, text))
    shown = Shown(to, "r", text, Header(text, pins), people, 2, place, more=True, newer=True, megabytes=10)
    messages = (answer(text, name)._replace(files=(Attached(text, DIGEST, 1),)),)
    return room.render(shown, messages, Person(PERSON, name), "http://h", "t", **more).decode()


def lobby_rooms(text: str, name: str, to: Audience, **more: Any) -> Rooms:
    lines = [Line(PLACE, AT, BOB, name, kind, text) for kind in ("", "me", "topic", "pin")]
    visited = [Visited("r", text, News(3, 1), line) for line in lines] + [Visited("s", name)]
    listed = [Listed("t", text, name, 2, PLACE), Listed("u", name, "", 0, "0-0")]
    return Rooms(visited, listed, ANA, to, AT, **more)


def asking_order(text: str, name: str, to: Audience) -> str:
    """The form for a question of one's own; both are what no other of its owner's texts is."""
    question = Question(text.replace("\n", " "), name.replace("\n", " "))
    standing = Standing(Role.OWNER, Rules(asks=True))
    return order.page(order.Order("r", text, standing, (), (), question=question), ANA, to)


def order_page(text: str, name: str, to: Audience) -> str:
    """The rules of a room, with all that those who keep it see."""
    people = [
        Known(ANA, name, Role.MODERATOR, 0, 0),
        Known(BOB, text, Role.MEMBER, AT, AT),
        Known("c" * 16, name, Role.MEMBER, 0, AT, network=True),
    ]
    deeds = [Deed(AT, name, what, text, AT, PLACE) for what in ("muted", "purged", "reported", "appointed", "bot in")]
    shown = order.Order("r", text, Standing(Role.OWNER), people, deeds, (Invite("d" * 64, 3, AT),))
    shown = replace(shown, bots=[Bot(DIGEST, name, "2026-11-28", writes=True), Bot(DIGEST, text, "2026-11-28")])
    shown = replace(shown, members=[Whom(ANA, name), Whom(BOB, "")], made="owner", link="http://h", topic=text)
    return order.page(shown, ANA, to)


def endless_page(text: str, name: str, to: Audience) -> str:
    """A page without scripts, with all that is ever written to it."""
    face = faces.of(to._replace(face=faces.FRAME))
    changes = Changes(text, AT, reactions=(Reaction("👍", 2, ((ANA, name), (BOB, text))),))
    befell = (changed(name, changes), changed(name, changes, text=False), changed(text, Changes(deleted=True)))
    parts = [
        frame.opening("r", text, ANA, PLACE, to.language, again=0),
        face.newest("r", [answer(text, name)], PLACE, Header(text), to, more=True),
        face.appended("r", Digest((message(text, name),), befell), PLACE, to),
        face.people([(ANA, name), (BOB, text)], 7, to.language),
        face.typing([(ANA, name), (BOB, text)], to.language),
        face.notice(text, to.language),
        face.sent_away(text, to.language),
        "</ol></main></body></html>",  # it never says so by itself
    ]
    return "".join(parts)


def hooked_order(text: str, name: str, to: Audience) -> str:
    """The rules of a room with hooks, one of which was made just now."""
    hooks = [
        Held(Incoming("1" * 16, name, DIGEST, AT)),
        Held(Outgoing("2" * 16, "https://h/", "word", text, "whsec_", AT), Progress(PLACE, at=AT, answer="200")),
        Held(
            Outgoing("3" * 16, "https://h/", "first", name, "whsec_", AT), Progress(PLACE, False, 1, AT, AT, AT, "late")
        ),
    ]
    shown = order.Order(
        "r", text, Standing(Role.OWNER), (), (), hooks=hooks, new_hook=New(name, "s"), origin="http://h"
    )
    return order.page(shown, ANA, to)


def sent_order(text: str, name: str, to: Audience) -> str:
    """What members see of where messages go."""
    return order.page(order.Order("r", text, Standing(), (), (), receivers=[name]), ANA, to)


def transcript(text: str, name: str, to: Audience) -> Sequence[str]:
    before, after = transcripts.html_parts(transcripts.Header("r", text, AT), to)
    one = answer(text, name)._replace(files=(Attached(text, DIGEST, 1),))
    return before, transcripts.html_rows([one], to), after


def reading(text: str, name: str, to: Audience) -> str:
    """A room's page for reading; its days are what somebody typed."""
    header = transcripts.Header("r", text, AT, Header(name, (Quote(PLACE, ANA, name, text),)))
    made = transcripts.page(header, transcripts.Reading(text, name, "?from=2026-11-28"), to)
    record = Record(answer(text, name))
    return made.begin + made.write([record]) + made.cut + made.end


def shared(title: str) -> share.Share:
    standing = Standing(Role.OWNER, Rules(closed=True), locked=True)
    return share.Share("r", title, "http://h/r/r", standing)


# Every fragment that carries something of somebody's: a text and a name.
CARRIERS: dict[str, Callable[[str, str, Audience], str]] = {
    "messages": lambda text, name, to: fragments.messages([message(text, name)], "r", to, old=True),
    "appended": lambda text, name, to: fragments.appended("r", Digest((message(text, name),)), PLACE, to),
    "replayed": lambda text, name, to: fragments.replayed(
        "r", Digest((message(text, name, Neighbour(BOB, AT)),)), PLACE, to
    ),
    "newest": lambda text, name, to: fragments.newest(
        "r", [message(text, name)], PLACE, Header(text, (Quote(PLACE, ANA, name, text),)), to, more=True
    ),
    "a reply": lambda text, name, to: fragments.messages([answer(text, name)], "r", to),
    "an edited message": lambda text, name, to: fragments.messages([befallen(text, name, edited=AT)], "r", to),
    "a reaction": lambda text, name, to: fragments.messages(
        [befallen(text, name, reactions=(Reaction("👍", 1, ((ANA, name),)),))], "r", to
    ),
    "an edit": lambda text, name, to: fragments.changed("r", changed(name, Changes(text, AT)), to),
    "header": lambda text, name, to: fragments.header("r", Header(text, (Quote(PLACE, ANA, name, text),)), to),
    "topic form": lambda text, name, to: fragments.topic_form("r", text, to.language, name),
    "edit form": lambda text, name, to: fragments.editing("r", PLACE, of_a_line(text), to.language, name),
    "replying": lambda text, name, to: fragments.replying(
        NONCE, of_a_line(text), "r", Quote(PLACE, ANA, name, text), to.language
    ),
    "lines": lambda text, name, to: fragments.lines(NONCE, text, to.language),
    "refused": lambda text, name, to: fragments.refused(NONCE, text, name, to.language, again=1.5),
    "people": lambda text, name, to: fragments.people([(ANA, name), (BOB, text)], 7, to.language),
    "typing": lambda text, name, to: fragments.typing([(ANA, name), (BOB, text)], to.language),
    "profile": lambda text, name, to: fragments.profile(Person(PERSON, name), to.language, "r"),
    "profile refused": lambda text, name, to: fragments.profile(Person(PERSON, name), to.language, "r", name, text),
    "me": lambda text, name, to: fragments.me(Person(PERSON, name), to.language),
    "paragraph": lambda text, name, to: fragments.paragraph(text),
    "menu": lambda text, name, to: fragments.menu("r", message(text, name), frozenset(Right), to.language, pinned=True),
    "notice": lambda text, name, to: fragments.notice(text, to.language),
    "ended": lambda text, name, to: fragments.sent_away(text, to.language),
    "error": lambda text, name, to: templates.page("error.html", to.language, heading=name, text=text, back="/"),
    "lobby": lambda text, name, to: lobby.page(
        lobby_rooms(text, name, to, left=("v", text)), Person(PERSON, name), typed=text, error=name
    ),
    "rooms": lambda text, name, to: lobby.part(lobby_rooms(text, name, to))[0],
    "rooms that are looked for": lambda text, name, to: lobby.page(
        Rooms([], [], ANA, to, AT, text), Person(PERSON, name), typed=text, error=text
    ),
    "unread": lambda text, name, to: fragments.unread(text, News(3, 1, PLACE), to.language),
    "called": lambda text, name, to: fragments.called("r", message(text, name), to.language),
    "a reason": lambda text, name, to: fragments.notice(reason(text, to), to.language),
    "edit in place": lambda text, name, to: fragments.edit_in_place("r", PLACE, of_a_line(text), to.language),
    "a field": lambda text, name, to: fragments.line(NONCE, text, to.language),
    "attach form": lambda text, name, to: fragments.attach_form("r", 10, to.language, typed=text, error=name),
    "not sent": lambda text, name, to: fragments.not_sent(text, to.language),
    "connection": lambda text, name, to: fragments.connection("ended", to.language, why=text),
    "a file": lambda text, name, to: files(Attached(text, DIGEST, 1), view=rows.View("r", to)),
    "a picture": lambda text, name, to: files(Attached(text, DIGEST, 1, "image/png", 9, 9, 2), view=rows.View("r", to)),
    "a message with files": lambda text, name, to: fragments.messages(
        [message(text, name)._replace(files=(Attached(text, DIGEST, 1),))], "r", to
    ),
    "a mention": lambda text, name, to: fragments.messages(
        [message(f"@Bob {text}", name)._replace(mentions=(Mention("Bob", BOB),))], "r", to
    ),
    "what is announced": lambda text, name, to: aloud.aloud(
        lines([message(text, name), message(f"@Bob {text}", name)._replace(mentions=(Mention("Bob", BOB),))]),
        to.language,
    ),
    "an action that is announced": lambda text, name, to: aloud.aloud(
        lines([message(text, name)._replace(kind="me")]), to.language
    ),
    "a new topic that is announced": lambda text, name, to: aloud.aloud(
        lines([message(text, name)._replace(kind="topic")]), to.language
    ),
    "how much is announced": lambda text, name, to: aloud.aloud(lines([message(text, name)] * 9), to.language),
    "how much of a crowd is announced": lambda text, name, to: aloud.aloud(
        lines([message(text, name)], 99), to.language
    ),
    "an action": lambda text, name, to: fragments.messages([message(text, name)._replace(kind="me")], "r", to),
    "a new topic": lambda text, name, to: fragments.messages([message(text, name)._replace(kind="topic")], "r", to),
    "a quote": lambda text, name, to: rows.quote(Quote(PLACE, ANA, name, text), rows.View("r", to)),
    "what a quote says": lambda text, name, to: fragments.paragraph(rows.quoted(text, rows.View("r", to))),
    "what was found": found_part,
    "what is searched": lambda text, name, to: search.page(
        Looked("r", text, None, to), None, (), title=name, public=BOB, error=text
    ),
    "why nothing was found": lambda text, name, to: search.told(text, "r", 1.5),
    "search page": lambda text, name, to: search.page(
        Looked("r", text, None, to), Found((), PLACE, AT), (), title=name, public=BOB
    ),
    "room": room_page,
    "a room with an error": lambda text, name, to: room_page(text, name, to, typed=text, error=name),
    "a room around a message": lambda text, name, to: room_page(text, name, to, meant=meant(text, name)),
    "a room whose message is edited": lambda text, name, to: room_page(
        text, name, to, typed=of_a_line(text), error=name, meant=meant(of_a_line(text), name, editing=True)
    ),
    "an endless page": endless_page,
    "its form": lambda text, name, to: fragments.write_page("r", to.language, typed=text, error=name),
    "its form after a command": lambda text, name, to: fragments.write_page("r", to.language, told=text),
    "form": lambda text, name, to: templates.page(
        "form.html", to.language, heading=name, form=fragments.topic_form("r", text, to.language)
    ),
    "edits": lambda text, name, to: templates.page(
        "edits.html", to.language, versions=fragments.versions([(AT, text), (AT, name)], to), back="/r/r"
    ),
    "rules": order_page,
    "a question for newcomers": lambda text, name, to: asking.page(
        "r", text, name, "t", to.language, typed=text, error=text
    ),
    "rules of a room that asks": asking_order,
    "rules of a room with hooks": hooked_order,
    "where messages go": sent_order,
    "a locked room": lambda text, name, to: order.locked_page("r", to.language, text),
    "an invite": lambda text, name, to: order.invitation_page("r", text, "s", to.language),
    "a link to a role": lambda text, name, to: order.key_page("r", text, "s", Role.OWNER, to.language),
    "somebody's page": lambda text, name, to: fragments.me_page(
        Person(PERSON, name),
        to.language,
        "r",
        name,
        proof=fragments.proof(Person(PERSON, name), name, to.language, "r", error=text, tried=name),
        programs=programs.programs([Token(DIGEST, text, "2026-11-28", "")], to.language, "r", error=name),
        elsewhere=fragments.elsewhere("r", to.language, "http://h/carry/t", fragments.paragraph(text)),
    ),
    "a phrase that was refused": lambda text, name, to: fragments.proof(
        Person(PERSON, name), "", to.language, "r", error=text, tried=name
    ),
    "another's name": lambda text, name, to: fragments.named_otherwise(name, text, to.language),
    "a name that was changed elsewhere": lambda text, name, to: fragments.profile_again(
        Person(PERSON, name), to.language, "r"
    ),
    "who a browser becomes": lambda text, name, to: fragments.carry(
        "t", Person(PERSON, name), Person(PERSON, text), to.language, "r", same=False
    ),
    "a refusal": lambda text, name, to: fragments.paragraph(
        fragments.refusal(to.language, BadName("“%(name)s” has more than %(most)d MB.", name=text, most=1))
    ),
    "a room to read through": reading,
    "a saved room": lambda text, name, to: "".join(
        (one := transcripts.form("html", transcripts.Header("r", text, AT), to)).begin + one.cut + one.end
    ),
    "how a room is shared": lambda text, name, to: share.page(shared(text), to.language),
    "transcript": lambda text, name, to: "".join(transcript(text, name, to)),
}
