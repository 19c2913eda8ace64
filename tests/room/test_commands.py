from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadFrame
from quart_chat.room.commands import (
    Command,
    Compose,
    Glance,
    Look,
    Newest,
    Nothing,
    Resume,
    Say,
    Sound,
    Typing,
    read_command,
)
from quart_chat.room.entries import is_entry_id, order
from quart_chat.room.texts import NONCE

ANY = st.text(alphabet=st.characters(exclude_categories=[]))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY
ACTS = st.sampled_from(
    ["say", "resume", "typing", "look", "rest", "glance", "sound", "newest", "compose", "Say", "", None, 1, ["say"]]
)
KEYS = st.sampled_from(["act", "text", "nonce", "since", "looking", "headers"]) | ANY
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=8)
FRAMES = st.fixed_dictionaries(
    {}, optional={"act": ACTS, "text": VALUES, "nonce": VALUES, "since": VALUES, "looking": VALUES, "on": VALUES}
)


def read(**fields: object) -> Command:
    return read_command(json.dumps(fields))


def command_or_refusal(frame: str | bytes) -> None:
    """Assert that there is no third way, and that a command holds what its fields promise."""
    try:
        command = read_command(frame)
    except BadFrame:
        return
    assert isinstance(command, Command)
    if isinstance(command, Say):
        assert isinstance(command.text, str)
        assert NONCE.fullmatch(command.nonce)
    if isinstance(command, Resume):
        assert command.since is None or order(command.since)
        assert command.looking in (True, False, None)
    if isinstance(command, Compose):
        assert NONCE.fullmatch(command.nonce)


@given(ANY)
def test_any_text_is_a_command_or_is_refused(frame: str) -> None:
    command_or_refusal(frame)


@given(VALUES)
def test_any_json_is_a_command_or_is_refused(value: object) -> None:
    command_or_refusal(json.dumps(value))


@given(FRAMES)
def test_any_form_is_a_command_or_is_refused(fields: dict[str, object]) -> None:
    command_or_refusal(json.dumps(fields))


@given(st.binary())
def test_bytes_are_refused(frame: bytes) -> None:
    with pytest.raises(BadFrame):
        read_command(frame)


@pytest.mark.parametrize(
    "frame",
    ["", " ", "null", "1", '"say"', "[]", '["act", "say"]', "{", '{"act": "say"}{', "[" * 100_000, '{"a":' * 100_000],
    ids=lambda frame: frame[:12] or "empty",
)
def test_what_is_not_a_form_is_refused(frame: str) -> None:
    with pytest.raises(BadFrame):
        read_command(frame)


def test_a_number_of_many_digits_is_refused() -> None:
    with pytest.raises(BadFrame):
        read_command("1" * 60_000)


def test_a_message_is_read_as_htmx_sends_it() -> None:
    frame = {"act": "say", "nonce": "0af-12", "text": "Oi!\r\nTudo?", "headers": {"HX-Request": "true"}}
    assert read(**frame) == Say("Oi!\r\nTudo?", "0af-12")


@pytest.mark.parametrize("text", [None, 1, True, ["a", "b"], {"a": 1}])
def test_a_message_needs_one_text(text: object) -> None:
    with pytest.raises(BadFrame, match="text"):
        read(act="say", nonce="n", text=text)


@pytest.mark.parametrize("nonce", [None, 1, "", "a" * 65, "a b", "a\n", "é", "٣", "<", "a}", ["n"]])
def test_a_message_needs_a_nonce_that_can_be_a_key(nonce: object) -> None:
    with pytest.raises(BadFrame, match="nonce"):
        read(act="say", nonce=nonce, text="x")


def test_a_page_comes_back_with_its_place() -> None:
    assert read(act="resume", since="1700000000000-3", nonce="0af-1") == Resume("1700000000000-3")
    assert read(act="resume") == Resume(None)


def test_a_page_asks_for_its_next_form() -> None:
    assert read(act="compose", nonce="0af-1") == Compose("0af-1")
    with pytest.raises(BadFrame, match="nonce"):
        read(act="compose", nonce="a b")


@pytest.mark.parametrize(
    "since", ["", "1", "-", "1-", "a-b", "1-2-3", "1-2\n", " 1-2", "1" * 16 + "-0", "٣-٤", 5, None]
)
def test_a_place_that_is_none_means_the_newest_page(since: object) -> None:
    assert read(act="resume", since=since) == Resume(None)


def test_the_words_without_fields_are_read() -> None:
    assert read(act="typing", text="ignored") == Typing()
    assert read(act="newest") == Newest()


@given(ANY)
def test_an_entry_id_is_what_the_store_can_take_for_one(text: str) -> None:
    assert not is_entry_id(text) or text.isascii()


@pytest.mark.parametrize("text", ["٣-٤", "१-०", "1-\uff10"])
def test_digits_of_other_scripts_make_no_entry_id(text: str) -> None:
    assert not is_entry_id(text)
    with pytest.raises(ValueError, match="not an entry id"):
        order(text)


def test_a_button_whose_form_is_gone_asks_for_nothing() -> None:
    assert read_command('{"headers":{"HX-Request":"true"}}') == Nothing()
    assert read_command("{}") == Nothing()
    with pytest.raises(BadFrame):
        read_command('{"text":"x"}')


def test_a_page_says_whether_it_is_looked_at() -> None:
    assert read(act="look") == Look(looking=True)
    assert read(act="rest") == Look(looking=False)
    assert read(act="glance") == Glance()
    assert read(act="sound", on="1") == Sound(on=True)
    assert read(act="sound", on="0") == read(act="sound", on=1) == read(act="sound") == Sound(on=False)
    assert [read(act="resume", since="1-0", looking=said) for said in ("1", "0", "", None, 1, ["1"])] == [
        Resume("1-0", looking) for looking in (True, False, None, None, None, None)
    ]
