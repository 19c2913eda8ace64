"""Feeds are XML whatever people write, and what they wrote is nothing but text in them."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.pages.feeds import MOST, Feed, atom, shown_of
from quart_chat.room.changes import Changes
from quart_chat.room.entries import PIN, Message
from tests.hostile import HOSTILE

ATOM = "{http://www.w3.org/2005/Atom}"
SAID = Message("5-0", 5000, "a" * 16, "Ana", "x", None)


def feed(text: str, name: str) -> ElementTree.Element:
    shown = Feed("r", text, text, "http://h", 5000, "", [SAID._replace(text=text, name=name)])
    return ElementTree.fromstring(atom(shown, "en"))


def printable(text: str) -> str:
    """Leave out what no XML can hold, and line ends, which it writes its own way."""
    return "".join(one for one in text if one.isprintable())


def shape(found: ElementTree.Element) -> list[tuple[str, list[str]]]:
    return [(one.tag, sorted(one.attrib)) for one in found.iter()]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_that_people_write_is_an_element_or_an_attribute(hostile: str) -> None:
    found = feed(hostile, hostile)
    assert shape(found) == shape(feed("x", "y"))
    assert printable(found.findtext(f"{ATOM}title") or "") == printable(hostile)


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_feed_is_xml_whatever_people_write(text: str, name: str) -> None:
    assert shape(feed(text, name)) == shape(feed("x", "y"))


def test_a_feed_tells_what_was_said_and_is_there_still() -> None:
    gone, told = SAID._replace(changes=Changes(deleted=True)), SAID._replace(kind=PIN)
    assert shown_of([gone, SAID, told]) == [SAID]
    assert len(shown_of([SAID] * (MOST + 1))) == MOST


def test_an_action_is_told_with_who_does_it() -> None:
    shown = Feed("r", "R", "", "http://h", 5000, "pt-BR", [SAID._replace(kind="me", text="waves")])
    found = ElementTree.fromstring(atom(shown, "en"))
    assert found.findtext(f"{ATOM}entry/{ATOM}title") == "Ana waves"
    assert found.find(f"{ATOM}subtitle") is None
    assert found.get("{http://www.w3.org/XML/1998/namespace}lang") == "pt-BR"
