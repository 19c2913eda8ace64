"""A clock that a test turns by hand, in the place of the loop: what is timed runs when it is turned that far."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Any

import pytest


class Timer:
    """What `call_later` gives."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        self.call = None


class Clock:
    """Stands for the running loop in code that only times.

    now: s.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self._timers: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        monkeypatch.setattr(asyncio, "get_running_loop", lambda: self)

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, call: Callable[..., object], *args: Any) -> Timer:
        timer = Timer(lambda: call(*args))
        heapq.heappush(self._timers, (self.now + delay, next(self._count), timer))
        return timer

    def pass_(self, seconds: float) -> None:
        """Let so much time go by; what takes time within it makes what comes after it late, as in a loop."""
        end = self.now + seconds
        while self._timers and self._timers[0][0] <= end:
            at, _, timer = heapq.heappop(self._timers)
            self.now = max(self.now, at)
            if timer.call is not None:
                timer.call()
        self.now = max(self.now, end)

    def pass_to_next(self) -> bool:
        """Let time go by to what is timed next, and run it; False where nothing is."""
        while self._timers and self._timers[0][2].call is None:
            heapq.heappop(self._timers)
        if not self._timers:
            return False
        self.pass_(max(0.0, self._timers[0][0] - self.now))
        return True
