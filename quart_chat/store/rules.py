"""A room's rules, who has which role in it, and who is muted or banned: one hash a room, beside what it holds."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache, partial

from quart_chat.events import get_logger
from quart_chat.room.asking import Question
from quart_chat.room.record import Deed, Invite, Known, Whom
from quart_chat.room.rights import COMMON, EVERYONE, KEEPERS, MODERATORS, SLOWEST, VERIFIED, Role, Rules, Standing
from quart_chat.store import keys
from quart_chat.store.expiring import SETTLED, list_room
from quart_chat.store.line import Argument
from quart_chat.store.pipeline import Pipeline, Script

RECORDED = 1000  # deeds that a room's record keeps
LISTED = 300  # rooms that may be in the lobby; who lists one more takes the place of who did first
WROTE = 1000  # messages whose authors stay as a room closes
LONGEST_KEPT = 1_000_000  # hours that rules may say, 114 years: no sum of them overflows
MEMBERS = 200  # of those who were let in, that are listed
_RULES = "rules"
_INVITE = "invite "
_PHRASE = "phrase"
_QUESTION, _ANSWER = "question", "answer"
_OF_PERSON = ("role", "muted", "banned", "name", "network")

logger = get_logger(__name__)


class RoomRules:
    """All rooms' rules. clock: ms since the epoch."""

    def __init__(self, pipeline: Pipeline, clock: Callable[[], int]) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._put = partial(put, pipeline)
        self._stay = Script.load("stay.lua")
        self._accept = Script.load("accept.lua")
        self._record = Script.load("record.lua")

    async def standing(self, room: str, public: str, address: str = "") -> Standing:
        """Tell how somebody stands in a room, whether it exists or not; address: where they come from, "" for unknown.

        A banned network keeps out members whom nobody invited.

        Raises:
            StoreAway: no answer.
        """
        fields = (_RULES, *(f"{public} {one}" for one in _OF_PERSON[:3]), f"{_network(room, address)} banned", _PHRASE)
        # one after the other in one trip, and not as one: whatever comes between lets in nobody who was never let in
        asked = self._pipeline.command("HMGET", keys.rules(room), *fields)
        member = self._pipeline.command("HEXISTS", keys.members(room), public)
        (rules, role, muted, banned, network, phrase), invited = await asked, await member
        now, stands, is_invited = self._clock(), _role(role), bool(invited)
        until = _until(banned, now)
        if stands == Role.MEMBER and not is_invited:
            until = max(until, _until(network, now))
        return Standing(stands, read_rules(rules), _until(muted, now), until, is_invited, locked=bool(phrase))

    async def rules(self, room: str) -> Rules:
        """Tell what holds in a room, whether it exists or not.

        Raises:
            StoreAway: no answer.
        """
        return read_rules(await self._pipeline.command("HGET", keys.rules(room), _RULES))

    async def keep(self, room: str) -> int | None:
        """Tell for how many hours a room keeps messages, 0 for all; None where its rules are torn, and nobody knows.

        Raises:
            StoreAway: no answer.
        """
        rules = rules_if_whole(await self._pipeline.command("HGET", keys.rules(room), _RULES))
        return None if rules is None else rules.keep

    async def people(self, room: str) -> list[Known]:
        """List who keeps order, is muted or banned: owners first, by name."""
        held: dict[str, dict[str, str]] = {}
        found = await self._pipeline.command("HGETALL", keys.rules(room))
        for field, value in zip(found[::2], found[1::2], strict=True):
            public, _, what = field.partition(" ")
            if what in _OF_PERSON:
                held.setdefault(public, {})[what] = value
        now = self._clock()
        people = [
            Known(
                public,
                one.get("name", ""),
                _role(one.get("role")),
                _until(one.get("muted"), now),
                _until(one.get("banned"), now),
                network="network" in one,
            )
            for public, one in held.items()
        ]
        shown = [one for one in people if one.role in KEEPERS or one.muted or one.banned]
        return sorted(shown, key=lambda one: (list(Role).index(one.role), one.name.casefold(), one.public))

    async def members(self, room: str, most: int = MEMBERS) -> list[Whom]:
        """List who was let into a room, about as many as asked for, by name; "" where it is not known."""
        _, found = await self._pipeline.command("HSCAN", keys.members(room), 0, "COUNT", most)
        people = [Whom(*one) for one in zip(found[::2], found[1::2], strict=True)]
        return sorted(people, key=lambda one: (not one.name, one.name.casefold(), one.public))[:most]

    async def known(self, room: str, public: str) -> Whom | None:
        """Give somebody under the name that the rules know of them; None where they know nobody of that public id."""
        names = f"{public} name", f"{public} role", f"{public} muted", f"{public} banned"
        (name, *sanctions), member = await self._pipeline.together(
            ("HMGET", keys.rules(room), *names), ("HGET", keys.members(room), public)
        )
        return Whom(public, name or member or "") if member is not None or any(sanctions) else None

    async def set_rules(self, room: str, rules: Rules) -> None:
        """Give a room other rules; workers tell those who have it open, and look who may still be there."""
        if rules.keep:
            await list_room(self._pipeline, room, self._clock() + SETTLED)
        if await self._put(room, {_RULES: json.dumps(rules._asdict(), separators=(",", ":"))}, says="ruled"):
            await enlist(self._pipeline, room, rules, self._clock())

    async def appoint(self, room: str, public: str, name: str, role: Role) -> bool:
        """Give somebody a role, or take it; name: as they are called now. Who gets one is neither muted nor banned.

        With a role goes the link by which one comes to it. False where the room would be left without an owner.
        """
        values, member = {f"{public} role": role, f"{public} name": name}, ""
        if role == Role.MEMBER:
            values |= {f"{public} role": "", f"link {Role.MODERATOR}": ""}
            member = f"+{public} {name}"
        else:
            values |= {f"{public} muted": "", f"{public} banned": ""}
        return await self._put(room, values, says=admission(public), role=role, of=public, member=member) >= 0

    async def mute(self, room: str, public: str, name: str, until: int) -> None:
        """Mute somebody until then, ms; 0: no longer."""
        await self._put(room, {f"{public} muted": str(until) if until else "", f"{public} name": name})

    async def ban(self, room: str, public: str, name: str, until: int, *, network: bool = False) -> None:
        """Ban somebody until then, ms, and let all workers look who may be there; 0: no longer.

        network: workers that have tabs of theirs ban where these come from, too.
        """
        values = {f"{public} banned": str(until) if until else "", f"{public} name": name}
        says = admission(public, until if network else 0)
        await self._put(room, values, says=says, member=f"-{public}" if until else "")

    async def ban_network(self, room: str, address: str, name: str, until: int) -> None:
        """Ban where somebody comes from until then, ms, and let all workers look who may be there.

        Of the address the store has but a hash, and moderators see the name of whom it was banned for.
        """
        network = _network(room, address)
        values = {f"{network} banned": str(until), f"{network} name": name, f"{network} network": "1"}
        await self._put(room, values, says=admission())

    async def set_phrase(self, room: str, hashed: str) -> None:
        """Let who knows a phrase into a closed room; hashed: by argon2; "" lets in nobody by one."""
        await self._put(room, {_PHRASE: hashed})

    async def phrase(self, room: str) -> str:
        """Give the hash of a room's phrase; "" where it has none."""
        return await self._pipeline.command("HGET", keys.rules(room), _PHRASE) or ""

    async def set_question(self, room: str, question: Question | None) -> None:
        """Ask newcomers a question of the room's own; None: one that the server makes."""
        text, answer = question or ("", "")
        await self._put(room, {_QUESTION: text, _ANSWER: answer})

    async def question(self, room: str) -> Question | None:
        """Give a room's own question; None where it has none."""
        text, answer = await self._pipeline.command("HMGET", keys.rules(room), _QUESTION, _ANSWER)
        return Question(text, answer) if text and answer else None

    async def let_in(self, room: str, public: str, name: str) -> None:
        """Invite somebody; name: as they are called now."""
        await self._put(room, {}, member=f"+{public} {name}")

    async def take_out(self, room: str, public: str) -> None:
        """Let somebody who was invited be so no more."""
        await self._put(room, {}, says=admission(public), member=f"-{public}")

    async def invite_all(self, room: str, *, writers: bool = True) -> None:
        """Let in for good who is known to have read a room, or is named as here: it is to close, or to ask newcomers.

        writers: also who wrote in it lately, whether they read it or not, as programs do that flood a room.
        """
        names = keys.rules(room), keys.read(room), keys.here(room), keys.meta(room), keys.members(room)
        await self._pipeline.script(self._stay, (*names, keys.messages(room)), [self._clock(), WROTE if writers else 0])

    async def invite(self, room: str, secret: str, uses: int, until: int) -> None:
        """Let so many people in who know a secret, until then, ms."""
        await self._put(room, {f"{_INVITE}{_digest(secret)}": f"{uses} {until}"})

    async def invites(self, room: str) -> list[Invite]:
        """List the invites that can still be taken, the one that ends first before the others."""
        found = await self._pipeline.command("HGETALL", keys.rules(room))
        invites = (
            Invite(field.removeprefix(_INVITE), *map(int, value.split(" ")))
            for field, value in zip(found[::2], found[1::2], strict=True)
            if field.startswith(_INVITE)
        )
        now = self._clock()
        return sorted((one for one in invites if one.left > 0 and one.until > now), key=lambda one: one.until)

    async def is_invite(self, room: str, secret: str) -> bool:
        """Tell whether a secret lets in somebody more."""
        held = await self._pipeline.command("HGET", keys.rules(room), f"{_INVITE}{_digest(secret)}")
        left, until = map(int, held.split(" ")) if held else (0, 0)
        return left > 0 and until > self._clock()

    async def take_back(self, room: str, key: str) -> None:
        """Let nobody in any more by an invite."""
        await self._pipeline.command("HDEL", keys.rules(room), f"{_INVITE}{key}")

    async def accept(self, room: str, public: str, name: str, secret: str) -> bool:
        """Let in somebody who knows a secret, once; False where it lets in nobody more."""
        names = keys.meta(room), keys.rules(room), keys.members(room)
        args = (f"{_INVITE}{_digest(secret)}", public, name, self._clock())
        return bool(await self._pipeline.script(self._accept, names, args))

    async def set_link(self, room: str, role: Role, secret: str) -> None:
        """Let who knows a secret take a role; the one before it opens nothing any more."""
        await self._put(room, {f"link {role}": _digest(secret)})

    async def opened_by(self, room: str, secret: str) -> Role | None:
        """Tell which role a secret gives; None: none."""
        roles = Role.OWNER, Role.MODERATOR
        held = await self._pipeline.command("HMGET", keys.rules(room), *(f"link {role}" for role in roles))
        digest = _digest(secret)
        return next((role for role, one in zip(roles, held, strict=True) if one == digest), None)

    async def record(self, room: str, by: str, what: str, whom: str = "", *, until: int = 0, of: str = "") -> None:
        """Note what a moderator did, or what was reported to them; as a `Deed`."""
        said: dict[str, Argument] = {
            "at": self._clock(),
            "by": by,
            "what": what,
            "whom": whom,
            "until": until,
            "of": of,
        }
        deed: list[Argument] = [part for field in said.items() for part in field]
        await self._pipeline.script(self._record, (keys.meta(room), keys.record(room)), (RECORDED, *deed))

    async def deeds(self, room: str, count: int = 100) -> list[Deed]:
        """Give what moderators did, the newest first."""
        rows = await self._pipeline.command("XREVRANGE", keys.record(room), "+", "-", "COUNT", count)
        found = (dict(zip(fields[::2], fields[1::2], strict=True)) for _, fields in rows)
        return [
            Deed(int(one["at"]), one["by"], one["what"], one["whom"], int(one["until"]), one.get("of", ""))
            for one in found
        ]

    async def owners(self, room: str) -> list[Whom]:
        """Give who owns a room, under the names that nobody else may have there."""
        return await owners_of(self._pipeline, room)

    async def call(self, room: str, public: str, name: str) -> None:
        """Know somebody who has a role by the name that they use."""
        await renamed(self._pipeline, public, name, [room])

    async def keepers(self, room: str) -> list[str]:
        """Give the public ids of those who keep order."""
        return [one.public for one in await self.people(room) if one.role in KEEPERS]

    async def say_reported(self, room: str, entry_id: str, keepers: Sequence[str]) -> None:
        """Tell those who keep order, wherever they have the room open; keepers: public ids."""
        await self._pipeline.command("SPUBLISH", keys.channel(room), " ".join((f"reported\n{entry_id}", *keepers)))


