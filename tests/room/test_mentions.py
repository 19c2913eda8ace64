from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from quart_chat.room.markup import marked, to_html
from quart_chat.room.mentions import MOST, Mention, mentions_in
from tests.pages.trees import Tree

ANA, MARIA, BOB, OTHER = "a" * 16, "c" * 16, "b" * 16, "d" * 16
PEOPLE = [(ANA, "Ana"), (MARIA, "Ana Maria"), (BOB, "Bob"), (OTHER, "Bob"), ("e" * 16, "Zoë ☕")]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@Ana", [("Ana", ANA)]),
        ("hi @ana, and @ANA!", [("ana", ANA), ("ANA", ANA)]),
        ("@Ana Maria, hello", [("Ana Maria", MARIA)]),
        ("@Ana Mario", [("Ana", ANA)]),
        ("(@Bob)", [("Bob", BOB), ("Bob", OTHER)]),
        ("@zoë ☕?", [("zoë ☕", "e" * 16)]),
        ("@Anabel", []),
        ("mail ana@Ana.example", []),
        ("@", []),
        ("@ Ana", []),
        ("@@Ana", []),
        ("x@Ana", []),
        ("nobody", []),
    ],
)
def test_who_is_meant_is_found(text: str, meant: list[tuple[str, str]]) -> None:
    assert sorted(mentions_in(text, PEOPLE)) == sorted(Mention(*one) for one in meant)


def test_few_are_meant_at_once() -> None:
    many = [(f"{number:016x}", "Everybody") for number in range(100)]
    assert len(mentions_in("@Everybody and @everybody", many)) == MOST


def test_who_is_meant_is_marked_and_nothing_else() -> None:
    def shown(text: str) -> str:
        return marked(to_html(text), mentions_in(text, PEOPLE))

    assert shown("*hi* @Ana") == f'<em>hi</em> <span class="mention u-{ANA}">@Ana</span>'
    assert shown("@bob") == f'<span class="mention u-{BOB} u-{OTHER}">@bob</span>'
    assert shown("`@Ana` https://x.example/@Ana").count("mention") == 0
    assert shown("```\n@Ana\n```").count("mention") == 0
    assert shown("`x` @Ana [y](https://x.example) @Ana").count("mention") == 2


@given(st.text(), st.lists(st.tuples(st.text("0123456789abcdef", min_size=16, max_size=16), st.text(min_size=1))))
def test_whatever_people_are_called_marks_are_all_that_comes_of_it(text: str, people: list[tuple[str, str]]) -> None:
    text = f"{text} " + " ".join(f"@{name}" for _, name in people)
    html = escape(text)
    found = mentions_in(text, people)
    tree = Tree(marked(html, found))
    assert tree.text == Tree(html).text
    classes = {f"u-{person}" for person, _ in people} | {"mention"}
    for element in tree.elements:
        assert element.tag == "span"
        assert set(str(element.attributes["class"]).split()) <= classes


def test_a_mention_that_is_torn_marks_nothing() -> None:
    assert marked(to_html("@Ana"), [Mention("Ana", '"><b>')]) == "@Ana"
