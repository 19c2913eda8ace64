from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.pages import fragments, ids, rows, search
from quart_chat.pages.languages import Audience
from quart_chat.pages.search import Looked
from quart_chat.room.changes import Changes, Reaction
from quart_chat.room.digest import Digest
from quart_chat.room.entries import Change, Message, Neighbour, Quote
from quart_chat.room.search import Found, Hit, read
from tests.pages.test_injection import PLAIN, taken_apart
from tests.pages.trees import Tree

ANA, BOB = "a" * 16, "b" * 16
AT = 1_700_000_000_000  # 14 November 2023
HOUR = 3_600_000  # ms
EN, PT = Audience("en", "UTC"), Audience("pt-BR", "America/Sao_Paulo")


def message(number: int, text: str, name: str = "Ana", at: int = AT) -> Message:
    return Message(f"{AT + number}-0", at, ANA, name, text, Neighbour(ANA, at - 1, name))


def looked(typed: str, before: str | None = None, audience: Audience = EN) -> Looked:
    return Looked("r", typed, before, audience)


def part(typed: str, found: Found | None, before: str | None = None, audience: Audience = EN) -> Tree:
    where, query = looked(typed, before, audience), read(typed, ZoneInfo("UTC"))
    return Tree(search.part(where, found, list(search.hits(where, query, found)) if found else ()))


def page(typed: str, found: Found, audience: Audience = EN) -> str:
    where, query = looked(typed, None, audience), read(typed, ZoneInfo("UTC"))
    return search.page(where, found, list(search.hits(where, query, found)), title="R <b>", public=BOB)


def rows_of(tree: Tree) -> list[str]:
    return [
        str(one.attributes["class"]) for one in tree.elements if "message" in str(one.attributes.get("class")).split()
    ]


def test_what_was_found_stands_between_what_is_beside_it_and_tells_its_day() -> None:
    hit = Hit(message(2, "hello"), message(1, "x"), message(3, "y", at=AT + 24 * HOUR))
    tree = part("hello", Found((hit,)))
    assert [classes.split()[0] for classes in rows_of(tree)] == ["near", "found", "apart"]
    times = [one.text for one in tree.elements if one.tag == "time"]
    assert times == [
        "10:13\u202fPM",
        "Tuesday, November 14, 2023, 10:13\u202fPM",
        "Wednesday, November 15, 2023, 10:13\u202fPM",
    ]
    assert [one.text for one in tree.elements if one.tag == "mark"] == ["hello"]
    links = [one.attributes["href"] for one in tree.elements if one.tag == "a"]
    assert links == ["/r/r/search?q=hello", *(f"/r/r/m/{AT + number}-0" for number in (1, 2, 3))]
    assert "page of its own" not in page("hello", Found((hit,)))


def test_nothing_that_was_found_has_an_id_for_it_may_be_in_the_list_too() -> None:
    changes = Changes("hello", 5, reactions=(Reaction("🎉", 1, ((BOB, "Bob"),)),), versions=1)
    one = message(1, "hello")._replace(changes=changes, reply=Quote("5-0", BOB, "Bob", "what?"))
    tree = part("hello", Found((Hit(one, one._replace(id="6-0"), None),), "5-0"))
    assert tree.ids() == [ids.FURTHER]
    assert not [one for one in tree.elements if one.tag in ("button", "form")]


def test_what_is_found_itself_is_beside_nothing() -> None:
    one, two = message(1, "hello"), message(2, "hello")
    tree = part("hello", Found((Hit(two, one, None), Hit(one, None, two))))
    assert [classes.split()[0] for classes in rows_of(tree)] == ["found", "found"]


def test_a_row_says_its_name_though_it_follows_another_of_the_same_person() -> None:
    tree = part("hello", Found((Hit(message(1, "hello"), None, None),)))
    assert not any("follows" in classes for classes in rows_of(tree))
    assert not [one for one in tree.elements if one.attributes.get("class") == "day"]


def test_the_same_message_is_marked_by_what_each_search_is_for() -> None:
    hit = Hit(message(1, "hello world"), None, None)
    for typed in ("hello", "world", "hello"):
        assert [one.text for one in part(typed, Found((hit,))).elements if one.tag == "mark"] == [typed]
    live = Tree(rows.render([hit.message], rows.View("r", EN)))
    assert not [one for one in live.elements if one.tag == "mark"]


