"""Old messages, on two workers over one store: one of them lets go of them, and no page of either shows them again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis import Redis

from quart_chat.errors import StoreAway
from quart_chat.live import expirer, readers
from quart_chat.live.expirer import AGAIN, Expirer
from quart_chat.room.rights import EPHEMERAL, Rules
from quart_chat.store import keys
from quart_chat.store.appends import Draft
from quart_chat.store.expiring import AT_ONCE, HOUR, SETTLED, Expired, Expiring
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.rules import RoomRules
from tests.live.rig import ANA, ENGLISH, EVA, Worker, no_files, page, page_at, see, somebody, until
from tests.live.test_readers import rest, shows
from tests.live.test_uploads import House, came
from tests.store.ageing import age

ROOM = "room"
HOME = "127.0.0.1"


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def of(worker: Worker, name: str, clock: Clock) -> Expirer:
    """What lets go of messages on a worker."""
    pipeline = worker._pipeline
    return Expirer(Expiring(pipeline, name, Retention(10_000, 0)), worker.rules, no_files(pipeline), clock)


async def keep(worker: Worker, room: str = ROOM, hours: int = EPHEMERAL) -> None:
    """Let a room keep its messages for a while only, and be looked at from now on."""
    await worker.rules.set_rules(room, Rules(keep=hours))
    await worker._pipeline.command("ZADD", keys.EXPIRING, 0, room)


async def test_one_worker_does_it_for_all_and_when_it_died_another(
    worker: Worker, other: Worker, look: Redis, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expirer, "LOOK", 0.01)
    done: list[str] = []
    expire = Expiring.expire

    async def noted(self: Expiring, room: str, hours: int, most: int = AT_ONCE) -> Expired:
        done.append(self.duties._worker)
        return await expire(self, room, hours, most)

    monkeypatch.setattr(Expiring, "expire", noted)
    both = {name: of(one, name, clock) for name, one in (("w1", worker), ("w2", other))}
    running = {name: asyncio.create_task(one.run()) for name, one in both.items()}
    try:
        for number in range(4):
            await worker.say(f"r{number}", "old")
            age(look, f"r{number}", 2 * HOUR)
            await keep(worker, f"r{number}")
        await until(lambda: not any(look.xlen(keys.messages(f"r{number}")) for number in range(4)), "that all went")
        (first,) = set(done)
        assert len(done) == 4
        running[first].cancel()
        await asyncio.gather(running[first], return_exceptions=True)
        await worker.say("r0", "new")
        age(look, "r0", 2 * HOUR)
        clock.now += HOUR
        asked = look.info("commandstats")["cmdstat_zrangebyscore"]["calls"]
        await until(lambda: look.info("commandstats")["cmdstat_zrangebyscore"]["calls"] > asked + 5, "that it looks")
        assert look.xlen(keys.messages("r0")) == 1, "the turn is still that of who died"
        look.delete(keys.EXPIRER)  # it has lapsed
        await until(lambda: not look.xlen(keys.messages("r0")), "that it went")
        assert len(set(done)) == 2
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)


async def test_a_room_is_looked_at_as_its_oldest_is_due_and_no_more_once_it_keeps_all(
    worker: Worker, look: Redis, clock: Clock
) -> None:
    looking = of(worker, "w1", clock)
    await worker.say(ROOM, "old", "older")
    await keep(worker)
    assert await looking.look() == 0
    due = look.zscore(keys.EXPIRING, ROOM)
    assert clock.now + HOUR - 60_000 < due <= clock.now + HOUR
    age(look, ROOM, HOUR - 10)
    clock.now = int(due)
    began = look.time()
    await until(lambda: look.time() > (began[0], began[1] + 20_000), "that they are old enough")
    assert await looking.look() == 2
    assert look.zscore(keys.EXPIRING, ROOM) == clock.now + HOUR, "it has nothing that could be due before"
    await worker.rules.set_rules(ROOM, Rules())
    clock.now += 2 * HOUR
    assert await looking.look() == 0
    assert not look.exists(keys.EXPIRING)


async def test_what_is_due_at_once_waits_for_the_next_minute_and_what_has_no_rules_for_none(
    worker: Worker, look: Redis, clock: Clock
) -> None:
    looking = of(worker, "w1", clock)
    await worker.say(ROOM, "old")
    age(look, ROOM, HOUR - 30_000)
    await keep(worker)
    assert await looking.look() == 0
    assert look.zscore(keys.EXPIRING, ROOM) == clock.now + AGAIN
    look.delete(*keys.held(ROOM))
    look.hset(keys.rules(ROOM), "rules", '{"writers":"everyone","slow":0,"archived":false,"files":true,"keep":1}')
    clock.now += AGAIN
    assert await looking.look() == 0
    assert look.zscore(keys.EXPIRING, ROOM) == clock.now + HOUR, "it may be opened again under these rules"
    look.delete(keys.rules(ROOM))
    clock.now += HOUR
    assert await looking.look() == 0
    assert not look.exists(keys.EXPIRING)


async def test_a_room_whose_rules_are_torn_for_a_while_is_looked_at_once_they_are_mended(
    worker: Worker, look: Redis, clock: Clock
) -> None:
    looking = of(worker, "w1", clock)
    await worker.say(ROOM, "old")
    age(look, ROOM, 2 * HOUR)
    await keep(worker)
    whole = look.hget(keys.rules(ROOM), "rules")
    for torn in ('{"who_writes":"everyone"}', '{"writers":"everyone","slow":1e999}'):
        look.hset(keys.rules(ROOM), "rules", torn)
        assert await looking.look() == 0
        assert look.zscore(keys.EXPIRING, ROOM) == clock.now + AGAIN
        clock.now += AGAIN
    assert look.xlen(keys.messages(ROOM)) == 1
    look.hset(keys.rules(ROOM), "rules", whole)
    assert await looking.look() == 1


async def test_many_go_in_steps_and_other_rooms_are_not_kept_waiting(
    worker: Worker, look: Redis, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking = of(worker, "w1", clock)
    for room, count in ((ROOM, AT_ONCE + 50), ("small", 1)):
        await worker.log.append_all(room, [Draft(EVA, "Eva", f"{number}", f"n{number}") for number in range(count)])
        age(look, room, 2 * HOUR)
        await keep(worker, room)
    seen: list[str] = []
    expire = Expiring.expire

    async def noted(self: Expiring, room: str, hours: int, most: int = AT_ONCE) -> Expired:
        clock.now += 1
        seen.append(room)
        return await expire(self, room, hours, most)

    monkeypatch.setattr(Expiring, "expire", noted)
    assert await looking.look() == AT_ONCE + 51
    assert seen == [ROOM, "small", ROOM]


async def test_a_room_that_cannot_be_done_holds_up_no_other(worker: Worker, look: Redis, clock: Clock) -> None:
    looking = of(worker, "w1", clock)
    for room in ("a-broken", "b-whole"):
        await worker.say(room, "old")
        age(look, room, 2 * HOUR)
        await keep(worker, room)
    look.delete(keys.messages("a-broken"))
    look.set(keys.messages("a-broken"), "what no stream is")
    with pytest.raises(StoreAway):
        await looking.look()
    assert await looking.look() == 1
    assert not look.xlen(keys.messages("b-whole"))


async def test_a_shorter_rule_acts_soon_and_a_longer_one_brings_nothing_back(
    worker: Worker, look: Redis, clock: Clock
) -> None:
    looking = of(worker, "w1", clock)
    olga = somebody("Olga")
    await worker.log.append(ROOM, olga.public, "Olga", "old", "n")
    age(look, ROOM, 30 * HOUR)
    worker.rules._clock = clock
    await worker.warden.rule(ROOM, olga, Rules(keep=48))
    clock.now += SETTLED
    assert await looking.look() == 0
    await worker.warden.rule(ROOM, olga, Rules(keep=24))
    clock.now += SETTLED
    assert await looking.look() == 1
    await worker.warden.rule(ROOM, olga, Rules())
    assert (await worker.log.newest(ROOM)).page.messages == ()


async def test_pages_that_are_open_lose_the_pin_and_those_that_come_again_are_told_of_nothing_that_is_gone(
    worker: Worker, other: Worker, look: Redis, clock: Clock
) -> None:
    old = await worker.say(ROOM, "old", "pinned")
    olga = somebody("Olga")
    await worker.changer.pin(ROOM, olga, HOME, old[1])
    open_page = await other.enter(ROOM)
    cut_off = await other.enter(ROOM, page_at(old[0]))
    assert "pinned" in page(open_page).states["pins"].text
    await other.disconnect(cut_off)
    age(look, ROOM, 2 * HOUR)
    (said,) = await worker.log.append_all(ROOM, [Draft(ANA, "Ana", "young", "n")])
    await keep(worker)
    assert await of(worker, "w1", clock).look() == 3
    await until(lambda: page(open_page).states["pins"].text == "", "that the pin is gone")
    again = await other.enter(ROOM, page_at(old[0]))
    await see([again], ["young"])
    late = await other.enter(ROOM, page_at(said.id))
    await see([late], [])
    assert (await other.log.newest(ROOM)).header.pins == ()


async def test_a_worker_that_did_not_hear_of_it_tells_nothing_that_is_gone_once_it_hears_again(
    worker: Worker, other: Worker, look: Redis, clock: Clock
) -> None:
    first, *_ = await worker.say(ROOM, "first")
    tab = await other.enter(ROOM, page_at(first))
    await worker.say(ROOM, "old")
    await see([tab], ["old"])
    other.ear.expired = lambda _: None  # type: ignore[attr-defined]
    age(look, ROOM, 2 * HOUR)
    await worker.say(ROOM, "young")
    await see([tab], ["old", "young"])
    await keep(worker)
    assert await of(worker, "w1", clock).look() == 2
    live = other.hub._rooms[ROOM]
    assert live.replay(first, ENGLISH) is not None, "it has not heard"
    look.client_kill_filter(_type="pubsub")
    await until(
        lambda: other.ear.confirmations.count(ROOM) == 2 and live.replay(first, ENGLISH) is None, "that it looked again"
    )
    again = await other.enter(ROOM, page_at(first))
    await see([again], ["young"])


async def test_what_is_gone_is_new_to_nobody(
    worker: Worker, look: Redis, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "NOTE", 0.02)
    monkeypatch.setattr(readers, "TELL", 0.1)
    await worker.say(ROOM, "first")
    await keep(worker)
    tab = await worker.enter(ROOM)
    await rest(tab)
    await worker.say(ROOM, "old", "older")
    await shows(tab, "(2)")
    age(look, ROOM, 2 * HOUR)
    await worker.say(ROOM, "young")
    await shows(tab, "(3)")
    assert await of(worker, "w1", clock).look() == 3
    await shows(tab, "(1)")


async def test_files_go_with_their_messages_at_once(
    pipeline: Pipeline, look: Redis, tmp_path: Path, clock: Clock
) -> None:
    house = House(pipeline, tmp_path / "files")
    rules = RoomRules(pipeline, clock)
    await house.send(came(b"shared"), came(b"alone"))
    age(look, house.room, 2 * HOUR)
    await house.send(came(b"shared"))
    await rules.set_rules(house.room, Rules(keep=EPHEMERAL))
    clock.now += SETTLED
    expiring = Expiring(pipeline, "w", Retention(1000, 0))
    assert await Expirer(expiring, rules, house.leftovers, clock).look() == 1
    ((message,),) = [(await Log(pipeline, Retention(1000, 0)).newest(house.room)).page.messages]
    assert house.kept == [message.files[0].digest]
    house.shelf.close()
