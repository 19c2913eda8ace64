"""What people write stays text, in everything that shows it; and nothing shows it that is not tested for that."""

from __future__ import annotations

import inspect
import re
import sys
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, FunctionType, ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import meta, nodes
from jinja2.runtime import Macro
from markupsafe import Markup, escape

from quart_chat.pages import (
    aloud,
    asking,
    dress,
    fragments,
    lobby,
    order,
    programs,
    room,
    rows,
    search,
    share,
    templates,
    transcripts,
)
from quart_chat.pages.blanks import Form
from quart_chat.pages.languages import Audience
from quart_chat.pages.themes import SYSTEM
from quart_chat.pages.tokens import FIELD
from quart_chat.room.characters import is_visible
from quart_chat.room.markup import to_html
from tests.hostile import ADDRESSES_OF_OURS as ADDRESSES
from tests.hostile import HOSTILE, MARK, TEXTS, taken_for_markup
from tests.pages.carriers import AUDIENCES, CARRIERS, of_a_line
from tests.pages.trees import Tree

# as all is that is kept, and with nothing marked up, whose elements tests/room/test_markup.py looks at
# and without the marks of kept names and of bots, which nobody can type
VISIBLE = (
    st.text(min_size=1)
    .filter(lambda text: not {"\x05", "\x06"} & set(text))
    .filter(is_visible)
    .filter(lambda text: to_html(text) == escape(text))
)
MARKED_UP = [hostile for hostile in HOSTILE if len(Tree(f"<p>{to_html(hostile)}</p>").elements) > 1]
PLAIN = [hostile for hostile in HOSTILE if hostile not in MARKED_UP]

anybody = pytest.mark.parametrize("audience", AUDIENCES, ids=lambda one: one.language)


def taken_apart(html: str) -> Tree:
    """Take something apart as it is given out, its keys, which are made anew each time, made alike."""
    worn = Form(html).fill(**{FIELD: "t"}, **dress.PLAIN.values(SYSTEM)).decode()
    return Tree(re.sub(r"\b[0-9a-f]{16}\b", "0" * 16, worn))


def test_the_corpus_is_mostly_plain() -> None:
    assert len(MARKED_UP) <= 3, "what is marked up is not compared with anything"
    assert all(MARK in hostile for hostile in HOSTILE)


@anybody
@pytest.mark.parametrize("carrier", CARRIERS)
def test_what_people_write_changes_no_element_no_attribute_and_no_id(audience: Audience, carrier: str) -> None:
    render = CARRIERS[carrier]
    harmless = taken_apart(render("x", "y", audience)).shape(*TEXTS, *ADDRESSES)
    for hostile in HOSTILE:
        tree = taken_apart(render(hostile, hostile, audience))
        assert not taken_for_markup(tree), hostile
        if hostile in MARKED_UP:
            continue
        assert tree.shape(*TEXTS, *ADDRESSES) == harmless, hostile
        shown = [*tree.texts(), *(element.attributes.get(one) or "" for element in tree.elements for one in TEXTS)]
        assert any(hostile in text or of_a_line(hostile) in text for text in shown), (
            f"it is not shown as it was written: {hostile!r}"
        )


@given(VISIBLE, VISIBLE, st.sampled_from(sorted(CARRIERS)))
def test_whatever_people_write_changes_no_element(text: str, name: str, carrier: str) -> None:
    render = CARRIERS[carrier]
    harmless, tree = render("x", "y", AUDIENCES[0]), render(text, name, AUDIENCES[0])
    assert taken_apart(tree).shape(*TEXTS, *ADDRESSES) == taken_apart(harmless).shape(*TEXTS, *ADDRESSES)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_htmx_finds_nothing_of_its_own_in_the_raw_text_of_what_people_wrote(hostile: str) -> None:
    """It rewrites `<hx-NAME ` wherever it stands, in values of attributes too."""
    for carrier, render in CARRIERS.items():
        ours = set(re.findall(r"<hx-[a-z-]+", render("x", "y", AUDIENCES[0])))
        assert set(re.findall(r"<(?:hx-|template)[^ >]*", render(hostile, hostile, AUDIENCES[0]))) <= ours, carrier


# --- complete by construction -----------------------------------------------------------------------

