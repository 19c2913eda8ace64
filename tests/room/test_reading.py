from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quart_chat.room.changes import Changes
from quart_chat.room.entries import ACTION, PIN, TOPIC, Change, Message, Quote
from quart_chat.room.mentions import Mention
from quart_chat.room.reading import MOST, NO_NEWS, RECENT, News, Recent, news_in, people_meant

ANA, BOB, EVA = "a" * 16, "b" * 16, "e" * 16
TO_BOB = (Mention("Bob", BOB),)


def message(number: int, author: str = ANA, text: str = "text") -> Message:
    return Message(f"{number}-0", number, author, "somebody", text, None)


def test_whoever_is_named_or_answered_is_meant_but_not_by_themselves() -> None:
    said = message(1)
    assert people_meant(said) == set()
    assert people_meant(said._replace(mentions=(*TO_BOB, Mention("Ana", ANA)))) == {BOB}
    answer = said._replace(reply=Quote("0-1", EVA, "Eva", "what?"))
    assert people_meant(answer) == {EVA}
    assert people_meant(answer._replace(mentions=TO_BOB, kind=ACTION)) == {BOB, EVA}
    assert people_meant(answer._replace(author=EVA)) == set()


def test_nobody_is_meant_by_what_is_gone_or_tells_of_the_room() -> None:
    answer = message(1)._replace(reply=Quote("0-1", EVA, "Eva", "what?"), mentions=TO_BOB)
    assert people_meant(answer._replace(changes=Changes(deleted=True))) == set()
    assert people_meant(answer._replace(kind=PIN)) == people_meant(answer._replace(kind=TOPIC)) == set()


def test_an_edit_says_anew_who_is_meant() -> None:
    said = message(1)._replace(mentions=TO_BOB)
    edited = Changes(text="@Eva", edited=5, mentions=(Mention("Eva", EVA),))
    assert people_meant(said._replace(changes=edited)) == {EVA}
    assert people_meant(said._replace(changes=Changes(text="nobody", edited=5))) == set()


def test_what_others_wrote_after_the_place_is_new() -> None:
    shown = [message(number, BOB if number % 2 else ANA) for number in range(1, 8)]
    assert news_in(shown, "7-0", BOB) == NO_NEWS
    assert news_in(shown, "0-0", EVA) == News(7, 0, "1-0")
    assert news_in(shown, "3-0", BOB) == News(2, 0, "4-0")
    assert news_in(shown, "3-0", ANA) == News(2, 0, "5-0")
    named = [*shown, message(8)._replace(mentions=TO_BOB), message(9)._replace(changes=Changes(deleted=True))]
    assert news_in(named, "4-0", BOB) == News(2, 1, "6-0")


def test_it_is_counted_as_far_as_most() -> None:
    shown = [message(number)._replace(mentions=TO_BOB) for number in range(1, MOST + 50)]
    assert news_in(shown, "0-0", BOB) == News(MOST, MOST, "1-0")


PEOPLE = st.sampled_from([ANA, BOB, EVA])
SAID = st.tuples(PEOPLE, st.sets(PEOPLE), st.booleans())  # by whom, who is meant, and whether it is deleted


@given(st.lists(SAID, max_size=40), st.lists(st.integers(0, 39)), st.integers(0, 45), PEOPLE)
def test_what_is_remembered_counts_as_what_is_read(
    said: list[tuple[str, set[str], bool]], again: list[int], read: int, reader: str
) -> None:
    shown = [
        message(number, author)._replace(mentions=tuple(Mention(person, person) for person in sorted(meant)))
        for number, (author, meant, _) in enumerate(said, 1)
    ]
    recent = Recent()
    recent.take(shown[: len(shown) // 2])
    recent.take(shown[len(shown) // 2 :])
    recent.take([shown[number] for number in again if number < len(shown)])  # as a reading of the store brings them
    for number, (_, _, deleted) in enumerate(said):
        if deleted:
            shown[number] = shown[number]._replace(changes=Changes(deleted=True))
            recent.change(Change(shown[number].id, "x", "", Changes(deleted=True), text=True, reactions=True))
    recent.change(Change("999-0", "x", "", Changes(deleted=True), text=True, reactions=True))
    assert recent.news(f"{read}-0", reader) == news_in(shown, f"{read}-0", reader)


def test_it_remembers_the_newest_in_their_order() -> None:
    recent = Recent()
    shown = [message(number) for number in range(1, 3 * RECENT)]
    recent.take(shown[RECENT:])
    recent.take(shown[:RECENT])  # read from the store after newer ones had come
    assert recent.news("0-0", BOB) == News(MOST, 0, "")  # the first is one that is forgotten
    assert recent.news(shown[-RECENT].id, BOB) == News(MOST, 0, shown[-RECENT + 1].id)
    assert recent.news(shown[-3].id, BOB) == News(2, 0, shown[-2].id)
    recent.clear()
    assert recent.news("0-0", BOB) == NO_NEWS


def test_the_newest_that_means_somebody_is_known() -> None:
    recent = Recent()
    assert recent.last_meaning(BOB) is None
    recent.take([message(1)._replace(mentions=TO_BOB), message(2)._replace(mentions=TO_BOB), message(3)])
    assert (recent.last_meaning(BOB) or message(0)).id == "2-0"
