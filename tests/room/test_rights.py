"""Who may do what: each cell of the table, told here once more by hand."""

from __future__ import annotations

import pytest

from quart_chat.errors import Asked, Locked, Unwelcome
from quart_chat.room.changes import Changes
from quart_chat.room.entries import PIN, ROLL, Message
from quart_chat.room.rights import (
    BOTS,
    MODERATORS,
    READS_ONLY,
    TABLE,
    VERIFIED,
    Right,
    Role,
    Rules,
    Standing,
    may,
    may_sanction,
    outside,
    rights,
    silenced,
)

ANA, BOB = "a" * 16, "b" * 16
OPEN = Rules()
UNTIL = 5000  # ms

# What is allowed, a letter each: say, attach, topic, moderate, rule, keep hooks; then with one's own message reply,
# react, pin, edit, delete, report (x); then with somebody else's.
LETTERS = "satMRH"
OF_ROOM = dict(
    zip(LETTERS, (Right.SAY, Right.ATTACH, Right.TOPIC, Right.MODERATE, Right.RULE, Right.HOOK), strict=True)
)
OF_MESSAGE = dict(
    zip("rcpedx", (Right.REPLY, Right.REACT, Right.PIN, Right.EDIT, Right.DELETE, Right.REPORT), strict=True)
)

CELLS = [
    # role, rules, muted, banned: in the room, with one's own, with another's
    (Role.OWNER, OPEN, 0, 0, "satMRH", "rcped", "rcpd"),
    (Role.MODERATOR, OPEN, 0, 0, "satM", "rcped", "rcpd"),
    (Role.MEMBER, OPEN, 0, 0, "sat", "rcped", "rcpx"),
    (Role.OWNER, Rules(files=False), 0, 0, "stMRH", "rcped", "rcpd"),
    (Role.MODERATOR, Rules(files=False), 0, 0, "stM", "rcped", "rcpd"),
    (Role.MEMBER, Rules(files=False), 0, 0, "st", "rcped", "rcpx"),
    (Role.OWNER, Rules(writers=MODERATORS), 0, 0, "satMRH", "rcped", "rcpd"),
    (Role.MODERATOR, Rules(writers=MODERATORS), 0, 0, "satM", "rcped", "rcpd"),
    (Role.MEMBER, Rules(writers=MODERATORS), 0, 0, "", "", "x"),
    (Role.OWNER, Rules(archived=True), 0, 0, "MRH", "d", "d"),
    (Role.MODERATOR, Rules(archived=True), 0, 0, "M", "d", "d"),
    (Role.MEMBER, Rules(archived=True), 0, 0, "", "", "x"),
    (Role.OWNER, OPEN, UNTIL, 0, "MRH", "d", "d"),
    (Role.MODERATOR, OPEN, UNTIL, 0, "M", "d", "d"),
    (Role.MEMBER, OPEN, UNTIL, 0, "", "", "x"),
    (Role.OWNER, OPEN, 0, UNTIL, "", "", ""),
    (Role.MODERATOR, OPEN, 0, UNTIL, "", "", ""),
    (Role.MEMBER, OPEN, 0, UNTIL, "", "", ""),
    (Role.OWNER, Rules(closed=True), 0, 0, "satMRH", "rcped", "rcpd"),
    (Role.MODERATOR, Rules(closed=True), 0, 0, "satM", "rcped", "rcpd"),
    (Role.MEMBER, Rules(closed=True), 0, 0, "", "", ""),
    (Role.OWNER, Rules(asks=True), 0, 0, "satMRH", "rcped", "rcpd"),
    (Role.MODERATOR, Rules(asks=True), 0, 0, "satM", "rcped", "rcpd"),
    (Role.MEMBER, Rules(asks=True), 0, 0, "", "", ""),
    (Role.BOT, OPEN, 0, 0, "sat", "rcped", "rcp"),
    (Role.BOT, Rules(slow=5), 0, 0, "sa", "rced", "rc"),
    (Role.BOT, Rules(files=False), 0, 0, "st", "rcped", "rcp"),
    (Role.BOT, Rules(writers=MODERATORS), 0, 0, "sat", "rcped", "rcp"),
    (Role.BOT, Rules(writers=VERIFIED), 0, 0, "sat", "rcped", "rcp"),
    (Role.BOT, Rules(archived=True), 0, 0, "", "", ""),
    (Role.BOT, OPEN, UNTIL, 0, "", "", ""),
    (Role.BOT, OPEN, 0, UNTIL, "", "", ""),
    (Role.BOT, Rules(closed=True), 0, 0, "sat", "rcped", "rcp"),
    (Role.BOT, Rules(asks=True), 0, 0, "sat", "rcped", "rcp"),
    (Role.READER, OPEN, 0, 0, "", "", ""),
    (Role.READER, Rules(closed=True), 0, 0, "", "", ""),
]


