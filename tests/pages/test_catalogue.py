from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Message

from tests.pages.catalogue import TRANSLATED, catalogue, message_ids, said_in

FIELD = re.compile(r"%\(\w+\)[a-z]|%")  # a lone % would break the filling of the others


@pytest.fixture(params=TRANSLATED)
def tag(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def strings(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, tuple | list) else [message.string]


def messages(tag: str) -> Iterator[Message]:
    return (message for message in catalogue(tag) if message.id)


def test_portuguese_is_spoken_besides_english() -> None:
    assert TRANSLATED == ("pt-BR",)


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


def test_a_translation_has_the_fields_of_its_original(tag: str) -> None:
    for message in messages(tag):
        original = message.id[-1] if isinstance(message.id, tuple | list) else message.id
        for string in strings(message):
            assert sorted(FIELD.findall(string)) == sorted(FIELD.findall(original)), message.id


def test_a_translation_ends_as_its_original_does(tag: str) -> None:
    for message in messages(tag):
        original = message.id[-1] if isinstance(message.id, tuple | list) else message.id
        for string in strings(message):
            assert string == string.strip()
            assert (string[-1] in ".…:") == (original[-1] in ".…:"), message.id


def test_the_catalogue_has_the_plural_forms_of_its_language(tag: str) -> None:
    found = catalogue(tag)
    plural = [message for message in found if isinstance(message.id, tuple | list)]
    assert plural
    assert all(len(strings(message)) == found.num_plurals == 2 for message in plural)
    assert found.plural_expr == "(n > 1)"