# What is no text of anybody's, by the name of the parameter, and who sees to it.
NO_TEXTS = {
    **dict.fromkeys(
        ("worn", "dress", "house", "plain", "kept", "ruled"), "an operator's settings, escaped where a blank is filled"
    ),
    **dict.fromkeys(("room", "view"), "`room/names.is_slug`, before a route comes to it"),
    **dict.fromkeys(("entry_id", "place", "before", "after", "first", "of", "rest"), "`room/entries.is_entry_id`"),
    **dict.fromkeys(
        ("left", "new", "link", "back", "further", "action", "origin", "at"), "addresses of ours, of ids and slugs"
    ),
    **dict.fromkeys(("nonce", "spent"), "`room/texts.is_nonce`"),
    **dict.fromkeys(("key", "gate", "token", "secret", "made"), "made here, or 16 hex digits"),
    **dict.fromkeys(("public", "own", "person_id", "reacted", "mention", "author"), "public ids, 16 hex digits"),
    **dict.fromkeys(("language", "audience", "choices", "moment", "iso"), "one of ours"),
    **dict.fromkeys(
        ("state", "worker", "mode", "kind", "hint", "may", "swap", "reply", "role", "what", "rules", "was", "offered"),
        "words and ids of ours",
    ),
    **dict.fromkeys(
        ("mail",),
        "words and ids of ours",
    ),
    **dict.fromkeys(
        (
            "older",
            "newer",
            "later",
            "profile",
            "sounds",
            "results",
            "row",
            "code",
            "elsewhere",
            "proof",
            "other",
            "programs",
        ),
        "markup, made of what is looked at here",
    ),
    **dict.fromkeys(("other",), "the same"),
    **dict.fromkeys(("query",), "`room/search.read`; `room/marking` writes nothing of it"),
    **dict.fromkeys(("quick", "emoji"), "`room/changes.clean_emoji`"),
    **dict.fromkeys(
        (
            "news",
            "total",
            "number",
            "count",
            "meant",
            "named",
            "block",
            "megabytes",
            "again",
            "seconds",
            "hours",
            "slows",
            "bits",
            "wait",
        ),
        "numbers",
    ),
    **dict.fromkeys(
        (
            "oob",
            "focused",
            "sent",
            "live",
            "page",
            "pinned",
            "editing",
            "told",
            "part",
            "looks",
            "on",
            "when",
            "keeps",
            "network",
            "same",
            "wrote",
            "moderates",
            "sets_topic",
            "rules_it",
            "searches",
        ),
        "whether",
    ),
    **dict.fromkeys(("target", "socket"), "of ours"),
}
NO_TEXTS_HERE = {
    ("asking.in_words", "asked"): "two numbers",
    ("asking.number_of", "word"): "gives a number",
    ("rows.found", "shown"): "ids",
    ("search.page", "shown"): "markup",
    ("search.page", "found"): "counted here; its messages are shown by `hits`",
    ("transcript.html", "rows"): "markup",
    ("reading.html", "rows"): "markup",
    ("transcript.html", "style"): "a file of ours",
    ("share.html", "sheet"): "markup",
    ("share.part", "shared"): "its title is shown by `share.page` alone",
    ("transcripts.audience_of", "zone"): "the server's own",
    **dict.fromkeys(
        (("transcripts.json_header", "header"), ("transcripts.json_line", "record")), "JSON, which no browser shows"
    ),
    **dict.fromkeys(
        (("transcripts.text_header", "header"), ("transcripts.text_line", "message")), "text, sent with nosniff"
    ),
    ("own.css", "person"): "a public id",
    ("correction.css", "deleted"): "True or False",
    ("_scripts.html:unscripted", "plain"): "True or False",
    ("_lobby.html:when", "time"): "a time",
    ("_times.html:form", "clocks"): "times of ours",
    ("_order.html:do", "label"): "a catalogue's",
    ("_hooks.html:do", "label"): "a catalogue's",
    ("_hooks.html:do", "id"): "16 hex digits",
    ("_hooks.html:hooks", "host_of"): "a function of ours",
    ("_hooks.html:hooks", "most"): "a number",
    ("_hooks.html:hooks", "posts"): "whether",
    ("_hooks.html:last", "progress"): "an id, numbers, and a status or a word of ours",
    ("_hooks.html:why", "answer"): "a status or a word of ours",
    ("order.html", "host_of"): "a function of ours",
    ("order.html", "most_hooks"): "a number",
    ("_order.html:deed", "until"): "a time",
    ("_search.html:code", "text"): "a catalogue's",
}


