from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadText, TooFast
from quart_chat.files import folder
from quart_chat.pages import fragments
from quart_chat.pages.countdown import BITS, LONGEST, countdown


def seconds_in(html: str) -> int:
    """Read what a stylesheet reads."""
    return sum(int(bit) for bit in re.findall(r"\bw(\d+)", html))


@given(st.floats(0.001, LONGEST))
def test_the_classes_say_the_seconds_and_rather_one_too_many(seconds: float) -> None:
    html = countdown(seconds, "en")
    assert html.count('class="countdown w') == 1
    assert seconds <= seconds_in(html) < seconds + 1


def test_the_stylesheet_knows_every_class() -> None:
    css = (folder("static") / "base.css").read_text(encoding="utf-8")
    for bit in BITS:
        assert f":is(.w{bit}, #notice:has(.w{bit})) {{ --w{bit}: {bit}; }}" in css
        assert f"var(--w{bit}, 0)" in css


@pytest.mark.parametrize(
    ("seconds", "english", "portuguese"),
    [
        (0.2, "Wait: 1 second.", "Espera: 1 segundo."),
        (59.5, "Wait: 60 seconds.", "Espera: 60 segundos."),
        (101, "Wait: 2 minutes.", "Espera: 2 minutos."),
        (3600, "Wait: 60 minutes.", "Espera: 60 minutos."),
        (9999, "Wait: 3 hours.", "Espera: 3 horas."),
    ],
)
def test_the_words_say_the_same_in_each_language(seconds: float, english: str, portuguese: str) -> None:
    assert f">{english}<" in countdown(seconds, "en")
    assert f">{portuguese}<" in countdown(seconds, "pt-BR")


def test_what_is_too_long_to_be_counted_down_has_words_alone() -> None:
    html = countdown(LONGEST + 1, "en")
    assert "countdown" not in html
    assert "69 minutes" in html


def test_only_a_limit_counts_down() -> None:
    assert fragments.refusal("en", BadText("The message is empty.")) == "The message is empty."
    assert fragments.refusal("en", TooFast("<b>", 0.0)) == "&lt;b&gt;"
    assert seconds_in(fragments.refusal("en", TooFast("x", 12.0))) == 12


def test_a_form_counts_down_to_when_it_is_sent_again_and_what_waits_behind_it_does_not() -> None:
    first = fragments.refused("k-0", "x", "why", "en", again=3.0, counts=True)
    assert 'class="countdown w1 w2"' in first
    assert "countdown" not in fragments.refused("k-1", "x", "why", "en", again=3.0)
