"""A bounded memory of what can be made again: what was used least lately goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Values by key, bounded by their count and by their weight.

    count: values at most. weight: of all values together at most, in whatever unit `put` is told theirs.
    """

    def __init__(self, count: int, weight: int) -> None:
        self._count = count
        self._most = weight
        self._held: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self.weight = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Key) -> Value | None:
        """Give what is kept under a key, if anything is, and keep it longer."""
        held = self._held.get(key)
        if held is None:
            return None
        self._held.move_to_end(key)
        return held[0]

    def put(self, key: Key, value: Value, weight: int) -> None:
        """Keep a value; what is heavier than all may be is not kept."""
        old = self._held.pop(key, None)
        if old is not None:
            self.weight -= old[1]
        if weight > self._most:
            return
        self._held[key] = value, weight
        self.weight += weight
        while self.weight > self._most or len(self._held) > self._count:
            self.weight -= self._held.popitem(last=False)[1][1]
