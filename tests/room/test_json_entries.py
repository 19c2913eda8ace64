"""The one JSON shape of entries: what is told of a message and of what befell it, and that all of it is JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.room.attachments import Attached
from quart_chat.room.changes import Changes, Reaction
from quart_chat.room.entries import KINDS, Change, Entry, Header, Message, Quote
from quart_chat.room.json_entries import entry_json, iso, message_json, people_json, person_json
from quart_chat.room.mentions import Mention
from quart_chat.room.proofs import of_bot, proved

ANA, BOB = "a" * 16, "b" * 16
QUOTE = Quote("1-0", BOB, proved("Bob"), "before")
FILE = Attached("a ü.png", "d" * 64, 12, "image/png", 3, 4, 1)
SAID = Message("2-0", 1500, ANA, "Ana", "hi @Bob", None, reply=QUOTE, mentions=(Mention("Bob", BOB),), files=(FILE,))


def test_a_message_tells_all_that_pages_show_of_it() -> None:
    assert message_json(SAID, "x") == {
        "type": "message",
        "id": "2-0",
        "at": "1970-01-01T00:00:01.500Z",
        "author": {"id": ANA, "name": "Ana", "kept": False, "bot": False},
        "kind": "text",
        "text": "hi @Bob",
        "reply": {"id": "1-0", "author": {"id": BOB, "name": "Bob", "kept": True, "bot": False}, "text": "before"},
        "mentions": [{"id": BOB, "name": "Bob"}],
        "files": [
            {
                "name": "a ü.png",
                "bytes": 12,
                "type": "image/png",
                "sha256": "d" * 64,
                "width": 3,
                "height": 4,
                "path": f"/r/x/m/2-0/files/{'d' * 64}/a%20%C3%BC.png",
            }
        ],
        "reactions": [],
        "edited": None,
        "deleted": False,
    }
    assert "path" not in message_json(SAID)["files"][0]


def test_a_message_is_told_as_it_stands_after_edits_and_reactions() -> None:
    changes = Changes("new", 2000, reactions=(Reaction("🎉", 12, ((BOB, of_bot("Bob")),)),), mentions=())
    shown = message_json(SAID._replace(changes=changes))
    assert (shown["text"], shown["edited"], shown["mentions"]) == ("new", "1970-01-01T00:00:02.000Z", [])
    bob = {"id": BOB, "name": "Bob", "kept": False, "bot": True}
    assert shown["reactions"] == [{"emoji": "🎉", "count": 12, "people": [bob]}]


def test_nothing_is_told_of_what_was_deleted() -> None:
    shown = message_json(SAID._replace(changes=Changes(deleted=True)), "x")
    assert shown["deleted"] is True
    assert (shown["text"], shown["reply"], shown["mentions"], shown["files"]) == ("", None, [], [])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (Change("2-0", "Ana", "", Changes("new", 9), text=True, reactions=False), ("new", ["text"], False)),
        (Change("2-0", "Ana", "", Changes("new", 9), text=False, reactions=True), (None, ["reactions"], False)),
        (Change("2-0", "Ana", "", Changes(deleted=True), text=True, reactions=True), ("", ["text", "reactions"], True)),
    ],
)
def test_a_change_tells_how_its_message_stands(change: Change, told: tuple[Any, ...]) -> None:
    shown = entry_json(Entry("3-0", "2-0", None, change))
    assert (shown["type"], shown["id"], shown["of"]) == ("change", "3-0", "2-0")
    assert (shown["text"], shown["changed"], shown["deleted"]) == told


def test_a_header_comes_alone_or_with_what_tells_of_it() -> None:
    header = Header("About", (QUOTE,))
    alone = entry_json(Entry("3-0", "2-0", None, None, header))
    assert (alone["type"], alone["topic"], alone["pins"][0]["id"]) == ("header", "About", "1-0")
    both = entry_json(Entry("2-0", "1-0", SAID._replace(kind="topic"), None, header))
    assert (both["type"], both["kind"], both["header"]["topic"]) == ("message", "topic", "About")
    assert entry_json(Entry("4-0", "3-0", None)) == {"type": "other", "id": "4-0"}


@given(st.sampled_from(KINDS), st.text(), st.text(min_size=1), st.integers(0, 10**14), st.booleans())
def test_whatever_was_said_becomes_json(kind: str, text: str, name: str, at: int, deleted: bool) -> None:
    message = Message("2-0", at, ANA, name, text, None, kind, changes=Changes(deleted=deleted))
    shown = json.loads(json.dumps(entry_json(Entry("2-0", "1-0", message))))
    assert shown["text"] == ("" if deleted else text)
    assert shown["at"].endswith("Z")


def test_people_are_named_without_their_marks() -> None:
    shown = people_json([(ANA, proved("Ana")), (BOB, of_bot("Bob"))], 5)
    assert shown["count"] == 5
    assert [(one["name"], one["kept"], one["bot"]) for one in shown["people"]] == [
        ("Ana", True, False),
        ("Bob", False, True),
    ]
    assert person_json(ANA, "Ana")["id"] == ANA
    assert iso(0) == "1970-01-01T00:00:00.000Z"
