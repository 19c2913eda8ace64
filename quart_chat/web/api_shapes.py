"""What the API takes and gives, as its schema describes it. `room/json_entries` makes what it gives."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

ENTRY_ID = r"^(0|[1-9][0-9]{0,14})-(0|[1-9][0-9]{0,14})$"
NONCE = r"^[A-Za-z0-9_.:-]{1,64}$"
MOST = 100  # messages of an answer

Id = Annotated[str, Meta(pattern=ENTRY_ID, description="A message's id; the order of ids is the order of the room.")]
PublicId = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
Time = Annotated[str, Meta(description="ISO 8601, in UTC.", extra_json_schema={"format": "date-time"})]

# --- taken; what is not known is refused, so that a misspelt field is no silent one ------------------


class NewMessage(Struct, forbid_unknown_fields=True):
    """A message that is to be said."""

    text: Annotated[str, Meta(min_length=1, description="As it is typed: `*italic*`, @name, and `/me` count.")]
    nonce: Annotated[
        Annotated[str, Meta(pattern=NONCE)] | None,
        Meta(description="A key of your own. The same one of the same author is one message, however often it comes."),
    ] = None
    reply: Id | None = None


class NewText(Struct, forbid_unknown_fields=True):
    """Another text of a message."""

    text: Annotated[str, Meta(min_length=1)]


class NewReaction(Struct, forbid_unknown_fields=True):
    """A reaction."""

    emoji: Annotated[str, Meta(min_length=1, max_length=100, description="One emoji, such as 🎉 or :tada:")]


class NewTopic(Struct, forbid_unknown_fields=True):
    """A room's topic; "" takes it away."""

    topic: Annotated[str, Meta(max_length=200)]


class Page(Struct, forbid_unknown_fields=True):
    """Which messages are asked for: before one, after one, or the newest."""

    before: Id | None = None
    after: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 50


class Search(Struct, forbid_unknown_fields=True):
    """What is looked for."""

    q: Annotated[str, Meta(description='Words, "exact words", from:name, before:2026-11-28, after:2026-11-01 (UTC).')]
    before: Annotated[Id | None, Meta(description="Look on before this message: the `rest` of the answer before.")] = (
        None
    )


# --- given -------------------------------------------------------------------------------------------


class Person(Struct):
    """Somebody. kept: they keep this name by a phrase. bot: a program, which those who keep the room let in."""

    id: PublicId
    name: str
    kept: bool
    bot: bool


class Quote(Struct):
    """The beginning of a message, as plain text; "" once that is gone."""

    id: Id
    author: Person
    text: str


class Mention(Struct):
    """Somebody who is meant. name: as the text has it after the @."""

    id: PublicId
    name: str


class File(Struct):
    """A file of a message. path: where it is, for who may read the room. width, height: of a picture."""

    name: str
    bytes: Annotated[int, Meta(ge=0)]
    type: str
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    width: int | None
    height: int | None
    path: str


class Reaction(Struct):
    """An emoji under a message. people: the first ten of all who are counted."""

    emoji: str
    count: Annotated[int, Meta(ge=1)]
    people: list[Person]


class Message(Struct):
    """A message as it stands. edited: when it was last; null: never. Of a deleted one nothing is left but its place."""

    type: Literal["message"]
    id: Id
    at: Time
    author: Person
    kind: Annotated[str, Meta(description="text, action (/me), roll, topic, pin, or what a later version adds.")]
    text: str
    reply: Quote | None
    mentions: list[Mention]
    files: list[File]
    reactions: list[Reaction]
    edited: Time | None
    deleted: bool


class Messages(Struct):
    """A page of messages, oldest first. more: others lie beyond it, in the direction that was asked for."""

    messages: list[Message]
    more: bool


class Found(Struct):
    """What was found, newest first. rest: look on before that message; null: all was looked at."""

    messages: list[Message]
    rest: Id | None


class Written(Struct):
    """A message that is in the room. path: its page for people."""

    id: Id
    path: str


class Rules(Struct):
    """What holds in a room for all. slow: seconds between two messages of a member. keep: hours; 0: no end."""

    writers: Literal["everyone", "verified", "moderators"]
    slow: int
    archived: bool
    files: bool
    closed: bool
    asks: bool
    keep: int
    language: str


class You(Struct):
    """Who asks, and what they may do in the room."""

    id: PublicId
    name: str
    kept: bool
    bot: bool
    role: Literal["owner", "moderator", "member", "bot", "reader"]
    may: list[Literal["say", "attach", "topic", "moderate", "rule"]]


class Room(Struct):
    """A room. count: of the people who have it open."""

    name: str
    title: str
    topic: str
    pins: list[Quote]
    count: Annotated[int, Meta(ge=0)]
    rules: Rules
    you: You


class People(Struct):
    """Who has the room open. count: of all; at most a hundred are named."""

    type: Literal["people"]
    count: Annotated[int, Meta(ge=0)]
    people: list[Person]


class Problem(Struct):
    """What went wrong (RFC 9457). detail: for people, in the language that was asked for. code: for programs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request: str
