"""What programs write by a hook, and who keeps hooks."""

from __future__ import annotations

import pytest
from redis import Redis

from quart_chat.errors import BadHook, BadName, NoMessage, NotYours, Refused, Spent, TooFast, Unwelcome
from quart_chat.room.hooks import ALL, MOST, Incoming, author_of, digest_of
from quart_chat.room.limits import HOOKS, NO_HOOKS
from quart_chat.room.people import Person, public_id
from quart_chat.room.proofs import is_bot, of_bot
from quart_chat.room.record import HOOKED, UNHOOKED
from quart_chat.room.rights import MODERATORS, Role, Rules
from quart_chat.store import keys
from quart_chat.store.archive import Archive
from quart_chat.store.log import Retention
from tests.live.hooked import HOME, ROOM, Hooked
from tests.live.rig import Worker, somebody


@pytest.fixture
async def house(worker: Worker) -> Hooked:
    return Hooked(worker)


@pytest.fixture
async def owner(house: Hooked) -> Person:
    return await house.open()


async def make(house: Hooked, owner: Person, name: str = "GitHub") -> str:
    return (await house.hooks.make_incoming(ROOM, owner, HOME, name)).secret


async def said(house: Hooked) -> list[tuple[str, str, str]]:
    page = (await house.worker.log.newest(ROOM)).page
    return [(message.name, message.text, message.kind) for message in page.messages]


async def hook_of(house: Hooked) -> Incoming:
    (held,) = await house.hooks.of(ROOM)
    assert isinstance(held.hook, Incoming)
    return held.hook


async def test_a_message_comes_under_the_hook_s_name_with_the_mark_of_bots(house: Hooked, owner: Person) -> None:
    token = await make(house, owner)
    entry_id = await house.hooks.say(token, HOME, "*green*", None)
    await house.hooks.say(token, HOME, "/me is no command", None)
    await house.hooks.say(token, HOME, "//x", None)
    assert [(text, kind) for _, text, kind in await said(house)] == [
        ("*green*", ""), ("/me is no command", ""), ("//x", ""),
    ]  # fmt: skip
    assert {name for name, _, _ in await said(house)} == {of_bot("GitHub")}
    message = (await house.worker.log.changes.find(ROOM, entry_id)).message
    assert message is not None
    assert message.author == public_id(author_of((await hook_of(house)).id))


async def test_the_same_key_is_one_message(house: Hooked, owner: Person) -> None:
    token = await make(house, owner)
    first = await house.hooks.say(token, HOME, "once", "build 42")
    assert await house.hooks.say(token, HOME, "once", "build 42") == first
    with pytest.raises(Spent):
        await house.hooks.say(token, HOME, "other", "build 42")
    assert await house.hooks.say(token, HOME, "once", "build 43") != first
    assert await house.hooks.say(token, HOME, "once", None) != await house.hooks.say(token, HOME, "once", None)
    assert len(await said(house)) == 4


async def test_the_store_has_no_token_and_an_export_no_hook(house: Hooked, owner: Person, look: Redis) -> None:
    token = await make(house, owner)
    await house.hooks.make_outgoing(ROOM, owner, HOME, url="https://example.org/secret", kind=ALL)
    held = " ".join(f"{key} {look.dump(key)!r}" for key in look.keys("*") if look.type(key) == "string")
    fields = " ".join(f"{name} {value}" for name, value in look.hgetall(keys.rules(ROOM)).items())
    assert token not in held + fields
    assert digest_of(token) in fields
    charter = await Archive(house.worker._pipeline, Retention(1000, 0)).charter(ROOM)
    assert not [field for field in charter.rules if field.startswith("hook")]
    assert any(value == Role.OWNER for value in charter.rules.values())


async def test_a_removed_hook_opens_nothing_and_neither_does_one_of_a_deleted_room(
    house: Hooked, owner: Person, look: Redis
) -> None:
    token = await make(house, owner)
    await house.hooks.remove(ROOM, owner, (await hook_of(house)).id)
    with pytest.raises(NoMessage):
        await house.hooks.say(token, HOME, "x", None)
    assert not look.keys("c:{~*}:hook")
    token = await make(house, owner)
    await Archive(house.worker._pipeline, Retention(1000, 0)).delete(ROOM)
    await house.open()
    with pytest.raises(NoMessage):
        await house.hooks.say(token, HOME, "x", None)
    deeds = [(deed.what, deed.whom) for deed in await house.worker.rules.deeds(ROOM)]
    assert deeds == [], "its record went with it"


