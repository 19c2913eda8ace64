from __future__ import annotations

from quart_chat.server.backoff import LONGEST, STEADY, BackOff


def test_the_first_death_is_answered_at_once_and_quick_ones_ever_later() -> None:
    backoff = BackOff()
    assert [backoff.after(0.1) for _ in range(8)] == [0, 0.25, 0.5, 1, 2, 4, LONGEST, LONGEST]


def test_a_long_life_makes_a_death_the_first_one_again() -> None:
    backoff = BackOff()
    for _ in range(5):
        backoff.after(0.1)
    assert backoff.after(STEADY) == 0


def test_thousands_of_deaths_do_not_overflow() -> None:
    assert BackOff(deaths=10_000).after(0) == LONGEST
