"""Nothing in the stylesheets says left or right, so that a language that is written from the right turns all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from quart_chat.files import folder

SHEETS = [*folder("static").glob("*.css"), folder("templates") / "own.css", folder("templates") / "transcript.html"]

# What names a side, alone or as a part of a property's or a variable's name or of a value
SIDED = re.compile(r"(?<![\w-])(?:(?:[a-z]+-)*(?:left|right)(?:-[a-z]+)*)(?![\w-])")
# Four values go around clockwise from the top: the second is right and the fourth left
AROUND = re.compile(r"(?:margin|padding|inset|border-(?:width|style|color)|scroll-(?:margin|padding))")
# Along the line; without a factor of --forward they point to the right
MOVED = re.compile(r"translate|background-position(?:-x)?|object-position|(?:(?:box|text)-|--)shadow")
MOVES = re.compile(r"translate(?:X|3d)?\(")

# What names sides all the same, and why
EXCEPTIONS = {
    ("base.css", "--safe-start"): "the screen's own edges, turned here once",
    ("base.css", "--safe-end"): "the screen's own edges, turned here once",
    ("room.css", "--corner-start"): "a bubble has its text's direction, and its corners the page's",
    ("room.css", "--corner-end"): "a bubble has its text's direction, and its corners the page's",
    ("search.css", "translate"): "a lens looks the same in every language",
}


class Declaration(NamedTuple):
    sheet: str
    property: str
    value: str


def declarations(name: str, css: str) -> Iterator[Declaration]:
    css = re.sub(r"/\*.*?\*/|\{\{.*?\}\}|\{#.*?#\}", "", css, flags=re.DOTALL)
    for found in re.finditer(r"(?<=[{;\s])([a-z-]+):\s*([^;{}]+)(?=[;}])", css):
        yield Declaration(name, found[1], " ".join(found[2].split()))


def parts(value: str) -> list[str]:
    """Split a value at spaces that are in no brackets."""
    return re.findall(r"(?:[^\s()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))+", value)


def turns(one: Declaration) -> bool:
    """Tell whether a declaration says the same in both directions."""
    if SIDED.search(one.property) or SIDED.search(one.value):
        return False
    around = [parts(half) for half in one.value.split("/")]
    if AROUND.fullmatch(one.property):
        return all(len(four) < 4 or four[1] == four[3] for four in around)
    if "radius" in one.property or "corner" in one.property:
        return all(len(set(four)) == 1 for four in around)
    if MOVED.fullmatch(one.property):
        first = parts(one.value.removeprefix("inset "))[0]
        return first in ("0", "center", "none", "var(--shadow)") or "--forward" in one.value
    return not MOVES.search(one.value) or "--forward" in one.value


def test_every_stylesheet_goes_both_ways() -> None:
    found = [one for path in SHEETS for one in declarations(path.name, path.read_text())]
    assert len(found) > 1500
    sided = [one for one in found if not turns(one)]
    assert [one for one in sided if one[:2] not in EXCEPTIONS] == []
    assert {one[:2] for one in sided} == set(EXCEPTIONS), "an exception that there is no more"


@pytest.mark.parametrize(
    "css",
    [
        "a { margin-left: 1px }",
        "a { right: 0; }",
        "a{border-top-left-radius:1px}",
        "a { text-align: right; }",
        "a { padding: 0 1px 2px 3px; }",
        "a { inset: 0 0 0 auto; }",
        "a { border-radius: 1px 2px 2px; }",
        "a { translate: -1px 2px; }",
        "a { transform: rotate(3deg) translateX(4px); }",
        "a { box-shadow: inset 2px 0 red; }",
        "a { padding: env(safe-area-inset-left); }",
        "a { background-position-x: 0%; }",
        "a { background: linear-gradient(to right, red, blue); }",
        "a { float: left; }",
    ],
)
def test_what_says_a_side_is_found(css: str) -> None:
    (found,) = declarations("x.css", css)
    assert not turns(found)


@pytest.mark.parametrize(
    "css",
    [
        "a { margin-inline-start: 1px }",
        "a { padding: 0 1px 2px; }",
        "a { padding: 0 max(1px, var(--a)) 2px max(1px, var(--a)); }",
        "a { border-radius: 1px; }",
        "a { translate: 0 2px; }",
        "a { translate: calc(100% * var(--forward)); }",
        "a { transform: translateY(4px) rotate(45deg); }",
        "a { box-shadow: inset 0 2px red; }",
        "a { width: calc(1px * var(--left)); }",
        "a { --left: 2; }",
    ],
)
def test_what_says_none_is_let_pass(css: str) -> None:
    (found,) = declarations("x.css", css)
    assert turns(found)