async def test_no_program_opens_a_room_that_went_as_it_wrote(house: Hooked, owner: Person, look: Redis) -> None:
    token = await make(house, owner)
    hooks = look.hgetall(keys.rules(ROOM))
    look.delete(keys.meta(ROOM))
    assert hooks
    with pytest.raises(Unwelcome):
        await house.hooks.say(token, HOME, "x", None)
    assert not look.exists(keys.meta(ROOM))


async def test_a_hook_writes_where_its_owners_let_it_and_nowhere_else(house: Hooked, owner: Person) -> None:
    token, rules = await make(house, owner), house.worker.rules
    public = public_id(author_of((await hook_of(house)).id))
    for open_to_it in (Rules(writers=MODERATORS), Rules(closed=True), Rules(asks=True), Rules(slow=3600)):
        await rules.set_rules(ROOM, open_to_it)
        await house.hooks.say(token, HOME, "x", None)
        await house.hooks.say(token, HOME, "x", None)
    await rules.set_rules(ROOM, Rules(archived=True))
    with pytest.raises(NotYours):
        await house.hooks.say(token, HOME, "x", None)
    await rules.set_rules(ROOM, Rules())
    later = house.clock() + 60_000
    await rules.mute(ROOM, public, "GitHub", later)
    with pytest.raises(NotYours):
        await house.hooks.say(token, HOME, "x", None)
    await rules.mute(ROOM, public, "GitHub", 0)
    await rules.ban_network(ROOM, HOME, "Eva", later)
    await house.hooks.say(token, HOME, "its network is a cloud's", None)
    await rules.ban(ROOM, public, "GitHub", later)
    with pytest.raises(NotYours):
        await house.hooks.say(token, HOME, "x", None)


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.MEMBER])
async def test_only_owners_keep_hooks(house: Hooked, owner: Person, role: Role) -> None:
    other = somebody("Mona")
    await house.worker.rules.appoint(ROOM, other.public, other.name, role)
    await make(house, owner)
    held = await hook_of(house)
    for doing in (
        house.hooks.make_incoming(ROOM, other, HOME, "x"),
        house.hooks.make_outgoing(ROOM, other, HOME, url="https://example.org", kind=ALL),
        house.hooks.remove(ROOM, other, held.id),
        house.hooks.wake(ROOM, other, held.id),
    ):
        with pytest.raises(NotYours):
            await doing
    assert [one.hook for one in await house.hooks.of(ROOM)] == [held]


async def test_a_room_has_ten_hooks_and_the_record_tells_of_them(house: Hooked, owner: Person) -> None:
    for number in range(MOST):
        await make(house, owner, f"Hook {number}")
    with pytest.raises(BadHook):
        await make(house, owner)
    with pytest.raises(BadHook):
        await house.hooks.make_outgoing(ROOM, owner, HOME, url="https://example.org", kind=ALL)
    first, *_ = await house.hooks.of(ROOM)
    await house.hooks.remove(ROOM, owner, first.hook.id)
    deed, before, *_ = await house.worker.rules.deeds(ROOM)
    assert (deed.what, deed.whom) == (UNHOOKED, of_bot("Hook 0"))
    assert (before.what, before.whom) == (HOOKED, of_bot(f"Hook {MOST - 1}"))
    assert not is_bot(deed.by)


@pytest.mark.parametrize("name", ["", "Olga", "0lga", "a" * 41, "✓ Ana"])
async def test_a_hook_has_a_name_that_is_nobody_else_s(house: Hooked, owner: Person, name: str) -> None:
    with pytest.raises(BadName):
        await make(house, owner, name)
    assert await house.hooks.of(ROOM) == []


async def test_wrong_tokens_and_many_hooks_meet_a_limit(house: Hooked, owner: Person) -> None:
    for _ in range(NO_HOOKS.most):
        with pytest.raises(NoMessage):
            await house.hooks.say("x", HOME, "x", None)
    with pytest.raises(TooFast):
        await house.hooks.say("x", HOME, "x", None)
    assert await house.hooks.say(await make(house, owner), HOME, "x", None), "who has a right one is not kept out"
    refused: list[Refused] = []
    for number in range(HOOKS.most + 1):
        try:
            await make(house, owner, f"Hook {number}")
        except (TooFast, BadHook) as error:
            refused.append(error)
    assert any(isinstance(error, TooFast) for error in refused)


async def test_an_operator_may_want_no_hooks_or_only_those_that_write(worker: Worker) -> None:
    none, writing = Hooked(worker, incoming=False, outgoing=False), Hooked(worker, outgoing=False)
    owner = await none.open()
    token = await make(writing, owner)
    with pytest.raises(NotYours):
        await writing.hooks.make_outgoing(ROOM, owner, HOME, url="https://example.org", kind=ALL)
    with pytest.raises(NotYours):
        await make(none, owner)
    with pytest.raises(NoMessage):
        await none.hooks.say(token, HOME, "x", None)
