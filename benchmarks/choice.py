"""What a run was asked for: how many rounds, how long, which servers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.servers.server import Missing, Server

SHORT = 3.0  # seconds that one measurement of talk lasts, in a small run
LONG = 6.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The choices of one run.

    rounds: times that every server is measured. full: as long as figures for publication want it.
    only: names of servers; empty: all that can be had.
    deadline: by the monotonic clock; after it every scenario is content with one round.
    """

    rounds: int
    full: bool
    only: frozenset[str] = field(default_factory=frozenset)
    deadline: float = math.inf

    @property
    def seconds(self) -> float:
        """How long one measurement of talk lasts."""
        return LONG if self.full else SHORT

    def available(self, servers: Sequence[type[Server]], say: Callable[[str], None]) -> list[type[Server]]:
        """Give those servers that were asked for and can be had; say why the others cannot."""
        found = []
        for server in servers:
            if self.only and server.name not in self.only:
                continue
            try:
                server.check()
            except Missing as missing:
                say(f"left out: {missing}")
            else:
                found.append(server)
        return found
