from __future__ import annotations

from typing import get_args

import pytest

from quart_chat.pages import assets, fragments, lobby, templates
from quart_chat.pages.languages import Audience
from quart_chat.pages.lobby import Rooms
from quart_chat.pages.room import Meant, Shown
from quart_chat.pages.rows import Mode, View, render, row
from quart_chat.room.changes import Changes, Reaction
from quart_chat.room.entries import KINDS, Header, Message, Quote
from quart_chat.room.lobby import Listed, Visited
from quart_chat.room.people import Person
from quart_chat.room.reading import Line, News
from quart_chat.room.rights import Right

HEADER = Header("topic", (Quote("4-0", "a" * 16, "Ana", "text"),))


def test_what_depends_on_the_language_alone_is_worked_out_when_a_template_is_compiled() -> None:
    source = '<p id="{{ ids.LOG }}">{{ _("Send") }}{{ language }}</p><link href="{{ asset("base.css") }}">'
    made = templates.environment("pt-BR").compile(source, raw=True)
    assert f'<p id="log">Enviarpt-BR</p><link href="{assets.url("base.css")}">' in made
    assert "gettext" not in made


def test_what_a_template_is_given_is_not() -> None:
    environment = templates.environment("pt-BR")
    source = '{{ ids.say(key) }} {{ _("%(name)s is typing…", name=name) }} {{ ngettext("%(num)s", "%(num)s s", n) }}'
    for key, name, count in (("a", "Ana", 1), ("b", "<b>", 2)):
        said = environment.from_string(source).render(key=key, name=name, n=count)
        assert said.startswith(f"say-{key} {name.replace('<', '&lt;').replace('>', '&gt;')} ")
        assert said.endswith(" 1" if count == 1 else " 2 s")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_template_says_the_same_as_it_would_without_that(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "new_gate", lambda: "g")
    worked_out = everything(language)
    forget()
    monkeypatch.setattr(templates._Constants, "visit", lambda _, node: node)
    try:
        assert everything(language) == worked_out
    finally:
        forget()


def forget() -> None:
    templates.environment.cache_clear()
    templates.macro.cache_clear()


def everything(language: str) -> list[str]:
    ana, people = Person("A" * 22, "Ana"), [("a" * 16, "Ana")]
    return [
        *(fragments.composer("key", number, language) for number in (0, 1, 100)),
        fragments.lines("key-1", "text", language),
        fragments.refused("key-1", "text", "why", language, again=1.5),
        fragments.older("room", None, language),
        *(fragments.newer("room", after, language) for after in (None, "5-0")),
        fragments.header("room", HEADER, Audience(language, "UTC")),
        fragments.topic_form("room", "topic", language, "error"),
        fragments.topic_link("room", language),
        *(fragments.times_form(Audience(language, "UTC", "24"), room) for room in ("room", None)),
        fragments.replying("key-1", "text", "room", HEADER.pins[0], language),
        *(fragments.editing("room", "5-0", text, language, "error") for text in ("one", "one\ntwo")),
        *befallen(language),
        fragments.older("room", "5-0", language),
        *(fragments.connection(state, language, "w", "why") for state in get_args(fragments.State)),
        fragments.notice("text", language),
        fragments.people(people, 3, language),
        fragments.typing(people, language),
        fragments.typing(people * 4, language),
        fragments.profile(ana, language, "room", "error", "typed"),
        *lobbies(ana, language),
        *(fragments.unread("R", news, language) for news in (News(), News(2, 0), News(100, 1, "5-0"))),
        *(fragments.new_line(language, link) for link in ("", "/r/r")),
        fragments.called("r", Message("5-0", 5, "a" * 16, "Ana", "text", None), language),
        templates.page("error.html", language, heading="h", text="t", back="/", again=True),
        *(room_page(language, place) for place in ("5-0", None)),
    ]


def lobbies(ana: Person, language: str) -> list[str]:
    audience = Audience(language, "UTC")
    lines = [None, *(Line("5-0", 5, "a" * 16, "Ana", kind, text) for kind in KINDS for text in ("text", ""))]
    visited = [Visited("r", "R", News(2, 1), line, 5) for line in lines] + [Visited("s", "S", News(100, 100))]
    listed = [Listed("t", "T", "topic", 2, "1-0"), Listed("u", "U", "", 0, "0-0")]
    shown = [Rooms(visited, listed, "a" * 16, audience, 10**9, sought) for sought in ("", "r", "nothing")]
    shown += [Rooms([], [], "b" * 16, audience, 10**9), Rooms(visited, [], "b" * 16, audience, 0, left=("x", "X"))]
    return [one for each in shown for one in (lobby.page(each, ana, error="error"), lobby.part(each)[0])]


def befallen(language: str) -> list[str]:
    """Render what may befall a message, and what one may do with it."""
    audience = Audience(language, "UTC")
    reactions = (Reaction("🎉", 1, (("a" * 16, "Ana"),)), Reaction("👍", 30, (("b" * 16, "Bob"),)))
    message = Message("5-0", 5, "a" * 16, "Ana", "text", None)
    shown = [
        message._replace(kind=kind, reply=HEADER.pins[0], changes=Changes("other", 7, deleted, reactions, versions))
        for kind in KINDS
        for deleted in (False, True)
        for versions in (0, 1)
    ]
    modes = get_args(Mode)
    return [
        *(render(shown, View("room", audience, mode)) for mode in modes),
        *(fragments.menu("room", message, frozenset(Right), language, pinned=one, live=one) for one in (False, True)),
    ]


def room_page(language: str, place: str | None) -> str:
    shown = Shown(Audience(language, "UTC"), "r", "R", HEADER, (), 0, place, more=False, newer=False)
    message = Message("5-0", 5, "a" * 16, "Ana", "text", None)
    values = {
        "shown": shown,
        "live": place is not None,
        "block": 100,
        "own": "o",
        "gate": "g",
        "token": "t",
        "link": "l",
        "key": "k",
        "profile": "p",
        "sounds": "s",
        "later": "l",
        "newer": "",
        "meant": Meant(message, frozenset(Right), pinned=True, editing=place is None),
    }
    rows = templates.macro(language, "_message.html", "message")(row(message, View("r", shown.audience)), "live")
    return templates.page("room.html", language, older="", messages=rows, typed="t", error="e", **values)
