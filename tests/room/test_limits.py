from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.room.limits import (
    ADDRESS_FACTOR,
    COUNTS,
    FAILED_SECRETS_OF_THING,
    FREE,
    HOUR,
    LONGEST,
    LONGEST_OF_ADDRESS,
    MINUTE,
    NEWCOMERS_OF_ADDRESS,
    SEARCHES,
    SLOWEST,
    Limit,
    TokenBucket,
    joins_of_address,
    joins_of_person,
    per_minute_of_address,
    per_minute_of_person,
    rooms_of_address,
    rooms_of_person,
)

SLACK = 1e-6  # tokens: floating point


def test_an_address_brings_a_class_at_once_and_sixty_newcomers_in_an_hour() -> None:
    assert NEWCOMERS_OF_ADDRESS.most >= 40
    assert NEWCOMERS_OF_ADDRESS.most + HOUR / NEWCOMERS_OF_ADDRESS.interval == 60


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
    assert per_minute_of_address(60).most == 60 * ADDRESS_FACTOR
    assert per_minute_of_address(60).per == MINUTE
    assert ADDRESS_FACTOR == 10
    assert rooms_of_address(30).interval == rooms_of_person(30).interval == HOUR / 30


def test_no_limit_stays_none_for_an_address() -> None:
    assert per_minute_of_address(0).most == 0


def test_pauses_double_from_the_limit_s_own_and_end_at_the_longest() -> None:
    assert Limit(60, MINUTE, longest=20.0).pauses == (2.0, 4.0, 8.0, 16.0, 20.0)
    assert per_minute_of_person(60).pauses[-1] == LONGEST
    assert per_minute_of_address(60).pauses[-1] == LONGEST_OF_ADDRESS


@given(st.integers(1, 10**9), st.floats(1, HOUR), st.floats(0.1, HOUR))
def test_pauses_only_grow_and_never_over_the_longest(most: int, per: float, longest: float) -> None:
    pauses = Limit(most, per, longest=longest).pauses
    assert list(pauses) == sorted(pauses)
    assert pauses[-1] == longest
    assert all(later == 2 * earlier for earlier, later in pairwise(pauses[:-1]))
    assert len(pauses) < 64  # they go to the store with each question


def test_some_pauses_do_not_grow() -> None:
    assert Limit(60, MINUTE, free=None).pauses == ()
    assert Limit(0, MINUTE).pauses == ()
    for asked_by_pages in (SEARCHES, COUNTS, joins_of_person(120), joins_of_address(120)):
        assert asked_by_pages.pauses == ()


def test_an_address_waits_less_for_one_of_many_who_share_it() -> None:
    person, address = per_minute_of_person(60), per_minute_of_address(60)
    assert address.pauses[-1] < person.pauses[-1]
    assert address.free == ADDRESS_FACTOR * FREE
    assert rooms_of_address(30).pauses[-1] < rooms_of_person(30).pauses[-1]


def test_strangers_who_fail_at_a_thing_slow_others_but_for_a_moment() -> None:
    assert FAILED_SECRETS_OF_THING.pauses == ()
    assert SLOWEST <= 5.0
