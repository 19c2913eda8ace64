"""Failed secrets: guessing gets slow, success costs nothing, and strangers keep nobody out."""

from __future__ import annotations

import asyncio
import time

import pytest
from prometheus_client import REGISTRY

from quart_chat.room.limits import (
    FAILED_SECRETS,
    FAILED_SECRETS_OF_ADDRESS,
    FAILED_SECRETS_OF_THING,
    FREE,
    MINUTE,
)
from quart_chat.store import limits as counted
from quart_chat.store.limits import Limits
from quart_chat.store.pipeline import Pipeline

EVA = "e" * 16
HOME = "192.0.2.1"
ROOM = "passphrase:room"


@pytest.fixture
def limits(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Limits:
    monkeypatch.setattr(counted, "SLOWEST", 0.3)
    return Limits(pipeline, "one", 3)


async def guess(limits: Limits, person: str = EVA, address: str = HOME, thing: str = ROOM) -> float:
    """Say something wrong; gives the seconds to wait where it was not looked at."""
    wait = await limits.may_try(person, address, thing)
    if not wait:
        await limits.failed(person, address, thing)
    return wait


async def test_who_guesses_is_soon_refused_and_waits_longer_with_each_guess(limits: Limits) -> None:
    waits = [await guess(limits) for _ in range(FREE + 1)]
    assert waits == [0.0] * (FREE + 1)  # of the last one they hear that they wait now
    wait = await limits.may_try(EVA, HOME, ROOM)
    assert 2 * MINUTE < wait <= 4 * MINUTE
    assert await limits.may_try(EVA, HOME, "link:another") > wait  # at whatever they guess


async def test_success_costs_nothing(limits: Limits) -> None:
    for _ in range(3 * FAILED_SECRETS.most):
        assert await limits.may_try(EVA, HOME, ROOM) == 0.0
        await limits.passed(EVA, HOME, ROOM)


async def test_success_wipes_out_no_failures(limits: Limits) -> None:
    """Else who has a room of their own says its secret between two guesses."""
    for _ in range(FREE + 1):
        await guess(limits)
        if await limits.may_try(EVA, HOME, "passphrase:own") == 0.0:
            await limits.passed(EVA, HOME, "passphrase:own")
    assert await limits.may_try(EVA, HOME, ROOM) > MINUTE


async def test_success_ends_no_pause_that_failures_made_meanwhile(limits: Limits) -> None:
    tries = await asyncio.gather(*(limits.may_try(EVA, HOME, ROOM) for _ in range(FREE + 2)))
    assert tries == [0.0] * (FREE + 2)
    for _ in range(FREE + 1):
        await limits.failed(EVA, HOME, ROOM)
    await limits.passed(EVA, HOME, ROOM)
    assert await limits.may_try(EVA, HOME, ROOM) > MINUTE


async def test_guesses_at_once_are_no_more_than_one_by_one(limits: Limits, pipeline: Pipeline) -> None:
    other = Limits(pipeline, "other", 3)
    waits = await asyncio.gather(*(one.may_try(EVA, HOME, ROOM) for one in (limits, other) * 50))
    assert waits.count(0.0) == FAILED_SECRETS.most


async def test_an_address_s_guesses_are_bounded_whoever_makes_them(limits: Limits) -> None:
    most = FAILED_SECRETS_OF_ADDRESS.most
    waits = [await guess(limits, f"fresh-{number}") for number in range(most + 5)]
    assert waits.count(0.0) <= most
    assert waits[-1] > 0


async def test_strangers_only_slow_who_has_the_secret(limits: Limits) -> None:
    for number in range(FAILED_SECRETS_OF_THING.most + 5):
        await guess(limits, f"stranger-{number}", f"198.51.100.{number}")
    began = time.monotonic()
    assert await limits.may_try(EVA, HOME, ROOM) == 0.0
    assert 0.3 <= time.monotonic() - began < 3
    began = time.monotonic()
    assert await limits.may_try(EVA, HOME, "passphrase:another") == 0.0
    assert time.monotonic() - began < 0.3


async def test_failures_are_counted_by_what_they_were_at(limits: Limits) -> None:
    def counted_() -> float:
        return REGISTRY.get_sample_value("quart_chat_secrets_failed_total", {"kind": "passphrase"}) or 0.0

    before = counted_()
    await guess(limits)
    assert counted_() == before + 1
