"""Messages on their way to hooks, over a real store and to real servers: each once, in order, whatever dies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from redis import Redis

from quart_chat.errors import NoMessage, StoreAway
from quart_chat.live import courier
from quart_chat.outward import sender
from quart_chat.room.commands import Say
from quart_chat.room.hooks import GIVEN_UP, WORD, sign
from quart_chat.room.record import STOPPED
from quart_chat.store import keys
from quart_chat.store.archive import Archive
from quart_chat.store.hooks import RoomHooks
from quart_chat.store.log import Retention
from tests.live.hooked import HOME, ROOM, Hooked
from tests.live.rig import Worker, until
from tests.outward.receiver import OK, Receiver, answering, receiving
from tests.ports import free_port


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "LOOK", 0.01)
    monkeypatch.setattr(courier, "RENEW", 0.05)


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
async def house(worker: Worker) -> Hooked:
    return Hooked(worker)


def texts(count: int, word: str = "t") -> list[str]:
    return [f"{word}{number}" for number in range(count)]


async def test_each_message_comes_once_in_order_and_signed(house: Hooked, there: Receiver) -> None:
    owner = await house.open()
    await house.worker.say(ROOM, "before the hook")
    hook_id = await house.hook(owner, there.url)
    async with house.running():
        await house.worker.say(ROOM, *texts(70))
        await until(lambda: len(there.posts) >= 70, "all of them")
        await house.worker.say(ROOM, "last")
        await until(lambda: "last" in there.texts, "the last one")
    assert there.texts == [*texts(70), "last"]
    secret = await house.secret(hook_id)
    for post in there.posts:
        seconds = int(post.headers["webhook-timestamp"])
        assert post.headers["webhook-signature"] == sign(secret, post.headers["webhook-id"], seconds, post.body)
        assert post.headers["webhook-id"] == f"{hook_id}.{post.told['data']['id']}"
    assert (await house.progress(hook_id)).answer == "200"


async def test_a_hook_of_a_word_is_told_nothing_else_and_does_not_stay_behind(house: Hooked, there: Receiver) -> None:
    owner = await house.open()
    hook_id = await house.hook(owner, there.url, kind=WORD, word="deploy")
    async with house.running():
        (*_, last) = await house.worker.say(ROOM, "deploy it", "no", "Deploy!", "nothing")
        await house.comes_to(hook_id, lambda one: one.place == last)
    assert there.texts == ["deploy it", "Deploy!"]


async def test_what_was_not_taken_comes_again_under_the_same_id_and_before_what_follows(
    house: Hooked, there: Receiver
) -> None:
    there.answer = lambda number: answering(500) if number < 2 else OK
    owner = await house.open()
    hook_id = await house.hook(owner, there.url)
    async with house.running():
        await house.worker.say(ROOM, "one", "two")
        failed = await house.comes_to(hook_id, lambda one: one.tries == 1)
        assert (failed.answer, failed.on) == ("500", True)
        assert 4000 < failed.due - house.clock() <= 5000
        house.clock.ahead += 5000
        await house.comes_to(hook_id, lambda one: one.tries == 2)
        house.clock.ahead += 20_000
        await until(lambda: len(there.posts) == 4, "both messages")
    assert there.texts == ["one", "one", "one", "two"]
    assert len({post.headers["webhook-id"] for post in there.posts[:3]}) == 1
    assert (await house.progress(hook_id)).tries == 0


async def test_a_message_comes_as_it_stands_when_it_is_posted(house: Hooked, there: Receiver) -> None:
    owner = await house.open()
    hook_id = await house.hook(owner, there.url)
    say, texts = house.worker.sayer.say, ("wrong", "rude", "left")
    ids = [str(await say(ROOM, owner, HOME, Say(text, f"n-{text}"))) for text in texts]
    await house.worker.changer.edit(ROOM, owner, HOME, ids[0], "right")
    await house.worker.changer.delete(ROOM, owner, HOME, ids[1])
    (*_, last) = await house.worker.say(ROOM, "last")
    async with house.running():
        await house.comes_to(hook_id, lambda one: one.place == last)
    assert there.texts == ["right", "left", "last"], "what was deleted is told to nobody any more"
    assert there.posts[0].told["data"]["edited"] is not None


async def test_who_hangs_or_is_dead_slows_no_other_hook(
    house: Hooked, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "WITHIN", 0.5)
    house.courier._quick, house.courier._slow = asyncio.Semaphore(2), asyncio.Semaphore(1)
    owner = await house.open()
    async with receiving() as hangs:
        hangs.answer = lambda _: None
        slow = await house.hook(owner, hangs.url)
        dead = await house.hook(owner, f"http://127.0.0.1:{free_port()}/")
        await house.hook(owner, there.url)
        async with house.running():
            await house.worker.say(ROOM, "first")
            await until(lambda: there.texts == ["first"], "the first")
            for one in (slow, dead):
                await house.comes_to(one, lambda found: found.tries == 1)
            monkeypatch.setattr(sender, "WITHIN", 60.0)
            house.clock.ahead += 10_000  # both are tried again, and it hangs for good, in a lane of its own
            await until(lambda: len(hangs.posts) == 2, "that it hangs again")
            await house.worker.say(ROOM, *texts(20))
            await until(lambda: len(there.posts) == 21, "all")
        assert (await house.progress(slow)).answer == "late"
        assert (await house.progress(dead)).answer == "unreachable"


async def test_a_worker_that_dies_is_followed_by_another_and_nothing_is_lost_or_told_twice_but_what_was_under_way(
    worker: Worker, other: Worker, there: Receiver, look: Redis
) -> None:
    first, second = Hooked(worker, "w1"), Hooked(other, "w2")
    owner = await first.open()
    await first.hook(owner, there.url)
    stuck = asyncio.Event()
    there.answer = lambda number: OK if number != 3 else stuck.set()  # it gets the message, and its answer is lost
    async with first.running() as dies:
        await until(lambda: look.get(keys.COURIER) == "w1", "that it has the turn")
        async with second.running():
            await worker.say(ROOM, *texts(6))
            await stuck.wait()
            dies.cancel()
            await asyncio.gather(dies, return_exceptions=True)
            await until(lambda: len(there.posts) == 7, "all of them")
            assert look.get(keys.COURIER) == "w2", "whoever ends leaves the turn at once"
    assert there.texts == ["t0", "t1", "t2", "t3", "t3", "t4", "t5"]
    assert there.posts[3].headers["webhook-id"] == there.posts[4].headers["webhook-id"]


async def test_two_workers_that_both_believe_it_is_their_turn_do_not_lose_or_reorder(
    worker: Worker, other: Worker, there: Receiver
) -> None:
    """As where one of them stood still for longer than a turn."""
    both = [Hooked(worker, "w1"), Hooked(other, "w2")]
    owner = await both[0].open()
    hook_id = await both[0].hook(owner, there.url)
    for one in both:
        one.courier._leads_until = float("inf")
    async with both[0].running(), both[1].running():
        (*_, last) = await worker.say(ROOM, *texts(30))
        await both[0].comes_to(hook_id, lambda one: one.place == last)
    seen = list(dict.fromkeys(there.texts))
    assert seen == texts(30)


async def test_a_hook_that_was_removed_is_told_nothing_more(house: Hooked, there: Receiver, look: Redis) -> None:
    owner = await house.open()
    hook_id = await house.hook(owner, there.url)
    async with house.running():
        await house.worker.say(ROOM, "one")
        await until(lambda: there.texts == ["one"], "one")
        await house.hooks.remove(ROOM, owner, hook_id)
        await house.worker.say(ROOM, "two")
        await until(lambda: not look.exists(keys.HOOKED), "that nobody looks at the room any more")
    assert there.texts == ["one"]
    assert await house.hooks.of(ROOM) == []
    assert not [field for field in look.hkeys(keys.rules(ROOM)) if field.startswith("hook")]


async def test_a_deleted_room_takes_its_hooks_along_and_a_new_one_has_none(
    house: Hooked, there: Receiver, look: Redis
) -> None:
    owner = await house.open()
    await house.hook(owner, there.url)
    await Archive(house.worker._pipeline, Retention(1000, 0)).delete(ROOM)
    await house.worker.say(ROOM, "of another room of that name")
    async with house.running():
        await until(lambda: not look.exists(keys.HOOKED), "that nobody looks at the room any more")
    assert not there.posts
    assert await house.hooks.of(ROOM) == []


async def test_a_gap_in_the_log_is_told_and_then_it_goes_on(house: Hooked, there: Receiver, look: Redis) -> None:
    owner = await house.open()
    hook_id = await house.hook(owner, there.url)
    (first, second, third) = await house.worker.say(ROOM, "a", "b", "c")
    look.xdel(keys.log(ROOM), first, second)
    async with house.running():
        await until(lambda: len(there.posts) == 2, "the gap and what follows")
    gap, message = there.posts
    assert gap.told == {"type": "gap", "data": {"room": ROOM, "after": "0-0", "until": second}}
    assert message.told["data"]["id"] == third
    assert gap.headers["webhook-id"].startswith(hook_id)
    assert gap.headers["webhook-id"] != message.headers["webhook-id"]


async def test_after_a_day_of_failures_a_hook_is_off_and_the_record_says_so(
    house: Hooked, there: Receiver, look: Redis
) -> None:
    there.answer = lambda _: answering(503)
    owner = await house.open()
    hook_id = await house.hook(owner, there.url)
    async with house.running():
        await house.worker.say(ROOM, "one")
        await house.comes_to(hook_id, lambda one: one.tries == 1)
        house.clock.ahead += GIVEN_UP
        await house.comes_to(hook_id, lambda one: not one.on)
        await until(lambda: not look.exists(keys.HOOKED), "that nobody looks at the room any more")
        (deed, *_) = await house.worker.rules.deeds(ROOM)
        assert deed.what == STOPPED
        assert deed.by.endswith(f"127.0.0.1:{there.port}")
        there.answer = lambda _: OK
        await house.worker.say(ROOM, "two")
        tried = len(there.posts)
        await house.hooks.wake(ROOM, owner, hook_id)
        await until(lambda: len(there.posts) == tried + 2, "what it had missed")
        assert there.texts[-2:] == ["one", "two"]
        with pytest.raises(NoMessage):
            await house.hooks.wake(ROOM, owner, hook_id)


async def test_an_owner_need_not_wait_for_the_next_try(house: Hooked, there: Receiver) -> None:
    there.answer = lambda number: OK if number else answering(500)
    owner = await house.open()
    hook_id = await house.hook(owner, there.url)
    async with house.running():
        await house.worker.say(ROOM, "one")
        await house.comes_to(hook_id, lambda one: one.tries == 1)
        deeds = len(await house.worker.rules.deeds(ROOM))
        await house.hooks.wake(ROOM, owner, hook_id)
        await house.comes_to(hook_id, lambda one: one.answer == "200")
    assert there.texts == ["one", "one"]
    assert len(await house.worker.rules.deeds(ROOM)) == deeds, "it was not off"


async def test_a_room_without_outgoing_hooks_is_not_looked_at(house: Hooked, look: Redis) -> None:
    owner = await house.open()
    await house.hooks.make_incoming(ROOM, owner, "192.0.2.1", "GitHub")
    for _ in range(3):
        await house.courier.look()
    assert not look.exists(keys.HOOKED)
    assert not look.exists(keys.COURIER), "nobody takes a turn where there is nothing to do"


async def test_a_store_that_was_away_changes_nothing(
    house: Hooked, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await house.open()
    await house.hook(owner, there.url)
    fails, note, ends = iter([True, False, True, False, False, False]), RoomHooks.note, RoomHooks.ends
    monkeypatch.setattr(courier, "AGAIN", 10)

    async def broken(self: RoomHooks, *args: object) -> object:
        if next(fails, False):
            raise StoreAway("it is away")
        return await note(self, *args)  # type: ignore[arg-type]

    async def away(self: RoomHooks, *args: object) -> object:
        if next(fails, False):
            raise StoreAway("it is away")
        return await ends(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(RoomHooks, "note", broken)
    monkeypatch.setattr(RoomHooks, "ends", away)
    async with house.running():
        await house.worker.say(ROOM, *texts(4))
        await until(lambda: set(there.texts) == set(texts(4)), "all")
    assert list(dict.fromkeys(there.texts)) == texts(4)
    ids = [json.loads(post.body)["data"]["id"] for post in there.posts]
    assert sorted(ids) == ids, "what comes again comes at once, and nothing overtakes it"
