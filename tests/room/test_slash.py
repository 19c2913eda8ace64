from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadText
from quart_chat.room.entries import ACTION, ROLL
from quart_chat.room.markup import to_html
from quart_chat.room.slash import MOST_DICE, MOST_SIDES, SHRUG, Help, Nick, Words, read


def highest(sides: int) -> int:
    return sides - 1


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("hello", Words("hello")),
        ("a /me b", Words("a /me b")),
        ("/usr/bin and more", Words("/usr/bin and more")),
        ("/", Words("/")),
        ("/ me", Words("/ me")),
        ("/Me", Words("/Me")),
        ("//me waves", Words("/me waves")),
        ("//", Words("/")),
        ("/me waves *wildly*", Words("waves *wildly*", ACTION)),
        ("/me  a\nb", Words("a\nb", ACTION)),
        ("/shrug", Words(SHRUG)),
        ("/shrug who knows", Words(f"who knows {SHRUG}")),
        ("/nick  Ana Maria", Nick("Ana Maria")),
        ("/help", Help()),
        ("/help me", Help()),
    ],
)
def test_what_begins_with_a_slash_may_be_a_command(text: str, asks: object) -> None:
    assert read(text, highest) == asks


@pytest.mark.parametrize(
    ("dice", "thrown"),
    [
        ("", "1d6: 6"),
        ("2d6", "2d6: 6 + 6 = 12"),
        ("d20", "1d20: 20"),
        ("D20+3", "1d20+3: 20 + 3 = 23"),
        ("3d4-1", "3d4-1: 4 + 4 + 4 − 1 = 11"),
        (f"{MOST_DICE}d2", f"20d2: {' + '.join(['2'] * 20)} = 40"),
        (f"1d{MOST_SIDES}", "1d1000: 1000"),
    ],
)
def test_dice_are_thrown(dice: str, thrown: str) -> None:
    assert read(f"/roll {dice}".strip(), highest) == Words(thrown, ROLL)


@given(st.integers(1, MOST_DICE), st.integers(2, MOST_SIDES), st.randoms(use_true_random=False))
def test_each_die_shows_one_of_its_sides(count: int, sides: int, chance: object) -> None:
    draw: Callable[[int], int] = chance.randrange  # type: ignore[attr-defined]
    asks = read(f"/roll {count}d{sides}", draw)
    assert isinstance(asks, Words)
    shown, _, total = asks.text.partition(": ")[2].partition(" = ")
    faces = [int(face) for face in shown.split(" + ")]
    assert len(faces) == count
    assert all(1 <= face <= sides for face in faces)
    assert int(total or shown) == sum(faces)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("/dance", "no command /dance"),
        ("/me", "/me waves"),
        ("/nick ", "/nick New Name"),
        ("/roll 0d6", "Roll like this"),
        ("/roll 21d6", "Roll like this"),
        ("/roll 1d1", "Roll like this"),
        ("/roll 1d1001", "Roll like this"),
        ("/roll six", "Roll like this"),
        ("/roll 2d6 please", "Roll like this"),
    ],
)
def test_what_lacks_something_says_what(text: str, why: str) -> None:
    with pytest.raises(BadText, match=why):
        read(text, highest)


def test_a_shrug_keeps_both_arms() -> None:
    assert to_html(f"*no idea* {SHRUG}") == f"<em>no idea</em> {SHRUG}"
