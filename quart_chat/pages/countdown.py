"""How long somebody has to wait: words, and a number that the browser counts down by a stylesheet alone."""

from __future__ import annotations

import math

from markupsafe import Markup

from quart_chat.pages import languages
from quart_chat.pages.templates import fragment

BITS = tuple(2**power for power in range(12))  # a class each in base.css, for no style may stand in a page
LONGEST = sum(BITS)  # seconds that they can say: over an hour


def countdown(seconds: float, language: str) -> Markup:
    """Count down to when somebody may come again; nothing where that is within a second."""
    left = math.ceil(seconds)
    if left < 1:
        return Markup()
    bits = [bit for bit in BITS if left & bit] if left <= LONGEST else []
    return fragment(language, "_states.html", "countdown", bits, languages.duration(left, language))
