"""Words are read on every surface in every theme: WCAG 2.2 contrasts of the pairs that the stylesheets make."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from coloraide import Color

from quart_chat.files import folder
from quart_chat.pages.portraits import HUES

CSS = re.sub(r"/\*.*?\*/", "", (folder("static") / "base.css").read_text("utf-8"), flags=re.DOTALL)
SCHEMES = ("light", "dark")

WORDS = (
    *product(("ink", "muted"), ("page", "raised", "sunken", "hover", "tint", "own-bubble", "warm")),
    *product(("accent", "accent-strong"), ("page", "raised", "sunken", "hover", "tint", "own-bubble")),
    *product(("on-accent",), ("accent", "accent-strong")),
    *product(("wrong",), ("page", "raised")),
    ("on-warm", "warm"),
    *product(("hl-word", "hl-text", "hl-number", "hl-name"), ("code on raised", "code on own-bubble")),
    *product(("ink", "accent"), ("code on raised", "code on own-bubble")),
)
LINES = (
    *product(("edge",), ("page", "raised")),
    *product(("here", "draw-one"), ("raised",)),
)
STEADY = 7.0  # where somebody asks for strong contrasts


def rule(selector: str) -> dict[str, str]:
    """Give the custom properties of the first rule with that selector."""
    found = re.search(re.escape(selector) + r"\s*\{(.*?)\}", CSS, re.DOTALL)
    assert found is not None, f"base.css has no {selector}"
    return {name: " ".join(value.split()) for name, value in re.findall(r"--([\w-]+):(.*?);", found[1], re.DOTALL)}


def theme(name: str) -> dict[str, str]:
    return rule(":root") | (rule(':root[data-theme="contrast"]') if name == "contrast" else {})


def colour(text: str, scheme: str, values: dict[str, str]) -> Color:
    """Work out a colour as a browser would: references, and the half of a pair."""
    if found := re.fullmatch(r"var\(--([\w-]+)\)", text):
        return colour(values[found[1]], scheme, values)
    if found := re.fullmatch(r"light-dark\(((?:[^(),]|\([^()]*\))+),((?:[^(),]|\([^()]*\))+)\)", text):
        return colour(found[1 + SCHEMES.index(scheme)].strip(), scheme, values)
    return Color(text)


def surface(name: str, scheme: str, values: dict[str, str]) -> Color:
    """Give a surface; one that lets another show through names that too."""
    above, _, below = name.partition(" on ")
    if not below:
        return colour(f"var(--{name})", scheme, values)
    return Color.layer([colour(f"var(--{above})", scheme, values), surface(below, scheme, values)], space="srgb")


def contrast(one: Color, other: Color) -> float:
    return one.clone().fit("srgb").contrast(other.clone().fit("srgb"), method="wcag21")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["plain", "contrast"])
def test_words_are_read_on_every_surface(name: str, scheme: str) -> None:
    values = theme(name)
    least = STEADY if name == "contrast" else 4.5
    found = {pair: contrast(*(surface(one, scheme, values) for one in pair)) for pair in WORDS}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < least} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["plain", "contrast"])
def test_lines_that_draw_a_control_are_seen(name: str, scheme: str) -> None:
    values = theme(name)
    found = {pair: contrast(*(surface(one, scheme, values) for one in pair)) for pair in LINES}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < 3} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["plain", "contrast"])
def test_everybodys_name_is_read(name: str, scheme: str) -> None:
    values = theme(name)
    light, chroma = (values[f"name-{scheme}"], 0.11 if scheme == "light" else 0.095)
    least = STEADY if name == "contrast" else 4.5
    for hue, under in product(HUES, ("page", "raised", "tint")):
        ratio = contrast(Color(f"oklch({light} {chroma} {hue})"), surface(under, scheme, values))
        assert ratio >= least, (hue, under, ratio)


def test_the_hues_of_faces_are_those_of_names() -> None:
    assert tuple(int(hue) for hue in re.findall(r"\.c\d+ \{ --hue: (\d+); \}", CSS)) == HUES


def test_who_asks_the_system_for_strong_contrasts_gets_what_is_chosen_here() -> None:
    asked = re.search(r"@media \(prefers-contrast: more\) \{(.*?\}\s*)\}", CSS, re.DOTALL)
    assert asked is not None
    declared = dict(re.findall(r"--([\w-]+):\s*(.*?);", asked[1]))
    assert {name: " ".join(value.split()) for name, value in declared.items()} == rule(':root[data-theme="contrast"]')


# Paper is white, and a saved file has no other stylesheet beside its own
OF_THEIR_OWN = ("print.css", "transcript.css")
THEMED = [path for path in sorted(folder("static").glob("*.css")) if path.name not in OF_THEIR_OWN]


@pytest.mark.parametrize("path", THEMED, ids=lambda path: path.name)
def test_no_stylesheet_has_a_colour_of_its_own(path: Path) -> None:
    """Whoever brands a server sets properties: what had a value of its own would stay as it was."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
    for line in text.splitlines():
        if re.search(r"oklch\(|rgb\(|hsl\(|#[0-9a-f]{3,8}\b(?!.*\{)", line) and not line.strip().startswith("--"):
            assert "var(--" in line or path_allows(line), f"{path.name}: {line.strip()}"


def path_allows(line: str) -> bool:
    """Tell whether a colour is one in any theme: codes for cameras, and the drops that show what a theme is."""
    return any(one in line for one in ("background: #fff", "#1b2225", "conic-gradient(#000"))
