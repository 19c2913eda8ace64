"""Limits: what they allow, as numbers; the store counts for all workers, a tab counts its own frames."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60.0  # seconds
HOUR = 60 * MINUTE
ADDRESS_FACTOR = 10  # cookies are free, so an address is limited too, for all who share it

TOO_MUCH = "That was too much at once. Try again in a while."  # what most limits say

FREE = 5  # attempts before one's time that cost nothing: a second click, a page loaded again
LONGEST = 10 * MINUTE  # that a person waits who keeps on; an hour would punish a child at the keyboard
LONGEST_OF_ADDRESS = 30.0  # seconds; all who share it wait for the one who keeps on
CALM = MINUTE  # in which one such attempt is forgotten

FRAMES_PER_SECOND = 20.0  # a tab's frames but its messages; what comes faster waits in its socket
FRAMES_AT_ONCE = 200.0  # what a page sends after hours offline: words of typing that htmx kept


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in so much time, all at once or spread; 0 allows any number.

    Who is refused is told when to come again. Who tries before that, more than `free` times, waits twice as long with
    each attempt; one attempt is forgotten in each CALM. Who comes when told, however often, waits no longer than it
    takes to earn what they want.

    most: events; per: seconds. free: attempts; None: pauses do not grow. longest: seconds.
    """

    most: int
    per: float
    free: int | None = FREE
    longest: float = LONGEST

    @property
    def interval(self) -> float:
        """Seconds in which one more is earned."""
        return self.per / self.most

    @property
    def pauses(self) -> tuple[float, ...]:
        """Seconds to wait from an attempt on: the first that is not free, the second, …; the last for all after it."""
        if self.free is None or not self.most:
            return ()
        pauses, pause = [], 2 * self.interval
        while pause < self.longest:
            pauses.append(pause)
            pause *= 2
        return (*pauses, self.longest)


def _of_address(most: int, per: float) -> Limit:
    return Limit(most, per, FREE * ADDRESS_FACTOR, LONGEST_OF_ADDRESS)


RENAMES = Limit(20, MINUTE)  # of a person: each is told to every room they are in
RENAMES_OF_ADDRESS = _of_address(200, MINUTE)

DELETIONS = Limit(20, MINUTE)  # of a person: a room is written anew for each
DELETIONS_OF_ADDRESS = _of_address(100, MINUTE)

ROOM_DELETIONS = Limit(5, HOUR)  # of a person: each looks through all keys of the store
PURGES = Limit(3, MINUTE)  # of a person: each deletes many
PURGES_OF_ADDRESS = _of_address(10, MINUTE)

REPORTS = Limit(5, MINUTE)  # of a person: each asks for somebody's attention
REPORTS_OF_ADDRESS = _of_address(30, MINUTE)

LISTINGS = Limit(5, HOUR)  # rooms that a person puts into the lobby
LISTINGS_OF_ADDRESS = Limit(20, HOUR)

# pages ask for the next three by themselves, whatever they were told: their pauses do not grow
SEARCHES = Limit(60, MINUTE, free=None)  # of a person, who makes some with each word that they type
SEARCHES_OF_ADDRESS = Limit(300, MINUTE, free=None)  # each takes a worker a quarter of a second at most, mostly 10 ms

TRANSCRIPTS = Limit(10, 10 * MINUTE)  # of a person: each takes a worker two seconds for 10,000 messages
TRANSCRIPTS_OF_ADDRESS = _of_address(60, 10 * MINUTE)

COUNTS = Limit(60, MINUTE, free=None)  # of what is new in somebody's rooms: thirty cost the store up to 15 ms
COUNTS_OF_ADDRESS = Limit(600, MINUTE, free=None)

# failures to say a secret: an address that guesses on tries four words of a list of 1,000 in 300,000 years
FAILED_SECRETS = Limit(10, 10 * MINUTE)
FAILED_SECRETS_OF_ADDRESS = _of_address(60, 10 * MINUTE)
FAILED_SECRETS_OF_THING = Limit(100, 10 * MINUTE, free=None)  # by anybody; over it, all who try are slowed
SLOWEST = 2.0  # seconds; that is all, for strangers must lock nobody out of a room

# who are let in where newcomers are asked: a class at once, then one in three minutes; 60 in the first hour
NEWCOMERS_OF_ADDRESS = _of_address(40, 2 * HOUR)


HOOKS = Limit(20, HOUR)  # that a person makes: each looks other servers up, or lets a program write
HOOKS_OF_ADDRESS = Limit(60, HOUR)
NO_HOOKS = Limit(60, MINUTE)  # of an address, that says tokens of no hook


HANDOVERS = Limit(5, MINUTE)  # links that carry an identity elsewhere
HANDOVERS_OF_ADDRESS = Limit(50, MINUTE)
PROGRAMS = Limit(10, MINUTE)  # tokens that a person makes for programs
PROGRAMS_OF_ADDRESS = Limit(100, MINUTE)
TOKENS = Limit(10, MINUTE)  # openings of such links, right or wrong
TOKENS_OF_ADDRESS = Limit(60, MINUTE)


PHRASES = Limit(5, MINUTE)  # of a person: set, or tried
PHRASES_OF_ADDRESS = Limit(30, 10 * MINUTE)
NAMES_TRIED = Limit(20, HOUR)  # of one name, whoever tries: 175,000 guesses a year


FORGETTINGS = Limit(3, HOUR)  # each looks through thirty rooms
FORGETTINGS_OF_ADDRESS = Limit(20, HOUR)


def per_minute_of_person(most: int) -> Limit:
    """Limit what one person does: messages, changes, reactions, uploads."""
    return Limit(most, MINUTE)


def per_minute_of_address(most: int) -> Limit:
    """Limit the same of one address, whoever does it there; most: of one person."""
    return _of_address(most * ADDRESS_FACTOR, MINUTE)


def joins_of_person(per_minute: int) -> Limit:
    """Limit how often one person's tabs connect; each tries again every five seconds, whatever it was told."""
    return Limit(per_minute, MINUTE, free=None)


def joins_of_address(per_minute: int) -> Limit:
    """Limit the same of one address; per_minute: of one person."""
    return Limit(per_minute * ADDRESS_FACTOR, MINUTE, free=None)


def rooms_of_person(per_hour: int) -> Limit:
    """Limit the rooms that one person opens, from wherever; per_hour: of an address."""
    return Limit(per_hour, HOUR)


def rooms_of_address(per_hour: int) -> Limit:
    """Limit the rooms that one address opens."""
    return _of_address(per_hour, HOUR)


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
