"""A span of days, as a reader means them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from quart_chat.errors import BadSearch
from quart_chat.room.search import NO_DAY


class Span(NamedTuple):
    """From when, and before when; ms since the epoch. until: None for no end."""

    since: int = 0
    until: int | None = None


ALWAYS = Span()


def read_span(first: str, last: str, zone: tzinfo) -> Span:
    """Read the first and the last day, as `2026-11-28`; "" leaves that side open. zone: in which they are days.

    Raises:
        BadSearch: one of them is no day.
    """
    since = _begin(_day(first), zone) if first else 0
    if not last:
        return Span(since)
    day = _day(last)
    return Span(since, None if day == date.max else _begin(day + timedelta(days=1), zone))


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise BadSearch(NO_DAY, typed=written[:20]) from error


def _begin(day: date, zone: tzinfo) -> int:
    try:
        return max(0, int(datetime.combine(day, time.min, zone).timestamp() * 1000))
    except (ValueError, OverflowError) as error:
        raise BadSearch(NO_DAY, typed=day.isoformat()) from error
