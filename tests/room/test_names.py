from __future__ import annotations

import random
import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadName
from quart_chat.room.names import (
    MAX_NAME,
    MAX_TITLE,
    clean_name,
    clean_title,
    is_slug,
    newcomer_name,
    slug_of,
    surprise_title,
)

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# What tears names: spaces of all kinds, what no screen shows, what composes, and what looks like markup.
TRICKY = (
    "aZ9 -_.\t\n\r\0\x1f\x7f\x85\xa0\xad\u0301\u0327\u200b\u200d\u2028\u202e\u2066\u3164\ufeff\ufffe\ud800\U0001f600İßé"
)
ANY = st.one_of(st.text(alphabet=st.characters(exclude_categories=[])), st.text(alphabet=TRICKY, max_size=80))


@given(ANY)
def test_a_slug_is_an_address_or_nothing_and_making_it_twice_changes_nothing(text: str) -> None:
    slug = slug_of(text)
    assert slug == "" or SLUG.fullmatch(slug)
    assert slug_of(slug) == slug
    assert is_slug(slug) == bool(slug)
    assert is_slug(text) == (text == slug != "")


@given(st.from_regex(SLUG, fullmatch=True))
def test_what_looks_like_a_slug_leads_to_one_even_where_it_is_not_its_own(text: str) -> None:
    assert is_slug(slug_of(text)) or set(text) <= {"-"}


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Festa da Família", "festa-da-familia"),
        ("São João", "sao-joao"),
        ("Straße", "strasse"),
        ("  a  --  b  ", "a-b"),
        ("a_b", "a-b"),
        ("&amp;", "amp"),
        ("<script>", "script"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\ud800b", "ab"),
        ("a\nb", "a-b"),
        ("--", ""),
        ("{}", ""),
        ("\0", ""),
        ("", ""),
    ],
)
def test_titles_become_readable_addresses(title: str, slug: str) -> None:
    assert slug_of(title) == slug


@pytest.mark.parametrize("title", ["東京", "Привет", "مرحبا", "שלום", "안녕", "ไทย", "हिन्दी", "🎉"])
def test_every_script_has_an_address(title: str) -> None:
    assert SLUG.fullmatch(slug_of(title))


@pytest.mark.parametrize("length", [63, 64, 65, 1000, 10_000, 1_000_000])
def test_a_long_title_has_an_address_of_64_at_most(length: int) -> None:
    assert slug_of("a" * length) == "a" * min(length, 64)
    assert not is_slug("a" * 65)


def test_an_address_that_is_cut_does_not_end_with_a_dash() -> None:
    assert slug_of("a" * 63 + " b") == "a" * 63
    assert slug_of("a " * 100) == "a-" * 31 + "a"


@given(ANY)
def test_a_clean_title_stays_as_it_is_and_shows_nothing_hidden(text: str) -> None:
    try:
        title = clean_title(text)
    except BadName:
        return
    assert clean_title(title) == title
    assert 0 < len(title) <= MAX_TITLE
    assert slug_of(title)
    plain(title)


@given(ANY)
def test_a_clean_name_stays_as_it_is_and_shows_nothing_hidden(text: str) -> None:
    try:
        name = clean_name(text)
    except BadName:
        return
    assert clean_name(name) == name
    assert 0 < len(name) <= MAX_NAME
    plain(name)


def plain(text: str) -> None:
    """Assert that text is one line with no control, surrogate or bidi control, composed, and trimmed."""
    assert not {unicodedata.category(character) for character in text} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(text) & BIDI
    assert text == text.strip()
    assert "  " not in text
    assert unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize("nothing", ["", "   ", "\0", "\u200b", "\u3164", "\u202e", "\ud800", "\u0301", "\u200d"])
def test_a_name_needs_something_to_see(nothing: str) -> None:
    with pytest.raises(BadName):
        clean_name(nothing)
    with pytest.raises(BadName):
        clean_title(nothing)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  Ana   Maria ", "Ana Maria"),
        ("Ana\u202egnp.exe", "Anagnp.exe"),
        ("Ana\nMaria", "Ana Maria"),
        ("e\u0301", "é"),
        ("<b>x</b>", "<b>x</b>"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("می‌خواهم", "می‌خواهم"),
        ("🎉", "🎉"),
    ],
)
def test_names_are_taken_as_people_write_them(typed: str, name: str) -> None:
    assert clean_name(typed) == name


def test_a_length_counts_code_points_after_cleaning() -> None:
    assert clean_name(" " + "🎉" * MAX_NAME + " ") == "🎉" * MAX_NAME
    assert clean_title("é" * MAX_TITLE) == "é" * MAX_TITLE
    with pytest.raises(BadName) as refused:
        clean_name("x" * (MAX_NAME + 1))
    assert refused.value.values == {"most": MAX_NAME, "count": MAX_NAME + 1}
    with pytest.raises(BadName) as refused:
        clean_title("x" * (MAX_TITLE + 1))
    assert refused.value.values == {"most": MAX_TITLE, "count": MAX_TITLE + 1}


def test_a_title_needs_something_for_an_address() -> None:
    with pytest.raises(BadName, match="letter or digit"):
        clean_title("…!?…")


@given(st.integers())
def test_a_surprise_is_a_title_that_can_be_used_as_it_is(seed: int) -> None:
    title = surprise_title(random.Random(seed))
    assert clean_title(title) == title
    assert slug_of(title) == title.lower().replace(" ", "-")
    assert title == surprise_title(random.Random(seed))


@given(ANY.filter(lambda seed: seed.isprintable()))
def test_a_newcomer_keeps_their_name(seed: str) -> None:
    name = newcomer_name(seed)
    assert clean_name(name) == name == newcomer_name(seed)


def test_surprises_differ() -> None:
    assert len({surprise_title() for _ in range(200)}) > 190


def test_a_name_of_a_hundred_thousand_accents_takes_no_time() -> None:
    # composing them all would take seconds, in which a worker serves nobody
    began = time.process_time()
    with pytest.raises(BadName):
        clean_title("a" + "\u0300" * 50_000 + "\u0316" * 50_000)
    assert time.process_time() - began < 0.5
