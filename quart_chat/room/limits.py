"""Limits: what they allow, as numbers; the store counts for all workers, a tab counts its own frames."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60.0  # seconds
HOUR = 60 * MINUTE
ADDRESS_FACTOR = 10  # cookies are free, so an address is limited too, for all who share it

FRAMES_PER_SECOND = 20.0  # a tab's frames but its messages; what comes faster waits in its socket
FRAMES_AT_ONCE = 200.0  # what a page sends after hours offline: words of typing that htmx kept


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in so much time, all at once or spread; 0 allows any number.

    most: events; per: seconds.
    """

    most: int
    per: float

    @property
    def interval(self) -> float:
        """Seconds in which one more is earned."""
        return self.per / self.most


RENAMES = Limit(20, MINUTE)  # of a person: each is told to every room they are in
RENAMES_OF_ADDRESS = Limit(200, MINUTE)

DELETIONS = Limit(20, MINUTE)  # of a person: a room is written anew for each
DELETIONS_OF_ADDRESS = Limit(100, MINUTE)

SEARCHES = Limit(60, MINUTE)  # of a person, who makes some with each word that they type
SEARCHES_OF_ADDRESS = Limit(300, MINUTE)  # each takes a quarter of a second of a worker at most, and mostly a hundredth

COUNTS = Limit(60, MINUTE)  # of what is new in somebody's rooms: thirty cost the store up to 15 ms
COUNTS_OF_ADDRESS = Limit(600, MINUTE)


HANDOVERS = Limit(5, MINUTE)  # links that carry an identity elsewhere
HANDOVERS_OF_ADDRESS = Limit(50, MINUTE)
TOKENS = Limit(10, MINUTE)  # openings of such links, right or wrong
TOKENS_OF_ADDRESS = Limit(60, MINUTE)


PHRASES = Limit(5, MINUTE)  # of a person: set, or tried
PHRASES_OF_ADDRESS = Limit(30, 10 * MINUTE)
NAMES_TRIED = Limit(20, HOUR)  # of one name, whoever tries: 175,000 guesses a year


FORGETTINGS = Limit(3, HOUR)  # each looks through thirty rooms
FORGETTINGS_OF_ADDRESS = Limit(20, HOUR)


def per_minute_of_person(most: int) -> Limit:
    """Limit what one person does: messages, changes, uploads."""
    return Limit(most, MINUTE)


def per_minute_of_address(most: int) -> Limit:
    """Limit the same of one address, whoever does it there; most: of one person."""
    return Limit(most * ADDRESS_FACTOR, MINUTE)


def rooms_of_address(per_hour: int) -> Limit:
    """Limit the rooms that one address opens."""
    return Limit(per_hour, HOUR)


class TokenBucket:
    """A tab's own count of frames: full at first, refilled with time. The clock comes in."""

    __slots__ = ("_at", "_rate", "_size", "_tokens")

    def __init__(self, rate: float, size: float, now: float) -> None:
        self._rate = rate
        self._size = size
        self._tokens = size
        self._at = now

    def wait(self, now: float) -> float:
        """Take one token and tell how many seconds to wait for it; 0.0 where it was there."""
        self._tokens = min(self._size, self._tokens + (now - self._at) * self._rate) - 1
        self._at = now
        return 0.0 if self._tokens >= 0 else -self._tokens / self._rate
