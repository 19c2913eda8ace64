"""The question that newcomers answer where a room asks one: its owners' own, or a sum that the server makes.

Nothing of a sum is stored. It follows by the server's key from who is asked, where, and in which hour; and the form in
which it is answered carries, signed by that key, when that was. So every worker takes what any of them asked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from quart_chat.errors import BadText
from quart_chat.room.characters import has_surrogate, is_visible, one_line
from quart_chat.room.folding import fold

MAX_QUESTION, MAX_ANSWER = 200, 100  # code points
LEAST = 2_000  # ms between the asking and an answer; whoever reads and types takes longer
_HOUR = 3_600_000  # ms
_FORM = re.compile(r"([1-9][0-9]{0,14})\.([0-9a-f]{32})")
_FIRST, _LEFT, _RIGHT = 2, 10, 8  # the least of both, and how many there are of each: 4 to 20 come of it
GREATEST = 2 * _FIRST + _LEFT + _RIGHT - 2  # sum


class Question(NamedTuple):
    """An owner's own question, and what answers it, both as typed."""

    text: str
    answer: str


class Sum(NamedTuple):
    """A question of the server's: what is left plus right?"""

    left: int
    right: int


class Form(NamedTuple):
    """What a page that asked has proved. at: when that was, ms since the epoch; key: by which it was signed."""

    at: int
    key: str

    @property
    def hour(self) -> int:
        """Count hours since the epoch, in one of which the same is asked."""
        return self.at // _HOUR

    def is_past(self, now: int) -> bool:
        """Tell whether its sum is answered no more: it is neither of this hour nor of the last."""
        return now // _HOUR - self.hour > 1

    def is_ahead(self, now: int) -> bool:
        """Tell whether it is of a time that is to come: the clock was set back."""
        return self.at > now + LEAST

    def too_early(self, now: int) -> float:
        """Give the seconds that are missing until an answer is taken; 0.0: none."""
        return max(0, self.at + LEAST - now) / 1000


def sign(key: str, public: str, room: str, at: int) -> str:
    """Write into a form when somebody was asked; at: ms since the epoch."""
    return f"{at}.{_mac(key, 'form', public, room, at)[:32]}"


def read_form(keys: Sequence[str], public: str, room: str, written: str) -> Form | None:
    """Read when somebody was asked in a room; None where no key of this server signed that for them and it."""
    found = _FORM.fullmatch(written)
    if found is None:
        return None
    at = int(found[1])
    for key in keys:
        if hmac.compare_digest(sign(key, public, room, at), f"{at}.{found[2]}"):
            return Form(at, key)
    return None


def sum_for(form: Form, public: str, room: str) -> Sum:
    """Make the sum that somebody is asked in a room: the same all through an hour."""
    drawn = int(_mac(form.key, "sum", public, room, form.hour)[:16], 16)
    return Sum(_FIRST + drawn % _LEFT, _FIRST + drawn // _LEFT % _RIGHT)


def clean_question(text: str, answer: str) -> Question | None:
    """Make a question of what an owner typed, a line each; None where they ask none.

    Raises:
        BadText: either is too long or no text at all, or nothing answers it.
    """
    asked, answers = ("" if has_surrogate(one) else one_line(one) for one in (text, answer))
    if not is_visible(asked):
        return None
    if len(asked) > MAX_QUESTION:
        raise BadText(
            "A question has at most %(most)d characters; this one has %(count)d.", most=MAX_QUESTION, count=len(asked)
        )
    if not is_visible(answers) or not folded(answers):
        raise BadText("A question needs an answer.")
    if len(answers) > MAX_ANSWER:
        raise BadText(
            "An answer has at most %(most)d characters; this one has %(count)d.", most=MAX_ANSWER, count=len(answers)
        )
    return Question(asked, answers)


def clean_answer(typed: str) -> str:
    """Make a line of what a newcomer typed; what is longer than an answer may be is none, and cut off."""
    return "" if has_surrogate(typed) else one_line(typed)[: 2 * MAX_ANSWER]


def folded(answer: str) -> str:
    """Give what two answers are compared by: no case, accents, doubled spaces, nor spaces or punctuation around."""
    text = _inner(fold(answer if ":" in answer else _inner(answer)))  # « would become <<, and :tada: lose its colons
    return " ".join(text.split())


def number_in(answer: str) -> int | None:
    """Read digits of any script; None where it is something else."""
    text = folded(answer)
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _inner(text: str) -> str:
    """Take off spaces and punctuation around a text, if that leaves anything: "?!" may be an answer."""
    first, last = 0, len(text)
    while first < last and _is_around(text[first]):
        first += 1
    while last > first and _is_around(text[last - 1]):
        last -= 1
    return text[first:last] or text


def _is_around(character: str) -> bool:
    return character.isspace() or unicodedata.category(character).startswith("P")


def _mac(key: str, what: str, public: str, room: str, number: int) -> str:
    """Prove something of somebody in a room; what it is for keeps one proof from standing for another."""
    told = "\n".join(("quart-chat question", what, public, room, str(number)))
    return hmac.new(key.encode(), told.encode(), hashlib.sha256).hexdigest()
