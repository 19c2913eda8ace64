"""What is read out of messages that came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quart_chat.room.aloud import MEANT, NAMED, WHOLE, lines
from quart_chat.room.changes import Changes
from quart_chat.room.entries import Message
from quart_chat.room.mentions import Mention

PEOPLE = [letter * 16 for letter in "abcdef"]


def by(author: str, number: int = 1, **more: object) -> Message:
    return Message(f"{number}-0", number, author, f"name of {author[0]}", "text", None)._replace(**more)


def test_few_messages_are_read_out_themselves() -> None:
    few = [by("a", 1), by("b", 2), by("a", 3)]
    assert [(line.author, line.message) for line in lines(few)] == [(one.author, one) for one in few]


def test_more_are_counted_by_whose_they_are() -> None:
    many = [by("a"), by("b"), by("a"), by("b"), by("a")]
    assert [(line.author, line.number, line.message) for line in lines(many)] == [("a", 3, None), ("b", 2, None)]


def test_those_of_a_crowd_are_counted_together_and_belong_to_nobody() -> None:
    (line,) = lines([by(person) for person in PEOPLE])
    assert (line.author, line.name, line.number) == ("", "name of f", 6)


def test_what_is_not_at_hand_is_counted_all_the_same() -> None:
    (line,) = lines([by("a"), by("a")], 5000)
    assert (line.author, line.number, line.message) == ("", 5000, None)


def test_who_is_mentioned_is_told_however_much_there_is() -> None:
    meant = by("a", mentions=(Mention("Bob", "b" * 16), Mention("Bob", "b" * 16)))
    assert lines([meant])[0].meant == ("b" * 16,)
    assert lines([meant] * 9)[0].meant == ("b" * 16,)
    everybody = [by("a", mentions=(Mention("x", f"{number:016x}"),)) for number in range(50)]
    assert len(lines(everybody)[0].meant) == MEANT


@given(st.lists(st.tuples(st.sampled_from(PEOPLE), st.booleans())))
def test_each_message_that_is_there_is_told_of_once(said: list[tuple[str, bool]]) -> None:
    messages = [by(author, changes=Changes(deleted=True) if gone else None) for author, gone in said]
    there = [author for author, gone in said if not gone]
    found = lines(messages)
    assert sum(line.number for line in found) == len(there)
    assert len(found) <= max(WHOLE, NAMED)
    for line in found:
        if line.author:  # one's own line is hidden from whoever wrote it: nobody else's may be in it
            assert line.number == 1 if line.message else line.number == there.count(line.author)
