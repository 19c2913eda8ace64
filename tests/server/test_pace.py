"""How often the collector looks through all that lives."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from quart_chat.server.worker import MIDDLE, OFTEN, TIMES, YOUNG, _pace_collector


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.callbacks.append(_pace_collector)
    yield
    gc.callbacks.remove(_pace_collector)
    gc.unfreeze()
    gc.set_threshold(*before)


def test_the_more_lives_the_seldomer_it_is_looked_through() -> None:
    gc.collect()
    assert gc.get_threshold() == (YOUNG, MIDDLE, OFTEN)
    living = [[number] for number in range(100_000)]
    gc.collect()
    young, middle, rounds = gc.get_threshold()
    assert rounds * middle * young == pytest.approx(TIMES * len(living), rel=0.05)


def test_the_young_ones_change_nothing() -> None:
    gc.set_threshold(1, 2, 3)
    for generation in (0, 1):
        gc.collect(generation)
    assert gc.get_threshold() == (1, 2, 3)
