from __future__ import annotations

from quart_chat.server.backoff import LONGEST, SERVED, STEADY, BackOff


def test_the_first_death_is_answered_at_once_and_quick_ones_ever_later() -> None:
    backoff = BackOff()
    assert [backoff.after(0.1, served=False) for _ in range(8)] == [0, 0.25, 0.5, 1, 2, 4, LONGEST, LONGEST]


def test_what_had_served_is_not_kept_from_it_for_long() -> None:
    backoff = BackOff()
    assert [backoff.after(0.1, served=True) for _ in range(6)] == [0, 0.25, 0.5, SERVED, SERVED, SERVED]


def test_a_long_life_makes_a_death_the_first_one_again() -> None:
    backoff = BackOff()
    for _ in range(5):
        backoff.after(0.1, served=False)
    assert backoff.after(STEADY, served=False) == 0


def test_thousands_of_deaths_do_not_overflow() -> None:
    assert BackOff(deaths=10_000).after(0, served=False) == LONGEST
