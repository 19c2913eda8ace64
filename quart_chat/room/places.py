"""Places in a log, and what somebody at one has missed. The cursor of the whole house, without I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quart_chat.room.entries import NO_ENTRY, Entry, order

REPLAY = 200  # entries; who missed more gets the newest page instead


@dataclass(frozen=True, slots=True)
class Missed:
    """What lies between a place and the log's end; `place` is where its reader then stands."""

    entries: tuple[Entry, ...]
    place: str


def follows(entries: Sequence[Entry], since: str) -> bool:
    """Tell whether entries follow the place `since` without a gap, one after the other."""
    for entry in entries:
        if entry.prev != since:
            return False
        since = entry.id
    return True


def missed(since: str, entries: Sequence[Entry], end: str, most: int = REPLAY) -> Missed | None:
    """Decide what somebody at `since` is to be sent, from entries that were read after it.

    entries: all after `since`, oldest first; more than `most` may be cut off.
    end: the log's newest id.

    None means that it can't be told, or is too much: show the newest page instead.
    """
    if len(entries) > most or not follows(entries, since):
        return None
    reached = entries[-1].id if entries else since
    if reached != end and order(reached) < order(end):
        return None  # the entries between were trimmed away
    if not entries and since != end:
        return None  # a place that this log never had
    return Missed(tuple(entries), reached)


class Timeline:
    """A worker's copy of a room's newest entries: unbroken, bounded, and in order.

    place: the id of the newest entry it holds; NO_ENTRY where the room has none.
    """

    __slots__ = ("_entries", "_most", "place")

    def __init__(self, place: str = NO_ENTRY, most: int = REPLAY) -> None:
        self.place = place
        self._most = most
        self._entries: list[Entry] = []

    def take(self, entry: Entry) -> bool | None:
        """Take the next entry.

        True: taken. False: known already. None: entries before it are missing, and it was not taken.
        """
        if entry.prev == self.place:
            self._entries.append(entry)
            self.place = entry.id
            if len(self._entries) > 2 * self._most:
                del self._entries[: -self._most]
            return True
        return False if order(entry.id) <= order(self.place) else None

    def held(self) -> Sequence[Entry]:
        """Give what it holds, oldest first."""
        return self._entries

    def restart(self, entries: Sequence[Entry], place: str) -> None:
        """Forget what was; hold these entries, which end at `place`."""
        kept = list(entries[-self._most :])
        while kept and not follows(kept, kept[0].prev):
            del kept[0]
        self._entries = kept if kept and kept[-1].id == place else []
        self.place = place

    def after(self, since: str) -> tuple[Entry, ...] | None:
        """Give all entries after a place; None where it is not among the newest that this replays."""
        if since == self.place:
            return ()
        for index in range(len(self._entries) - 1, max(-1, len(self._entries) - self._most - 1), -1):
            if self._entries[index].prev == since:
                return tuple(self._entries[index:])
        return None
