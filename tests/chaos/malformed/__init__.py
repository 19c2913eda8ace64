"""What is malformed: cases of every kind, by chance."""

from __future__ import annotations

import os
from random import Random

from tests.chaos.malformed import frames, handshakes, requests  # noqa: F401 - their kinds note themselves
from tests.chaos.malformed.cases import KINDS, Case, Way

CHOSEN = os.environ.get("CHAOS_KINDS", "").replace(",", " ").split()  # names of kinds; none: all of them


def draw(chance: Random, way: Way) -> tuple[str, Case]:
    """Make any case; gives the name of its kind, too."""
    weights = {name: weight for name, (weight, _) in KINDS.items()}
    if CHOSEN:
        weights = dict.fromkeys(CHOSEN, 1)
    (name,) = chance.choices(list(weights), list(weights.values()))
    return name, KINDS[name][1](chance, way)
