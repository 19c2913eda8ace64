from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadSearch
from quart_chat.room.span import ALWAYS, Span, read_span

UTC, SAO_PAULO = ZoneInfo("UTC"), ZoneInfo("America/Sao_Paulo")
DAY = 86_400_000


def test_a_span_holds_whole_days_of_its_reader() -> None:
    assert read_span("", "", UTC) == ALWAYS
    begin = 1_750_032_000_000  # 2025-06-16, UTC
    assert read_span("2025-06-16", "2025-06-16", UTC) == Span(begin, begin + DAY)
    assert read_span("2025-06-16", "", SAO_PAULO) == Span(begin + DAY // 8)
    assert read_span("", "9999-12-31", UTC) == ALWAYS
    assert read_span("0001-01-01", "", UTC) == ALWAYS


@pytest.mark.parametrize("wrong", ["x", "2025-02-30", "2025", " 2025-06-16", "٢٠٢٥-٠٦-١٦", "2025-06-16T00:00"])
def test_what_is_no_day_is_refused(wrong: str) -> None:
    for first, last in ((wrong, ""), ("", wrong)):
        with pytest.raises(BadSearch):
            read_span(first, last, UTC)


@given(st.dates(date(1971, 1, 1), date(9000, 1, 1)), st.sampled_from([UTC, SAO_PAULO, ZoneInfo("Pacific/Apia")]))
def test_noon_of_a_day_is_in_it_and_in_no_day_beside_it(day: date, zone: ZoneInfo) -> None:
    noon = int(datetime.combine(day, time(12), zone).timestamp() * 1000)
    span = read_span(day.isoformat(), day.isoformat(), zone)
    assert span.until is not None
    assert span.since <= noon < span.until
    assert span.until - span.since <= DAY + 2 * 3_600_000 or zone.key == "Pacific/Apia"
