from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadText
from quart_chat.room import changes
from quart_chat.room.changes import (
    MOST_KINDS,
    MOST_REACTIONS,
    MOST_VERSIONS,
    NAMED,
    NOTHING,
    PICKER,
    QUICK,
    Held,
    Reaction,
    clean_emoji,
    edit,
    fields_of,
    react,
    read_changes,
    read_held,
    read_shown,
    write_held,
    write_versions,
)

ANA, BOB = "a" * 16, "b" * 16
PEOPLE = st.dictionaries(st.from_regex(r"[0-9a-f]{16}", fullmatch=True), st.text(min_size=1), min_size=1, max_size=30)
HELD = st.builds(
    Held,
    st.none() | st.text(),
    st.integers(0, 10**14 - 1),
    st.booleans(),
    st.dictionaries(st.sampled_from(QUICK), PEOPLE, max_size=5),
    st.lists(st.tuples(st.integers(0, 10**14), st.text()), max_size=5).map(tuple),
)


@given(HELD)
def test_what_is_written_is_read_again(held: Held) -> None:
    assert read_held(write_held(held) or None, write_versions(held.versions) or None) == held
    assert "\n" not in write_held(held) + write_versions(held.versions)


@given(HELD)
def test_what_pages_show_travels_without_what_they_do_not(held: Held) -> None:
    shown = held.shown
    if held != NOTHING:
        assert read_shown(write_held(held)) == shown
    assert read_changes(json.loads(json.dumps(fields_of(shown)))) == shown
    for one, people in zip(shown.reactions, held.reactions.values(), strict=True):
        assert one.number == len(people)
        assert one.people == tuple(people.items())[:NAMED]


def test_what_nothing_befell_is_nothing() -> None:
    assert write_held(NOTHING) == ""
    assert read_held(None) is read_held("") is NOTHING
    there = react(NOTHING, "🎉", ANA, "Ana")
    assert write_held(react(there, "🎉", ANA, "Ana")) == ""


@pytest.mark.parametrize(
    "torn",
    [
        "x",
        "[]",
        "5",
        '{"t":5}',
        '{"r":[[1]]}',
        '{"r":5}',
        '{"v":[5]}',
        '{"e":"x"}',
        '{"e":1e999}',
        '{"e":1e20}',
        '{"e":-1}',
    ],
)
def test_what_is_torn_is_said(torn: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, OverflowError)):
        read_held(torn)


def test_a_reaction_is_put_and_taken_back() -> None:
    held = react(react(NOTHING, "🎉", ANA, "Ana"), "🎉", BOB, "Bob")
    assert held.shown.reactions == (Reaction("🎉", 2, ((ANA, "Ana"), (BOB, "Bob"))),)
    held = react(react(held, "👍", BOB, "Bob"), "🎉", ANA, "Ana")
    assert [(one.emoji, one.number) for one in held.shown.reactions] == [("🎉", 1), ("👍", 1)]
    held = react(held, "🎉", BOB, "Bob")
    assert [one.emoji for one in held.shown.reactions] == ["👍"]


def test_kinds_of_reactions_and_reactions_are_bounded_and_can_be_taken_back_then() -> None:
    held = NOTHING
    for kind in PICKER[:MOST_KINDS]:
        held = react(held, kind, ANA, "Ana")
    with pytest.raises(BadText, match="at most 20 kinds"):
        react(held, PICKER[MOST_KINDS], ANA, "Ana")
    assert len(react(held, PICKER[0], BOB, "Bob").reactions) == MOST_KINDS
    assert len(react(held, PICKER[0], ANA, "Ana").reactions) == MOST_KINDS - 1
    many = Held(reactions={"👍": {f"{n:016x}": "x" for n in range(MOST_REACTIONS)}})
    with pytest.raises(BadText, match="no more reactions"):
        react(many, "👍", ANA, "Ana")
    assert react(many, "👍", f"{5:016x}", "x").shown.reactions[0].number == MOST_REACTIONS - 1
    assert len(write_held(many)) < 32_000


def test_an_edit_keeps_what_was_said_before_if_that_is_wanted() -> None:
    held = edit(NOTHING, (1, "first"), "second", 5, keep=True)
    assert (held.text, held.edited, held.versions) == ("second", 5, ((1, "first"),))
    held = edit(held, (5, "second"), "third", 9, keep=True)
    assert held.versions == ((1, "first"), (5, "second"))
    assert edit(held, (9, "third"), "fourth", 10, keep=False).versions == ()
    for number in range(2 * MOST_VERSIONS):
        held = edit(held, (number, str(number)), "x", number, keep=True)
    assert len(held.versions) == MOST_VERSIONS


def test_reactions_stay_under_an_edited_message_and_nothing_stays_of_a_deleted_one() -> None:
    held = edit(react(NOTHING, "🎉", ANA, "Ana"), (1, "first"), "second", 5, keep=True)
    assert held.shown.reactions
    assert changes.delete() == Held(deleted=True)


@pytest.mark.parametrize(
    ("typed", "kind"),
    [("🎉", "🎉"), (":tada:", "🎉"), (" :+1: ", "👍"), ("❤", "❤️"), ("❤️", "❤️"), ("👍🏽", "👍🏽"), ("🇧🇷", "🇧🇷")],
)
def test_an_emoji_is_one_however_it_is_typed(typed: str, kind: str) -> None:
    assert clean_emoji(typed) == kind


@pytest.mark.parametrize("typed", ["", "a", "5", "👍👍", "👍 👍", ":nothing:", "<b>", "x" * 10_000, "\0", "\ud800"])
def test_what_is_no_emoji_is_refused(typed: str) -> None:
    with pytest.raises(BadText, match="one emoji"):
        clean_emoji(typed)


def test_all_that_is_offered_is_taken() -> None:
    for kind in (*QUICK, *PICKER):
        assert clean_emoji(kind) == kind
    assert len({*QUICK, *PICKER}) == len(QUICK) + len(PICKER)
