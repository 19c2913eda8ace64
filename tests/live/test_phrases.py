from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from quart_chat.errors import TooFast
from quart_chat.live.phrases import MEMORY, MOST_WAITING, Phrases


@pytest.fixture
def phrases() -> Iterator[Phrases]:
    made = Phrases()
    yield made
    made.close()


async def test_a_phrase_fits_its_own_hash_alone(phrases: Phrases) -> None:
    hashed = await phrases.hash("three sad tigers")
    assert hashed.startswith(f"$argon2id$v=19$m={MEMORY},")
    assert "tigers" not in hashed
    assert await phrases.fits("three sad tigers", hashed)
    assert not await phrases.fits("three sad lions", hashed)
    assert not await phrases.fits("three sad tigers", "no hash")
    assert await phrases.hash("three sad tigers") != hashed


async def test_few_wait_and_the_others_come_again(phrases: Phrases) -> None:
    asked = [asyncio.create_task(phrases.hash("three sad tigers")) for _ in range(MOST_WAITING + 3)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(one, TooFast) for one in done] == [False] * MOST_WAITING + [True] * 3
    assert await phrases.hash("three sad tigers")


async def test_the_loop_goes_on_meanwhile(phrases: Phrases) -> None:
    began = time.perf_counter()
    await phrases.hash("three sad tigers")
    once = time.perf_counter() - began
    hashing = asyncio.gather(*(phrases.hash("three sad tigers") for _ in range(6)))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    await hashing
    assert turns > 50, f"{turns} turns of the loop in {6 * once:.3f} s"
