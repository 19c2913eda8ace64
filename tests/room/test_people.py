from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from quart_chat.room.names import clean_name
from quart_chat.room.people import HUES, Person, default_name, hue_of, is_id, is_public_id, new_id, public_id

IDENTITIES = st.from_regex(r"[A-Za-z0-9_-]{22}", fullmatch=True)


def test_identities_are_of_128_bits_and_differ() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(is_id(identity) for identity in made)


@given(st.text() | st.none() | st.integers() | st.lists(st.text()))
def test_what_is_no_identity_is_told(found: object) -> None:
    assert is_id(found) == (isinstance(found, str) and re.fullmatch(r"[A-Za-z0-9_-]{22}", found) is not None)


def test_an_identity_with_a_line_end_is_none() -> None:
    assert not is_id("a" * 22 + "\n")
    assert not is_public_id("a" * 16 + "\n")
    assert not is_public_id("A" * 16)


@given(IDENTITIES)
def test_what_others_see_is_stable_plain_and_gives_nothing_away(identity: str) -> None:
    public = public_id(identity)
    assert is_public_id(public)
    assert public == Person(identity, "x").public == public_id(identity)
    assert public not in identity
    assert identity not in public
    assert 0 <= hue_of(public) < HUES


@given(IDENTITIES)
def test_somebody_without_a_name_gets_one_that_follows_from_what_others_see(identity: str) -> None:
    assert default_name(identity) == default_name(identity)
    assert clean_name(default_name(identity)) == default_name(identity)
    assert identity not in default_name(identity)


def test_all_colours_are_given() -> None:
    assert {hue_of(public_id(str(number))) for number in range(500)} == set(range(HUES))
