from __future__ import annotations

from dataclasses import replace

import pytest

from quart_chat.pages import fragments, ids, room, rows
from quart_chat.pages.languages import Audience
from quart_chat.pages.room import Shown, render
from quart_chat.room.digest import Digest
from quart_chat.room.entries import Header, Message
from quart_chat.room.people import Person, new_id
from quart_chat.room.rights import EPHEMERAL, Rules
from tests.pages.trees import Tree

ANA, BOB = Person(new_id(), "Ana <b>"), Person(new_id(), "Bob")
ORIGIN = "http://x"
AT = 1_700_000_000_000
EN, PT = Audience("en", "UTC"), Audience("pt-BR", "America/Sao_Paulo")


def message(number: int, text: str = "x", name: str = "Ana") -> Message:
    return Message(f"{AT + number}-0", AT + number, "a" * 16, name, text, None)


def shown(name: str, audience: Audience = EN, **values: object) -> Shown:
    made = Shown(audience, name, "A <title>", Header(), (("c" * 16, "Carla"),), 1, "5-0", more=True, newer=False)
    return replace(made, **values)  # type: ignore[arg-type]


def tree(page: bytes) -> Tree:
    return Tree(page.decode().partition("<!doctype html>")[2])


@pytest.fixture
def renderings(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """Give the messages whose rows are worked out from now on."""
    made: list[Message] = []
    right = rows.row

    def counted(one: Message, view: rows.View) -> rows.Row:
        made.append(one)
        return right(one, view)

    monkeypatch.setattr(rows, "row", counted)
    return made


def test_each_reader_gets_the_same_page_with_their_own_in_it() -> None:
    messages = (message(1),)
    pages = [render(shown("own"), messages, person, ORIGIN, "t").decode() for person in (ANA, BOB, ANA)]
    for page, person in zip(pages, (ANA, BOB, ANA), strict=True):
        assert tree(page.encode()).by_id("name").attributes["value"] == person.name
        assert f'href="/own/{person.public}.css?v=' in page
        assert person.id not in page
        assert "<b>" not in page
    keys = {page.partition('name="nonce" value="')[2].partition('"')[0] for page in pages}
    assert len(keys) == 3
    assert "\0" not in "".join(pages)


def test_a_page_shows_what_changed_in_its_room() -> None:
    first = (message(1, "first"),)
    for messages, other in (
        (first, shown("changing")),
        (first, shown("changing", place="6-0")),
        ((*first, message(2, "second")), shown("changing", place="6-0")),
        ((message(3, "third"),), shown("changing", place="6-0")),  # as after a lapse
        (first, shown("changing", people=(), count=0)),
        (first, shown("changing", title="Other")),
        (first, shown("changing", audience=PT)),
        ((), shown("changing", more=False)),
    ):
        for _ in range(2):
            page = tree(render(other, messages, ANA, ORIGIN, "t"))
            assert [e.text for e in page.elements if e.attributes.get("class") == "text"] == [m.text for m in messages]
            assert page.by_id(ids.SINCE).attributes["value"] == other.place
            assert page.by_id(ids.COUNT).text == str(other.count)
            assert other.title in page.texts()
            assert page.elements[0].attributes["lang"] == other.audience.language
            assert (page.by_id(ids.OLDER).attributes.get("class") == "start") != other.more


@pytest.mark.parametrize(
    ("keep", "told"),
    [
        (0, ""),
        (EPHEMERAL, "Nothing is kept here: messages go after an hour."),
        (24, "Messages go after 1 day."),
        (24 * 30, "Messages go after 30 days."),
    ],
)
def test_a_page_tells_for_how_long_messages_stay(keep: int, told: str) -> None:
    page = render(shown("brief", rules=Rules(keep=keep)), (message(1),), ANA, ORIGIN, "t")
    assert [text for text in tree(page).texts() if "messages go" in text.lower()] == ([told] if told else [])


def test_what_was_typed_is_in_the_page_of_who_typed_it_alone() -> None:
    messages = (message(1),)
    render(shown("typed"), messages, ANA, ORIGIN, "t")
    page = render(shown("typed"), messages, ANA, ORIGIN, "t", typed="\0own\0 </textarea>", error="<why>").decode()
    assert "&lt;/textarea&gt;" in page
    assert "&lt;why&gt;" in page
    for _ in range(2):
        assert "textarea&gt;" not in render(shown("typed"), messages, BOB, ORIGIN, "t").decode()


def test_a_message_is_rendered_once_an_audience_whatever_shows_it(renderings: list[Message]) -> None:
    one = message(100, "once")
    for _ in range(2):
        fragments.appended("once", Digest((one,)), "5-0", EN)
        fragments.replayed("once", Digest((message(100, "once"),)), "5-0", EN)  # as another worker's, or read again
        render(shown("once"), (one,), ANA, ORIGIN, "t")
        fragments.newest("once", [one], "5-0", Header(), EN, more=False)
    assert renderings == [one]
    fragments.appended("once", Digest((one,)), "5-0", PT)
    render(shown("once", PT), (one,), BOB, ORIGIN, "t")
    assert renderings == [one, one]


def test_a_row_is_its_own_message_s_though_another_room_has_the_id(renderings: list[Message]) -> None:
    here, there = message(200, "here"), message(200, "there")
    assert "here" in fragments.messages([here], "r", EN)
    assert "there" in fragments.messages([there], "r", EN)
    assert "Old name" in fragments.messages([message(200, "here", "Old name")], "r", EN)
    assert "Old name" not in fragments.messages([here], "r", EN)
    assert len(renderings) == 3


def test_kept_rows_and_pages_are_bounded() -> None:
    long = "&" * 4000
    for number in range(700):
        messages = (message(1000 + number, long),)
        render(shown(f"bounded-{number}", place=f"{number}-0"), messages, ANA, ORIGIN, "t")
        assert rows.rows.weight <= rows.CHARACTERS
        assert room.forms.weight <= room.BYTES
        assert len(room.forms) <= room.FORMS
        assert len(rows.rows) <= rows.ROWS
    assert len(room.forms) < 700 + 50


def test_a_page_is_kept_once_whatever_its_readers_call_the_server() -> None:
    one, messages = shown("hosts"), (message(1),)
    for origin in ("http://x", "https://chat.example", "http://127.0.0.1:8000"):
        page = tree(render(one, messages, ANA, origin, "t"))
        assert page.by_id("link").text == f"{origin}/r/hosts"
    assert room.forms.get((one.room, one.audience, False)) is not None


def test_names_that_robots_try_push_nothing_out() -> None:
    for values in ({}, {"count": 1}):
        one = shown("robot", people=(), more=False, **{"count": 0, **values})
        render(one, (), ANA, ORIGIN, "t")
        assert (room.forms.get((one.room, one.audience, False)) is not None) == bool(values)


def test_what_is_kept_of_the_names_that_robots_try_is_bounded() -> None:
    most = fragments.sound_switch.cache_info().maxsize
    assert most is not None
    for number in range(most + 10):
        fragments.sound_switch("en", f"robot-{number}", on=False)
    assert fragments.sound_switch.cache_info().currsize == most


def test_a_room_s_next_page_takes_the_place_of_the_one_before() -> None:
    for newer in (shown("next"), shown("next", place="6-0", count=2)):
        render(newer, (message(1),), ANA, ORIGIN, "t")
        kept = room.forms.get(("next", EN, False))
        assert kept is not None
        assert kept[0] is newer
        assert [key for key in room.forms._held if key[0] == "next"] == [("next", EN, False)]


def test_somebody_new_waits_for_no_stylesheet_of_their_own() -> None:
    link = f'<link rel="stylesheet" href="/own/{ANA.public}.css?v='
    for known in (True, False):
        page = render(shown("own-later"), (message(1, "here"),), ANA, ORIGIN, "t", known=known).decode()
        assert page.count(link) == 1
        assert (page.index(link) < page.index("<body")) == known
        assert (page.index(link) > page.index("here")) == (not known)