async def put(
    pipeline: Pipeline,
    room: str,
    values: Mapping[str, str],
    *,
    says: str = "",
    role: str = "",
    of: str = "",
    member: str = "",
) -> int:
    """Write fields of a room's rules, and say so; a value "" takes its field away. role, of: who gets which.

    member: who is let in, "+PUBLIC NAME", or is so no more, "-PUBLIC".
    Gives 1; 0 where there is no such room; -1 where it would be left without an owner.
    """
    args: list[Argument] = [says, role, of, member]
    for value in values.items():
        args += value
    names = keys.meta(room), keys.rules(room), keys.channel(room), keys.members(room)
    return int(await pipeline.script(_write(), names, args))


@cache
def _write() -> Script:
    return Script.load("put.lua")


async def enlist(pipeline: Pipeline, room: str, rules: Rules, now: int) -> None:
    """Put a room into the lobby's index if its rules say so, else out of it; now: ms since the epoch.

    Raises:
        StoreAway: it may not be there.
    """
    if rules.is_listed:
        await pipeline.command("ZADD", keys.LISTED, "NX", now, room)  # who saves the same rules again moves nothing
        await pipeline.command("ZREMRANGEBYRANK", keys.LISTED, 0, -LISTED - 1)
    else:
        await pipeline.command("ZREM", keys.LISTED, room)


