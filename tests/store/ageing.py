"""Lets time go by in a store, for tests that do not wait."""

from __future__ import annotations

from redis import Redis

from quart_chat.store import keys


def age(look: Redis, room: str, by: int) -> None:
    """Make all that was said in a room so many ms older, under the ids that it has."""
    for name in (keys.messages(room), keys.log(room)):
        rows = look.xrange(name)
        look.delete(name)
        for entry_id, fields in rows:
            look.xadd(name, {**fields, "at": int(fields["at"]) - by}, entry_id)
