"""What may stand in a text or a name: the one place that judges single characters."""

from __future__ import annotations

import re
import unicodedata

# Bidi embeddings, overrides and isolates turn what follows a name around; the marks (LRM, RLM, ALM) do not,
# and right-to-left names need them. https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# C0 and C1 controls but tab and newline, and what UTF-8 or XML-like text cannot carry.
_NEVER = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")

# Zero-width space, word joiner, BOM, soft hyphen, Hangul fillers, Braille blank: nothing to see, so a name
# made of them alone would be empty. The joiners stay: Persian, Indic scripts and emoji are spelled with them.
_INVISIBLE = re.compile(
    "[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u206a-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb]"
)


LONGEST = 4096  # characters


def has_surrogate(text: str) -> bool:
    """Tell whether text holds a lone surrogate: JSON can carry one (`"\\ud800"`), UTF-8 cannot."""
    return any("\ud800" <= character <= "\udfff" for character in text) if not text.isascii() else False


def without_controls(text: str) -> str:
    """Take out control characters that no screen shows; tabs and newlines stay."""
    return _NEVER.sub("", text)


def one_line(text: str) -> str:
    """Make a name of text: NFC, one line, single spaces, no control, bidi or invisible character.

    text: what lies past LONGEST characters is cut off; that is far more than any name may have.
    """
    text = text[:LONGEST]  # composing long runs of accents takes quadratic time: 4 s for 120 KB of them
    # line ends become spaces before the other controls go, so that "a\nb" keeps its two words; what is taken out
    # may bring letters and accents, or two spaces, together: they are composed and collapsed after that
    text = re.sub(r"[\n\r\t\v\f\x1c-\x1f\x85\u2028\u2029]", " ", text)
    text = "".join(character for character in text if character not in BIDI_CONTROLS)
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", _NEVER.sub("", text)))
    return re.sub(r"\s+", " ", text).strip()


def is_visible(text: str) -> bool:
    """Tell whether anything of text shows: a letter, digit, sign, or an emoji."""
    return any(unicodedata.category(character)[0] in "LNPS" for character in _INVISIBLE.sub("", text))