async def renamed(pipeline: Pipeline, public: str, name: str, rooms: Iterable[str]) -> None:
    """Use somebody's name in those rooms in which they have a role and are called otherwise.

    Raises:
        StoreAway: some may know them by an earlier name.
    """
    rooms = list(rooms)
    asked = f"{public} role", f"{public} name"
    held = await asyncio.gather(*(pipeline.command("HMGET", keys.rules(room), *asked) for room in rooms))
    for room, (role, called) in zip(rooms, held, strict=True):
        if role and called != name:
            await put(pipeline, room, {f"{public} name": name})


async def owners_of(pipeline: Pipeline, room: str) -> list[Whom]:
    """Give who owns a room.

    Raises:
        StoreAway: no answer.
    """
    found = await pipeline.command("HGETALL", keys.rules(room))
    held = dict(zip(found[::2], found[1::2], strict=True))
    roles = [field for field, value in held.items() if value == Role.OWNER and field.endswith(" role")]
    return [Whom(one, held.get(f"{one} name", "")) for one in (field.removesuffix(" role") for field in roles)]


def admission(public: str = "", until: int = 0) -> str:
    """Write the word that somebody, or anybody, may have to leave, as `store/feed` reads it."""
    return f"admission\n{public} {until}"


def new_secret() -> str:
    """Make what a link to a role holds: 192 bits."""
    return secrets.token_urlsafe(24)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@lru_cache(10_000)  # asked for each page and message
