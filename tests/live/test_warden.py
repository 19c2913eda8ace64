"""Order in a room, on two workers: who may keep it, and what becomes of whom it befalls."""

from __future__ import annotations

import asyncio
import time

import pytest

from quart_chat.errors import NoMessage, NotYours, TooFast, Unwelcome
from quart_chat.live.warden import MOST_INVITES
from quart_chat.live.wire import POLICY
from quart_chat.room.commands import Say
from quart_chat.room.people import Person
from quart_chat.room.record import Whom
from quart_chat.room.rights import MODERATORS, Role, Rules, Standing
from tests.live.rig import Worker, page, somebody, until, wire

ROOM = "room"
ADDRESS = "127.0.0.1"
LATER = 60_000  # ms


@pytest.fixture
async def owner(worker: Worker) -> Person:
    owner = somebody("Olga")
    await say(worker, owner, "first")
    return owner


@pytest.fixture
async def moderator(worker: Worker, owner: Person) -> Person:
    moderator = somebody("Mona")
    await worker.warden.take_role(ROOM, moderator, await worker.warden.new_link(ROOM, owner, Role.MODERATOR))
    return moderator


async def say(worker: Worker, person: Person, text: str) -> str:
    said = await worker.sayer.say(ROOM, person, ADDRESS, Say(text, text.replace(" ", "-")))
    assert isinstance(said, str)
    return said


def whom(person: Person) -> Whom:
    return Whom(person.public, person.name)


def soon() -> int:
    return time.time_ns() // 1_000_000 + LATER


async def role(worker: Worker, person: Person) -> Role:
    return (await worker.rules.standing(ROOM, person.public)).role


async def done(worker: Worker) -> list[tuple[str, str, str]]:
    return [(deed.by, deed.what, deed.whom) for deed in await worker.rules.deeds(ROOM)]


async def test_a_link_gives_a_role_once_it_is_taken(worker: Worker, other: Worker, owner: Person) -> None:
    secret = await worker.warden.new_link(ROOM, owner, Role.MODERATOR)
    mona = somebody("Mona")
    assert await other.warden.role_of(ROOM, secret) == Role.MODERATOR
    assert await role(worker, mona) == Role.MEMBER
    await other.warden.take_role(ROOM, mona, secret)
    assert await role(worker, mona) == Role.MODERATOR
    await other.warden.take_role(ROOM, owner, secret)
    assert await role(worker, owner) == Role.OWNER  # who has more keeps it
    newer = await worker.warden.new_link(ROOM, owner, Role.MODERATOR)
    with pytest.raises(NoMessage):
        await other.warden.take_role(ROOM, somebody(), secret)
    assert newer != secret
    assert await done(worker) == [
        ("Olga", "linked", "moderator"),
        ("Mona", "came", "moderator"),
        ("Olga", "linked", "moderator"),
    ]


async def test_only_owners_rule(worker: Worker, owner: Person, moderator: Person) -> None:
    for person in (moderator, somebody()):
        with pytest.raises(NotYours):
            await worker.warden.rule(ROOM, person, Rules(archived=True))
        with pytest.raises(NotYours):
            await worker.warden.new_link(ROOM, person, Role.OWNER)
        with pytest.raises(NotYours):
            await worker.warden.appoint(ROOM, person, whom(person), Role.OWNER)
    tab = await worker.enter(ROOM)
    await worker.warden.rule(ROOM, owner, Rules(archived=True))
    await until(lambda: wire(tab).holding("The rules of this room have changed."), "that pages are told")
    assert (await worker.rules.standing(ROOM, moderator.public)).rules.archived


async def test_a_room_keeps_an_owner(worker: Worker, owner: Person, moderator: Person) -> None:
    with pytest.raises(NotYours, match="needs an owner"):
        await worker.warden.appoint(ROOM, owner, whom(owner), Role.MEMBER)
    await worker.warden.appoint(ROOM, owner, whom(moderator), Role.OWNER)
    with pytest.raises(NotYours, match="stays one"):
        await worker.warden.appoint(ROOM, owner, whom(moderator), Role.MEMBER)
    await worker.warden.appoint(ROOM, owner, whom(owner), Role.MEMBER)
    assert await role(worker, owner) == Role.MEMBER
    with pytest.raises(NoMessage):
        await worker.warden.appoint(ROOM, moderator, Whom("nobody's", "x"), Role.OWNER)


