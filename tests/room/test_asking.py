"""The question for newcomers: how answers are compared, and what a form proves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadText
from quart_chat.pages import asking
from quart_chat.pages.languages import TAGS
from quart_chat.room.asking import (
    GREATEST,
    LEAST,
    MAX_ANSWER,
    MAX_QUESTION,
    Form,
    Question,
    clean_answer,
    clean_question,
    folded,
    number_in,
    read_form,
    sign,
    sum_for,
)

ANA, BOB = "a" * 16, "b" * 16
OLD, NEW = "an old key of the server", "a new key of the server"
AT, HOUR = 1_700_000_000_000, 3_600_000  # ms
publics = st.text("0123456789abcdef", min_size=16, max_size=16)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("lisbon", "Lisbon"),
        ("  São   Paulo ", "sao paulo"),
        ("“The 3rd of May!”", "the 3rd of may"),
        ("ΣΊΣΥΦΟΣ", "σισυφος"),
        ("STRASSE.", "straße"),
        ("kø-sta", "ko-sta"),
        ("- tea", "tea"),
        ("?!", "?!"),
        (":tada:", "🎉"),
    ],
)
def test_answers_are_the_same_without_case_accents_spaces_and_what_is_around(typed: str, answer: str) -> None:
    assert folded(typed) == folded(answer)


@pytest.mark.parametrize(("typed", "answer"), [("", "x"), ("?", "!"), ("a b", "ab"), ("a.b", "ab"), ("1", "10")])
def test_other_answers_are_others(typed: str, answer: str) -> None:
    assert folded(typed) != folded(answer)


@given(st.text())
def test_what_stands_around_an_answer_makes_no_difference(text: str) -> None:
    line = clean_answer(text)
    assert folded(f" {line}  ") == folded(line)
    if line.isalnum():
        assert folded(f" «{line}!» ") == folded(f"({line})") == folded(line)


def test_a_question_is_a_line_and_so_is_its_answer() -> None:
    assert clean_question(" Whose\n dog\x06 \u202eis  it? ", "Ana\u200b’s\r\n") == Question("Whose dog is it?", "Ana’s")
    for empty in ("", " \n", "\u200b", "\ud800"):
        assert clean_question(empty, "whatever") is None
        with pytest.raises(BadText, match="needs an answer"):
            clean_question("Whose?", empty)
    for nothing in ("`", "´", "ـ"):  # is seen, and is nothing to compare by
        with pytest.raises(BadText, match="needs an answer"):
            clean_question("Whose?", nothing)
    with pytest.raises(BadText, match="201"):
        clean_question("q" * (MAX_QUESTION + 1), "a")
    with pytest.raises(BadText, match="101"):
        clean_question("q" * MAX_QUESTION, "a" * (MAX_ANSWER + 1))
    assert clean_question("q" * MAX_QUESTION, "a" * MAX_ANSWER)


def test_a_form_says_when_somebody_was_asked_and_nobody_else_can() -> None:
    written = sign(OLD, ANA, "room", AT)
    assert read_form((NEW, OLD), ANA, "room", written) == Form(AT, OLD)
    assert read_form((NEW,), ANA, "room", written) is None
    assert read_form((OLD,), BOB, "room", written) is None
    assert read_form((OLD,), ANA, "other", written) is None
    proof = written.partition(".")[2]
    for forged in ("", ".", f"{AT - 1}.{proof}", f"0{AT}.{proof}", f"{AT}.{proof}0", f"{AT}.{'0' * 32}", f"{AT}.é"):
        assert read_form((OLD,), ANA, "room", forged) is None, forged
    assert read_form((OLD,), ANA, "room", "١" * 13 + f".{proof}") is None


def test_who_is_quicker_than_people_read_waits_for_the_rest() -> None:
    form = Form(AT, OLD)
    assert form.too_early(AT + LEAST - 1) == 0.001
    assert form.too_early(AT + LEAST) == form.too_early(AT + HOUR) == 0
    assert form.too_early(AT - LEAST) == 2 * LEAST / 1000  # of a worker whose clock is ahead
    assert not form.is_ahead(AT - LEAST)
    assert form.is_ahead(AT - LEAST - 1)  # a clock was set back: nobody waits for that time to come


def test_a_sum_is_good_for_its_hour_and_the_next() -> None:
    begun = AT // HOUR * HOUR
    first, last = Form(begun, OLD), Form(begun + HOUR - 1, OLD)
    assert sum_for(first, ANA, "room") == sum_for(last, ANA, "room")
    for form in (first, last):
        assert not form.is_past(begun + 2 * HOUR - 1)
        assert form.is_past(begun + 2 * HOUR)


def test_another_person_room_hour_or_key_is_asked_another_sum() -> None:
    def asked(public: str = ANA, room: str = "room", at: int = AT, key: str = OLD) -> list[tuple[int, int]]:
        return [sum_for(Form(at + n * 24 * HOUR, key), public, room) for n in range(8)]

    assert len({*map(tuple, (asked(), asked(public=BOB), asked(room="r"), asked(at=AT + HOUR), asked(key=NEW)))}) == 5


@given(publics, st.integers(0, 10_000))
def test_every_sum_is_answered_by_digits_and_by_words_of_every_language(public: str, hour: int) -> None:
    asked = sum_for(Form(AT + hour * HOUR, OLD), public, "room")
    total = sum(asked)
    assert 4 <= total <= GREATEST
    assert number_in(f" {total}. ") == total
    for tag in TAGS:
        words = asking.words_for(tag)
        assert len(words) == GREATEST
        question = asking.in_words(asked, tag)
        left, right = (words[number - 1][0] for number in asked)
        assert question.index(left) < question.rindex(right)
        for word in words[total - 1]:
            assert asking.number_of(f"{word.upper()}!") == total


def test_numbers_are_read_in_any_script_and_nothing_else_is_one() -> None:
    assert number_in("١٢") == number_in("１２") == number_in("12") == 12
    for other in ("", "x", "1 2", "12.5", "½", "9" * 5000):
        assert number_in(other) is None
    assert asking.number_of("many") is None