@pytest.mark.parametrize(
    ("found", "before", "said"),
    [
        (None, None, ""),
        (Found(), None, "Nothing found."),
        (Found((), "5-0", AT), None, "Nothing found so far."),
        (Found((Hit(message(1, "x"), None, None),)), None, "1 message found."),
        (Found((Hit(message(1, "x"), None, None),) * 2), None, "2 messages found."),
        (Found((Hit(message(1, "x"), None, None),) * 2, "5-0"), None, "2 messages, and there is more to look through."),
        (
            Found((Hit(message(1, "x"), None, None),) * 2, "5-0"),
            "9-0",
            "2 more messages, and there is more to look through.",
        ),
        (Found((Hit(message(1, "x"), None, None),)), "9-0", "1 more message found."),
        (Found(), "9-0", "Nothing more was found."),
        (Found((), "5-0", AT), "9-0", "Nothing found so far."),
    ],
)
def test_how_much_was_found_is_said(found: Found | None, before: str | None, said: str) -> None:
    (told,) = (one for one in part("x", found, before).elements if one.tag == "hx-partial")
    assert told.attributes == {"hx-target": f"#{ids.FOUND_COUNT}", "hx-swap": "innerHTML"}
    assert told.text == said


def test_a_search_whose_time_was_over_tells_how_far_it_looked_and_leads_on() -> None:
    tree = part("a&b <c>", Found((), "5-0", AT), audience=PT)
    assert "Procurado até terça-feira, 14 de novembro de 2023." in tree.text
    (link,) = (one for one in tree.elements if one.tag == "a")
    assert link.attributes["href"] == link.attributes["hx-get"] == "/r/r/search?q=a%26b+%3Cc%3E&before=5-0"
    assert "Looked back" not in part("x", Found((), "5-0")).text


def test_only_what_comes_after_a_page_takes_the_focus() -> None:
    found = Found((Hit(message(2, "x"), None, None), Hit(message(1, "x"), None, None)), "5-0")
    assert [one for one in part("x", found).elements if "autofocus" in one.attributes] == []
    (first,) = (one for one in part("x", found, "9-0").elements if "autofocus" in one.attributes)
    assert first.attributes["class"] == "hit"
    (link,) = (one for one in part("x", Found((), "5-0", AT), "9-0").elements if "autofocus" in one.attributes)
    assert link.tag == "a"


@pytest.mark.parametrize("text", PLAIN)
def test_what_people_write_and_type_stays_text(text: str) -> None:
    plain = page("hello", Found((Hit(message(1, "hello"), None, None),), "5-0"))
    html = page(text[:30], Found((Hit(message(1, text, text), None, None),), "5-0"))
    left_out = ("value", "title", "href", "hx-get", "data-face")

    def shape(page_: str) -> list[object]:
        tree = taken_apart(page_.partition("<!doctype html>")[2])
        return [one for one in tree.shape(*left_out) if not one[0].endswith("mark")]

    assert shape(html) == shape(plain)
    tree = Tree(html.partition("<!doctype html>")[2])
    assert not [one for one in tree.elements if one.tag in ("script",) and "src" not in one.attributes]
    assert tree.by_id("find-words").attributes["value"] == text[:30]
    for told in (search.told(text), search.told(text, "r", 2.0)):
        assert text in Tree(told).texts()


@given(st.text(max_size=50))
def test_an_address_holds_what_was_typed(typed: str) -> None:
    address = looked(typed.encode("utf-8", "ignore").decode()).address("5-0")
    assert address.isascii()
    assert not set(address) & set(" \"'<>")


def test_a_search_that_is_too_fast_is_made_again_by_itself() -> None:
    (again,) = (one for one in Tree(search.told("Too fast.", "r", 1.5)).elements if one.tag == "i")
    assert again.attributes["hx-trigger"] == "load delay:1500ms"
    assert again.attributes["hx-get"] == "/r/r/search"
    assert not [one for one in Tree(search.told("Too fast.")).elements if one.tag == "i"]


def test_what_befalls_a_message_shows_where_it_was_found_too() -> None:
    one = message(1, "hello")
    (row,) = rows_of(part("hello", Found((Hit(one, None, None),))))
    assert ids.found(one.id) in row.split()
    gone = Change(one.id, "Ana", "", Changes(deleted=True), text=True, reactions=False)
    html = Tree(fragments.appended("r", Digest(changes=(gone,)), "9-0", EN))
    targets = [str(part_.attributes["hx-target"]) for part_ in html.elements if part_.tag == "hx-partial"]
    where = f":is(#{ids.message(one.id)}, .{ids.found(one.id)})"
    assert targets[:2] == [f"{where} > .text", f"{where} > :is(.quote, .files)"]
