"""What a page sends as it connects is put into the order in which it was written."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadFrame
from quart_chat.room import arrival
from quart_chat.room.arrival import Arrival
from quart_chat.room.commands import Command, Resume, Say, Typing

ONE, TWO, THREE, FOUR = (Say(f"t{number}", f"k-{number}") for number in range(1, 5))
RESUME, BAD = Resume("1-0"), BadFrame("?")


def gathered(commands: Iterable[Command | BadFrame]) -> tuple[list[Command | BadFrame], bool]:
    """Gather one by one; gives them in order, and whether no more need be waited for."""
    found = Arrival()
    for command in commands:
        assert not found.complete
        found.take([command])
    return found.in_order(), found.complete


@pytest.mark.parametrize(
    ("came", "in_order"),
    [
        ([TWO, Typing(), THREE, RESUME, BAD, ONE, TWO, THREE], [Typing(), RESUME, BAD, ONE, TWO, THREE]),
        ([Typing(), RESUME], [Typing(), RESUME]),
        ([ONE, RESUME, ONE], [RESUME, ONE]),
    ],
)
def test_what_a_page_holds_comes_once_and_oldest_first(
    came: list[Command | BadFrame], in_order: list[Command | BadFrame]
) -> None:
    assert gathered(came) == (in_order, True)


@pytest.mark.parametrize(
    ("came", "in_order"),
    [
        ([TWO, FOUR, RESUME, ONE, TWO], [RESUME, ONE, TWO, FOUR]),  # the last one has no button that sends it again
        ([ONE, TWO, RESUME, THREE], [RESUME, ONE, TWO, THREE]),  # of who sends nothing twice
        ([TWO, BAD, ONE, TWO], [TWO, BAD, ONE, TWO]),  # of who never says where they stand
    ],
)
def test_what_may_not_be_all_is_in_the_order_that_is_known(
    came: list[Command | BadFrame], in_order: list[Command | BadFrame]
) -> None:
    assert gathered(came) == (in_order, False)


def test_a_text_that_was_changed_is_another_message() -> None:
    edited = Say("another text", "k-2")
    assert gathered([TWO, THREE, RESUME, ONE, edited, THREE])[0] == [RESUME, ONE, edited, THREE, TWO]


@given(st.integers(0, 8), st.integers(0, 8), st.data())
def test_however_it_comes_in_pieces_all_of_it_is_in_order(lost: int, queued: int, data: st.DataObject) -> None:
    said = [Say(f"t{number}", f"k-{number}") for number in range(lost + queued)]
    sent = [*said[lost:], RESUME, *said]
    found = Arrival()
    while sent:
        count = data.draw(st.integers(1, len(sent)))
        found.take(sent[:count])
        sent = sent[count:]
    if queued:
        assert found.complete
        assert found.in_order() == [RESUME, *said]
    else:
        assert [command for command in found.in_order() if isinstance(command, Say)] == said


def test_there_is_an_end_to_what_is_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    many = Arrival()
    many.take([Typing()] * (arrival.MOST - 1))
    assert not many.complete
    many.take([Typing()])
    assert many.complete
    monkeypatch.setattr(arrival, "MOST_CHARACTERS", 5)
    assert gathered([ONE, TWO]) == ([ONE, TWO], False)
    assert gathered([ONE, TWO, THREE])[1]