def _network(room: str, address: str) -> str:
    """Give what stands for an address in a room, as a public id does for a person."""
    return _digest(f"{room} {address}")[:16]


def _role(written: str | None) -> Role:
    return Role(written) if written in tuple(Role) else Role.MEMBER


def _until(written: str | None, now: int) -> int:
    until = int(written) if written and written.isdecimal() else 0
    return until if until > now else 0


def read_rules(written: str | None) -> Rules:
    """Read rules as a room's hash holds them; None: nobody gave it any."""
    rules = rules_if_whole(written)
    # whoever restricted something did not mean everyone
    return rules if rules is not None else Rules(writers=MODERATORS, closed=True)


def rules_if_whole(written: str | None) -> Rules | None:
    """Read rules as `read_rules` does; None where they are torn, as another version may have written them."""
    if written is None:
        return COMMON
    try:
        held = json.loads(written)
        return Rules(
            writers=held["writers"] if held["writers"] in (EVERYONE, VERIFIED) else MODERATORS,
            slow=min(max(int(held["slow"]), 0), SLOWEST),
            archived=bool(held["archived"]),
            files=bool(held["files"]),
            closed=bool(held.get("closed")),
            listed=bool(held.get("listed")),
            asks=bool(held.get("asks")),
            keep=min(max(int(held.get("keep", 0)), 0), LONGEST_KEPT),
            language=str(held.get("language", "")),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        logger.error("rules.torn", reason=type(error).__name__)  # noqa: TRY400 - of another version
        return None
