from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.pages import languages, templates
from quart_chat.pages.languages import DEFAULT, LANGUAGES, TAGS, Audience, apart, choose, direction, say


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        (None, [], "en"),
        (None, ["pt-BR", "en"], "pt-BR"),
        (None, ["pt"], "pt-BR"),
        (None, ["pt-PT", "en"], "pt-BR"),
        (None, ["PT-br"], "pt-BR"),
        (None, ["en-GB", "pt-BR"], "en"),
        (None, ["es-MX", "en"], "es"),
        (None, ["es-419"], "es"),
        (None, ["de-AT"], "de"),
        (None, ["fr-CA", "en-CA"], "fr"),
        (None, ["ar-EG"], "ar"),
        (None, ["ar-Latn-x-private", "en"], "ar"),
        (None, ["de" + "-x" * 400], "de"),
        (None, ["ja", "tlh", "pt-BR", "en"], "pt-BR"),
        (None, ["ja", "tlh"], "en"),
        (None, ["arc", "dea"], "en"),
        (None, ["*"], "en"),
        (None, ["", "-", "de"], "de"),
        ("en", ["pt-BR"], "en"),
        ("pt-BR", ["en"], "pt-BR"),
        ("pt-br", ["en"], "en"),
        ("ar", ["pt-BR"], "ar"),
        ("ja", ["pt-BR"], "pt-BR"),
        ("../../etc", ["pt-BR"], "pt-BR"),
        ("", [], "en"),
    ],
)
def test_a_reader_gets_what_they_chose_else_what_their_browser_asks_for(
    chosen: str | None, accepted: list[str], language: str
) -> None:
    assert choose((chosen,), accepted) == language


def test_who_reads_two_of_a_kind_gets_the_nearer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    tags = ("en", "zh-Hans", "zh-Hant", "pt-BR", "pt-PT")
    monkeypatch.setattr(languages, "_BY_TAG", {tag.lower(): tag for tag in tags})
    monkeypatch.setattr(languages, "_BY_KIND", {"zh": "zh-Hans", "pt": "pt-BR", "en": "en"})
    for wanted, found in {"zh-Hant-TW": "zh-Hant", "zh-TW": "zh-Hans", "pt-PT": "pt-PT", "pt": "pt-BR"}.items():
        assert choose((), [wanted]) == found


def test_of_what_was_chosen_the_first_that_is_spoken_counts() -> None:
    assert choose((None, "tlh", "pt-BR", "en"), ["en"]) == "pt-BR"
    assert choose((None, None), ["pt"]) == "pt-BR"


@given(st.none() | st.text(), st.lists(st.text()))
def test_any_wish_leads_to_a_language(chosen: str | None, accepted: list[str]) -> None:
    assert choose((chosen,), accepted) in TAGS


def test_the_default_is_one_of_the_languages() -> None:
    assert DEFAULT in TAGS
    names = "English Deutsch Español Français Português العربية"
    assert [language.name for language in LANGUAGES] == names.split()


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


def test_how_long_ago_something_was_turns_with_the_minute() -> None:
    audience, now = Audience("en", "UTC"), 1_750_032_030_000
    assert languages.ago(now - 20_000, now, audience) == "just now"
    assert languages.ago(now - 40_000, now, audience) == languages.ago(now - 80_000, now, audience) == "1 min. ago"
    assert languages.ago(now + 99_999_000, now, audience) == "just now"  # a clock was set back
    assert languages.ago(now - 3 * 3_600_000, now, audience) == "3 hr. ago"
    assert languages.ago(now - 6 * 86_400_000, now, Audience("pt-BR", "UTC")) == "há 6 dias"
    assert languages.ago(now - 8 * 86_400_000, now, audience) == "Jun 8, 2025"


@pytest.mark.parametrize(
    ("tag", "number", "words"),
    [
        ("de", 1, "1 Person hier"),
        ("fr", 0, "0 personne ici"),
        ("es", 2, "2 personas aquí"),
        ("ar", 0, "لا أحد هنا"),
        ("ar", 1, "شخص واحد هنا"),
        ("ar", 2, "شخصان هنا"),
        ("ar", 3, "3 أشخاص هنا"),
        ("ar", 11, "11 شخصًا هنا"),
        ("ar", 100, "100 شخص هنا"),
    ],
)
def test_what_is_counted_is_said_in_the_form_of_its_number(tag: str, number: int, words: str) -> None:
    counted = templates.environment(tag).from_string('{{ ngettext("%(num)d person here", "%(num)d people here", n) }}')
    assert counted.render(n=number) == words


@pytest.mark.parametrize(
    ("tag", "small", "large"),
    [
        ("en", "340 B", "1.2 MB"),
        ("de", "340 B", "1,2 MB"),
        ("fr", "340\u202fo", "1,2\u202fMo"),
        ("ar", "340 بايت", "1.2 م.ب"),
    ],
)
def test_sizes_are_said_in_the_units_of_the_language(tag: str, small: str, large: str) -> None:
    assert languages.size(340, tag) == small
    assert languages.size(1_234_567, tag) == large


@pytest.mark.parametrize("tag", TAGS)
def test_every_size_has_a_unit(tag: str) -> None:
    said = [languages.size(10**power, tag) for power in range(13)]
    assert len({one.strip("0123456789.,\u00a0\u202f ") for one in said}) == 4
    assert all(one[0] == "1" for one in said)