async def test_who_may_write_is_held_for_messages_changes_and_commands(
    worker: Worker, owner: Person, moderator: Person
) -> None:
    bob = somebody("Bob")
    first = await say(worker, bob, "mine")
    await worker.warden.rule(ROOM, owner, Rules(writers=MODERATORS))
    for person in (owner, moderator):
        await say(worker, person, f"by {person.name}")
    with pytest.raises(NotYours, match="Only moderators"):
        await say(worker, bob, "no")
    with pytest.raises(NotYours, match="Only moderators"):
        await worker.sayer.say(ROOM, bob, ADDRESS, Say("/topic no", "topic"))
    changer = worker.changer
    for change in (changer.delete, changer.pin, changer.unpin):
        with pytest.raises(NotYours, match="Only moderators"):
            await change(ROOM, bob, ADDRESS, first)
    with pytest.raises(NotYours, match="Only moderators"):
        await changer.edit(ROOM, bob, ADDRESS, first, "other")
    with pytest.raises(NotYours, match="Only moderators"):
        await changer.react(ROOM, bob, ADDRESS, first, "🎉")
    await worker.warden.rule(ROOM, owner, Rules(archived=True))
    with pytest.raises(NotYours, match="archive"):
        await say(worker, owner, "not even I")
    await worker.warden.rule(ROOM, owner, Rules())
    await say(worker, bob, "again")


async def test_a_moderator_deletes_anybody_s_message_and_that_is_noted(
    worker: Worker, owner: Person, moderator: Person
) -> None:
    bob = somebody("Bob")
    entry_id = await say(worker, bob, "rude")
    with pytest.raises(NotYours):
        await worker.changer.delete(ROOM, somebody("Carl"), ADDRESS, entry_id)
    await worker.changer.delete(ROOM, moderator, ADDRESS, entry_id)
    (message,) = (one for one in (await worker.log.newest(ROOM)).page.messages if one.id == entry_id)
    assert message.deleted
    assert ("Mona", "deleted", "Bob") in await done(worker)
    await worker.changer.delete(ROOM, bob, ADDRESS, await say(worker, bob, "my own"))
    assert (await done(worker)).count(("Bob", "deleted", "Bob")) == 0


async def test_a_slow_room_lets_each_member_write_now_and_then(
    worker: Worker, other: Worker, owner: Person, moderator: Person
) -> None:
    await worker.warden.rule(ROOM, owner, Rules(slow=60))
    bob, eva = somebody("Bob"), somebody("Eva")
    for person in (bob, eva):
        await say(worker, person, f"first of {person.name}")
    with pytest.raises(TooFast) as slow:
        await say(other, bob, "second")
    assert 50 < slow.value.retry_after <= 60
    assert slow.value.values == {"slow": 60}
    for person in (owner, moderator):
        for number in range(3):
            await say(worker, person, f"{number} of {person.name}")


async def test_one_who_is_muted_reads_on_and_is_told(worker: Worker, other: Worker, moderator: Person) -> None:
    bob = somebody("Bob")
    tab = await other.enter(ROOM, person=bob)
    await worker.warden.mute(ROOM, moderator, whom(bob), soon())
    wire(tab).put(act="say", text="hello", nonce="n")
    await until(lambda: wire(tab).holding("muted you"), "why it was not taken")
    await say(worker, moderator, "be calm")
    await until(lambda: "be calm" in page(tab).texts, "that he reads on")
    assert "hello" not in page(tab).texts
    await worker.warden.mute(ROOM, moderator, whom(bob), 0)
    await say(other, bob, "calm now")


async def test_who_is_banned_leaves_on_all_workers_and_does_not_come_back(
    worker: Worker, other: Worker, moderator: Person
) -> None:
    bob, eva = somebody("Bob"), somebody("Eva")
    tabs = [await worker.enter(ROOM, person=bob), await other.enter(ROOM, person=bob)]
    elsewhere, stays = await other.enter("elsewhere", person=bob), await worker.enter(ROOM, person=eva)
    await worker.warden.ban(ROOM, moderator, whom(bob), soon())
    for tab in tabs:
        await until(lambda tab=tab: wire(tab).codes, "that it is closed")  # type: ignore[misc]
        assert wire(tab).codes == [POLICY]
        assert wire(tab).holding("sent away from this room")
    (text,) = [await say(worker, eva, "in peace")]
    await until(lambda: "in peace" in page(stays).texts, "that the others go on")
    assert text
    assert all("in peace" not in page(tab).texts for tab in tabs)
    assert not wire(elsewhere).codes
    with pytest.raises(Unwelcome):
        await other.warden.let_in(ROOM, bob.public)
    with pytest.raises(NotYours):
        await say(other, bob, "from a form")
    with pytest.raises(NotYours):
        await worker.warden.ban(ROOM, eva, whom(bob), 0)
    await worker.warden.ban(ROOM, moderator, whom(bob), 0)
    await other.warden.let_in(ROOM, bob.public)
    assert [deed[1] for deed in await done(worker)][:2] == ["forgiven", "banned"]


