"""Texts folded for searching: case, accents and the marks of markup make no difference, nor do ways to write a letter.

Folding goes character by character, so that what was found can be marked where it stands, and so that it takes linear
time: putting a long run of accents into order, as Unicode's normal forms do, takes quadratic.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from anyascii import anyascii

from quart_chat.room.markup import with_emoji

LONGEST = 4  # what one character becomes; some Arabic ligatures would become 18, and a text of them slow to search
KEPT = 20_000  # code points that are remembered: what all scripts but Han and Hangul have, and what is in use of those

_MARKUP = frozenset("*_~`|")  # they part words, so that **this** is found as it reads, and some_name by its parts
_LIKE_ASCII = frozenset(("Pd", "Pi", "Pf"))  # dashes and quotation marks, which phones put in by themselves
_APOSTROPHE = "\u02bc"  # as some scripts and keyboards write it
_UNSEEN = frozenset(("Cc", "Cf", "Cs"))  # soft hyphens, joiners, marks of direction
_TATWEEL = "\u0640"  # stretches Arabic words
VOICED = "\u3099\u309a"  # make another letter of one in Japanese, so they stay

# Thai, Lao, Burmese, Khmer, kana and Han put no space between words
_SPACELESS = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3005, 0x3096),
    (0x309B, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


class Folded(NamedTuple):
    """A folded text, and for each of its characters the place in the text of the one that it came from."""

    text: str
    places: list[int]


class _Folds(dict[int, str]):
    """What each code point becomes, worked out when it is met first."""

    def __missing__(self, code: int) -> str:
        if len(self) >= KEPT:
            self.clear()
        made = self[code] = _fold(chr(code))
        return made


_folds = _Folds()


def fold(text: str) -> str:
    """Fold a text as it was written; shortcodes count as their emoji. Words have spaces between, any number of them.

    In scripts that put none there, each character is a word.
    """
    return (with_emoji(text) if ":" in text else text).translate(_folds)


def fold_with_places(text: str) -> Folded:
    """Fold a text as it is shown, and keep where each character came from."""
    if text.isascii() and len(made := text.translate(_folds)) == len(text):  # none of them becomes more than one
        return Folded(made, [*range(len(text))])
    folded, places = [], []
    for place, character in enumerate(text):
        made = _folds[ord(character)]
        folded.append(made)
        places += [place] * len(made)
    return Folded("".join(folded), places)


def _fold(character: str) -> str:
    if character in _MARKUP or character.isspace():
        return " "
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    if len(plain) > LONGEST:
        return character
    return "".join(map(_without_accent, plain))


def _without_accent(character: str) -> str:
    category = unicodedata.category(character)
    if category in _UNSEEN or character == _TATWEEL or _is_accent(character):
        return ""
    if character == _APOSTROPHE:
        return "'"
    if category in _LIKE_ASCII or (category == "Ll" and _is_latin(character)):
        return anyascii(character).lower()  # ø, ł, ı and their like, which Unicode does not take apart
    if any(first <= ord(character) <= last for first, last in _SPACELESS):
        return f" {character} "
    return " " if character.isspace() else character


def _is_accent(character: str) -> bool:
    """Tell whether something is written on a letter that reads without it: the vowels of Indian scripts are not."""
    combining = unicodedata.combining(character)
    return combining == 7 or 10 <= combining <= 36 or combining >= 200 or "\ufe00" <= character <= "\ufe0f"


def _is_latin(character: str) -> bool:
    return not character.isascii() and unicodedata.name(character, "").startswith("LATIN")
