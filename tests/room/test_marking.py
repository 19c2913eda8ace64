"""What was found is marked in what people read, and nothing else is touched."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from quart_chat.room.marking import MOST, mark
from quart_chat.room.markup import marked, to_html
from quart_chat.room.mentions import Mention
from quart_chat.room.search import read
from tests.pages.trees import Tree
from tests.room.test_markup import ANY, MARKED

UTC = ZoneInfo("UTC")


def shown(text: str, typed: str) -> str:
    return mark(to_html(text), read(typed, UTC))


@pytest.mark.parametrize(
    ("text", "typed", "html"),
    [
        ("Two Cafés", "cafe", "Two <mark>Café</mark>s"),
        ("Two **Cafe\u0301** s", "café", "Two <strong><mark>Cafe\u0301</mark></strong> s"),
        ("Straße", "strass", "<mark>Straß</mark>e"),
        ("Straße", "stras", "<mark>Straß</mark>e"),
        ("last *week* x", '"last week"', "<mark>last </mark><em><mark>week</mark></em> x"),
        ("a & b < c", "&", "a <mark>&amp;</mark> b &lt; c"),
        ('it\'s "so"', "so", "it&#39;s &#34;<mark>so</mark>&#34;"),
        ("aa ab", "a aa ab", "<mark>aa</mark> <mark>ab</mark>"),
        ("東京タワー", "京タ", "東<mark>京タ</mark>ワー"),
        ("がき", "が", "<mark>が</mark>き"),
        ("nothing", "else", "nothing"),
        ("amp &lt; x", "lt", "amp &amp;<mark>lt</mark>; x"),
    ],
)
def test_it_is_marked_where_it_stands(text: str, typed: str, html: str) -> None:
    assert shown(text, typed) == html


def test_tags_and_attributes_stay_as_they_are() -> None:
    html = shown("see https://example.org/href and [href](https://href.org) `href`", "href")
    links = [one for one in Tree(html).elements if one.tag == "a"]
    assert [link.attributes["href"] for link in links] == ["https://example.org/href", "https://href.org"]
    assert html.count("<mark>href</mark>") == 3
    for typed in ("a", "span", "rel", "noopener", "mark", "lt", "quot", "39", "class"):
        assert Tree(shown("'<\"> [x](https://y.z) **b** ~~s~~", typed)).text == "'<\"> x b s"


def test_the_word_for_what_is_hidden_is_nobody_s() -> None:
    html = shown("a ||spoiler||", "spoiler")
    assert html.count("<mark>") == 1
    assert "<summary>Spoiler</summary><span><mark>spoiler</mark></span>" in html


def test_who_is_meant_stays_marked_too() -> None:
    html = mark(marked(to_html("hi @Ana"), [Mention("Ana", "a" * 16)]), read("hi ana", UTC))
    assert html == f'<mark>hi</mark> <span class="mention u-{"a" * 16}">@<mark>Ana</mark></span>'


def test_a_word_ends_where_a_block_does() -> None:
    assert shown("one\n\ntwo", '"one two" onetwo') == "<mark>one\n\ntwo</mark>"
    assert shown("- one\n- two", "onetwo") == to_html("- one\n- two")
    assert shown("- one\n- two", '"two"') == "<ul><li>one</li><li><mark>two</mark></li></ul>"


def test_a_message_has_so_many_marks() -> None:
    assert shown("a " * 2000, "a").count("<mark>") == MOST


@given(ANY | MARKED, st.text(min_size=1, max_size=20) | MARKED.map(lambda text: text[:20]))
def test_nothing_but_marks_comes_of_it(text: str, typed: str) -> None:
    html = to_html(text)
    query = read(f'"{typed.replace(":", " ")}" {text[:1].replace(":", " ")}', UTC)
    before, after = Tree(html), Tree(mark(html, query))
    assert after.text == before.text
    plain = [(one.tag, one.attributes) for one in after.elements if one.tag != "mark"]
    assert plain == [(one.tag, one.attributes) for one in before.elements]
    assert all(not one.attributes for one in after.elements if one.tag == "mark")


def test_an_empty_text_stays_empty() -> None:
    assert mark(Markup(), read("x", UTC)) == ""