def message(author: str, kind: str = "", *, deleted: bool = False) -> Message:
    return Message("1-0", 1, author, "Ana", "x", None, kind, changes=Changes(deleted=True) if deleted else None)


@pytest.mark.parametrize(("role", "rules", "muted", "banned", "room", "own", "other"), CELLS)
def test_each_cell(  # noqa: PLR0917
    role: Role, rules: Rules, muted: int, banned: int, room: str, own: str, other: str
) -> None:
    standing = Standing(role, rules, muted, banned)
    assert {letter for letter, right in OF_ROOM.items() if may(right, standing)} == set(room)
    assert rights(ANA, message(ANA), standing) == {OF_MESSAGE[letter] for letter in own}
    assert rights(ANA, message(BOB), standing) == {OF_MESSAGE[letter] for letter in other}


@pytest.mark.parametrize("rules", [Rules(closed=True), Rules(asks=True), Rules(closed=True, asks=True)])
def test_who_is_invited_is_in_a_guarded_room_as_in_another(rules: Rules) -> None:
    invited = Standing(rules=rules, invited=True)
    assert invited.inside
    assert all(may(right, invited) == may(right, Standing()) for right in Right)
    assert not invited._replace(banned=UNTIL).inside


def test_who_is_outside_hears_what_lets_them_in() -> None:
    asks, both = Standing(rules=Rules(asks=True), locked=True), Standing(rules=Rules(closed=True, asks=True))
    assert type(outside(asks)) is Asked
    assert type(outside(both)) is Unwelcome  # it is private first
    assert type(outside(both._replace(locked=True))) is Locked
    assert "sent away" in outside(asks._replace(banned=UNTIL)).message
    assert not asks._replace(banned=UNTIL, invited=True).inside
    assert silenced(asks).message == outside(asks).message


def test_where_names_have_to_be_kept_who_keeps_theirs_writes() -> None:
    verified = Rules(writers=VERIFIED)
    assert not Standing(rules=verified).writes
    assert Standing(rules=verified, proved=True).writes
    assert Standing(Role.MODERATOR, verified).writes
    assert not Standing(rules=Rules(writers=MODERATORS), proved=True).writes
    assert "phrase" in silenced(Standing(rules=verified)).message


def test_every_right_is_in_the_table_and_in_a_cell() -> None:
    assert set(TABLE) == set(Right) == {*OF_ROOM.values(), *OF_MESSAGE.values()}
    assert all(len(row) == len(Role) for row in TABLE.values())


def test_nothing_is_done_with_what_was_deleted() -> None:
    for role in Role:
        assert not rights(ANA, message(ANA, deleted=True), Standing(role))


def test_what_tells_of_something_is_not_edited() -> None:
    for kind in (ROLL, PIN):
        assert Right.EDIT not in rights(ANA, message(ANA, kind), Standing(Role.OWNER))
        assert Right.DELETE in rights(ANA, message(ANA, kind), Standing())


@pytest.mark.parametrize(
    ("role", "over"),
    [
        (Role.OWNER, {Role.MODERATOR, Role.MEMBER, *BOTS}),
        (Role.MODERATOR, {Role.MEMBER, *BOTS}),
        *((one, set()) for one in (Role.MEMBER, *BOTS)),
    ],
)
def test_nobody_is_muted_or_banned_by_their_like(role: Role, over: set[Role]) -> None:
    assert {other for other in Role if may_sanction(Standing(role), other)} == over


def test_a_bot_that_reads_is_in_the_room_and_told_why_it_may_not_write() -> None:
    reader = Standing(Role.READER, Rules(closed=True))
    assert reader.inside
    assert silenced(reader).message == READS_ONLY


def test_who_may_not_write_is_told_why() -> None:
    for standing in (
        Standing(rules=Rules(archived=True)),
        Standing(muted=1),
        Standing(rules=Rules(writers=MODERATORS)),
    ):
        assert not standing.writes
    reasons = {
        silenced(standing).message
        for standing in (
            Standing(rules=Rules(archived=True)),
            Standing(muted=1),
            Standing(rules=Rules(writers=MODERATORS)),
        )
    }
    assert len(reasons) == 3
