from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quart_chat.room.entries import (
    KINDS,
    NO_ENTRY,
    Message,
    Neighbour,
    TornEntry,
    is_entry_id,
    order,
    read_entry,
    write_message,
)

TEXT = st.text()
PUBLIC = st.from_regex(r"[0-9a-f]{16}", fullmatch=True)


@given(
    PUBLIC,
    st.text(min_size=1),
    TEXT,
    st.integers(0, 10**14),
    st.none() | st.builds(Neighbour, PUBLIC, st.integers(0, 10**14), st.none()),
    st.sampled_from(KINDS),
)
def test_a_message_is_read_as_it_was_written(  # noqa: PLR0917 - hypothesis gives them
    author: str, name: str, text: str, at: int, before: Neighbour | None, kind: str
) -> None:
    written = write_message(author, name, text, kind)
    assert "\n" not in written  # the feed separates its fields by it
    neighbour = f"{before.author} {before.at}" if before else ""
    entry = read_entry("2-0", "1-0", str(at), neighbour, written)
    assert (entry.id, entry.prev) == ("2-0", "1-0")
    assert entry.message == Message("2-0", at, author, name, text, before, kind)


def test_kinds_of_a_later_version_keep_their_place_unseen() -> None:
    entry = read_entry("2-0", "1-0", "5", "", '{"k":"reaction","x":1}')
    assert (entry.id, entry.prev, entry.message) == ("2-0", "1-0", None)


@pytest.mark.parametrize("kind", ["dance", 5, None, ["me"], {}])
def test_a_message_of_a_kind_that_this_version_does_not_know_shows_what_it_says(kind: object) -> None:
    body = json.dumps({"k": "m", "a": "a" * 16, "n": "n", "t": "text", "x": kind})
    message = read_entry("2-0", "1-0", "5", "", body).message
    assert message is not None
    assert (message.text, message.kind) == ("text", "")


@given(
    st.text()
    | st.recursive(st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)).map(json.dumps)
)
def test_what_is_no_entry_is_torn(body: str) -> None:
    try:
        held = json.loads(body)
    except ValueError:
        held = None
    assume(not isinstance(held, dict) or "k" not in held)
    with pytest.raises(TornEntry):
        read_entry("2-0", "1-0", "5", "", body)


@pytest.mark.parametrize(
    ("at", "before", "body"),
    [
        ("x", "", '{"k":"m","a":"a","n":"n","t":"t"}'),
        ("5", "a", '{"k":"m","a":"a","n":"n","t":"t"}'),
        ("5", "a x", '{"k":"m","a":"a","n":"n","t":"t"}'),
        ("5", "", '{"k":"m","a":"a","n":"n"}'),
        ("5", "", "[" * 100_000),
    ],
)
def test_fields_that_do_not_fit_are_torn(at: str, before: str, body: str) -> None:
    with pytest.raises(TornEntry):
        read_entry("2-0", "1-0", at, before, body)


@pytest.mark.parametrize("held", [{"a": 1}, {"n": None}, {"t": ["x"]}, {"t": {}}, {"n": ""}])
def test_a_message_whose_fields_are_of_other_types_is_torn(held: dict[str, object]) -> None:
    """It would break the rendering for everybody in the room, and again on each page load."""
    with pytest.raises(TornEntry):
        read_entry("2-0", "1-0", "5", "", json.dumps({"k": "m", "a": "a" * 16, "n": "n", "t": "t", **held}))


IDS = st.tuples(st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))


@given(IDS, IDS)
def test_ids_compare_as_the_log_orders(one: tuple[int, int], other: tuple[int, int]) -> None:
    first, second = ("-".join(map(str, each)) for each in (one, other))
    assert is_entry_id(first)
    assert (order(first) < order(second)) == (one < other)
    assert order(NO_ENTRY) <= order(first)


@given(st.text(alphabet="0123456789- +\n٣"))
def test_what_is_no_id_has_no_order(text: str) -> None:
    if is_entry_id(text):
        order(text)
        return
    with pytest.raises(ValueError, match="not an entry id"):
        order(text)
