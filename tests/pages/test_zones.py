from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from quart_chat.pages import fragments, zones
from quart_chat.pages.languages import Audience, clock, moment
from quart_chat.pages.zones import Times, choices, guess, kept_times, read_times, write_times
from tests.pages.trees import Tree

AT = 1_763_820_359_000  # 22 November 2025, 14:05:59 UTC


@pytest.mark.parametrize(
    ("accepted", "here", "zone"),
    [
        (("pt-BR", "en"), "UTC", "America/Sao_Paulo"),
        (("pt-BR",), "America/Manaus", "America/Manaus"),  # the server's own, for it is there too
        (("pt-PT",), "UTC", "Europe/Lisbon"),
        (("fr-FR",), "UTC", "Europe/Paris"),
        (("zh-Hans-CN",), "UTC", "Asia/Shanghai"),
        (("en-us",), "UTC", "America/New_York"),
        (("pt",), "Europe/Berlin", "Europe/Berlin"),
        (("en-001", "pt-BR"), "UTC", "UTC"),
        (("en-XX",), "UTC", "UTC"),
        ((), "UTC", "UTC"),
    ],
)
def test_a_reader_s_zone_is_guessed_from_where_their_language_is_spoken(
    accepted: tuple[str, ...], here: str, zone: str
) -> None:
    assert guess(accepted, here) == zone


def test_every_guess_is_a_zone_that_can_be_chosen() -> None:
    for zone in zones._MAIN.values():
        assert read_times(zone, "")


def test_all_that_can_be_chosen_is_there() -> None:
    named = [name for names in choices().values() for name in names]
    assert len(named) > 300
    assert len(named) == len(set(named))
    for name in named:
        assert ZoneInfo(name)
        assert read_times(name, "24") == Times(name, "24")


def test_the_zone_in_use_can_be_chosen_again_whatever_it_is() -> None:
    for zone in ("Etc/UTC", "America/Sao_Paulo", "EST", "US/Pacific"):
        form = Tree(fragments.times_form(Audience("en", zone), None))
        offered = [element for element in form.elements if element.path.endswith("optgroup/option")]
        (chosen,) = (element for element in offered if "selected" in element.attributes)
        assert chosen.attributes["value"] == zone
        assert read_times(zone, "")


@pytest.mark.parametrize("hours", zones.HOURS)
def test_a_choice_is_kept(hours: str) -> None:
    times = Times("America/Sao_Paulo", hours)
    assert kept_times(write_times(times)) == times


@pytest.mark.parametrize(
    "odd", ["", " ", "Mars/Olympus", "../../etc/passwd", "UTC 13", "utc", "America/Sao_Paulo 24 x"]
)
def test_what_is_no_choice_is_none(odd: str) -> None:
    assert kept_times(odd) is None


@pytest.mark.parametrize(
    ("language", "hours", "short", "long"),
    [
        ("en", "", "9:05\u202fAM", "Nov 22, 2025, 9:05\u202fAM EST"),
        ("en", "24", "09:05", "Nov 22, 2025, 09:05 EST"),
        ("en", "12", "9:05 AM", "Nov 22, 2025, 9:05 AM EST"),
        ("pt-BR", "", "09:05", "22 de nov. de 2025 09:05 EST"),
        ("pt-BR", "12", "9:05 AM", "22 de nov. de 2025 9:05 AM EST"),
        ("es", "", "9:05", "22 nov 2025, 9:05 EST"),
        ("fr", "", "09:05", "22 nov. 2025, 09:05 EST"),
        ("de", "", "09:05", "22.11.2025, 09:05 EST"),
        ("ar", "", "9:05 ص", "22\u200f/11\u200f/2025، 9:05 ص EST"),  # digits as CLDR has them for the Arabic of all
        ("ar", "24", "09:05", "22\u200f/11\u200f/2025، 09:05 EST"),
    ],
)
def test_times_are_written_as_wanted(language: str, hours: str, short: str, long: str) -> None:
    audience = Audience(language, "America/New_York", hours)
    assert clock(AT, audience) == short
    assert moment(AT, audience).startswith(long.removesuffix("EST"))
