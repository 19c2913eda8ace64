"""A room's rules, its owners and moderators, and who is muted or banned, in the store."""

from __future__ import annotations

import asyncio
import gc

import pytest
from redis import Redis

from quart_chat.errors import StoreAway, Unwelcome
from quart_chat.room.asking import Question
from quart_chat.room.charter import Charter
from quart_chat.room.entries import write_message
from quart_chat.room.record import Deed, Known, Whom
from quart_chat.room.rights import MODERATORS, SLOWEST, VERIFIED, Role, Rules, Standing
from quart_chat.store import keys
from quart_chat.store.appends import Draft
from quart_chat.store.archive import Archive, Opening
from quart_chat.store.changing import Teller, Value
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.rules import LONGEST_KEPT, RoomRules
from quart_chat.store.servers import servers

ANA, BOB, EVA = "a" * 16, "b" * 16, "e" * 16
DAY = 24 * 60 * 60 * 1000  # ms


class Clock:
    now = 1_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rules(pipeline: Pipeline, clock: Clock) -> RoomRules:
    return RoomRules(pipeline, clock)


@pytest.fixture
async def opened(look: Redis) -> None:
    """A room without an owner, which is named in the store and holds nothing."""
    look.hset(keys.meta("r"), "title", "R")


@pytest.fixture
def archive(pipeline: Pipeline) -> Archive:
    return Archive(pipeline, Retention(100, DAY))


@pytest.fixture
def log(pipeline: Pipeline) -> Log:
    return Log(pipeline, Retention(messages=100, room=DAY))


async def test_who_opens_a_room_owns_it_whichever_way_and_nobody_after_them(log: Log, rules: RoomRules) -> None:
    await log.open("named", "Named", 5, ANA, "Ana")
    await log.open("named", "Other", 6, BOB, "Bob")
    await log.append("named", BOB, "Bob", "x", "n")
    await log.append("written", EVA, "Eva", "x", "n")
    await log.append("written", BOB, "Bob", "y", "n")
    for room, owner in (("named", ANA), ("written", EVA)):
        assert (await rules.standing(room, owner)).role == Role.OWNER
        assert (await rules.standing(room, BOB)).role == Role.MEMBER
    assert await rules.people("written") == [Known(EVA, "Eva", Role.OWNER, 0, 0)]


async def test_a_room_that_was_there_before_rooms_had_owners_gets_none(log: Log, rules: RoomRules, look: Redis) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    look.delete(keys.rules("r"))
    await log.append("r", BOB, "Bob", "x", "n")
    assert await rules.people("r") == []
    assert await rules.standing("r", BOB) == Standing()


async def test_where_there_is_no_room_everybody_stands_as_usual(rules: RoomRules) -> None:
    assert await rules.standing("none", ANA) == Standing()
    assert await rules.people("none") == []
    assert await rules.deeds("none") == []


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    "given", [Rules(), Rules(VERIFIED, closed=True), Rules(MODERATORS, 30, archived=True, files=False)]
)
async def test_rules_are_kept(rules: RoomRules, given: Rules) -> None:
    await rules.set_rules("r", given)
    assert (await rules.standing("r", ANA)).rules == given


@pytest.mark.usefixtures("opened")
async def test_a_room_has_a_question_of_its_own_or_none(rules: RoomRules, look: Redis) -> None:
    assert await rules.question("r") is None
    await rules.set_question("r", Question("Whose dog?", "Ana’s"))
    assert await rules.question("r") == Question("Whose dog?", "Ana’s")
    assert await rules.question("other") is None
    assert await rules.people("r") == []
    await rules.set_question("r", None)
    assert await rules.question("r") is None
    assert not {"question", "answer"} & {*look.hkeys(keys.rules("r"))}
    await rules.set_question("none", Question("x", "y"))
    assert not look.exists(keys.rules("none"))


