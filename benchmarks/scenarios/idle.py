"""Tabs that do nothing: how fast they join, what they weigh, and whether 10,000 of them stay."""

from __future__ import annotations

import resource
from collections.abc import Mapping

from benchmarks.choice import Choice
from benchmarks.measure import Sample, measure
from benchmarks.rounds import Result, Say, Variant, run_rounds
from benchmarks.servers.quart_chat import QuartChat

FEW, MANY = 1000, 3000
CROWD = 10_000
HOLD = 60.0  # seconds


def memory(choice: Choice, say: Say) -> Result:
    """Weigh a tab: what 2,000 more of them add to the worker."""

    def joined(tabs: int) -> Sample:
        with QuartChat() as server:
            return measure(server, "join", [*server.tabs(), "--tabs", str(tabs), "--hold", "2"])

    def once(_: Mapping[str, Sample]) -> Sample:
        few, many = joined(FEW), joined(MANY)
        return {**many, "bytes_per_tab": (many["held_rss"] - few["held_rss"]) / (MANY - FEW), "few": few}

    return run_rounds("memory", [Variant("quart-chat", once)], choice, say)


def joins(choice: Choice, say: Say) -> Result:
    """Join 1,000 tabs of one browser, and of 1,000 browsers."""

    def joining(identities: int) -> Variant:
        def once(_: Mapping[str, Sample]) -> Sample:
            with QuartChat(identities=identities) as server:
                return measure(server, "join", [*server.tabs(), "--tabs", "1000", "--handshakes", "64"])

        return Variant(f"{identities:,} identit{'y' if identities == 1 else 'ies'}", once)

    return run_rounds("joins", [joining(1), joining(1000)], choice, say)


def crowd(choice: Choice, say: Say) -> Result:
    """Hold 10,000 tabs on one worker for a minute."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    tabs = min(CROWD, files - 200)

    def once(_: Mapping[str, Sample]) -> Sample:
        with QuartChat() as server:
            return measure(server, "join", [*server.tabs(), "--tabs", str(tabs), "--hold", str(HOLD)])

    result = run_rounds("crowd", [Variant("quart-chat", once)], choice, say, most=1)
    if tabs < CROWD:
        result.notes.append(f"only {tabs} tabs: this machine lets a process open {files} files (ulimit -n)")
    return result
