"""Forgetting, over a real store: what is listed is done once, by whichever worker is there."""

from __future__ import annotations

import asyncio

import pytest
from redis import Redis

from quart_chat.errors import TooFast
from quart_chat.live import eraser
from quart_chat.live.bearers import Bearers
from quart_chat.live.changer import Changer
from quart_chat.live.company import Company
from quart_chat.live.eraser import Eraser
from quart_chat.live.phrases import Phrases
from quart_chat.live.prover import Prover
from quart_chat.room.limits import FORGETTINGS
from quart_chat.room.people import Person
from quart_chat.store import keys
from quart_chat.store.archive import Archive
from quart_chat.store.bots import RoomBots
from quart_chat.store.deeds import Deeds
from quart_chat.store.erasures import Erasure, Erasures
from quart_chat.store.feed import Feed
from quart_chat.store.limits import Limits
from quart_chat.store.log import Log, Retention
from quart_chat.store.people import People
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.rules import RoomRules
from quart_chat.store.servers import servers
from quart_chat.store.tokens import Tokens
from tests.live.rig import EVA, no_files, somebody, until

HOME = "192.0.2.1"


class Forgetting:
    """One worker's eraser and what it works on; now: ms, which its clock gives."""

    def __init__(self, pipeline: Pipeline, worker: str) -> None:
        self.now = 1_000
        self.log = Log(pipeline, Retention(1000, 0))
        self.people = People(pipeline)
        self.erasures = Erasures(pipeline, worker)
        limits, feed = Limits(pipeline, worker, 0), Feed(servers("unix:///nonexistent/socket"), pipeline, worker)
        self.tokens = Tokens(pipeline)
        company = Company(self.log, Presence(pipeline, worker))
        changer = Changer(
            *(self.log, limits, company, no_files(pipeline), RoomRules(pipeline, lambda: 1)),
            characters=1000,
            per_minute=1,
            keep_versions=False,
            clock=lambda: 1,
        )
        self.eraser = Eraser(
            bearers=Bearers(self.tokens, RoomBots(pipeline), limits, feed, lambda: self.now),
            erasures=self.erasures,
            archive=Archive(pipeline, Retention(1000, 0)),
            changer=changer,
            prover=Prover(Deeds(pipeline), self.people, feed, limits, Phrases()),
            people=self.people,
            feed=feed,
            limits=limits,
            clock=lambda: self.now,
        )

    async def write(self, room: str, person: Person, count: int) -> None:
        await self.people.visit(person.public, room, 1)
        for number in range(count):
            await self.log.append(room, person.public, person.name, f"mine {number}", f"n{number}")
            await self.log.append(room, EVA, "Eva", f"hers {number}", f"n{number}")

    async def texts(self, room: str) -> list[str]:
        return [one.said for one in (await self.log.newest(room)).page.messages if not one.deleted]


@pytest.fixture
def one(pipeline: Pipeline) -> Forgetting:
    return Forgetting(pipeline, "one")


@pytest.fixture
def other(pipeline: Pipeline) -> Forgetting:
    return Forgetting(pipeline, "other")


async def test_another_worker_ends_what_one_that_died_began(one: Forgetting, other: Forgetting, look: Redis) -> None:
    ana = somebody("Ana")
    await one.write("r", ana, 4)
    await one.eraser.forget(ana, HOME, wrote=True)
    listed = Erasure(ana.public, "r", wrote=True)
    one.now += eraser.SETTLED
    assert await one.erasures.next(one.now) == listed
    erasing = asyncio.create_task(one.eraser.erase(listed))
    await until(lambda: look.hlen(keys.changes("r")) == 2, "two deletions")
    erasing.cancel()
    await asyncio.gather(erasing, return_exceptions=True)
    assert len(await one.texts("r")) > 4
    look.delete(keys.ERASER)  # its turn has lapsed
    assert await other.erasures.may_go()
    await other.eraser.erase(listed)
    assert await other.texts("r") == [f"hers {number}" for number in range(4)]
    assert await other.erasures.next(one.now) is None
    await other.eraser.erase(listed)  # done once more it comes to the same
    assert await other.texts("r") == [f"hers {number}" for number in range(4)]
    assert not [
        key for key in look.scan_iter() if ana.public in str(key) and ":nonce:" not in key and ":limit:" not in key
    ]


async def test_what_they_wrote_stays_where_they_want_that(one: Forgetting, look: Redis) -> None:
    ana = somebody("Ana")
    await one.write("r", ana, 2)
    look.hset(keys.read("r"), ana.public, "1-0")
    await one.eraser.forget(ana, HOME, wrote=False)
    assert await one.erasures.next(one.now) is None, "workers may still note where they were"
    one.now += eraser.SETTLED
    listed = await one.erasures.next(one.now)
    assert listed == Erasure(ana.public, "r", wrote=False)
    await one.eraser.erase(listed)
    assert len(await one.texts("r")) == 4
    assert not look.exists(keys.read("r"), keys.visited(ana.public), keys.name(ana.public), keys.ERASURES)


async def test_forgetting_often_is_too_often(one: Forgetting) -> None:
    ana = somebody("Ana")
    for _ in range(FORGETTINGS.most):
        await one.eraser.forget(ana, HOME, wrote=False)
    with pytest.raises(TooFast):
        await one.eraser.forget(ana, HOME, wrote=False)
