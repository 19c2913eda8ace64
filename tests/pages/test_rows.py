from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.pages import rows
from quart_chat.pages.languages import Audience
from quart_chat.pages.rows import GROUP
from quart_chat.room.entries import Message, Neighbour

ANA, BOB = "a" * 16, "b" * 16
UTC = Audience("en", "UTC")
SAO_PAULO = Audience("pt-BR", "America/Sao_Paulo")
MINUTE = 60_000


def at(zone: str, *when: int, fold: int = 0) -> int:
    """Give ms since the epoch of a local time."""
    return int(datetime(*when, fold=fold, tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def message(ms: int, before: Neighbour | None, author: str = ANA) -> Message:
    return Message("1-0", ms, author, "Ana", "x", before)


def row(shown: Message, audience: Audience) -> rows.Row:
    return rows.row(shown, rows.View("r", audience))


def test_the_first_message_of_a_room_begins_a_day() -> None:
    first = row(message(0, None), UTC)
    assert first.by.new_day
    assert not first.by.follows


def test_what_one_person_says_within_five_minutes_stands_under_one_name() -> None:
    noon = at("UTC", 2026, 5, 1, 12, 0)
    for later, follows in ((0, True), (GROUP - 1, True), (GROUP, False), (-1, False)):
        shown = row(message(noon + later, Neighbour(ANA, noon)), UTC)
        assert (shown.by.follows, shown.by.new_day) == (follows, False), later
    assert not row(message(noon + 1, Neighbour(BOB, noon)), UTC).by.follows


def test_midnight_is_where_the_reader_lives() -> None:
    before, after = at(SAO_PAULO.zone, 2026, 5, 1, 23, 59), at(SAO_PAULO.zone, 2026, 5, 2, 0, 1)
    shown = message(after, Neighbour(ANA, before))
    assert row(shown, SAO_PAULO).by.new_day
    assert not row(shown, SAO_PAULO).by.follows
    assert not row(shown, UTC).by.new_day  # 02:59 and 03:01 there
    assert row(shown, UTC).by.follows


def test_a_day_that_begins_in_utc_begins_nothing_in_sao_paulo() -> None:
    before, after = at("UTC", 2026, 5, 1, 23, 59), at("UTC", 2026, 5, 2, 0, 1)
    assert row(message(after, Neighbour(ANA, before)), UTC).by.new_day
    assert not row(message(after, Neighbour(ANA, before)), SAO_PAULO).by.new_day


def test_a_day_whose_midnight_was_skipped_begins_at_one() -> None:
    """In 2018 the clocks of São Paulo went from 23:59 on 3 November to 01:00 on the 4th."""
    before = at(SAO_PAULO.zone, 2018, 11, 3, 23, 59)
    shown = row(message(before + 2 * MINUTE, Neighbour(ANA, before)), SAO_PAULO)
    assert shown.by.new_day
    assert shown.by.clock == "01:01"
    assert "4 de novembro de 2018" in shown.by.day


def test_a_day_whose_last_hour_came_twice_begins_once() -> None:
    """In 2019 the clocks of São Paulo went from midnight back to 23:00 on 16 February."""
    zone = SAO_PAULO.zone
    first, again = at(zone, 2019, 2, 16, 23, 59), at(zone, 2019, 2, 16, 23, 0, fold=1)
    assert again - first == MINUTE
    shown = row(message(again, Neighbour(ANA, first)), SAO_PAULO)
    assert not shown.by.new_day
    assert shown.by.follows
    assert shown.by.clock == "23:00"
    end = at(zone, 2019, 2, 16, 23, 59, fold=1)
    assert row(message(end + 2 * MINUTE, Neighbour(ANA, end)), SAO_PAULO).by.new_day


def test_a_clock_that_was_set_back_over_midnight_begins_a_day_again() -> None:
    before = at("UTC", 2026, 5, 2, 0, 1)
    shown = row(message(at("UTC", 2026, 5, 1, 23, 59), Neighbour(ANA, before)), UTC)
    assert shown.by.new_day
    assert not shown.by.follows


@pytest.mark.parametrize(
    ("audience", "clock", "day", "moment"),
    [
        (UTC, "2:05\u202fPM", "Sunday, November 22, 2026", "Nov 22, 2026, 2:05\u202fPM UTC"),
        (SAO_PAULO, "11:05", "domingo, 22 de novembro de 2026", "22 de nov. de 2026 11:05 BRT"),
    ],
    ids=["en", "pt-BR"],
)
def test_times_are_said_as_the_reader_says_them(audience: Audience, clock: str, day: str, moment: str) -> None:
    shown = row(message(at("UTC", 2026, 11, 22, 14, 5, 59), None), audience)
    assert (shown.by.clock, shown.by.day) == (clock, day)
    assert shown.by.moment == moment
    assert shown.iso == "2026-11-22T14:05:59Z"


@given(st.integers(0, 4_000_000_000_000), st.integers(-10 * MINUTE, 10 * MINUTE), st.booleans(), st.booleans())
def test_a_row_depends_on_its_message_alone(ms: int, later: int, same: bool, local: bool) -> None:
    audience = SAO_PAULO if local else UTC
    shown = row(message(max(0, ms + later), Neighbour(ANA if same else BOB, ms)), audience)
    assert shown == row(message(max(0, ms + later), Neighbour(ANA if same else BOB, ms)), audience)
    assert not (shown.by.new_day and shown.by.follows)
    assert not shown.by.follows or same
    zone = ZoneInfo(audience.zone)
    days = {datetime.fromtimestamp(each / 1000, zone).date() for each in (ms, max(0, ms + later))}
    assert shown.by.new_day == (len(days) == 2)


def test_a_new_name_is_seen_though_its_message_would_stand_under_the_old_one() -> None:
    noon = at("UTC", 2026, 5, 1, 12, 0)
    assert row(message(noon + MINUTE, Neighbour(ANA, noon, "Ana")), UTC).by.follows
    assert not row(message(noon + MINUTE, Neighbour(ANA, noon, "Ana Maria")), UTC).by.follows
