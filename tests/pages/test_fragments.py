from __future__ import annotations

from collections.abc import Callable

import pytest

from quart_chat.errors import TooFast
from quart_chat.files import folder
from quart_chat.pages import fragments, ids, rows
from quart_chat.pages.languages import Audience
from quart_chat.room.changes import Changes
from quart_chat.room.digest import Digest
from quart_chat.room.entries import Header
from quart_chat.room.reading import News
from quart_chat.room.rights import Right
from tests.pages.carriers import (
    ANA,
    AUDIENCES,
    CARRIERS,
    NONCE,
    PERSON,
    PLACE,
    befallen,
    changed,
    message,
)
from tests.pages.trees import Tree

OTHERS: dict[str, Callable[[Audience], str]] = {
    "older": lambda to: fragments.older("r", PLACE, to.language),
    "the room's begin": lambda to: fragments.older("r", None, to.language),
    "since": lambda to: fragments.since(PLACE),
    "spent": lambda to: fragments.refused(NONCE, "x", "y", to.language, spent=True),
    "nothing appended": lambda to: fragments.appended("r", Digest(), PLACE, to),
    "nothing replayed": lambda to: fragments.replayed("r", Digest(), PLACE, to),
    "an empty room": lambda to: fragments.newest("r", [], PLACE, Header(), to, more=False),
    "the room's end": lambda to: fragments.newer("r", None, to.language),
    "newer": lambda to: fragments.newer("r", PLACE, to.language),
    "a deletion": lambda to: fragments.changed("r", changed("x", Changes(deleted=True)), to),
    "the last reaction taken back": lambda to: fragments.changed("r", changed("x", Changes(), text=False), to),
    "a deleted message": lambda to: fragments.messages([befallen("", "x", deleted=True)], "r", to),
    "nothing above": lambda to: fragments.header("r", Header(), to),
    "times": lambda to: fragments.times_form(to, "r"),
    "topic link": lambda to: fragments.topic_link("r", to.language),
    "a still page's menu": lambda to: fragments.menu(
        "r", message("x", "y"), frozenset(Right), to.language, pinned=False, live=False
    ),
    "editing in place": lambda to: fragments.edit_in_place("r", PLACE, "x", to.language),
    "trimmed": lambda to: fragments.trimmed("r", PLACE, to.language),
    "looking": lambda to: fragments.looks(looking=True),
    "probe": lambda to: fragments.probe(),
    "nothing unread": lambda to: fragments.unread("x", News(), to.language),
    "a line with a link": lambda to: fragments.new_line(to.language, "/r/r?after=1-0"),
    "switch": lambda to: fragments.sound_switch(to.language, "r", on=False),
    "switched on": lambda to: fragments.sound_switched(to.language, "r", on=True),
    "switched off": lambda to: fragments.sound_switched(to.language, "r", on=False),
    "waiting": lambda to: fragments.connection("waiting", to.language),
    "live": lambda to: fragments.connection("live", to.language, "f00"),
    "away": lambda to: fragments.connection("away", to.language),
    "store": lambda to: fragments.connection("store", to.language),
    "nobody": lambda to: fragments.people([], 0, to.language),
    "nobody types": lambda to: fragments.typing([], to.language),
    "many type": lambda to: fragments.typing([(f"{n:016x}", "x") for n in range(4)], to.language),
    "composer": lambda to: fragments.composer("0123456789abcdef", 0, to.language),
    "composers": lambda to: fragments.composers("0123456789abcdef", 1, to.language),
    "acknowledged": lambda to: fragments.acknowledged(NONCE),
    "a fresh composer": lambda to: fragments.fresh_composer(NONCE, to.language),
}

anybody = pytest.mark.parametrize("audience", AUDIENCES, ids=lambda one: one.language)