TORN = [
    "",
    "{",
    "[]",
    "{}",
    "[" * 100_000,
    '{"writers":1,"slow":"x","archived":0,"files":1}',
    '{"writers":"everyone","slow":1e999,"archived":0,"files":1}',
    '{"writers":"everyone","slow":0,"archived":0,"files":1,"keep":1e999}',
]


@pytest.mark.parametrize("torn", TORN, ids=range(len(TORN)))
async def test_torn_rules_let_nobody_in_but_those_who_keep_order(rules: RoomRules, look: Redis, torn: str) -> None:
    look.hset(keys.rules("r"), "rules", torn)
    standing = await rules.standing("r", ANA)
    assert standing.rules == Rules(writers=MODERATORS, closed=True)
    assert not standing.inside
    assert await rules.keep("r") is None


async def test_rules_of_another_version_stay_within_bounds(rules: RoomRules, look: Redis) -> None:
    look.hset(keys.rules("r"), "rules", '{"writers":"some","slow":99999999,"archived":0,"files":1,"more":2}')
    assert (await rules.standing("r", ANA)).rules == Rules(MODERATORS, SLOWEST)
    look.hset(keys.rules("r"), "rules", '{"writers":"","slow":0,"archived":0,"files":1,"keep":1e300}')
    assert await rules.keep("r") == LONGEST_KEPT
    look.hset(keys.rules("r"), f"{ANA} role", "emperor")
    assert (await rules.standing("r", ANA)).role == Role.MEMBER


@pytest.mark.usefixtures("opened")
async def test_who_is_muted_or_banned_is_so_for_a_while(rules: RoomRules, clock: Clock) -> None:
    await rules.mute("r", ANA, "Ana", 2_000)
    await rules.ban("r", BOB, "Bob", 3_000)
    assert await rules.standing("r", ANA) == Standing(muted=2_000)
    assert await rules.standing("r", BOB) == Standing(banned=3_000)
    clock.now = 2_000
    assert await rules.standing("r", ANA) == Standing()
    assert await rules.people("r") == [Known(BOB, "Bob", Role.MEMBER, 0, 3_000)]
    await rules.ban("r", BOB, "Bob", 0)
    assert await rules.standing("r", BOB) == Standing()


@pytest.mark.usefixtures("opened")
async def test_a_link_gives_its_role_until_there_is_another(rules: RoomRules, look: Redis) -> None:
    await rules.set_link("r", Role.MODERATOR, "old")
    await rules.set_link("r", Role.MODERATOR, "new")
    await rules.set_link("r", Role.OWNER, "owner's")
    assert await rules.opened_by("r", "new") == Role.MODERATOR
    assert await rules.opened_by("r", "owner's") == Role.OWNER
    assert await rules.opened_by("r", "old") is None
    assert await rules.opened_by("other", "new") is None
    assert not any("new" in held or "owner's" in held for held in look.hvals(keys.rules("r")))


@pytest.mark.usefixtures("opened")
async def test_an_invite_lets_in_so_many_people_for_so_long(rules: RoomRules, clock: Clock, look: Redis) -> None:
    await rules.set_rules("r", Rules(closed=True))
    await rules.invite("r", "secret", 2, 5_000)
    assert await rules.is_invite("r", "secret")
    assert not await rules.is_invite("r", "other")
    for public in (ANA, ANA, BOB):  # who comes again takes no place
        assert await rules.accept("r", public, "Name", "secret")
        assert (await rules.standing("r", public)).inside
    assert not await rules.accept("r", EVA, "Name", "secret")
    assert await rules.accept("r", ANA, "Name", "secret")
    assert await rules.invites("r") == []
    assert not (await rules.standing("r", EVA)).inside
    await rules.invite("r", "late", 2, 5_000)
    clock.now = 5_000
    assert not await rules.accept("r", EVA, "Name", "late")
    assert await rules.invites("r") == []
    assert not any("secret" in field for field in look.hkeys(keys.rules("r")))


