from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from quart_chat.errors import TooFast
from quart_chat.files import folder
from quart_chat.pages import fragments, ids, rows, templates
from quart_chat.pages.languages import TAGS, Audience
from quart_chat.room.changes import Changes, Reaction
from quart_chat.room.characters import is_visible
from quart_chat.room.digest import Digest
from quart_chat.room.entries import Change, Header, Message, Neighbour, Quote
from quart_chat.room.markup import to_html
from quart_chat.room.people import Person, new_id, public_id
from quart_chat.room.reading import News
from quart_chat.room.rights import Right
from tests.pages.trees import Tree

PERSON = new_id()
ANA = public_id(PERSON)
BOB = "b" * 16
NONCE, PLACE, AT = "0123456789abcdef-3", "1700000000000-1", 1_700_000_000_000
AUDIENCES = [Audience("en", "UTC"), Audience("pt-BR", "America/Sao_Paulo")]
HOSTILE = [
    "</li></ol><script>alert(1)</script>",
    "<b id=since>",
    '"><input name=since hx-get="/x">',
    "' onclick='x",
    "</textarea><hx-partial hx-target='#log' hx-swap='outerHTML'>",
    "<hx-partial hx-target=body>",
    "<!-- ",
    "<![CDATA[",
    "&lt;b&gt; &#60;b&#62; &amp;",
    "{{ 7 * 7 }}{% raw %}",
    "%(name)s %s %",
    "\u202egnp.exe",
    "`=/\t&",
    'data-hx-get="/x" hx-ws:send',
]


TEXTS = ("value", "title", "data-face")  # attributes that hold what people write
# as all is that is kept, and with nothing marked up, whose elements tests/room/test_markup.py looks at
VISIBLE = st.text(min_size=1).filter(is_visible).filter(lambda text: to_html(text) == escape(text))


def message(text: str, name: str, before: Neighbour | None = None) -> Message:
    return Message("1700000000000-2", AT, ANA, name, text, before)


def of_a_line(text: str) -> str:
    """Leave out what asks for a field of several lines."""
    return text.replace("\n", " ")[:100]


def answer(text: str, name: str) -> Message:
    return message(text, name)._replace(reply=Quote(PLACE, BOB, name, text))


def befallen(text: str, name: str, **changes: Any) -> Message:
    return message(text, name)._replace(changes=Changes(**changes))


def changed(name: str, changes: Changes, *, text: bool = True) -> Change:
    return Change(PLACE, name, "", changes, text, reactions=True)


HEADER = Header("topic", (Quote(PLACE, ANA, "x", "y"),))

# Every fragment that carries something of somebody's: a text and a name.
CARRIERS: dict[str, Callable[[str, str, Audience], str]] = {
    "messages": lambda text, name, to: fragments.messages([message(text, name)], "r", to, old=True),
    "appended": lambda text, name, to: fragments.appended("r", Digest((message(text, name),)), PLACE, to),
    "replayed": lambda text, name, to: fragments.replayed(
        "r", Digest((message(text, name, Neighbour(BOB, AT)),)), PLACE, to
    ),
    "newest": lambda text, name, to: fragments.newest("r", [message(text, name)], PLACE, HEADER, to, more=True),
    "a reply": lambda text, name, to: fragments.messages([answer(text, name)], "r", to),
    "an edited message": lambda text, name, to: fragments.messages([befallen(text, name, edited=AT)], "r", to),
    "a reaction": lambda text, name, to: fragments.messages(
        [befallen(text, name, reactions=(Reaction("👍", 1, ((ANA, name),)),))], "r", to
    ),
    "an edit": lambda text, name, to: fragments.changed("r", changed(name, Changes(text, AT)), to),
    "header": lambda text, name, to: fragments.header("r", Header(text, (Quote(PLACE, ANA, name, text),)), to),
    "topic form": lambda text, name, to: fragments.topic_form("r", text, to.language, name),
    "edit form": lambda text, name, to: fragments.editing("r", PLACE, of_a_line(text), to.language, name),
    "replying": lambda text, name, to: fragments.replying(NONCE, text, "r", Quote(PLACE, ANA, name, text), to.language),
    "lines": lambda text, name, to: fragments.lines(NONCE, text, to.language),
    "refused": lambda text, name, to: fragments.refused(NONCE, text, name, to.language, again=1.5),
    "people": lambda text, name, to: fragments.people([(ANA, name), (BOB, text)], 7, to.language),
    "typing": lambda text, name, to: fragments.typing([(ANA, name), (BOB, text)], to.language),
    "profile": lambda text, name, to: fragments.profile(Person(PERSON, name), to.language, "r"),
    "profile refused": lambda text, name, to: fragments.profile(Person(PERSON, name), to.language, "r", name, text),
    "me": lambda text, name, to: fragments.me(Person(PERSON, name), to.language),
    "paragraph": lambda text, name, to: fragments.paragraph(text),
    "menu": lambda text, name, to: fragments.menu("r", message(text, name), frozenset(Right), to.language, pinned=True),
    "notice": lambda text, name, to: fragments.notice(text, to.language),
    "ended": lambda text, name, to: fragments.sent_away(text, to.language),
    "error": lambda text, name, to: templates.page("error.html", to.language, heading=name, text=text, back="/"),
    "lobby": lambda text, name, to: fragments.lobby(
        [("r", text, News(3, 1))], Person(PERSON, name), to.language, typed=text, error=name
    ),
    "rooms": lambda text, name, to: fragments.rooms([("r", text, News(3, 1)), ("s", name, News())], to.language)[0],
    "unread": lambda text, name, to: fragments.unread(text, News(3, 1, PLACE), to.language),
    "called": lambda text, name, to: fragments.called("r", message(text, name), to.language),
}
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

anybody = pytest.mark.parametrize("audience", AUDIENCES, ids=TAGS)


@anybody
@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_people_write_changes_no_element_and_no_attribute(audience: Audience, carrier: str, hostile: str) -> None:
    render = CARRIERS[carrier]
    harmless, tree = Tree(render("x", "y", audience)), Tree(render(hostile, hostile, audience))
    assert tree.shape(*TEXTS) == harmless.shape(*TEXTS)
    assert sum(text.count(hostile) for text in tree.texts()) + sum(
        element.attributes.get("value") == hostile for element in tree.elements
    ), "it is shown as it was written"


@given(VISIBLE, VISIBLE, st.sampled_from(sorted(CARRIERS)))
def test_whatever_people_write_changes_no_element(text: str, name: str, carrier: str) -> None:
    render = CARRIERS[carrier]
    harmless, tree = render("x", "y", AUDIENCES[0]), render(text, name, AUDIENCES[0])
    assert Tree(tree).shape(*TEXTS) == Tree(harmless).shape(*TEXTS)


@anybody
@pytest.mark.parametrize("fragment", [*CARRIERS, *OTHERS])
def test_every_fragment_begins_with_an_element_and_has_no_loose_text(audience: Audience, fragment: str) -> None:
    if fragment in ("error", "lobby"):
        return  # pages, not fragments
    html = str(CARRIERS[fragment]("x", "y", audience) if fragment in CARRIERS else OTHERS[fragment](audience))
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
