"""Tokens over a real store, as two workers know them."""

from __future__ import annotations

import pytest

from quart_chat.errors import BadToken, NoMessage, NotYours, Refused, StoreAway, TooFast
from quart_chat.live.bearers import REMEMBERED, Bearers
from quart_chat.room.bearers import MOST_TOKENS, new_token
from quart_chat.room.limits import FAILED_SECRETS_OF_ADDRESS
from quart_chat.room.people import Person
from quart_chat.store.bots import RoomBots
from quart_chat.store.feed import Feed
from quart_chat.store.limits import Limits
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.servers import servers
from quart_chat.store.tokens import Tokens
from tests.live.rig import somebody

HOME = "192.0.2.1"


class Worker(Bearers):
    """One worker's; now: ms, which its clock gives."""

    def __init__(self, pipeline: Pipeline, name: str = "w1") -> None:
        self.now = 1_700_000_000_000
        feed = Feed(servers("redis://127.0.0.1:1/0"), pipeline, name)
        super().__init__(Tokens(pipeline), RoomBots(pipeline), Limits(pipeline, name, 0), feed, lambda: self.now)


@pytest.fixture
def ana() -> Person:
    return somebody("Ana")


async def test_a_token_is_its_person_on_every_worker_until_it_is_taken_back(pipeline: Pipeline, ana: Person) -> None:
    one, other = Worker(pipeline), Worker(pipeline, "w2")
    token = await one.make(ana, HOME, "script")
    for worker in (one, other):
        assert (await worker.holder(token, HOME)).identity == ana.id
    ((ticket, label, made, used),) = await one.of(ana)
    assert (label, made, used) == ("script", "2023-11-14", "2023-11-14")
    with pytest.raises(NoMessage):
        await one.revoke(somebody("Bob"), ticket)
    await one.revoke(ana, ticket)
    assert await one.of(ana) == []
    other.now += REMEMBERED - 1
    assert (await other.holder(token, HOME)).identity == ana.id  # so long a worker goes by what it knows
    other.now += 1
    for _ in range(2):  # what opens nothing is not remembered
        with pytest.raises(BadToken):
            await other.holder(token, HOME)


async def test_a_worker_asks_the_store_once_in_a_while(pipeline: Pipeline, ana: Person) -> None:
    worker = Worker(pipeline)
    token = await worker.make(ana, HOME, "")
    await worker.holder(token, HOME)
    gone = Pipeline(servers("unix:///nonexistent/socket"))
    worker._tokens = Tokens(gone)
    assert (await worker.holder(token, HOME)).identity == ana.id
    worker.now += REMEMBERED
    with pytest.raises(StoreAway):  # nobody knows, and nobody is taken for a stranger
        await worker.holder(token, HOME)
    await gone.aclose()


async def test_the_day_of_its_last_use_is_noted(pipeline: Pipeline, ana: Person) -> None:
    worker = Worker(pipeline)
    token = await worker.make(ana, HOME, "")
    assert (await worker.of(ana))[0].used == ""
    worker.now += 3 * 86_400_000
    await worker.holder(token, HOME)
    assert (await worker.of(ana))[0][2:] == ("2023-11-14", "2023-11-17")


async def test_a_token_without_its_line_in_the_list_opens_nothing(pipeline: Pipeline, ana: Person) -> None:
    """Its person was forgotten, and the other node did not hear of it."""
    worker = Worker(pipeline)
    token = await worker.make(ana, HOME, "")
    await pipeline.command("DEL", f"c:{{~{ana.public}}}:tokens")
    with pytest.raises(BadToken):
        await worker.holder(token, HOME)


async def told(worker: Bearers, shown: str) -> type[Refused]:
    """Show what opens nothing; gives why."""
    with pytest.raises(Refused) as refused:
        await worker.holder(shown, HOME)
    return type(refused.value)


async def test_wrong_ones_are_counted_by_address_and_right_ones_get_through(pipeline: Pipeline, ana: Person) -> None:
    worker = Worker(pipeline)
    token = await worker.make(ana, HOME, "")
    refused = [await told(worker, new_token()) for _ in range(FAILED_SECRETS_OF_ADDRESS.most + 1)]
    assert (refused[0], refused[-1]) == (BadToken, TooFast)
    assert (await worker.holder(token, HOME)).identity == ana.id
    with pytest.raises(BadToken):
        await worker.holder(new_token(), "192.0.2.2")


async def test_nobody_has_more_than_so_many(pipeline: Pipeline, ana: Person) -> None:
    worker = Worker(pipeline)
    for address in (HOME, "192.0.2.2"):
        for _ in range(MOST_TOKENS // 2):
            await worker.make(Person(ana.id, "Ana"), address, "")
            await pipeline.command("DEL", f"c:{{~{ana.public}}}:limit:programs")
    with pytest.raises(NotYours):
        await worker.make(ana, "192.0.2.3", "")
    await worker.revoke_all(ana)
    assert await worker.of(ana) == []