@anybody
@pytest.mark.parametrize("fragment", [*CARRIERS, *OTHERS])
def test_every_fragment_begins_with_an_element_and_has_no_loose_text(audience: Audience, fragment: str) -> None:
    html = str(CARRIERS[fragment]("x", "y", audience) if fragment in CARRIERS else OTHERS[fragment](audience))
    if html.lstrip().startswith("<!doctype"):
        return  # a page
    assert html.startswith("<")
    tree = Tree(html)
    assert not tree.loose.strip()
    assert not any(name.startswith(("on", "hx-on", "style")) for e in tree.elements for name in e.attributes)
    if fragment not in ("acknowledged", "replayed", "unread"):
        assert len(tree.ids()) == len(set(tree.ids()))


def test_a_row_is_the_same_wherever_it_is_shown() -> None:
    """Only what scrolls in is marked, for it holds back trims."""
    one, audience = message("Oi", "Ana"), AUDIENCES[0]
    row = str(fragments.messages([one], "r", audience))
    assert row in fragments.appended("r", Digest((one,)), PLACE, audience)
    assert row in fragments.replayed("r", Digest((one,)), PLACE, audience)
    assert row in fragments.newest("r", [one], PLACE, Header(), audience, more=False)
    old = str(fragments.messages([one], "r", audience, old=True))
    hue = rows.row(one, rows.View("r", audience)).by.hue
    assert old == row.replace(f'c{hue}"', f'c{hue} old"', 1)


def test_a_row_has_its_id_its_author_s_mark_and_its_text() -> None:
    tree = Tree(fragments.messages([message("a\n<b>", "Ana")], "r", AUDIENCES[0]))
    row = tree.by_id("m-1700000000000-2")
    assert row.tag == "li"
    assert f"message {ids.person(ANA)} " in str(row.attributes["class"])
    (text,) = (e for e in tree.elements if e.attributes.get("class") == "text")
    assert text.text == "a\n<b>"
    assert PERSON not in fragments.messages([message("a", "Ana")], "r", AUDIENCES[0])


def test_a_spent_form_comes_back_under_a_key_that_was_never_used() -> None:
    """What is sent then may be another text, and a nonce stands for one."""
    trees = [Tree(fragments.refused(NONCE, "x", "y", "en", spent=True)) for _ in range(2)]
    keys = {e.attributes["value"] for tree in trees for e in tree.elements if e.attributes.get("name") == "nonce"}
    assert len(keys) == 2
    assert NONCE not in keys
    kept = Tree(fragments.refused(NONCE, "x", "y", "en", again=1.5))
    assert kept.by_id(ids.say(NONCE)).tag == "form"


def test_a_reason_is_said_in_the_reader_s_language() -> None:
    refused = TooFast("You write faster than %(most)d messages a minute.", 1.0, most=60)
    assert fragments.reason("en", refused) == "You write faster than 60 messages a minute."
    assert fragments.reason("pt-BR", refused) == "Você está escrevendo mais de 60 mensagens por minuto."


def test_all_blocks_of_forms_have_their_own_keys() -> None:
    for block in (0, 1, 9, 10):
        tree = Tree(fragments.composers("0123456789abcdef", block, "en"))
        turns = [e.attributes["id"] for e in tree.elements if e.attributes.get("class") == "turn"]
        first = block * fragments.BLOCK
        assert turns == [f"turn-0123456789abcdef-{n}" for n in range(first, first + fragments.BLOCK)]


def test_the_own_marks_are_a_stylesheet_of_a_public_id_alone() -> None:
    marks = fragments.own_marks(ANA)
    assert f".message.p-{ANA}" in marks
    assert "<" not in marks


def test_no_template_says_that_something_is_safe() -> None:
    templates = sorted((folder("templates")).iterdir())
    assert templates
    for template in templates:
        text = template.read_text()
        assert "|safe" not in text.replace(" ", "")
        assert "autoescape" not in text
        assert "hx-on" not in text
        assert "js:" not in text
        assert "style=" not in text
