"""A room that asks newcomers, on two workers: who stays, who is closed out, and who gets in by an answer."""

from __future__ import annotations

import time

import pytest

from quart_chat.errors import Asked, BadAnswer, BadText, NotYours, TooFast, Unwelcome
from quart_chat.live.wire import POLICY
from quart_chat.room import asking
from quart_chat.room.asking import LEAST, sign
from quart_chat.room.limits import NEWCOMERS_OF_ADDRESS
from quart_chat.room.people import Person
from quart_chat.room.record import Whom
from quart_chat.room.rights import Role, Rules
from tests.live.rig import KEY, Worker, page, somebody, until, wire
from tests.live.test_warden import say

ROOM, ADDRESS, ELSEWHERE = "room", "127.0.0.1", "192.0.2.1"
HOUR = 3_600_000  # ms


@pytest.fixture
async def owner(worker: Worker) -> Person:
    owner = somebody("Olga")
    await say(worker, owner, "first")
    return owner


def asked(person: Person, ago: int = LEAST) -> str:
    """Write the form of a page that asked somebody so long ago, ms."""
    return sign(KEY, person.public, ROOM, time.time_ns() // 1_000_000 - ago)


def right(person: Person, form: str) -> str:
    """Answer the server's sum."""
    read = asking.read_form((KEY,), person.public, ROOM, form)
    assert read is not None
    return str(sum(asking.sum_for(read, person.public, ROOM)))


async def test_who_was_there_stays_and_newcomers_come_in_by_an_answer(
    worker: Worker, other: Worker, owner: Person
) -> None:
    bob, eva = somebody("Bob"), somebody("Eva")
    tabs = [await worker.enter(ROOM, person=owner), await other.enter(ROOM, person=bob)]
    await until(lambda: "Bob" in str(wire(tabs[0]).frames), "that both workers know who is here")
    await worker.warden.rule(ROOM, owner, Rules(asks=True))
    late = other.connect(ROOM, person=eva)
    await until(lambda: wire(late).codes, "that a newcomer's tab is closed")
    assert wire(late).codes == [POLICY]
    assert wire(late).holding("Newcomers answer a question")
    assert page(late).texts == []
    with pytest.raises(NotYours, match="Newcomers answer"):
        await say(other, eva, "let me in")
    form = asked(eva)
    await other.asker.answer(ROOM, eva, ADDRESS, right(eva, form), form)
    joined = await worker.enter(ROOM, person=eva)
    await say(worker, eva, "hello")
    for tab in (*tabs, joined):
        await until(lambda tab=tab: "hello" in page(tab).texts, "that all read it")  # type: ignore[misc]
        assert not wire(tab).codes
    await other.asker.answer(ROOM, eva, ADDRESS, "whatever", "")  # who is in is not asked
    await other.disconnect(tabs[1])
    back = await other.enter(ROOM, person=bob)
    assert "hello" in page(back).texts


async def test_an_answer_is_one_s_own_timely_and_of_this_room(worker: Worker, owner: Person) -> None:
    await worker.warden.rule(ROOM, owner, Rules(asks=True))
    ana, bob = somebody(), somebody("Bob")
    form = asked(ana)
    with pytest.raises(BadAnswer, match="too old"):  # somebody else's form
        await worker.asker.answer(ROOM, bob, ADDRESS, right(ana, form), form)
    with pytest.raises(BadAnswer, match="too old"):
        await worker.asker.answer(ROOM, ana, ADDRESS, right(ana, form), f"1{form}")
    stale = asked(ana, 2 * HOUR)
    with pytest.raises(BadAnswer, match="too old"):
        await worker.asker.answer(ROOM, ana, ADDRESS, right(ana, stale), stale)
    early = asked(ana, 0)
    with pytest.raises(TooFast, match="quicker") as quick:
        await worker.asker.answer(ROOM, ana, ADDRESS, right(ana, early), early)
    assert 0 < quick.value.retry_after <= LEAST / 1000
    assert (await worker.asker.pose(ROOM, ana.public, "en", early)).form == early  # and may wait for the rest
    assert (await worker.asker.pose(ROOM, ana.public, "en", stale)).form != stale
    for wrong in ("", "many", "999", "²"):
        with pytest.raises(BadAnswer, match="not the answer"):
            await worker.asker.answer(ROOM, ana, ADDRESS, wrong, form)
    last = asked(ana, HOUR)
    await worker.asker.answer(ROOM, ana, ADDRESS, right(ana, last), last)
    assert (await worker.rules.standing(ROOM, ana.public)).inside


async def test_guesses_are_slowed_and_cost_nothing_when_right(worker: Worker, owner: Person) -> None:
    await worker.warden.rule(ROOM, owner, Rules(asks=True))
    await worker.warden.set_question(ROOM, owner, "Whose dog is it?", "Ana’s")
    eva, codes = somebody("Eva"), []
    form = asked(eva)
    for number in range(11):
        with pytest.raises((BadAnswer, TooFast)) as refused:
            await worker.asker.answer(ROOM, eva, ADDRESS, f"guess {number}", form)
        codes.append(refused.value.status)
    assert codes[:5] == [422] * 5
    assert codes[-1] == 429
    with pytest.raises(TooFast, match="many answers"):
        await worker.asker.answer(ROOM, eva, ADDRESS, "Ana’s", form)
    bob = somebody("Bob")
    await worker.asker.answer(
        ROOM, bob, ADDRESS, " «ANA'S!» ", asked(bob, 100 * HOUR)
    )  # their own waits for who is slow


async def test_an_address_brings_a_class_and_no_flood(worker: Worker, owner: Person) -> None:
    await worker.warden.rule(ROOM, owner, Rules(asks=True))
    for number in range(NEWCOMERS_OF_ADDRESS.most):
        one = somebody(f"Pupil {number}")
        form = asked(one)
        await worker.asker.answer(ROOM, one, ADDRESS, right(one, form), form)
    eva = somebody("Eva")
    form = asked(eva)
    with pytest.raises(TooFast, match="many have just come in") as refused:
        await worker.asker.answer(ROOM, eva, ADDRESS, right(eva, form), form)
    assert 150 < refused.value.retry_after <= 180
    assert not (await worker.rules.standing(ROOM, eva.public)).inside
    await worker.asker.answer(ROOM, eva, ELSEWHERE, right(eva, form), form)


async def test_only_an_answer_to_what_is_asked_lets_in(worker: Worker, owner: Person) -> None:
    eva = somebody("Eva")
    form = asked(eva)
    await worker.warden.rule(ROOM, owner, Rules(asks=True, closed=True))
    with pytest.raises(Unwelcome, match="private") as private:
        await worker.asker.answer(ROOM, eva, ADDRESS, right(eva, form), form)
    assert not isinstance(private.value, Asked)
    await worker.warden.rule(ROOM, owner, Rules(asks=True))
    await worker.warden.ban(ROOM, owner, Whom(eva.public, "Eva"), time.time_ns() // 1_000_000 + HOUR)
    with pytest.raises(Unwelcome, match="sent away"):
        await worker.asker.answer(ROOM, eva, ADDRESS, right(eva, form), form)


async def test_owners_set_the_question_and_what_guards_a_room_already_invites_nobody(
    worker: Worker, owner: Person
) -> None:
    moderator, bob = somebody("Mona"), somebody("Bob")
    await worker.warden.take_role(ROOM, moderator, await worker.warden.new_link(ROOM, owner, Role.MODERATOR))
    for person in (moderator, bob):
        with pytest.raises(NotYours):
            await worker.warden.set_question(ROOM, person, "Whose?", "Mine")
    with pytest.raises(BadText):
        await worker.warden.set_question(ROOM, owner, "Whose?", "")
    await worker.warden.set_question(ROOM, owner, "Whose?", "Mine")
    assert next(deed.what for deed in await worker.rules.deeds(ROOM)) == "asked"
    await worker.warden.rule(ROOM, owner, Rules(asks=True))
    assert (await worker.asker.pose(ROOM, bob.public, "en")).question == "Whose?"
    await worker.warden.set_question(ROOM, owner, "", "Mine")
    posed = await worker.asker.pose(ROOM, bob.public, "pt-BR")
    assert posed.question.startswith("Quanto é ")
    tab = await worker.enter(ROOM, person=owner)
    await worker.rules.let_in(ROOM, bob.public, "Bob")
    await worker.enter(ROOM, person=bob)
    await worker.warden.rule(ROOM, owner, Rules(closed=True))
    await worker.warden.take_out(ROOM, owner, Whom(bob.public, "Bob"))
    await worker.warden.rule(ROOM, owner, Rules(closed=True, asks=True))
    assert not (await worker.rules.standing(ROOM, bob.public)).inside
    assert not wire(tab).codes