@pytest.mark.usefixtures("opened")
async def test_an_invite_that_was_taken_back_lets_in_nobody_more(rules: RoomRules) -> None:
    await rules.invite("r", "one", 5, 9_000)
    await rules.invite("r", "two", 3, 8_000)
    first, second = await rules.invites("r")
    assert (first.left, first.until, second.left) == (3, 8_000, 5)
    assert await rules.accept("r", ANA, "Name", "one")
    await rules.take_back("r", second.key)
    assert not await rules.accept("r", BOB, "Name", "one")
    assert (await rules.standing("r", ANA)).invited
    assert [one.key for one in await rules.invites("r")] == [first.key]


@pytest.mark.usefixtures("opened")
async def test_who_was_let_in_is_listed_by_name_and_known(rules: RoomRules) -> None:
    await rules.let_in("r", BOB, "Bob")
    await rules.let_in("r", ANA, "Ana Maria 7")
    await rules.invite("r", "secret", 2, 5_000)
    await rules.accept("r", EVA, "Eva", "secret")
    assert await rules.members("r") == [Whom(ANA, "Ana Maria 7"), Whom(BOB, "Bob"), Whom(EVA, "Eva")]
    assert await rules.people("r") == []
    assert await rules.known("r", ANA) == Whom(ANA, "Ana Maria 7")
    assert await rules.known("r", "c" * 16) is None
    await rules.take_out("r", ANA)
    await rules.ban("r", BOB, "Bob", 9_000)
    assert await rules.members("r") == [Whom(EVA, "Eva")]
    assert await rules.known("r", ANA) is None
    assert await rules.known("r", BOB) == Whom(BOB, "Bob")  # who was banned


async def test_members_stay_as_long_as_their_room_and_no_next_one_has_them(
    log: Log, rules: RoomRules, look: Redis
) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    await rules.let_in("r", BOB, "Bob")
    assert look.pttl(keys.members("r")) > DAY - 10_000
    for key in keys.held("r"):
        look.pexpire(key, 60_000)
    await log.append("r", ANA, "Ana", "y", "m")
    assert look.pttl(keys.members("r")) > DAY - 10_000
    look.delete(keys.meta("r"))
    await log.append("r", ANA, "Ana", "z", "o")
    assert await rules.members("r") == []


async def test_who_has_read_a_room_or_is_there_stays_as_it_closes(
    pipeline: Pipeline, log: Log, rules: RoomRules, look: Redis
) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    look.hset(keys.read("r"), BOB, "1-0")
    await Presence(pipeline, "w").announce("r", {EVA: "Eva"})
    look.hset(keys.here("r"), "torn", "99999999999999 {")
    await rules.invite_all("r")
    await rules.set_rules("r", Rules(closed=True))
    for public, inside in ((ANA, True), (BOB, True), (EVA, True), ("c" * 16, False)):
        assert (await rules.standing("r", public)).inside is inside


async def test_who_wrote_in_a_room_stays_as_it_closes(log: Log, rules: RoomRules) -> None:
    for number, (public, name) in enumerate(((ANA, "Ana"), (BOB, "Bob"), (BOB, "Bobby"), (EVA, "Eva"))):
        await log.append("r", public, name, "x", f"n{number}")
    await rules.ban("r", EVA, "Eva", 9_000)
    await rules.invite_all("r", writers=False)
    assert await rules.members("r") == []
    await rules.invite_all("r")
    assert await rules.members("r") == [Whom(ANA, "Ana"), Whom(BOB, "Bobby")]


@pytest.mark.usefixtures("opened")
async def test_what_was_done_is_told_newest_first(rules: RoomRules, clock: Clock) -> None:
    await rules.record("r", "Ana", "muted", "Bob", until=9_000)
    clock.now = 2_000
    await rules.record("r", "Ana", "ruled")
    assert await rules.deeds("r") == [Deed(2_000, "Ana", "ruled", "", 0), Deed(1_000, "Ana", "muted", "Bob", 9_000)]
    assert await rules.deeds("r", 1) == [Deed(2_000, "Ana", "ruled", "", 0)]


