from __future__ import annotations

import pytest
from redis import Redis

from quart_chat.store import keys
from quart_chat.store.duties import TURN
from quart_chat.store.erasures import Erasure, Erasures
from quart_chat.store.people import People
from quart_chat.store.pipeline import Pipeline

ANA, BOB = "a" * 16, "b" * 16


@pytest.fixture
def erasures(pipeline: Pipeline) -> Erasures:
    return Erasures(pipeline, "one")


async def test_what_is_kept_of_somebody_goes_and_of_others_stays(
    erasures: Erasures, pipeline: Pipeline, look: Redis
) -> None:
    people = People(pipeline)
    for one in (ANA, BOB):
        await people.rename(one, "Name")
        await people.visit(one, "r", 1)
        look.hset(keys.read("r"), one, "1-0")
        look.hset(keys.members("r"), one, "Name")
        look.hset(keys.rules("r"), mapping={f"{one} role": "owner", f"{one} name": "Name", f"{one} muted": "99"})
    await erasures.forget(ANA)
    await erasures.leave_room(ANA, "r")
    of_room = keys.read("r"), keys.members("r"), keys.rules("r")
    assert sorted(look.keys()) == sorted([keys.name(BOB), keys.visited(BOB), *of_room])
    assert look.hkeys(keys.read("r")) == look.hkeys(keys.members("r")) == [BOB]
    assert sorted(look.hkeys(keys.rules("r"))) == [
        f"{ANA} muted",
        *(f"{BOB} {one}" for one in ("muted", "name", "role")),
    ]


async def test_what_is_to_be_done_stays_listed_until_it_is_done(erasures: Erasures, look: Redis) -> None:
    late, early = Erasure(ANA, "r", wrote=True), Erasure(BOB, "s", wrote=False)
    await erasures.add([late], 2000)
    await erasures.add([early], 1000)
    assert await erasures.next(999) is None
    assert await erasures.next(1000) == await erasures.next(5000) == early
    await erasures.done(early)
    assert await erasures.next(1000) is None
    assert await erasures.next(2000) == late
    await erasures.done(late)
    assert look.keys() == []


async def test_one_worker_does_it_until_its_turn_lapses(erasures: Erasures, pipeline: Pipeline, look: Redis) -> None:
    other = Erasures(pipeline, "other")
    assert await erasures.may_go()
    assert not await other.may_go()
    look.pexpire(keys.ERASER, 1000)
    assert await erasures.may_go()
    assert 1000 < look.pttl(keys.ERASER) <= TURN
    look.delete(keys.ERASER)
    assert await other.may_go()
    assert not await erasures.may_go()
