"""A room in a terminal, and as records: nobody's text looks like somebody else's line."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadName, BadText
from quart_chat.pages import faces
from quart_chat.pages.faces import EVENTS, LINES, PLAIN
from quart_chat.pages.languages import Audience
from quart_chat.room.changes import Changes, Reaction
from quart_chat.room.digest import Digest
from quart_chat.room.entries import KINDS, Change, Header, Message, Neighbour, Quote
from quart_chat.room.names import chosen_name
from quart_chat.room.texts import clean_text
from tests.pages.carriers import ANA, AT, BOB, PLACE

AUDIENCE = Audience("en", "UTC", "24", PLAIN)
LINE = re.compile(r"(?:[0-9]{2}:[0-9]{2} |-- |      │ )")
LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
texts = st.text(st.one_of(st.sampled_from(f"{LINE_ENDS}\x1b\x9b\u202e\u2066│-*:0 "), st.characters()), min_size=1)


def as_kept(text: str) -> str:
    try:
        return clean_text(text)
    except BadText:
        return "x"


def as_called(text: str) -> str:
    try:
        return chosen_name(text)
    except BadName:
        return "Eva"


def news(text: str, name: str, kind: str) -> Digest:
    quote = Quote(PLACE, BOB, name, text.replace("\n", " ")[:100])
    one = Message("1700000000000-2", AT, ANA, name, text, Neighbour(BOB, AT), kind, quote)
    gone = one._replace(changes=Changes(deleted=True))
    edited = Change(PLACE, name, kind, Changes(text, AT), text=True, reactions=False)
    reacted = Change(PLACE, name, kind, Changes(reactions=(Reaction("❤️", 1, ((ANA, name),)),)), False, True)
    return Digest((one, gone), (edited, reacted, edited._replace(changes=Changes(deleted=True))), Header(quote.text))


@given(texts.map(as_kept), texts.map(as_called), st.sampled_from(KINDS))
def test_each_line_in_a_terminal_says_whose_it_is(text: str, name: str, kind: str) -> None:
    face = faces.of(AUDIENCE)
    shown = face.appended("room", news(text, name, kind), PLACE, AUDIENCE)
    shown += face.people([(ANA, name)], 1, "en") + face.notice(text, "en") + face.sent_away(text, "en")
    assert shown.endswith("\n")
    for line in shown[:-1].split("\n"):
        assert LINE.match(line), line
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line)


@given(texts.map(as_kept), texts.map(as_called), st.sampled_from(KINDS))
def test_each_record_is_one_line_and_each_event_is_one(text: str, name: str, kind: str) -> None:
    told = news(text, name, kind)
    lines = faces.of(AUDIENCE._replace(face=LINES)).appended("room", told, PLACE, AUDIENCE)
    records = [json.loads(line) for line in lines.splitlines()]
    assert [one["type"] for one in records] == ["header", "message", "message", "change", "change", "change", "place"]
    assert records[1]["text"] == text
    assert records[1]["author"]["name"] == name
    events = faces.of(AUDIENCE._replace(face=EVENTS)).appended("room", told, PLACE, AUDIENCE)
    blocks = events.split("\n\n")
    assert blocks.pop() == ""
    assert blocks.pop() == f"id: {PLACE}"
    for block, record in zip(blocks, records, strict=False):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        assert fields["event"] == record["type"]
        assert json.loads(fields["data"]) == record
        assert fields.get("id") == (record["id"] if record["type"] == "message" else None)


def test_a_crowd_is_not_listed_in_a_terminal() -> None:
    face = faces.of(AUDIENCE)
    few, many = [(ANA, "Ana"), (BOB, "Bob")], [(ANA, f"A{number}") for number in range(50)]
    assert face.people(few, 2, "en") == "-- Here: Ana, Bob\n"
    assert face.people(many, 50, "en") == face.people([], 0, "en") == face.crowd(50, 60, "en") == ""
    assert face.typing(few, "en") == face.connection("live", "en") == face.trimmed("room", PLACE, "en") == ""
