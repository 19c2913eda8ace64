from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadText
from quart_chat.room.texts import MAX_TEXT, clean_text, is_blank, is_nonce

TRICKY = "ab <>&'\"`=/\t\n\r\0\x0b\x0c\x1c\x7f\x85\xa0\u2028\u200b\u3164\ufffe\ud800;#{}%x"
ANY = st.one_of(st.text(alphabet=st.characters(exclude_categories=[])), st.text(alphabet=TRICKY))


@given(ANY)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    try:
        clean = clean_text(text)
    except BadText:
        return
    assert clean_text(clean) == clean
    assert 0 < len(clean) <= MAX_TEXT
    assert "\r" not in clean
    assert not any(ord(character) < 32 and character not in "\t\n" for character in clean)
    assert clean == clean.rstrip()
    clean.encode()  # no surrogate is left


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("Oi!", "Oi!"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("\n\n  \n  a\n\nb  \n\n", "  a\n\nb"),
        ("a\0b\x1bc\x7f\x9b", "abc"),
        ("\ta\tb", "\ta\tb"),
        ("e\u0301", "e\u0301"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("\u202eabc", "\u202eabc"),
    ],
)
def test_a_text_keeps_what_people_wrote(sent: str, text: str) -> None:
    assert clean_text(sent) == text


@pytest.mark.parametrize(
    "sent", ["", " ", "\n\r\n", "\0", "\u200b", "\u200d\ufe0f", "\u0301", "\u3164", "\u2800", "\u115f"]
)
def test_a_text_that_shows_nothing_is_empty(sent: str) -> None:
    assert is_blank(sent)
    with pytest.raises(BadText, match="empty"):
        clean_text(sent)


@pytest.mark.parametrize("sent", ["\ud800", "a\udfffb", "\ud83d x \ude00"])
def test_a_lone_surrogate_is_no_text(sent: str) -> None:
    with pytest.raises(BadText, match="not text"):
        clean_text(sent)


@pytest.mark.parametrize("character", ["x", "é", "🎉", "\n"])
def test_a_length_counts_code_points(character: str) -> None:
    inner = character * (MAX_TEXT - 2)
    assert len(clean_text(f"a{inner}b")) == MAX_TEXT
    with pytest.raises(BadText) as refused:
        clean_text(f"a{inner}bc")
    assert refused.value.values == {"most": MAX_TEXT, "count": MAX_TEXT + 1}


def test_a_line_end_of_two_characters_counts_once() -> None:
    assert len(clean_text("a\r\n" * (MAX_TEXT // 2 - 1) + "ab")) == MAX_TEXT


def test_white_space_around_a_text_does_not_count() -> None:
    assert clean_text("\n" * 9000 + "x" * MAX_TEXT + " " * 9000) == "x" * MAX_TEXT


def test_an_operator_may_allow_less() -> None:
    assert clean_text("12345", 5) == "12345"
    with pytest.raises(BadText):
        clean_text("123456", 5)


@given(ANY)
def test_a_nonce_is_plain_ascii(text: str) -> None:
    if is_nonce(text):
        assert text.isascii()
        assert not set(text) & set(" \n{}<>\"'&")
        assert 1 <= len(text) <= 64