async def test_all_of_it_goes_with_the_room(log: Log, rules: RoomRules, look: Redis) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    await rules.set_rules("r", Rules())
    await rules.record("r", "Ana", "ruled")
    for key in (keys.rules("r"), keys.record("r")):
        assert DAY - 10_000 < look.pttl(key) <= DAY, key
        assert key in keys.held("r")
    await log.open("opened", "Opened", 5, ANA, "Ana")
    assert 0 < look.pttl(keys.rules("opened")) <= DAY


async def test_where_there_is_no_room_nothing_is_written(rules: RoomRules, look: Redis) -> None:
    await rules.set_rules("none", Rules(closed=True))
    await rules.ban("none", ANA, "Ana", 9_000)
    assert not look.exists(keys.rules("none"))


async def test_what_was_left_of_a_room_gives_its_next_opener_nothing_but_the_room(
    log: Log, rules: RoomRules, look: Redis
) -> None:
    for room in ("opened", "written"):
        look.hset(keys.rules(room), f"{BOB} role", "owner")
        look.hset(keys.rules(room), "rules", "torn")
    await log.open("opened", "Opened", 5, ANA, "Ana")
    await log.append("written", ANA, "Ana", "x", "n")
    for room in ("opened", "written"):
        assert [one.public for one in await rules.people(room)] == [ANA]
        assert (await rules.standing(room, BOB)) == Standing()


async def test_rules_stay_as_long_as_their_room(log: Log, rules: RoomRules, look: Redis) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    look.pexpire(keys.rules("r"), 60_000)  # as two writes that cross would leave it
    await log.append("r", ANA, "Ana", "y", "m")
    assert look.pttl(keys.rules("r")) > DAY - 10_000
    look.pexpire(keys.rules("r"), 60_000)
    await rules.set_rules("r", Rules(slow=5))
    assert look.pttl(keys.rules("r")) > DAY - 10_000


async def test_a_room_keeps_an_owner_whoever_gives_up_first(log: Log, rules: RoomRules) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    await rules.appoint("r", BOB, "Bob", Role.OWNER)
    given_up = await asyncio.gather(*(rules.appoint("r", one, "x", Role.MEMBER) for one in (ANA, BOB)))
    assert sorted(given_up) == [False, True]
    assert [one.role for one in await rules.people("r") if one.role != Role.MEMBER] == [Role.OWNER]


async def test_who_gets_a_role_is_neither_muted_nor_banned(log: Log, rules: RoomRules) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    await rules.mute("r", BOB, "Bob", 9_000)
    await rules.ban("r", BOB, "Bob", 9_000)
    await rules.appoint("r", BOB, "Bob", Role.MODERATOR)
    assert await rules.standing("r", BOB) == Standing(Role.MODERATOR)


async def test_who_is_banned_does_not_stay_as_a_room_closes(log: Log, rules: RoomRules, look: Redis) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    look.hset(keys.read("r"), BOB, "1-0")
    look.hset(keys.here("r"), "lapsed", '1 {"n":1,"p":[["' + EVA + '","Eva"]]}')
    await rules.ban("r", BOB, "Bob", 9_000)
    await rules.invite_all("r")
    assert not (await rules.standing("r", BOB)).invited
    assert not (await rules.standing("r", EVA)).invited
    for number in range(1000):
        look.hset(keys.read("r"), f"{number:016x}", "1-0")
    await rules.invite_all("r")
    assert (await rules.standing("r", f"{999:016x}")).invited


CLOSED = Rules(closed=True)


