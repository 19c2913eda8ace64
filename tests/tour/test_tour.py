"""The tour: its people find their way through a real server, and the documents show what it takes, and all of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from tour.film import film
from tour.script import CLASS, FAMILY, PROJECT, READERS, cast
from tour.server import Server, evening
from tour.terminal import Line, conversation

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = re.compile(r"""!\[(?P<words>[^\]]*)\]\((?P<address>[^)\s]+)\)|<img src="[^>]*>""")


def pictures(document: Path) -> list[tuple[Path, str]]:
    """Find the pictures that a document shows, with the words for who does not see them."""
    found = []
    for one in SHOWN.finditer(document.read_text(encoding="utf-8")):
        words, address = one["words"], one["address"]
        if address is None:
            tag = dict(re.findall(r'([a-z]+)="([^"]*)"', one[0]))
            words, address = tag.get("alt", ""), tag["src"]
        found.append(((document.parent / address).resolve(), words))
    return found


def test_each_picture_of_the_documents_is_there_and_told_in_words() -> None:
    shown = [(document.name, *one) for document in DOCUMENTS for one in pictures(document)]
    assert len(shown) > 40
    assert not [(document, str(file)) for document, file, _ in shown if not file.is_file()]
    assert not [(document, file.name) for document, file, words in shown if len(words) < 10]


def test_each_picture_is_shown_somewhere() -> None:
    shown = {file for document in DOCUMENTS for file, _ in pictures(document)}
    assert not {file.name for file in (ROOT / "docs" / "screenshots").iterdir()} - {file.name for file in shown}


async def test_its_people_talk_and_every_room_says_that_they_are_scripted(tmp_path: Path) -> None:
    async with Server(tmp_path / "demo") as server, cast(server) as people:
        for room, reader in ((CLASS, "Bento"), (PROJECT, "Mira"), (READERS, "Yusuf"), (FAMILY, "Davi")):
            told = await people[reader].api(room)
            assert re.search("scripted|roteiro|تجريبي", told["topic"]), room
        talk = (await people["Bento"].api(CLASS, "/messages?limit=100"))["messages"]
        assert talk[0]["at"] < talk[-1]["at"][:10], "somebody spoke on an earlier day"
        for kind in ("reply", "reactions", "files", "edited"):
            assert any(one[kind] for one in talk), kind
        about = (await people["Mira"].api(PROJECT, "/messages"))["messages"]
        assert any(one["author"]["bot"] for one in about)
        assert any(one["mentions"] for one in (*talk, *about))
        if which("curl") is not None:
            first, second = await conversation(people, server.port, pause=0)
            assert first[0].typed
            assert any(one.text.endswith("Davi: on my way") for one in first)
            assert second[-1].text.startswith("http://chat.example/r/field-trip/m/")


def test_a_film_shows_all_that_was_printed_and_no_markup_of_it() -> None:
    lines = [
        Line(0, "curl x", typed=True),
        Line(1.5, "<script>alert(1)</script> & more"),
        Line(2, "-- " + "long " * 30),
    ]
    drawn = film(lines, [], alt="two <terminals>")
    tree = ElementTree.fromstring(drawn)
    words = ["".join(one.itertext()) for one in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert {"$ curl x", "<script>alert(1)</script> & more"} <= set(words)
    assert "".join(words).count("long") == 30
    assert "--at: 1.50s" in drawn
    assert "script" not in {one.tag.partition("}")[2] for one in tree.iter()}
    still = re.sub(
        r"@media \(prefers-reduced-motion: no-preference\) \{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}", "", drawn
    )
    assert "animation" not in still
    assert "opacity" not in still


@pytest.mark.parametrize("hour", range(24))
def test_it_is_evening_in_the_pictures_whenever_they_are_taken(hour: int) -> None:
    for day in (1, 180):
        now = datetime(2026, 1, 1, hour, 30, tzinfo=UTC) + timedelta(days=day)
        assert 17 <= now.astimezone(ZoneInfo(evening(now))).hour <= 21
