from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.room.folding import fold, fold_with_places
from quart_chat.room.texts import MAX_TEXT

ANY = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", "cafe"),
        ("cafe\u0301", "CAFÉ"),
        ("Straße", "STRASSE"),
        ("ẞ", "ss"),
        ("İstanbul", "istanbul"),
        ("ısı", "ISI"),
        ("ﬁnance", "finance"),
        ("Łódź, smørrebrød, þing", "lodz, smorrebrod, thing"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Ёлка", "елка"),
        ("مُحَمَّد أحمد كـــتاب", "محمد احمد كتاب"),
        ("שָׁלוֹם", "שלום"),
        ("ज़मीन", "जमीन"),
        ("ＡＢＣ１２３", "abc123"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"),
        ("don’t “quote” — me", 'don\'t "quote" - me'),
        ("soft\u00adhyphen, zero\u200dwidth", "softhyphen, zerowidth"),
        (":tada: ❤️", "🎉 ❤"),
    ],
)
def test_what_reads_the_same_folds_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("が", "か"), ("कि", "कु"), ("ไก", "ไก่"), ("é", "f"), ("≠", "="), ("и", "i")]
)
def test_what_does_not_read_the_same_stays_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_markup_parts_words_and_joins_none() -> None:
    assert fold("**bold** and some_name ~~x~~ `code` ||hidden||\nline").split() == [
        *("bold", "and", "some", "name", "x", "code", "hidden", "line")
    ]


def test_where_no_spaces_are_written_each_character_is_a_word() -> None:
    assert fold("東京タワーtower").split() == ["東", "京", "タ", "ワ", "ー", "tower"]
    assert fold("ไทย").split() == ["ไ", "ท", "ย"]


@given(ANY)
def test_a_folded_text_knows_where_each_character_came_from(text: str) -> None:
    folded, places = fold_with_places(text)
    assert len(folded) == len(places)
    assert places == sorted(places)
    for place in set(places):
        assert (
            "".join(c for c, at in zip(folded, places, strict=True) if at == place) == fold_with_places(text[place])[0]
        )
    if ":" not in text:
        assert folded == fold(text)


@given(ANY.filter(lambda text: ":" not in text))
def test_case_makes_no_difference(text: str) -> None:
    assert fold(text.casefold()).split() == fold(text).split()


@pytest.mark.parametrize("made", ["e\u0301", "\u0301", "\ufdfa", "東", "a:b", ":tada:", "_a", " ", "🎉\ufe0f"])
def test_folding_takes_linear_time(made: str) -> None:
    text = (made * MAX_TEXT)[:MAX_TEXT]
    fold(text)
    began = time.perf_counter()
    assert len(fold(text)) <= 4 * MAX_TEXT
    fold_with_places(text)
    assert time.perf_counter() - began < 0.25  # 5 ms, were it alone here; composing accents alone took 5 times that
