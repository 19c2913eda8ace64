"""The catalogues: that they say everything that the pages say, and each as its language wants it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from gettext import c2py
from itertools import pairwise

import pytest
from babel.messages.catalog import Message

from quart_chat.pages.languages import LANGUAGES, TAGS, say
from quart_chat.room.search import read
from tests.pages.catalogue import TRANSLATED, catalogue, message_ids, said_in, source

FIELD = re.compile(r"%\(\w+\)[a-z]|%")  # a lone % would break the filling of the others
MARKUP = re.compile(r"[<>&]")
# What texts end with, and how other languages write it
STOPS = {".": ".", "…": "…", ":": ":", "?": "?؟", ")": ")", "”": "”»“"}
COUNTED = range(1_000)


@pytest.fixture(params=TRANSLATED)
def tag(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ids(message: Message) -> list[str]:
    return list(message.id) if isinstance(message.id, tuple | list) else [message.id]


def strings(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, tuple | list) else [message.string]


def messages(tag: str) -> Iterator[Message]:
    return (message for message in catalogue(tag) if message.id)


def end(text: str) -> str:
    seen = text.rstrip("\u2069")  # which ends what goes another way
    return next((stop for stop, written in STOPS.items() if seen[-1] in written), "")


def test_there_are_languages_besides_english_and_one_of_them_is_written_from_the_right() -> None:
    assert set(TRANSLATED) >= {"pt-BR", "es", "fr", "de", "ar"}
    assert len({language.name for language in LANGUAGES}) == len(LANGUAGES)


def test_the_extraction_finds_what_the_code_and_the_templates_say() -> None:
    found = message_ids()
    assert "Open" in found  # a template's
    assert ("and %(num)d other", "and %(num)d others") in found  # a plural
    assert "The message is empty." in found  # an error's
    assert "There is no such room." in found  # `say`, second argument
    assert "Something went wrong here. It has been noted." in found  # a module's constant
    assert not any(isinstance(one, str) and not one.strip() for one in found)


def test_everything_is_translated(tag: str) -> None:
    assert message_ids() - said_in(catalogue(tag)) == set()


def test_nothing_is_translated_that_nobody_says(tag: str) -> None:
    found = catalogue(tag)
    held = {tuple(m.id) if isinstance(m.id, tuple | list) else m.id for m in messages(tag)}
    assert held - message_ids() == set()
    assert not found.obsolete


def test_nothing_is_translated_twice_or_doubtfully(tag: str) -> None:
    text = source(tag)
    found = sorted(re.findall(r"^msgid (.*(?:\n\".*)*)", text, re.MULTILINE))
    assert len(found) > len(message_ids())  # and the header
    assert [one for one, other in pairwise(found) if one == other] == []
    assert not [message.id for message in messages(tag) if message.fuzzy]
    assert "#~" not in text


def test_a_catalogue_says_its_language(tag: str) -> None:
    assert str(catalogue(tag).locale).replace("_", "-") == tag


def test_a_translation_has_the_fields_of_its_original(tag: str) -> None:
    """A form that stands for one number alone may say it in words, as "two messages"."""
    found = catalogue(tag)
    form = c2py(found.plural_expr)
    alone = {n for n, often in Counter(map(form, COUNTED)).items() if often == 1}
    for message in messages(tag):
        fields = sorted(FIELD.findall(ids(message)[-1]))
        for n, string in enumerate(strings(message)):
            said = sorted(FIELD.findall(string))
            in_words = len(ids(message)) > 1 and n in alone and sorted([*said, "%(num)d"]) == fields
            assert said == fields or in_words, string


def test_a_translation_begins_and_ends_as_its_original_does(tag: str) -> None:
    for message in messages(tag):
        for string in strings(message):
            assert string == string.strip(), string
            assert "\n" not in string
            assert "  " not in string
            assert end(string) == end(ids(message)[-1]), string


def test_a_translation_brings_no_markup(tag: str) -> None:
    """Templates take the catalogues' texts as they are."""
    for message in messages(tag):
        for string in strings(message):
            assert sorted(MARKUP.findall(string)) == sorted(MARKUP.findall(ids(message)[-1])), string


@pytest.mark.parametrize("tag", TAGS)
def test_a_search_understands_what_the_page_says_of_it(tag: str) -> None:
    author, exact = (read(say(tag, text), UTC) for text in ("from:name", "“exact words”"))
    assert author.names
    assert not author.terms
    (words,) = exact.terms
    assert not words.pattern.search(f"{words.longest}x")
    assert read(say(tag, "before:2026-11-28"), UTC) == read("before:2026-11-28", UTC)
    assert read(say(tag, "after:2026-11-01"), UTC) == read("after:2026-11-01", UTC)


def test_the_catalogue_has_the_plural_forms_of_its_language(tag: str) -> None:
    found = catalogue(tag)
    plural = [message for message in messages(tag) if len(ids(message)) > 1]
    assert plural
    assert {len(strings(message)) for message in plural} == {found.num_plurals}
    assert {*map(c2py(found.plural_expr), COUNTED)} == {*range(found.num_plurals)}


@pytest.mark.parametrize(
    ("tag", "forms"),
    [
        ("de", {0: 1, 1: 0, 2: 1}),
        ("es", {0: 1, 1: 0, 2: 1}),
        ("fr", {0: 0, 1: 0, 2: 1}),
        ("pt-BR", {0: 0, 1: 0, 2: 1}),
        ("ar", {0: 0, 1: 1, 2: 2, 3: 3, 10: 3, 11: 4, 99: 4, 100: 5, 102: 5, 103: 3, 111: 4, 200: 5}),
    ],
)
def test_each_number_gets_its_form(tag: str, forms: dict[int, int]) -> None:
    form = c2py(catalogue(tag).plural_expr)
    assert {count: form(count) for count in forms} == forms
