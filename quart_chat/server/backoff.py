"""When something that died is started again."""

from __future__ import annotations

from dataclasses import dataclass

STEADY = 10.0  # seconds of life after which a death is not part of a series
LONGEST = 5.0  # seconds, for what never came so far as to serve: it will most likely fail again
SERVED = 1.0  # seconds, for what did: people wait for it
FIRST = 0.25  # seconds, before the second restart; the first one comes at once


@dataclass(slots=True)
class BackOff:
    """The pauses before one thing's restarts: none, then doubling while it keeps dying quickly."""

    deaths: int = 0
    """Quick ones in a row."""

    def after(self, lived: float, *, served: bool) -> float:
        """Count a death and say how long to wait before the restart.

        lived: seconds from the start to the death. served: it had been ready.
        Returns seconds.
        """
        if lived >= STEADY:
            self.deaths = 0
        self.deaths += 1
        if self.deaths == 1:
            return 0.0
        return float(min(SERVED if served else LONGEST, FIRST * 2 ** min(self.deaths - 2, 10)))


def when(pause: float) -> str:
    """Say a pause in words. pause: seconds."""
    return f"in {pause:g} s" if pause else "now"
