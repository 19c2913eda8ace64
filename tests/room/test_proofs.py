from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadName, BadPhrase
from quart_chat.room.lookalikes import look_of
from quart_chat.room.names import clean_name
from quart_chat.room.proofs import bare, clean_phrase, deed_of, is_bot, is_proved, of_bot, proved


@given(st.text(max_size=60))
def test_nobody_types_a_mark(typed: str) -> None:
    try:
        name = clean_name(typed)
    except BadName:
        return
    assert not is_proved(name)
    assert not is_bot(name)
    assert is_proved(proved(name))
    assert is_bot(of_bot(name))
    assert not is_proved(of_bot(proved(name)))
    assert bare(of_bot(name)) == name
    assert look_of(of_bot(name)) == look_of(name)
    assert bare(proved(name)) == bare(name) == name
    assert proved(proved(name)) == proved(name)
    assert look_of(proved(name)) == look_of(name)


def test_the_mark_typed_before_a_name_is_taken_off() -> None:
    assert clean_name(proved("Paula")) == "Paula"


def test_a_deed_is_one_for_all_that_look_alike() -> None:
    assert deed_of("Paula") == deed_of(proved("PAUIA")) != deed_of("Paul")


@pytest.mark.parametrize("phrase", ["", "short", "       x      ", "x" * 201, "\ud800 and more words"])
def test_a_phrase_that_cannot_be_used_is_refused(phrase: str) -> None:
    with pytest.raises(BadPhrase):
        clean_phrase(phrase)


def test_a_phrase_is_the_same_however_a_keyboard_composes_it() -> None:
    assert clean_phrase(" três tigres tristes ") == clean_phrase("tre\u0302s tigres tristes")
