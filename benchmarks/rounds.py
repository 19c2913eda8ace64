"""Rounds: every variant once, then all of them again, so that a noisy minute hits them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks import calm
from benchmarks.choice import Choice
from benchmarks.client import LoadFailed
from benchmarks.measure import Sample
from benchmarks.servers.server import Missing

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing that is measured each round.

    label: as tables call it. measure: takes what this round's earlier variants gave, by label.
    """

    label: str
    measure: Callable[[Mapping[str, Sample]], Sample]
    version: str = ""


@dataclass(slots=True)
class Result:
    """What a scenario gave.

    rounds: for each, the samples by label. notes: what a reader of the figures has to know.
    """

    scenario: str
    rounds: list[dict[str, Sample]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


def run_rounds(
    scenario: str, variants: Sequence[Variant], choice: Choice, say: Say, *, most: int | None = None
) -> Result:
    """Measure all variants in each round; one that fails is left out of that round, with a note.

    most: rounds that are enough here, whatever was asked for.
    """
    rounds = min(choice.rounds, most or choice.rounds)
    result = Result(scenario, versions={variant.label: variant.version for variant in variants})
    for number in range(rounds):
        if number and time.monotonic() > choice.deadline:
            result.notes.append(f"{number} of {rounds} rounds: the time was up")
            break
        samples: dict[str, Sample] = {}
        result.rounds.append(samples)
        for variant in variants:
            calm.wait()
            try:
                samples[variant.label] = variant.measure(samples)
            except Missing as missing:
                result.notes.append(f"{variant.label}: {missing}")
                say(f"  {variant.label}: {missing}")
            except LoadFailed as error:
                note = f"{variant.label} failed in round {number + 1}: {str(error).strip()[:400]}"
                result.notes.append(note)
                say(f"  {note}")
            else:
                say(f"  round {number + 1}/{rounds}  {variant.label:<22} {summary(samples[variant.label])}")
    return result


def summary(sample: Sample) -> str:
    """Say the main figures of a sample in a line."""
    parts = []
    if "deliveries_per_second" in sample:
        parts.append(f"{sample['messages_per_second']:>9,.0f} msg/s {sample['deliveries_per_second']:>11,.0f} del/s")
    if "server_ns_per_delivery" in sample:
        parts.append(f"{sample['server_ns_per_delivery'] / 1000:>7.2f} µs/del")
        parts.append(f"p99 {sample['delivery_ns']['p99'] / 1e6:>8.1f} ms")
        parts.append(f"{sample['payload_bytes_per_delivery']:>5.0f} B")
    if "joins_per_second" in sample:
        parts.append(f"{sample['joins_per_second']:>8,.0f} joins/s")
    if "answers_per_second" in sample:
        parts.append(f"{sample['answers_per_second']:>8,.0f} answers/s")
    if sample.get("others_cpu", 0) > 0.2:
        parts.append(f"(others kept {sample['others_cpu']:.1f} cores busy)")
    return "  ".join(parts)


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of several rounds, with the least and the most."""

    median: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread | None:
    """Sum rounds up; None where there are none."""
    return Spread(median(values), min(values), max(values)) if values else None


def value_of(sample: Sample, path: str) -> float | None:
    """Read a figure of a sample; path: as "delivery_ns.p99"."""
    found: Any = sample
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return float(found) if isinstance(found, (int, float)) else None


def values(result: Result, label: str, path: str) -> list[float]:
    """Give a figure of a variant, of every round that has it."""
    found = (value_of(samples[label], path) for samples in result.rounds if label in samples)
    return [value for value in found if value is not None]


def ratios(result: Result, label: str, other: str, path: str) -> list[float]:
    """Divide a figure of one variant by another's, round by round: what both had to bear cancels out."""
    found = []
    for samples in result.rounds:
        if label in samples and other in samples:
            one, two = value_of(samples[label], path), value_of(samples[other], path)
            if one is not None and two:
                found.append(one / two)
    return found