async def test_nobody_mutes_or_bans_who_keeps_order_too(worker: Worker, owner: Person, moderator: Person) -> None:
    for deed in (worker.warden.mute, worker.warden.ban):
        for one, another in ((moderator, owner), (moderator, moderator), (owner, owner), (somebody(), somebody())):
            with pytest.raises(NotYours):
                await deed(ROOM, one, whom(another), soon())
    await worker.warden.ban(ROOM, owner, whom(moderator), soon())
    with pytest.raises(Unwelcome):
        await worker.warden.mute(ROOM, moderator, whom(somebody()), soon())


async def test_an_owner_s_link_brings_back_who_was_banned(worker: Worker, owner: Person, moderator: Person) -> None:
    """Whoever holds it owns the room: a moderator who turned on somebody cannot keep them out."""
    secret = await worker.warden.new_link(ROOM, owner, Role.OWNER)
    bob = somebody("Bob")
    await worker.warden.ban(ROOM, moderator, whom(bob), soon())
    await worker.warden.take_role(ROOM, bob, secret)
    assert (await worker.warden.let_in(ROOM, bob.public)).role == Role.OWNER


async def test_a_room_that_closes_keeps_who_is_there_and_lets_in_nobody_else(
    worker: Worker, other: Worker, owner: Person
) -> None:
    bob, eva = somebody("Bob"), somebody("Eva")
    stays = [await worker.enter(ROOM, person=owner), await other.enter(ROOM, person=bob)]
    for one in (worker, other):
        live = one.hub._rooms[ROOM]
        await until(lambda live=live: len(live.here.people) == 2, "that both are here")  # type: ignore[misc]
    await worker.warden.rule(ROOM, owner, Rules(closed=True))
    with pytest.raises(Unwelcome, match="private"):
        await other.warden.let_in(ROOM, eva.public)
    with pytest.raises(NotYours, match="private"):
        await say(other, eva, "let me in")
    await say(worker, owner, "just us")
    for tab in stays:
        await until(lambda tab=tab: "just us" in page(tab).texts, "that those who were there go on")  # type: ignore[misc]
        assert not page(tab).faults
    secret = await worker.warden.invite(ROOM, owner, 1, soon())
    await other.warden.accept(ROOM, eva, secret)
    tab = await other.enter(ROOM, person=eva)
    await until(lambda: "just us" in page(tab).texts, "that who is invited comes in")
    with pytest.raises(NoMessage):
        await other.warden.accept(ROOM, somebody(), secret)
    with pytest.raises(NotYours):
        await other.warden.invite(ROOM, bob, 1, soon())


async def test_whoever_may_not_stay_hears_nothing_from_when_the_room_closed(
    worker: Worker, other: Worker, owner: Person
) -> None:
    """Two who nobody knows to be there: they never said that they look, and are not named."""
    bob = somebody("Bob")
    tabs = [await worker.enter(ROOM, person=bob), await other.enter(ROOM, person=bob)]
    await worker.rules.set_rules(ROOM, Rules(closed=True))
    for tab in tabs:
        await until(lambda tab=tab: wire(tab).codes, "that it is closed")  # type: ignore[misc]
        assert wire(tab).codes == [POLICY]
        assert wire(tab).holding("This room is private.")
    await say(worker, owner, "just us")
    assert all("just us" not in page(tab).texts for tab in tabs)


async def test_invites_are_of_those_who_keep_order_and_not_many(
    worker: Worker, owner: Person, moderator: Person
) -> None:
    for _ in range(MOST_INVITES):
        await worker.warden.invite(ROOM, moderator, 1, soon())
    with pytest.raises(NotYours, match="at most 50 invites"):
        await worker.warden.invite(ROOM, owner, 1, soon())
    first, *others = await worker.rules.invites(ROOM)
    with pytest.raises(NotYours):
        await worker.warden.take_back(ROOM, somebody(), first.key)
    await worker.warden.take_back(ROOM, moderator, first.key)
    assert len(await worker.rules.invites(ROOM)) == len(others)


async def test_an_invite_does_not_bring_back_who_was_banned(worker: Worker, owner: Person) -> None:
    bob = somebody("Bob")
    secret = await worker.warden.invite(ROOM, owner, 1, soon())
    await worker.warden.ban(ROOM, owner, whom(bob), soon())
    with pytest.raises(Unwelcome, match="sent away"):
        await worker.warden.accept(ROOM, bob, secret)


