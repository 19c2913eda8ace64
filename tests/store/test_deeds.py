from __future__ import annotations

import asyncio

import pytest
from redis import Redis

from quart_chat.room.proofs import deed_of, proved
from quart_chat.store import keys
from quart_chat.store.deeds import MOST_PEOPLE, Deed, Deeds
from quart_chat.store.pipeline import Pipeline

ANA, BOB = "a" * 16, "b" * 16
KEPT = 400 * 24 * 60 * 60 * 1000  # ms


@pytest.fixture
def deeds(pipeline: Pipeline) -> Deeds:
    return Deeds(pipeline)


async def test_a_name_is_whose_phrase_came_first_and_so_is_what_looks_like_it(deeds: Deeds, look: Redis) -> None:
    assert await deeds.find("Paula", ANA) is None
    assert await deeds.take("Paula", ANA, phrase="hash")
    assert not await deeds.take("PAUIA", BOB, phrase="other")
    assert await deeds.find("pauIa", BOB) == Deed("Paula", "hash", theirs=False)
    assert await deeds.find(proved("Paula"), ANA) == Deed("Paula", "hash", theirs=True)
    assert (await deeds.of(ANA), await deeds.of(BOB)) == ("Paula", None)
    for key in (keys.deed(deed_of("Paula")), keys.proof(ANA)):
        assert 0 < look.pttl(key) <= KEPT


async def test_one_of_many_at_once_gets_a_name(deeds: Deeds) -> None:
    people = [f"{n:016x}" for n in range(20)]
    taken = await asyncio.gather(*(deeds.take("Paula", one, phrase=f"hash of {one}") for one in people))
    assert sum(taken) == 1
    winner = people[taken.index(True)]
    assert await deeds.find("Paula", winner) == Deed("Paula", f"hash of {winner}", theirs=True)


async def test_who_knows_the_phrase_has_the_name_too_unless_it_has_changed(deeds: Deeds) -> None:
    await deeds.take("Paula", ANA, phrase="first")
    assert await deeds.take("Paula", BOB, fits="first")
    assert await deeds.take("Paula", ANA, phrase="second")
    assert not await deeds.take("Paula", "c" * 16, fits="first")
    assert await deeds.take("Paula", "c" * 16, fits="second")
    assert not await deeds.take("Nobody's", ANA, fits="")


async def test_a_name_that_is_given_up_is_nobody_s(deeds: Deeds, look: Redis) -> None:
    await deeds.take("Paula", ANA, phrase="hash")
    await deeds.take("Paula", BOB, fits="hash")
    assert await deeds.give_up("Paula", "c" * 16) == []
    assert sorted(await deeds.give_up("paula", BOB)) == [ANA, BOB]
    assert look.keys() == []
    assert await deeds.take("Paula", "c" * 16, phrase="mine")


async def test_so_many_browsers_and_no_more_have_one_name(deeds: Deeds) -> None:
    await deeds.take("Paula", ANA, phrase="hash")
    taken = [await deeds.take("Paula", f"{n:016x}", fits="hash") for n in range(MOST_PEOPLE)]
    assert taken == [True] * (MOST_PEOPLE - 1) + [False]


async def test_what_is_used_does_not_fade(deeds: Deeds, look: Redis) -> None:
    await deeds.take("Paula", ANA, phrase="hash")
    names = keys.deed(deed_of("Paula")), keys.proof(ANA), keys.name(ANA)
    look.set(keys.name(ANA), proved("Paula"))
    for key in names:
        look.pexpire(key, 1000)
    await deeds.keep(proved("Paula"), ANA)
    assert all(look.pttl(key) > KEPT - 60_000 for key in names)
