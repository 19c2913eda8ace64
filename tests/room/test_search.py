"""What is typed, what it means, and what it finds."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadSearch
from quart_chat.room.entries import Message
from quart_chat.room.folding import fold
from quart_chat.room.search import LONGEST, MOST, NOTHING, Query, read
from quart_chat.room.texts import MAX_TEXT

UTC, SAO_PAULO = ZoneInfo("UTC"), ZoneInfo("America/Sao_Paulo")
WORD = st.text(
    alphabet=st.characters(categories=["L", "N"], exclude_characters="\uff9e\uff9f"), min_size=1, max_size=15
)


def fits(typed: str, text: str, name: str = "Ana", at: int = 0) -> bool:
    return read(typed, UTC).fits(at, fold(name), fold(text))


def ms(zone: ZoneInfo, *when: int) -> int:
    return int(datetime(*when, tzinfo=zone).timestamp() * 1000)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("invoice", "The invoice!"),
        ("invo", "the INVOICES of last week"),
        ("cafe", "Dois cafés, por favor"),
        ("CAFÉ", "cafe"),
        ("strasse", "Hauptstr. = Hauptstraße? No: Straße"),
        ("istanbul", "İstanbul"),
        ("fin", "the ﬁnance folder"),
        ("week invoice", "invoice of the week"),
        ('"last week"', "of LAST\n\nweek."),
        ('"last week"', "of **last** _week_"),
        ("“last week”", "last week"),
        ('"last wee', "last week"),  # on the way to the other quotation mark
        ("some_name", "call some_name()"),
        ("some_na", "call some_name()"),
        ("name", "call some_name()"),
        ("bold", "**bold**"),
        ("example", "https://example.org/x?y=1"),
        ("https://example.org", "see https://example.org/x"),
        ("b@c.org", "mail a.b@c.org"),
        ("c++", "in C++, not C"),
        ("#42", "see #42."),
        ("🎉", "done :tada:"),
        (":tada:", "done 🎉"),
        ("京タ", "東京タワーで"),
        ("タワー", "東京ﾀﾜｰ"),
        ('"tower"', "東京タワーtowerで"),
        ("한", "한국어"),
        ("ยก", "ไทยกำลัง"),
        ("दी", "दीपक हिन्दी"),
        ("don't", "I don’t"),
        ("e\u0301te\u0301", "été"),
        ("12", "at 12:30"),
        ("from:", "anything at all"),
        ("re: hello", "re: hello you"),
    ],
)
def test_it_is_found(typed: str, text: str) -> None:
    assert fits(typed, text)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("art", "start the party"),
        ("invoice week", "invoice"),
        ('"week last"', "last week"),
        ('"wee"', "last week"),
        ('"last week"', "last, week"),
        ("か", "がき"),
        ("か", "ｶﾞｷ"),
        ("국", "한국어x국"),
        ("दी", "हिन्दी"),
        ("c++", "c, c+ and cpp"),
        ("12", "212"),
        ("x", ""),
    ],
)
def test_it_is_not_found(typed: str, text: str) -> None:
    assert not fits(typed, text)


@pytest.mark.parametrize(
    "typed", ["", "  ", "from:", "después:", "après:", "بعد:", "before: ", '""', "* _ ~", "\u00ad", 'from:""']
)
def test_nothing_is_looked_for(typed: str) -> None:
    if typed == "before: ":
        assert read(typed, UTC).terms == ()
    assert read(typed, UTC) == NOTHING


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("from:ana", True),
        ("FROM:SOUZA", True),
        ("from:an", True),
        ("from: ana", True),
        ('from:"ana souza"', True),
        ("de:ána", True),
        ("von:ana", True),
        ("من:ana", True),
        ("من:bob", False),
        ("from:bob from:ana", True),
        ("before: from:ana", True),
        ("before: from:bob", False),
        ("from:ana hello", True),
        ("from:uza", False),
        ('from:"an"', False),
        ("from:bob", False),
        ("from:ana other", False),
        ("ana", False),
    ],
)
def test_who_said_it_narrows_what_is_found(typed: str, found: bool) -> None:
    assert fits(typed, "hello", name="Ana Souza") == found


@pytest.mark.parametrize(
    ("typed", "since", "until"),
    [
        ("after:2026-11-01", (2026, 11, 1), None),
        ("before:2026-11-28", None, (2026, 11, 28)),
        ("depois:2026-11-01 antes:2026-11-02", (2026, 11, 1), (2026, 11, 2)),
        ("after:2026-11-01 after:2026-11-05", (2026, 11, 5), None),
        ("before:2026-11-05 before:2026-11-01", None, (2026, 11, 1)),
        ("después:2026-11-01 antes:2026-11-02", (2026, 11, 1), (2026, 11, 2)),
        ("DESPUES:2026-11-01", (2026, 11, 1), None),
        ("après:2026-11-01 avant:2026-11-02", (2026, 11, 1), (2026, 11, 2)),
        ("nach:2026-11-01 vor:2026-11-02", (2026, 11, 1), (2026, 11, 2)),
        ("بعد:2026-11-01 قبل:2026-11-02", (2026, 11, 1), (2026, 11, 2)),
        ("بعد:\u200e2026-11-01", (2026, 11, 1), None),  # as the page says it, copied
        ("بعد:٢٠٢٦-١١-٠", (2026, 11, 1), None),
        ("after:2026-1-2", (2026, 1, 2), None),
        ("after:2026", (2026, 1, 1), None),
        ("after:2026-", (2026, 1, 1), None),
        ("after:2026-1", (2026, 1, 1), None),
        ("after:2026-11-", (2026, 11, 1), None),
        ("after:2026-11-0", (2026, 11, 1), None),
        ('after:"2026-11-03"', (2026, 11, 3), None),
    ],
)
def test_days_are_the_reader_s_and_are_understood_while_they_are_typed(
    typed: str, since: tuple[int, ...] | None, until: tuple[int, ...] | None
) -> None:
    for zone in (UTC, SAO_PAULO):
        query = read(typed, zone)
        assert query.since == (ms(zone, *since) if since else None)
        assert query.until == (ms(zone, *until) if until else None)


def test_a_day_begins_with_its_first_moment_and_ends_before_the_next() -> None:
    query = read("after:2026-11-01 before:2026-11-02", SAO_PAULO)
    first, last = ms(SAO_PAULO, 2026, 11, 1), ms(SAO_PAULO, 2026, 11, 2) - 1
    assert [query.fits(at, "", "") for at in (first - 1, first, last, last + 1)] == [False, True, True, False]


def test_a_day_whose_midnight_was_skipped_begins_at_one() -> None:
    """In 2018 the clocks of São Paulo went from 23:59 on 3 November to 01:00 on the 4th."""
    assert read("after:2018-11-04", SAO_PAULO).since == ms(SAO_PAULO, 2018, 11, 4, 1)


@pytest.mark.parametrize(
    "day", ["x", "2026-13", "2026-02-30", "2026-11-32", "0000", "202", "26-11-28", "28/11/2026", "٢٠٢٦-١٣"]
)
def test_what_is_no_day_is_said(day: str) -> None:
    for key in ("before", "after"):
        with pytest.raises(BadSearch) as refused:
            read(f"hello {key}:{day}", UTC)
        assert refused.value.values == {"typed": day}
        assert refused.value.status == 422


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
@pytest.mark.parametrize("day", ["0001", "0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_are_days_everywhere(zone: str, day: str) -> None:
    assert not read(f"after:{day} before:{day}", ZoneInfo(zone)).fits(0, "", "")


def test_a_search_is_bounded() -> None:
    assert len(read(" ".join("abcdefghij"), UTC).terms) == MOST
    with pytest.raises(BadSearch, match="at most 10 words"):
        read(" ".join("abcdefghijk"), UTC)
    read("x" * LONGEST, UTC)
    with pytest.raises(BadSearch, match="at most 200 characters; this one has 201"):
        read("x" * (LONGEST + 1), UTC)


@given(st.text(alphabet='abfromefters:"“” -0123456789.*_東がé\u0301\n<', max_size=60) | st.text(max_size=60))
def test_anything_that_is_typed_is_understood_or_refused(typed: str) -> None:
    try:
        query = read(typed, UTC)
    except BadSearch:
        return
    assert isinstance(query, Query)
    assert len(query.terms) + len(query.names) <= MOST


@given(st.lists(WORD, min_size=1, max_size=6), st.data())
def test_every_word_of_a_text_is_found_by_each_beginning_of_it(words: list[str], data: st.DataObject) -> None:
    word = data.draw(st.sampled_from(words))
    begin = word[: data.draw(st.integers(1, len(word)))]
    assert fits(begin, data.draw(st.sampled_from([" ", "\n", ", ", " (", "-"])).join(words))
    assert fits(f'"{word}"', " ".join(words))


def test_a_message_is_compared_as_it_stands() -> None:
    message = Message("5-0", 5, "a" * 16, "Ana", "Hello **there**", None)
    assert read("from:ana there", UTC).fits_message(message)
    assert not read("hello", UTC).fits_message(message._replace(text="x"))


@pytest.mark.parametrize(
    "text", ["a" * MAX_TEXT, "ab" * 2000, "a " * 2000, ("a" + " " * 60) * 65, "東" * MAX_TEXT, "_a" * 2000]
)
@pytest.mark.parametrize(
    "typed",
    [
        "a" * 199 + "b",
        " ".join("a" * n for n in range(2, 12)),
        '"' + "a " * 98 + 'x"',
        '"' + "東 " * 98 + '京"',
        "ab" * 99 + "c",
    ],
)
def test_comparing_takes_linear_time(typed: str, text: str) -> None:
    query, folded = read(typed, UTC), fold(text)
    began = time.perf_counter()
    for term in query.terms:
        term.pattern.search(folded)
    query.fits(0, "", folded)
    assert time.perf_counter() - began < 0.25  # 4 ms at worst, were it alone here