async def deleted(log: Log, rules: RoomRules, archive: Archive, given: Rules = CLOSED) -> None:
    """Delete a room of Ana's in which Bob was."""
    await log.append("r", ANA, "Ana", "x", "n")
    await rules.let_in("r", BOB, "Bob")
    await rules.set_rules("r", given)
    assert await archive.delete("r", ANA)


async def test_a_private_room_s_address_is_closed_to_all_but_who_deleted_it(
    log: Log, rules: RoomRules, archive: Archive, look: Redis
) -> None:
    """Whatever they had under way as it was deleted: the store itself refuses it, and nothing is left of it."""
    await deleted(log, rules, archive)
    assert 0 < look.pttl(keys.rules("r")) <= DAY
    assert not (await rules.standing("r", BOB)).inside
    (late,) = await log.append_all("r", [Draft(BOB, "Bob", "private words", "m")])
    assert isinstance(late.refused, Unwelcome)
    with pytest.raises(Unwelcome):
        await log.open("r", "R", 5, BOB, "Bob")
    teller = Teller(BOB, "Bob", write_message(BOB, "Bob", "t", "topic"))
    with pytest.raises(Unwelcome):
        await log.changes.write("r", teller.body, [Value("meta", "topic", "", "t")], teller=teller)
    await rules.record("r", "Bob", "ruled")
    await log.keep(["r"])
    assert look.keys() == [keys.rules("r")]
    assert 0 < look.pttl(keys.rules("r")) <= DAY
    both = await log.append_all("r", [Draft(ANA, "Ana", "anew", "n"), Draft(BOB, "Bob", "again", "m")])
    assert [one.new for one in both] == [True, False]
    assert (await rules.standing("r", BOB)).inside
    assert not look.hexists(keys.rules("r"), "gone")


@pytest.mark.parametrize("written", ['{"closed": true}', "torn", "[]", '{"closed":true,"files":1}'])
async def test_whatever_lets_in_nobody_closes_the_address(
    log: Log, rules: RoomRules, archive: Archive, look: Redis, written: str
) -> None:
    await log.append("r", ANA, "Ana", "x", "n")
    look.hset(keys.rules("r"), "rules", written)
    await archive.delete("r")
    for public in (ANA, BOB):
        assert not (await rules.standing("r", public)).inside
        with pytest.raises(Unwelcome):
            await log.open("r", "R", 5, public, "Name")


async def test_an_open_room_s_address_is_free_again(log: Log, rules: RoomRules, archive: Archive, look: Redis) -> None:
    await deleted(log, rules, archive, Rules(asks=True))
    assert look.keys() == []
    await log.open("r", "R", 5, BOB, "Bob")
    assert [one.public for one in await rules.people("r")] == [BOB]


async def test_an_import_takes_the_place_of_a_room_that_is_gone_and_not_of_one_that_somebody_opened(
    log: Log, rules: RoomRules, archive: Archive
) -> None:
    await deleted(log, rules, archive)
    charter = Charter({f"{EVA} role": "owner"})
    await archive.restore("r", Opening("R", 5, charter=charter), [])
    await log.open("s", "S", 5, BOB, "Bob")
    await archive.restore("s", Opening("S", 5, charter=charter), [])
    for room, owner in (("r", EVA), ("s", BOB)):
        assert [one.public for one in await rules.people(room)] == [owner]
    assert (await rules.standing("r", BOB)).inside


async def test_of_a_store_that_is_away_nobody_is_told_twice() -> None:
    """Two things are asked for at once; asyncio complains of an error that nobody looked at."""
    pipeline, told = Pipeline(servers("unix:///nonexistent/socket")), list[str]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
    found = await asyncio.gather(RoomRules(pipeline, lambda: 0).standing("r", ANA), return_exceptions=True)
    assert [type(one) for one in found] == [StoreAway]
    del found  # which holds what was asked for
    await pipeline.aclose()
    for _ in range(2):
        await asyncio.sleep(0)
        gc.collect()
    assert told == []