class Spy:
    """Notes which parameters of what got a text that only a carrier wrote."""

    TEXT = "carried by a spy"

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()

    def note(self, of: str, values: dict[str, Any]) -> None:
        self.seen |= {(of, name) for name, value in values.items() if self.TEXT in repr(value)}


@contextmanager
def spying(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Watch every function of pages/, every macro and every template."""
    made, folder = Macro._invoke, str(fragments.__file__).rpartition("/")[0]

    def invoke(self: Macro, arguments: list[Any], autoescape: bool) -> str:
        spy.note(f"{_template(self)}:{self.name}", dict(zip(self.arguments, arguments, strict=False)))
        return made(self, arguments, autoescape)

    def called(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(folder):
            of = f"{code.co_filename.rpartition('/')[2].removesuffix('.py')}.{code.co_name}"
            taken = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            spy.note(of, {name: frame.f_locals[name] for name in taken})
            if of == "templates.page":
                spy.note(str(frame.f_locals["template"]), dict(frame.f_locals["values"]))

    monkeypatch.setattr(Macro, "_invoke", invoke)
    sys.setprofile(called)
    try:
        yield
    finally:
        sys.setprofile(None)


def _template(macro: Macro) -> str:
    return str(macro._func.__code__.co_filename).rpartition("/")[2]


def functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    for name, found in vars(module).items():
        function = inspect.unwrap(found) if callable(found) else None
        if isinstance(function, FunctionType) and function.__module__ == module.__name__ and not name.startswith("_"):
            yield f"{module.__name__.rpartition('.')[2]}.{name}", function


def text_parameters() -> Iterator[tuple[str, str]]:
    """Give what may take a text of somebody's: of functions by their types, of macros and templates by their names."""
    harmless = (int, float, bool, type(None), Markup, Audience)
    for module in (aloud, asking, fragments, lobby, order, programs, rows, room, search, share, transcripts):
        for of, function in functions(module):
            for name, kind in typing.get_type_hints(function).items():
                if name != "return" and kind not in harmless and name not in NO_TEXTS:
                    yield of, name
    environment = templates.environment("en")
    for file in environment.list_templates():
        tree = environment.parse(environment.loader.get_source(environment, file)[0])  # type: ignore[union-attr]
        for macro in tree.find_all(nodes.Macro):
            yield from ((f"{file}:{macro.name}", one.name) for one in macro.args if one.name not in NO_TEXTS)
        if not file.startswith("_"):
            macros = {
                one if isinstance(one, str) else one[1]
                for made in tree.find_all(nodes.FromImport)
                for one in made.names
            }
            wanted = meta.find_undeclared_variables(tree) - environment.globals.keys() - macros
            yield from ((file, name) for name in wanted if name not in NO_TEXTS)


def test_everything_that_takes_a_text_is_given_a_hostile_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who adds a parameter adds a carrier, or its name to NO_TEXTS with who sees to it."""
    spy = Spy()
    with spying(spy, monkeypatch):
        for render in CARRIERS.values():
            render(spy.TEXT, f"{spy.TEXT} too", AUDIENCES[0])
    missing = sorted(set(text_parameters()) - spy.seen - NO_TEXTS_HERE.keys())
    print(*missing, sep="\n")
    assert not missing, "nothing in tests/pages/carriers.py brings hostile texts there"


def test_no_template_says_that_something_is_safe_or_writes_an_attribute_without_quotation_marks() -> None:
    environment = templates.environment("en")
    for file in environment.list_templates():
        source = environment.loader.get_source(environment, file)[0]  # type: ignore[union-attr]
        tree = environment.parse(source)
        assert not [one for one in tree.find_all(nodes.Filter) if one.name in ("safe", "forceescape", "xmlattr")], file
        assert not list(tree.find_all(nodes.MarkSafe)), file
        assert not re.search(r"\s[\w:-]+=\s*{{", source), f"{file}: an attribute without quotation marks"
