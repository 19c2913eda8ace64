"""What befalls a message after it was written: edits, its deletion, reactions.

A message's changes are one value that is made anew from the last one, so that whoever has the newest has all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import emoji

from quart_chat.errors import BadText
from quart_chat.room.mentions import Mention

NAMED = 10  # people of a reaction that pages name; all are counted
MOST_KINDS = 20  # of reactions to one message
MOST_REACTIONS = 1000  # to one message, of all kinds: 20 KB in the store
MOST_VERSIONS = 20  # earlier texts that are kept, the newest of them

QUICK = ("👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀")
PICKER = tuple(
    """
    👎 👏 🙌 🤝 💪 🤞 👋 🫶 😀 😅 🤣 😊 😍 😘 😎 🤔
    🤨 😐 🙄 😴 😬 🤯 😭 😡 🥳 🤩 🤗 🫡 💯 🔥 ✨ ⭐
    🚀 💡 ✅ ❌ ❓ ❗ ⏳ 📌 🐛 ☕ 🍕 🎂 🌈 💔 💜 💚
    """.split()
)


class Reaction(NamedTuple):
    """One emoji under a message.

    number: of all who chose it. people: (public id, name) of the first NAMED.
    """

    emoji: str
    number: int
    people: tuple[tuple[str, str], ...]


class Changes(NamedTuple):
    """How a message stands, as far as pages show it.

    text: as it was edited last; None: as it was written. mentions: of that text.
    edited: when, ms since the epoch; 0: never. deleted: its text is gone. versions: earlier texts that are kept.
    """

    text: str | None = None
    edited: int = 0
    deleted: bool = False
    reactions: tuple[Reaction, ...] = ()
    versions: int = 0
    mentions: tuple[Mention, ...] = ()


UNCHANGED = Changes()


@dataclass(frozen=True, slots=True)
class Held:
    """The same with all that the store keeps of it.

    reactions: names of people by their public id, by emoji; versions: (ms since the epoch, text), oldest first, each
    with the time at which it was written.
    """

    text: str | None = None
    edited: int = 0
    deleted: bool = False
    reactions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    versions: tuple[tuple[int, str], ...] = ()
    mentions: tuple[Mention, ...] = ()

    @property
    def shown(self) -> Changes:
        """What pages show of it."""
        reactions = tuple(
            Reaction(emoji_, len(people), tuple(people.items())[:NAMED]) for emoji_, people in self.reactions.items()
        )
        return Changes(self.text, self.edited, self.deleted, reactions, len(self.versions), self.mentions)


NOTHING = Held()


# --- what people do ----------------------------------------------------------------------------------


def edit(
    held: Held, before: tuple[int, str], text: str, now: int, *, keep: bool, mentions: tuple[Mention, ...] = ()
) -> Held:
    """Give the message another text.

    before: when the text that it has was written, ms since the epoch, and that text. keep: this one is kept.
    mentions: of the new text.
    """
    versions = (*held.versions, before)[-MOST_VERSIONS:] if keep else ()
    return replace(held, text=text, edited=now, versions=versions, mentions=mentions)


def delete() -> Held:
    """Leave nothing of it but that it was there."""
    return Held(deleted=True)


def react(held: Held, kind: str, person: str, name: str) -> Held:
    """Put somebody's reaction under the message, or take it back where it is there already.

    kind: an emoji as `clean_emoji` left it; person: public id.

    Raises:
        BadText: it holds no more reactions, or kinds of them.
    """
    reactions = {one: dict(people) for one, people in held.reactions.items()}
    people = reactions.setdefault(kind, {})
    if person in people:
        del people[person]
        if not people:
            del reactions[kind]
    else:
        people[person] = name
        if len(reactions) > MOST_KINDS:
            raise BadText("A message has at most %(most)d kinds of reactions.", most=MOST_KINDS)
        if sum(map(len, reactions.values())) > MOST_REACTIONS:
            raise BadText("This message holds no more reactions.")
    return replace(held, reactions=reactions)


def clean_emoji(text: str) -> str:
    """Make an emoji of what somebody chose or typed, such as :tada:

    Raises:
        BadText: it is none, or more than one.
    """
    found = emoji.emojize(emoji.demojize(emoji.emojize(text.strip()[:100], language="alias")))
    if not emoji.is_emoji(found):
        raise BadText("A reaction is one emoji, such as 🎉 or :tada:")
    return found


# --- as text -----------------------------------------------------------------------------------------


def write_held(held: Held) -> str:
    """Write it all but the earlier texts, which few ask for; "" for what never changed."""
    reactions = [[kind, len(people), list(people.items())] for kind, people in held.reactions.items()]
    return "" if held == NOTHING else _json(_fields(held.shown, reactions))


def write_versions(versions: tuple[tuple[int, str], ...]) -> str:
    """Write earlier texts; "" for none."""
    return _json(versions) if versions else ""


def versions_of(entry_id: str) -> str:
    """Name the field beside a message's own that has its earlier texts."""
    return f"{entry_id} versions"


def read_held(written: str | None, versions: str | None = None) -> Held:
    """Read what `write_held` and `write_versions` wrote; None stands for what never changed, and was never kept.

    Raises:
        ValueError, KeyError, TypeError, OverflowError: it is something else.
    """
    if not written:
        return NOTHING
    shown = read_changes(json.loads(written))
    earlier = tuple((int(at), str(text)) for at, text in json.loads(versions)) if versions else ()
    reactions = {one.emoji: dict(one.people) for one in shown.reactions}
    return Held(shown.text, shown.edited, shown.deleted, reactions, earlier, shown.mentions)


def read_shown(written: str) -> Changes:
    """Read what pages show of what `write_held` wrote.

    Raises:
        ValueError, KeyError, TypeError, OverflowError: it is something else.
    """
    changes = read_changes(json.loads(written))
    return changes._replace(reactions=tuple(one._replace(people=one.people[:NAMED]) for one in changes.reactions))


def fields_of(changes: Changes) -> dict[str, Any]:
    """Give what pages show of it as JSON has it."""
    return _fields(changes, [list(one) for one in changes.reactions])


def _fields(changes: Changes, reactions: list[Any]) -> dict[str, Any]:
    named = {
        "p": changes.mentions,
        "t": changes.text,
        "e": changes.edited,
        "d": int(changes.deleted),
        "r": reactions,
        "v": changes.versions,
    }
    return {name: value for name, value in named.items() if value or (name == "t" and value is not None)}


def read_changes(fields: Any) -> Changes:
    """Read what `fields_of` gave, all people of its reactions with it.

    Raises:
        ValueError, KeyError, TypeError, OverflowError: it is something else.
    """
    if not isinstance(fields, dict):
        raise TypeError("changes are no object")
    text, edited = fields.get("t"), int(fields.get("e", 0))
    if not isinstance(text, str | None):
        raise TypeError("its text is none")
    if not 0 <= edited < 10**14:
        raise ValueError("its time is none")
    reactions = tuple(
        Reaction(str(kind), int(number), tuple((str(person), str(name)) for person, name in people))
        for kind, number, people in fields.get("r", ())
    )
    mentions = tuple(Mention(str(name), str(person)) for name, person in fields.get("p", ()))
    return Changes(text, edited, bool(fields.get("d")), reactions, int(fields.get("v", 0)), mentions)


def _json(fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