async def test_a_moderator_deletes_what_somebody_wrote_lately(
    worker: Worker, other: Worker, owner: Person, moderator: Person
) -> None:
    bob = somebody("Bob")
    tab = await other.enter(ROOM, person=owner)
    for number in range(60):
        await say(worker, bob if number % 3 else owner, f"number {number}")
    now = time.time_ns() // 1_000_000
    with pytest.raises(NotYours):
        await worker.changer.purge(ROOM, bob, ADDRESS, whom(owner), since=now - LATER)
    assert await worker.changer.purge(ROOM, moderator, ADDRESS, whom(bob), since=now + LATER) == 0
    assert await worker.changer.purge(ROOM, moderator, ADDRESS, whom(bob), since=now - LATER) == 40
    kept = ["first", *(f"number {number}" for number in range(0, 60, 3))]
    messages = (await other.log.newest(ROOM, 100)).page.messages
    assert [one.text for one in messages if not one.deleted] == kept
    await until(lambda: sum(frame.count("was deleted") for frame in wire(tab).frames) == 40, "that the page shows it")
    assert (await done(worker))[0] == ("Mona", "purged", "Bob")


async def test_an_owner_gives_another_title_and_deletes_the_room(
    worker: Worker, other: Worker, owner: Person, moderator: Person
) -> None:
    assert (await worker.log.newest(ROOM)).title == ROOM
    with pytest.raises(NotYours):
        await worker.changer.set_title(ROOM, moderator, ADDRESS, "Mine")
    await worker.changer.set_title(ROOM, owner, ADDRESS, "A better title")
    for one in (worker, other):
        assert (await one.log.newest(ROOM)).title == "A better title"
    tab = await other.enter(ROOM, person=moderator)
    with pytest.raises(NotYours):
        await worker.warden.delete(ROOM, moderator)
    await worker.warden.delete(ROOM, owner)
    assert not await worker.log.exists(ROOM)
    assert await worker.rules.people(ROOM) == []
    await until(lambda: page(tab).texts == [], "that the page is emptied")


async def test_a_report_reaches_those_who_keep_order_wherever_they_are(
    worker: Worker, other: Worker, owner: Person, moderator: Person
) -> None:
    bob = somebody("Bob")
    keepers = [await worker.enter(ROOM, person=owner), await other.enter(ROOM, person=moderator)]
    tab = await other.enter(ROOM, person=bob)
    entry_id = await say(worker, owner, "odd")
    (message,) = (one for one in (await worker.log.newest(ROOM)).page.messages if one.id == entry_id)
    await other.warden.report(ROOM, bob, ADDRESS, message)
    for keeper in keepers:
        await until(lambda keeper=keeper: wire(keeper).holding("has reported a message"), "the notice")  # type: ignore[misc]
        assert f"/r/{ROOM}/m/{entry_id}" in wire(keeper).holding("has reported a message")[0]
    assert not wire(tab).holding("has reported a message")
    (deed, *_) = await worker.rules.deeds(ROOM)
    assert (deed.by, deed.what, deed.whom, deed.of) == ("Bob", "reported", "Olga", entry_id)
    for _ in range(4):
        await other.warden.report(ROOM, bob, ADDRESS, message)
    with pytest.raises(TooFast):
        await other.warden.report(ROOM, bob, ADDRESS, message)


async def test_a_network_is_banned_with_whom_it_was_banned_for(
    worker: Worker, other: Worker, owner: Person, moderator: Person
) -> None:
    """All tabs of these tests come from one address: who has a role or was invited stays."""
    bob, eva, guest = somebody("Bob"), somebody("Eva"), somebody("Guest")
    secret = await worker.warden.invite(ROOM, owner, 1, soon())
    await worker.warden.accept(ROOM, guest, secret)
    bans = [await worker.enter(ROOM, person=bob), await other.enter(ROOM, person=eva)]
    stay = [await other.enter(ROOM, person=one) for one in (moderator, owner, guest)]
    await worker.warden.ban(ROOM, moderator, whom(bob), soon(), network=True)
    for tab in bans:
        await until(lambda tab=tab: wire(tab).codes == [POLICY], "that it is closed")  # type: ignore[misc]
    with pytest.raises(Unwelcome):
        await other.warden.let_in(ROOM, somebody().public, ADDRESS)
    await other.warden.let_in(ROOM, somebody().public, "192.0.2.1")
    with pytest.raises(NotYours):
        await say(other, somebody("Again"), "under another name")
    await say(worker, guest, "still here")
    for tab in stay:
        await until(lambda tab=tab: "still here" in page(tab).texts, "that they go on")  # type: ignore[misc]
        assert not wire(tab).codes
    (network,) = [one for one in await worker.rules.people(ROOM) if one.network]
    assert network.name == "Bob"
    await worker.warden.ban(ROOM, moderator, Whom(network.public, network.name), 0)
    await other.warden.let_in(ROOM, eva.public, ADDRESS)


