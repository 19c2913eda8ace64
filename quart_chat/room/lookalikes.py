"""Names that look alike: what a name comes down to for the eye, and how no name may be written.

After UTS #39, Unicode Security Mechanisms: https://www.unicode.org/reports/tr39/
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from disarm import detect_scripts, skeleton_key

from quart_chat.errors import BadName

MOST_MARKS = 4  # one upon the other, as UTS #39 has it (5.4): Hebrew and Vietnamese need no more

# What the server puts behind a name that somebody has proved: in a name it would only pretend so.
PROOFS = frozenset("✓✔✅☑√🗸🗹🮱⍻⚙⛭⛮⛯")  # and what shows a bot where there is no word for it

# Scripts that go together: UTS #39's "highly restrictive", for Japanese, Chinese and Korean are written with several.
_TOGETHER = tuple(
    frozenset(one.split()) for one in ("Latin Han Hiragana Katakana", "Latin Han Bopomofo", "Latin Han Hangul")
)
_NUMBERS = ((2, 98), (100, 900), (1000, 9000), (10_000, 990_000))  # (first, how many) of those behind a name


@lru_cache(20_000)
def look_of(name: str) -> str:
    """Give what a name comes down to for the eye: names that look alike have one look.

    It is UTS #39's skeleton, without case, spaces and punctuation. It is for comparing, and is shown to nobody.
    """
    skeleton = skeleton_key(name, digit_policy="tr39").replace("m", "rn")
    bare = "".join(one for one in skeleton if unicodedata.category(one)[0] not in "ZPC")
    return bare or skeleton or name


def check_look(name: str) -> None:
    """See that a name shows what it is.

    name: as `names.clean_name` leaves it.

    Raises:
        BadName: it mixes scripts that nobody writes together, piles up accents, or shows what only the server may.
    """
    if any(one in PROOFS for one in name):
        raise BadName("A check mark in a name is the server’s own: it stands behind names that somebody has proved.")
    marks, before = 0, ""
    for one in unicodedata.normalize("NFD", name):
        if unicodedata.category(one) not in ("Mn", "Me"):
            marks, before = 0, ""
            continue
        marks += 1
        if marks > MOST_MARKS or one == before:
            raise BadName("A name has no more accents on one letter than people write.")
        before = one
    scripts = {script.value for script in detect_scripts(name)}
    if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
        raise BadName("A name has letters of one script: this one mixes several, which can look like another name.")


def check_reserved(name: str, reserved: Iterable[str]) -> None:
    """See that a name does not look like one that is kept for somebody else.

    Raises:
        BadName: it does.
    """
    look = look_of(name)
    for kept in reserved:
        if look_of(kept) == look:
            raise BadName("%(name)s looks like the name of %(kept)s, who owns this room.", name=name, kept=kept)


def beside(name: str, public: str) -> tuple[str, ...]:
    """Give the names under which somebody is shown where their own is another's, the first that is free.

    public: their public id, which makes the numbers: so they are the same on every worker and after a reload.
    """
    seed = int(public, 16)
    return tuple(f"{name} {first + (seed >> 8 * place) % many}" for place, (first, many) in enumerate(_NUMBERS))
