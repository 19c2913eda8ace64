from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.pages import templates
from quart_chat.pages.languages import DEFAULT, LANGUAGES, TAGS, apart, choose, direction, say


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        (None, [], "en"),
        (None, ["pt-BR", "en"], "pt-BR"),
        (None, ["pt"], "pt-BR"),
        (None, ["pt-PT", "en"], "pt-BR"),
        (None, ["PT-br"], "pt-BR"),
        (None, ["en-GB", "pt-BR"], "en"),
        (None, ["de", "fr", "pt-BR", "en"], "pt-BR"),
        (None, ["de", "fr"], "en"),
        (None, ["*"], "en"),
        ("en", ["pt-BR"], "en"),
        ("pt-BR", ["en"], "pt-BR"),
        ("pt-br", ["en"], "en"),
        ("de", ["pt-BR"], "pt-BR"),
        ("../../etc", ["pt-BR"], "pt-BR"),
        ("", [], "en"),
    ],
)
def test_a_reader_gets_what_they_chose_else_what_their_browser_asks_for(
    chosen: str | None, accepted: list[str], language: str
) -> None:
    assert choose((chosen,), accepted) == language


def test_of_what_was_chosen_the_first_that_is_spoken_counts() -> None:
    assert choose((None, "tlh", "pt-BR", "en"), ["en"]) == "pt-BR"
    assert choose((None, None), ["pt"]) == "pt-BR"


@given(st.none() | st.text(), st.lists(st.text()))
def test_any_wish_leads_to_a_language(chosen: str | None, accepted: list[str]) -> None:
    assert choose((chosen,), accepted) in TAGS


def test_the_default_is_one_of_the_languages() -> None:
    assert DEFAULT in TAGS
    assert [language.name for language in LANGUAGES] == ["English", "Português"]


def test_fields_are_filled_in_every_language() -> None:
    message = "A name has at most %(most)d characters; this one has %(count)d."
    for tag in TAGS:
        said = say(tag, message, {"most": 40, "count": 41})
        assert "40" in said
        assert "41" in said
    assert say("pt-BR", "Send") == "Enviar"
    assert say("pt-BR", "100 % nobody's words") == "100 % nobody's words"


def test_the_empty_message_says_nothing() -> None:
    """gettext keeps its header under it."""
    assert say("en", "") == ""


@pytest.mark.parametrize(("tag", "way"), [("en", "ltr"), ("pt-BR", "ltr"), ("de", "ltr"), ("ar", "rtl"), ("he", "rtl")])
def test_a_language_says_which_way_it_is_written(tag: str, way: str) -> None:
    assert direction(tag) == way


@pytest.mark.parametrize("tag", TAGS)
def test_a_page_says_its_language_and_which_way_it_is_written(tag: str) -> None:
    page = templates.page("error.html", tag, heading="Oh", text="Why", back="/")
    assert f'<html lang="{tag}" dir="{direction(tag)}"' in page
    assert 'lang="pt-BR" dir="ltr"' in templates.fragment(tag, "_languages.html", "switch", None)


@pytest.mark.parametrize(
    ("name", "tag", "shown"),
    [
        ("Ana", "en", "Ana"),
        ("Zoë 3", "pt-BR", "Zoë 3"),
        ("李明", "en", "李明"),
        ("سارة", "en", "\u2068سارة\u2069"),
        ("Ana שרה", "en", "\u2068Ana שרה\u2069"),
        ("سارة", "ar", "سارة"),
        ("Ana", "ar", "\u2068Ana\u2069"),
        ("14:05", "ar", "14:05"),
        ("", "ar", ""),
    ],
)
def test_a_name_that_is_written_the_other_way_turns_no_sentence_around(name: str, tag: str, shown: str) -> None:
    assert apart(name, tag) == shown


def test_so_does_a_name_in_what_is_said() -> None:
    assert say("en", "%(name)s is typing…", {"name": "سارة"}) == "\u2068سارة\u2069 is typing…"
    assert "\u2068سارة\u2069" in templates.fragment("en", "_states.html", "typing", [("a" * 16, "سارة")])
    assert "\u2068" not in templates.fragment("en", "_states.html", "typing", [("a" * 16, "Ana")])
