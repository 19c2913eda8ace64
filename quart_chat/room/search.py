"""What somebody looks for in a room: words, "exact words", from:somebody, before: and after: a day.

A word is found where a word begins with it, so that it is found while it is typed; in scripts that put no spaces
between words, anywhere. All that is asked for has to be there; of several names one is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, tzinfo
from typing import NamedTuple

from quart_chat.errors import BadSearch
from quart_chat.room.entries import Message
from quart_chat.room.folding import VOICED, fold
from quart_chat.room.proofs import bare

LONGEST = 200  # code points of what is typed
MOST = 10  # words, names and days

TOO_LONG = "A search has at most %(most)d characters; this one has %(count)d."
NO_DAY = "“%(typed)s” is no day. A day looks like 2026-11-28."

# Each language's words count in all of them, for the address of a search may be shared
KEYS = {
    **dict.fromkeys(("from", "de", "von", "من"), "from"),
    **dict.fromkeys(("before", "antes", "avant", "vor", "قبل"), "before"),
    **dict.fromkeys(("after", "depois", "después", "despues", "après", "apres", "nach", "بعد"), "after"),
}

_TO_COME = frozenset(fold(f"{key}:") for key in KEYS)  # with nothing after them yet

_KEY = f"({'|'.join(KEYS)}):"
_PART = re.compile(rf'(?:{_KEY}\s*(?!{_KEY.replace("(", "(?:")}))?(?:"([^"]*)("?)|([^\s"]+))', re.IGNORECASE)
_DAY = re.compile(r"(\d{4})(?:-(\d{0,2})(?:-(\d{0,2}))?)?")  # digits of any script
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Quotation marks as phones put them in, and what comes along with a day that is copied out of an Arabic page
_AS_TYPED = str.maketrans(dict.fromkeys("“”„«»", '"') | dict.fromkeys(_DIRECTIONS, ""))

# Python takes the vowel signs of India's scripts for no part of a word
_OF_A_WORD = r"[\w\u0900-\u0963\u0966-\u0ddf]"
_UNVOICED = rf"(?! ?[{VOICED}])"


class Term(NamedTuple):
    """Some words that belong together, folded.

    longest: of them; a text without it needs no closer look. pattern: finds them in a folded text.
    """

    longest: str
    pattern: re.Pattern[str]

    def is_in(self, folded: str) -> bool:
        """Tell whether a folded text holds it. It takes linear time."""
        return self.longest in folded and self.pattern.search(folded) is not None


class Query(NamedTuple):
    """What is looked for. since, until: ms since the epoch, from the first and before the second; None: any time."""

    terms: tuple[Term, ...] = ()
    names: tuple[Term, ...] = ()
    since: int | None = None
    until: int | None = None

    def fits(self, at: int, name: str, text: str) -> bool:
        """Tell whether a message is looked for.

        at: ms since the epoch. name, text: of its author and as it stands, folded.
        """
        if (self.since is not None and at < self.since) or (self.until is not None and at >= self.until):
            return False
        if self.names and not any(term.is_in(name) for term in self.names):
            return False
        return all(term.is_in(text) for term in self.terms)

    def fits_message(self, message: Message) -> bool:
        """Tell whether a message, as it stands, is looked for."""
        return not message.deleted and self.fits(message.at, fold(bare(message.name)), fold(message.said))


NOTHING = Query()


class Hit(NamedTuple):
    """A message that was found, with the one before it and the one after it in the room; None: there is none."""

    message: Message
    before: Message | None
    after: Message | None


class Found(NamedTuple):
    """What was found, newest first.

    rest: the id of the message before which one may look on; None: all was looked at.
    back: when that was written, ms since the epoch, where the time was over before there was enough; None: there was.
    """

    hits: tuple[Hit, ...] = ()
    rest: str | None = None
    back: int | None = None


def read(typed: str, zone: tzinfo) -> Query:
    """Read what somebody typed; NOTHING where nothing is looked for. zone: in which they mean days.

    Raises:
        BadSearch: it is too long, or a day is none.
    """
    if len(typed) > LONGEST:
        raise BadSearch(TOO_LONG, most=LONGEST, count=len(typed))
    terms: dict[str, Term] = {}
    names: dict[str, Term] = {}
    since: int | None = None
    until: int | None = None
    for count, part in enumerate(_PART.finditer(typed.translate(_AS_TYPED))):
        if count == MOST:
            raise BadSearch("A search has at most %(most)d words.", most=MOST)
        key, quoted, closed, word = part.groups()
        kind = KEYS.get((key or "").casefold())
        if kind == "before":
            day = _begin_of(quoted or word or "", zone)
            until = day if until is None else min(day, until)
        elif kind == "after":
            day = _begin_of(quoted or word or "", zone)
            since = day if since is None else max(day, since)
        elif folded := " ".join(fold(quoted if word is None else word).split()):
            if kind:
                names[folded] = _term(folded, whole=bool(closed))
            elif folded not in _TO_COME or word is None:
                terms[folded] = _term(folded, whole=bool(closed))
    return Query(_longest_first(terms), _longest_first(names), since, until)


def words(typed: str) -> tuple[Term, ...]:
    """Read plain words to look for in short texts, such as titles: the first MOST, of the first LONGEST characters.

    Nothing that is typed is wrong here, for it is looked for with each key.
    """
    folded = dict.fromkeys(fold(typed[:LONGEST]).split())
    return tuple(_term(word, whole=False) for word in list(folded)[:MOST])


def _longest_first(terms: dict[str, Term]) -> tuple[Term, ...]:
    return tuple(sorted(terms.values(), key=lambda term: -len(term.longest)))


def _term(folded: str, *, whole: bool) -> Term:
    words = folded.split(" ")
    begin = rf"(?<!{_OF_A_WORD})" if re.match(_OF_A_WORD, folded) else ""
    end = rf"(?!{_OF_A_WORD})" if whole and re.match(_OF_A_WORD, folded[-1]) else ""
    # possessive, so that runs of spaces are gone through once
    return Term(max(words, key=len), re.compile(begin + " ++".join(map(re.escape, words)) + end + _UNVOICED))


def _begin_of(written: str, zone: tzinfo) -> int:
    """Give a day's first moment, ms since the epoch; of a year or a month, its first day's: so a day can be typed."""
    found = _DAY.fullmatch(written)
    try:
        if found is None:
            raise ValueError(written)  # noqa: TRY301 - said like a day that no month has
        year, month, day = found.groups()
        first = date(int(year), _number(month), _number(day))
        return int(datetime.combine(first, time.min, zone).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise BadSearch(NO_DAY, typed=written) from error


def _number(written: str | None) -> int:
    number = int(written or 1)
    return 1 if number == 0 and len(written or "") == 1 else number


def places(query: Query, folded: str) -> Iterable[tuple[int, int]]:
    """Give where a folded text holds what is looked for, beginning and end, in no order."""
    for term in query.terms:
        for found in term.pattern.finditer(folded):
            yield found.span()
