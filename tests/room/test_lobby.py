from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quart_chat.room.lobby import Listed, Visited, by_activity, listed_that_fit, visited_that_fit
from quart_chat.room.search import LONGEST, MOST, words

ROOMS = [Visited("clube-de-acao", "Clube de Ação"), Visited("c", "C++ (evenings)"), Visited("x", "日本語の部屋")]


def names(typed: str) -> list[str]:
    return [one.name for one in visited_that_fit(ROOMS, words(typed))]


def test_a_room_fits_by_beginnings_of_words_of_its_title_or_address() -> None:
    assert names("") == names("  ") == names("**") == ["clube-de-acao", "c", "x"]
    assert names("acao") == names("AÇÃO cl") == names("clube-de") == ["clube-de-acao"]
    assert names("lube") == []
    assert names("even") == names("c++") == ["c"]
    assert names("本語") == ["x"]
    assert names("acao even") == []


def test_a_listed_room_fits_by_its_topic_too() -> None:
    listed = [Listed("s", "Sea", "Sailing boats", 2, "5-0"), Listed("t", "Tea", "", 0, "0-0")]
    assert [one.name for one in listed_that_fit(listed, words("boat"))] == ["s"]
    assert [one.at for one in listed] == [5, 0]


def test_more_than_a_search_takes_is_left_out_and_refuses_nothing() -> None:
    assert len(words(" ".join(f"w{number}" for number in range(100)))) == MOST
    assert words("x" * 10_000) == words("x" * LONGEST)


@given(st.text(max_size=300), st.text(min_size=1, max_size=100))
def test_whatever_is_typed_and_however_a_room_is_called_it_is_found_by_its_own_title(typed: str, title: str) -> None:
    room = Visited("r", title)
    assert visited_that_fit([room], words(typed)) in ([], [room])
    first = title.split()[:1]
    if first and first[0].isascii() and first[0].isalnum():
        assert visited_that_fit([room], words(first[0])) == [room]


def test_rooms_come_in_the_order_of_what_was_said() -> None:
    visited = [Visited("a", "A", at=1), Visited("b", "B", at=3), Visited("c", "C", at=2), Visited("d", "D", at=2)]
    assert [one.name for one in by_activity(visited)] == ["b", "c", "d", "a"]
