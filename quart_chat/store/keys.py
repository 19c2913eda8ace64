"""Every key and channel in the store, in one place. A room's share one hash tag, so a script may touch them all."""

from __future__ import annotations


def log(room: str) -> str:
    """Name the stream of all entries, kept for the replay window."""
    return f"c:{{{room}}}:log"


def last(room: str) -> str:
    """Name the newest entry's id, which outlives the log."""
    return f"c:{{{room}}}:last"


def messages(room: str) -> str:
    """Name the stream of messages alone, kept as long as the room's retention says."""
    return f"c:{{{room}}}:messages"


def meta(room: str) -> str:
    """Name the hash with the room's title, its topic and pins, when it was opened, ms, and its last change's id."""
    return f"c:{{{room}}}:meta"


def changes(room: str) -> str:
    """Name the hash of what befell messages after they were written: a field a message, `room.changes.write_held`."""
    return f"c:{{{room}}}:changes"


def read(room: str) -> str:
    """Name the hash of how far people have read: a field a person, by public id, an entry's id."""
    return f"c:{{{room}}}:read"


def files(room: str) -> str:
    """Name the hash of the files that messages hold: "DIGEST SIZE …" by message, how often by digest, and `bytes`."""
    return f"c:{{{room}}}:files"


def uploads(room: str) -> str:
    """Name the hash of files that are on their way in, "EXPIRES DIGEST …", or out, "EXPIRES" by -DIGEST."""
    return f"c:{{{room}}}:uploads"


def rules(room: str) -> str:
    """Name the hash of a room's `rules`, links, `hooks`, and by "PUBLIC what" who has a role, is muted or banned."""
    return f"c:{{{room}}}:rules"


def members(room: str) -> str:
    """Name the hash of who may be in a closed room without a role: their names then, by public id."""
    return f"c:{{{room}}}:members"


def record(room: str) -> str:
    """Name the stream of what moderators did."""
    return f"c:{{{room}}}:record"


def rewritten(room: str) -> str:
    """Name the stream that takes another one's place, while it is written."""
    return f"c:{{{room}}}:rewritten"


def held(room: str) -> tuple[str, ...]:
    """Name all that a room is made of."""
    kept = log(room), last(room), messages(room), meta(room), changes(room)
    return *kept, files(room), read(room), rules(room), members(room), record(room)


def of_entries(room: str) -> tuple[str, ...]:
    """Name what a script that begins with `entry.lua` takes."""
    streams = log(room), last(room), messages(room), meta(room), channel(room)
    return *streams, changes(room), files(room), rules(room), members(room)


def nonce(room: str, author: str, key: str) -> str:
    """Name what remembers one idempotency key of one person: "ID DIGEST"."""
    return f"c:{{{room}}}:nonce:{author}:{key}"


def here(room: str) -> str:
    """Name the hash of who is here: a field a worker, "EXPIRES JSON"."""
    return f"c:{{{room}}}:here"


def names(room: str) -> str:
    """Name the hash of whose names are whose while they are there: a field a look, "PERSON WORKER WORKER …"."""
    return f"c:{{{room}}}:names"


def channel(room: str) -> str:
    """Name the channel on which a room's entries and states go out."""
    return f"c:{{{room}}}:live"


def is_own(channel_name: str) -> bool:
    """Tell whether a channel is for workers alone, and no room's."""
    return channel_name.startswith("c:{~")


def room_of(channel_name: str) -> str:
    """Tell whose channel that is."""
    return channel_name[3 : channel_name.index("}")]


# Names of rooms are [a-z0-9-]: a ~ keeps these apart from every room.


def name(person: str) -> str:
    """Name the string that holds what a person calls themselves; person: public id."""
    return f"c:{{~{person}}}:name"


def visited(person: str) -> str:
    """Name the sorted set of the rooms a person has been in, by ms; person: public id."""
    return f"c:{{~{person}}}:rooms"


def called(person: str) -> str:
    """Name what says that somebody was just called; person: public id."""
    return f"c:{{~{person}}}:called"


def deed(name: str) -> str:
    """Name the hash of who may have a proved name: `name`, `phrase`, and a field "p:PERSON" each; `proofs.deed_of`."""
    return f"c:{{~{name}}}:deed"


def proof(person: str) -> str:
    """Name the string that holds the name which a person has proved; person: public id."""
    return f"c:{{~{person}}}:proof"


def handover(ticket: str) -> str:
    """Name what holds an identity on its way to another browser, sealed; ticket: `room.handover.ticket_of`."""
    return f"c:{{~{ticket}}}:handover"


def token(ticket: str) -> str:
    """Name the string that holds the identity which a token opens, sealed by it; ticket: `room.handover.ticket_of`."""
    return f"c:{{~{ticket}}}:token"


def tokens(person: str) -> str:
    """Name the hash of somebody's tokens: by ticket "MADE USED LABEL"; person: public id."""
    return f"c:{{~{person}}}:tokens"


def hook(digest: str) -> str:
    """Name the string that says which hook a token opens, "ROOM ID"; digest: `room.hooks.digest_of` the token."""
    return f"c:{{~{digest}}}:hook"


def allowance(kind: str, who: str) -> str:
    """Name one limit's count; who: a person's public id, @ADDRESS, or =THING that a secret opens."""
    return f"c:{{~{who}}}:limit:{kind}"


def sockets(address: str) -> str:
    """Name the hash of an address's open sockets: a field a worker, "COUNT EXPIRES"."""
    return f"c:{{~{address}}}:sockets"


def probe(worker: str) -> str:
    """Name the channel on which a worker hears itself, and so knows that it hears."""
    return f"c:{{~{worker}}}:probe"


ERASURES = "c:{~}:erasures"  # sorted set of what is to be forgotten, "PERSON ROOM WROTE" by ms from when on
ERASER = "c:{~}:eraser"  # says who does that
EXPIRING = "c:{~}:expiring"  # sorted set of rooms that keep messages for a while, by ms when they are next looked at
EXPIRER = "c:{~}:expirer"  # says who does that
HOOKED = "c:{~}:hooked"  # sorted set of rooms with outgoing hooks, by ms when these were changed last
COURIER = "c:{~}:courier"  # says who brings messages to those
SWEEP = "c:{~}:sweep"  # says who looks for files that nobody holds any more
SHELF = "c:{~}:shelf"  # what the shelf of this store's files is marked with
SWEPT = "c:{~}:swept"  # says how far that one has come
RENAMED = "c:{~}:renamed"  # the channel on which every worker hears of new names
LISTED = "c:{~}:listed"  # sorted set of the rooms that the lobby shows to everybody, by ms since when
