"""What pages wear: the operator's name, logo and style, and the reader's theme."""

from __future__ import annotations

import pytest

from quart_chat.branding import Branding, Logo
from quart_chat.pages import assets, fragments, trouble
from quart_chat.pages import lobby as lobby_page
from quart_chat.pages.blanks import Form
from quart_chat.pages.dress import PLAIN, Dress
from quart_chat.pages.languages import TAGS, Audience
from quart_chat.pages.lobby import Rooms
from quart_chat.pages.themes import SYSTEM, THEMES, read_theme
from quart_chat.pages.tokens import FIELD
from quart_chat.room.people import Person
from quart_chat.room.reading import News
from tests.pages.trees import Tree

HOUSE = Dress(
    Branding(
        name="Chá & Cia <b>",
        logo=Logo(b"<svg/>", "image/svg+xml"),
        style=":root { --accent: red; }",
        welcome="Olá, *gente*!\n\n<script>alert(1)</script>",
        house_rules="- be kind\n- no ads",
    )
)
ANA = Person("A" * 22, "Ana")


def rooms(language: str) -> Rooms:
    return Rooms([], [], ANA.public, Audience(language, "UTC"), 0)


def lobby(worn: Dress, theme: str = SYSTEM, language: str = "en") -> Tree:
    html = lobby_page.page(rooms(language), ANA)
    return Tree(Form(html).fill(**{FIELD: "t"}, **worn.values(theme)).decode().partition("<!doctype html>")[2])


def test_a_page_has_the_operator_s_name_and_nobody_takes_it_for_markup() -> None:
    tree = lobby(HOUSE)
    (title,) = (one.text for one in tree.elements if one.tag == "title")
    assert title == "Chá & Cia <b> — a room by a link"
    (sign,) = (one for one in tree.elements if one.tag == "h1")
    assert "Chá & Cia <b>" in tree.texts()
    assert sign.tag == "h1"
    assert not [one for one in tree.elements if one.tag == "script" and "src" not in one.attributes]


def test_the_style_and_the_logo_are_served_by_names_that_change_with_them() -> None:
    (link,) = (one for one in lobby(HOUSE).elements if "/brand/style" in (one.attributes.get("href") or ""))
    style = HOUSE.files[str(link.attributes["href"]).removeprefix("/brand/")]
    (logo,) = (name for name in HOUSE.files if name.startswith("logo-"))
    assert style.mimetype == "text/css"
    assert style.content.decode() == f':root {{ --mark: url("/brand/{logo}"); }}\n:root {{ --accent: red; }}'
    assert HOUSE.icon == f"/brand/{logo}"
    other = Dress(Branding(style=":root { --accent: blue; }"))
    assert not other.files.keys() & HOUSE.files.keys()


def test_without_them_nothing_more_is_loaded() -> None:
    assert PLAIN.files == {}
    assert PLAIN.icon == assets.url("icon.svg")
    assert not [one for one in lobby(PLAIN).elements if "/brand/" in (one.attributes.get("href") or "")]


def test_a_welcome_and_rules_are_marked_up_as_messages_are() -> None:
    assert "<em>gente</em>" in HOUSE.welcome
    assert "&lt;script&gt;" in HOUSE.welcome
    assert HOUSE.rules.count("<li>") == 2


@pytest.mark.parametrize("theme", THEMES)
def test_a_page_says_its_reader_s_theme_and_which_button_is_pressed(theme: str) -> None:
    tree = lobby(PLAIN, theme)
    assert tree.elements[0].attributes["data-theme"] == theme
    pressed = [one.attributes["value"] for one in tree.elements if one.attributes.get("aria-pressed") == "true"]
    assert pressed == [theme]


def test_a_theme_that_is_none_is_the_system_s() -> None:
    assert [read_theme(said) for said in ("dark", None, "", 'x" onload="', "Dark")] == ["dark", *[SYSTEM] * 4]


def test_what_is_pushed_has_the_operator_s_name_and_icon_too() -> None:
    told = fragments.unread("room", News(), "en", HOUSE)
    assert "<title>room · Chá &amp; Cia &lt;b&gt;</title>" in told
    assert f'href="{HOUSE.icon}"' in told
    assert "<title>Chá &amp; Cia &lt;b&gt; — a room by a link</title>" in lobby_page.part(rooms("en"), HOUSE)[0]


@pytest.mark.parametrize("language", TAGS)
@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 422, 429, 500, 502, 503])
def test_a_page_of_trouble_says_what_happened_and_leads_on(status: int, language: str) -> None:
    html = Form(trouble.page("why", status, language, back="/r/x")).fill(**PLAIN.values(SYSTEM)).decode()
    tree = Tree(html.partition("<!doctype html>")[2])
    assert [one.attributes["href"] for one in tree.elements if one.tag == "a"] == ["/r/x", "/"]
    (alert,) = (one for one in tree.elements if one.attributes.get("role") == "alert")
    assert alert.text == "why"
    assert [one for one in tree.elements if one.attributes.get("class") == "drawing"]


def test_troubles_are_told_apart() -> None:
    told = [trouble.told(status, "en") for status in (400, 403, 404, 413, 429, 500, 503)]
    assert len({one.heading for one in told}) == len({one.drawing for one in told}) == len(told)
