from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.room.limits import (
    ADDRESS_FACTOR,
    Limit,
    TokenBucket,
    per_minute_of_address,
    per_minute_of_person,
    rooms_of_address,
)

SLACK = 1e-6  # tokens: floating point


@given(
    st.floats(0.1, 1000),
    st.integers(1, 500),
    st.lists(st.floats(0, 10) | st.just(0.0), max_size=300),
    st.floats(0, 1e6),
)
def test_a_bucket_never_gives_more_than_its_size_and_what_time_earned(
    rate: float, size: int, pauses: list[float], start: float
) -> None:
    """Whoever waits as told gets rate * t + size at most in any t, and is told to wait no longer than needed."""
    bucket = TokenBucket(rate, size, start)
    now, given_at = start, []
    for pause in pauses:
        now += pause
        wait = bucket.wait(now)
        assert wait >= 0
        now += wait  # the tab sleeps, and only then is served
        given_at.append(now)
    for first, begin in enumerate(given_at):
        for last in range(first, len(given_at), 7):
            taken = last - first + 1
            assert taken <= rate * (given_at[last] - begin) + size + 1 + SLACK * taken
    if given_at:
        assert len(given_at) <= rate * (given_at[-1] - start) + size + SLACK * len(given_at)


@given(st.floats(0.1, 1000), st.integers(1, 500))
def test_a_bucket_gives_its_whole_size_at_once_and_no_more(rate: float, size: int) -> None:
    bucket = TokenBucket(rate, size, 0.0)
    assert [bucket.wait(0.0) for _ in range(size)] == [0.0] * size
    assert bucket.wait(0.0) == pytest.approx(1 / rate)


def test_a_bucket_fills_again_but_never_over_its_size() -> None:
    bucket = TokenBucket(2.0, 3.0, 0.0)
    for _ in range(3):
        bucket.wait(0.0)
    assert bucket.wait(0.5) == 0.0
    assert bucket.wait(0.5) == pytest.approx(0.5)
    assert [bucket.wait(1e9) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.wait(1e9) > 0


def test_a_limit_earns_its_events_evenly() -> None:
    assert Limit(60, 60.0).interval == 1.0
    assert per_minute_of_person(30).interval == 2.0


def test_an_address_has_ten_times_what_a_person_has() -> None:
    assert per_minute_of_address(60) == Limit(60 * ADDRESS_FACTOR, 60.0)
    assert ADDRESS_FACTOR == 10
    assert rooms_of_address(30) == Limit(30, 3600.0)


def test_no_limit_stays_none_for_an_address() -> None:
    assert per_minute_of_address(0).most == 0
