"""Faces: drawn from a public id alone."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from quart_chat.pages import portraits

IDS = st.integers(0, 2**64 - 1).map("{:016x}".format)


@given(IDS)
def test_a_face_is_the_same_each_time_and_made_of_paths_alone(public: str) -> None:
    drawn = portraits.draw(public)
    assert portraits.draw.__wrapped__(public) == drawn
    root = ElementTree.fromstring(drawn)
    assert {child.tag.rpartition("}")[2] for child in root} == {"path"}
    assert {name for child in root for name in child.attrib} <= {"fill", "d", "transform"}
    assert not re.search(r"script|href|style|url|http(?!://www\.w3\.org/2000/svg)", drawn)
    assert len(drawn) < 1000


def test_people_look_different() -> None:
    drawn = {portraits.draw(f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}") for number in range(2000)}
    assert len(drawn) > 1990