async def test_a_tab_that_was_silent_while_its_person_was_banned_does_not_come_in(
    worker: Worker, other: Worker, owner: Person
) -> None:
    """Its worker did not follow the room as it was said."""
    bob = somebody("Bob")
    tab = other.connect(ROOM, person=bob, resume=False)
    await until(lambda: tab in other.hub._tabs)
    await worker.warden.ban(ROOM, owner, whom(bob), soon())
    wire(tab).put(act="resume", since=page(tab).place)
    await until(lambda: wire(tab).codes == [POLICY], "that it is closed")
    assert tab.live is None
    assert "first" not in page(tab).texts


async def test_a_tab_does_not_come_back_by_itself_while_it_is_looked_at(
    worker: Worker, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = somebody("Bob")
    tab = await worker.enter(ROOM, person=bob)
    answer = asyncio.Event()
    read = worker.rules.standing

    async def slowly(*args: str) -> Standing:
        found = await read(*args)
        await answer.wait()
        return found

    monkeypatch.setattr(worker.rules, "standing", slowly)
    worker.hub.admission(ROOM, bob.public, 0)
    for fields in ({"act": "resume", "since": page(tab).place}, {"act": "newest"}):
        wire(tab).put(**fields)
    await until(lambda: wire(tab).served, "that it asked")
    await asyncio.sleep(0.05)
    assert tab.live is None
    await worker.rules.ban(ROOM, bob.public, bob.name, soon())
    answer.set()
    await until(lambda: wire(tab).codes, "that it is closed")
    assert tab.live is None


async def test_what_nobody_heard_while_the_feed_was_lost_holds_once_it_is_back(
    worker: Worker, other: Worker, owner: Person
) -> None:
    bob = somebody("Bob")
    tab = await other.enter(ROOM, person=bob)
    monkeyed, other.ear.admission = other.ear.admission, lambda *_: None  # type: ignore[attr-defined]
    await worker.warden.ban(ROOM, owner, whom(bob), soon())
    await asyncio.sleep(0.05)
    assert not wire(tab).codes
    assert monkeyed
    other.hub.confirmed(ROOM)  # as after each connection
    await until(lambda: wire(tab).codes == [POLICY], "that it is closed")


async def test_who_loses_a_role_stays_in_a_private_room_until_they_are_taken_out(
    worker: Worker, other: Worker, owner: Person, moderator: Person
) -> None:
    await worker.warden.rule(ROOM, owner, Rules(closed=True))
    tab = await other.enter(ROOM, person=moderator)
    await worker.warden.appoint(ROOM, owner, whom(moderator), Role.MEMBER)
    await say(worker, owner, "still among us")
    await until(lambda: "still among us" in page(tab).texts, "that they stay")
    with pytest.raises(NotYours):
        await worker.warden.take_out(ROOM, moderator, whom(moderator))
    await worker.warden.take_out(ROOM, owner, whom(moderator))
    await until(lambda: wire(tab).codes == [POLICY], "that it is closed")


async def test_a_moderator_s_link_is_over_with_a_dismissal_and_lifts_no_ban(worker: Worker, owner: Person) -> None:
    secret = await worker.warden.new_link(ROOM, owner, Role.MODERATOR)
    eva, bob = somebody("Eva"), somebody("Bob")
    await worker.warden.take_role(ROOM, eva, secret)
    await worker.warden.ban(ROOM, owner, whom(bob), soon())
    with pytest.raises(Unwelcome):
        await worker.warden.take_role(ROOM, bob, secret)
    await worker.warden.appoint(ROOM, owner, whom(eva), Role.MEMBER)
    with pytest.raises(NoMessage):
        await worker.warden.take_role(ROOM, eva, secret)


async def test_a_slow_room_is_not_flooded_by_its_topic(worker: Worker, owner: Person) -> None:
    await worker.warden.rule(ROOM, owner, Rules(slow=60))
    bob = somebody("Bob")
    with pytest.raises(NotYours, match="slow"):
        await worker.sayer.say(ROOM, bob, ADDRESS, Say("/topic loud", "topic"))
    entry_id = await say(worker, bob, "mine")
    with pytest.raises(NotYours, match="slow"):
        await worker.changer.pin(ROOM, bob, ADDRESS, entry_id)
    await worker.changer.set_topic(ROOM, owner, ADDRESS, "calm")
