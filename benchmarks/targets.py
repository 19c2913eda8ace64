"""What Quart Chat is meant to reach, and whether it does. Pure: results in, verdicts out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.rounds import Result, ratios, values

CHAT = "quart-chat"
EVERYSEC = "quart-chat everysec"
CPU = "server_ns_per_delivery"
P99 = "delivery_ns.p99"
KIB = 1024
MS = 1e6  # ns

Results = Mapping[str, Result]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target. reached: None where it was not measured."""

    what: str
    wanted: str
    measured: str
    reached: bool | None


def verdicts(results: Results) -> list[Verdict]:
    """Judge all targets."""
    return [judge(results) for judge in _JUDGES]


def order(results: Results) -> Verdict:
    """Judge the order of all messages to all tabs, in every scenario in which some are sent."""
    what, wanted = "Every tab gets every message once, in one order", "always"
    samples = [
        sample
        for result in results.values()
        for one in result.rounds
        for label, sample in one.items()
        if label.startswith(CHAT) or result.scenario in ("workers", "deflate", "stalled")
    ]
    checked = [sample for sample in samples if "out_of_order" in sample]
    if not checked:
        return Verdict(what, wanted, "", None)
    wrong = sum(sample["lost"] + sample["repeated"] + sample["out_of_order"] for sample in checked)
    deliveries = sum(sample["deliveries"] for sample in checked)
    return Verdict(what, wanted, f"{wrong:,} wrong of {deliveries:,} deliveries", wrong == 0)


def _ratio(
    what: str, scenario: str, path: str, other: str, *, most: float = 0.0, least: float = 0.0, label: str = CHAT
) -> Callable[[Results], Verdict]:
    wanted = f"≤ {most:g} ×" if most else f"≥ {least:g} ×"

    def judge(results: Results) -> Verdict:
        found = ratios(results[scenario], label, other, path) if scenario in results else []
        also = ratios(results[scenario], EVERYSEC, other, path) if found and label == CHAT else []
        return _judged(what, wanted, found, most=most, least=least, unit=" ×", also=also)

    return judge


def _figure(
    what: str,
    scenario: str,
    path: str,
    unit: str,
    *,
    most: float = 0.0,
    least: float = 0.0,
    scale: float = 1.0,
    label: str = CHAT,
) -> Callable[[Results], Verdict]:
    wanted = f"≤ {most:g}{unit}" if most else f"≥ {least:,g}{unit}"

    def judge(results: Results) -> Verdict:
        found = [value / scale for value in values(results[scenario], label, path)] if scenario in results else []
        return _judged(what, wanted, found, most=most, least=least, unit=unit)

    return judge


def _judged(
    what: str,
    wanted: str,
    found: Sequence[float],
    *,
    most: float,
    least: float,
    unit: str,
    also: Sequence[float] = (),
) -> Verdict:
    if not found:
        return Verdict(what, wanted, "", None)
    middle = median(found)
    measured = f"{number(middle)}{unit} ({number(min(found))}–{number(max(found))})"
    if also:
        measured += f"; with `everysec` {number(median(also))}{unit}"
    return Verdict(what, wanted, measured, middle <= most if most else middle >= least)


def number(value: float) -> str:
    """Write a figure with three digits that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


_JUDGES: list[Callable[[Results], Verdict]] = [
    _ratio("Quiet, 1,000 tabs: CPU a delivery, to nchan's", "quiet", CPU, "nchan", most=1.2),
    _ratio("Quiet, 1,000 tabs: CPU a delivery, to FastAPI's", "quiet", CPU, "fastapi", most=0.6),
    _ratio("Quiet, 1,000 tabs: p99, to that of Node's ws", "quiet", P99, "node-ws", most=1.0),
    _ratio("Busy: deliveries a second, to nchan's", "busy", "deliveries_per_second", "nchan", least=5),
    _figure("Busy: p99", "busy", P99, " ms", most=250, scale=MS),
    order,
    _ratio("Intake: messages a second, to FastAPI's", "intake", "messages_per_second", "fastapi", least=1),
    _figure("Idle: memory of the worker, a tab", "memory", "bytes_per_tab", " KiB", most=32, scale=KIB),
    _figure("Idle: tabs held for a minute by one worker", "crowd", "held_tabs", "", least=10_000),
    _figure(
        "Joins a second, a browser each",
        "joins",
        "joins_per_second",
        "",
        least=1000,
        label="1,000 identities",
    ),
    _ratio("Room page, to five bytes", "page", "answers_per_second", "five bytes", least=0.6, label="room"),
    _ratio(
        "Quiet: CPU, two workers to one",
        "workers",
        CPU,
        "quiet, 1 worker",
        most=1.2,
        label="quiet, 2 workers",
    ),
    _ratio("Busy: CPU, two workers to one", "workers", CPU, "busy, 1 worker", most=1.2, label="busy, 2 workers"),
    _ratio(
        "100 of 1,000 tabs stalled: the others' p99, to none stalled",
        "stalled",
        P99,
        "all read",
        most=1.2,
        label="100 stalled",
    ),
    _figure(
        "Stalled: memory held for each",
        "stalled",
        "held_bytes_per_stalled_tab",
        " KiB",
        most=1024,
        scale=KIB,
        label="100 stalled",
    ),
    _figure("Stalled: let go after", "stalled", "gone_after_seconds", " s", most=60, label="100 stalled"),
    _figure("Stalled: came back", "stalled", "came_back", " of 100", least=100, label="100 stalled"),
    _figure("Chromium, 500 messages/s: longest task", "browser", "longest_task_ms", " ms", most=200, label="chromium"),
    _figure("Chromium: messages shown", "browser", "messages_shown", " of 3,000", least=3000, label="chromium"),
    _figure("Chromium: typing meanwhile, a key", "browser", "typing_ms_per_key", " ms", most=100, label="chromium"),
    _ratio(
        "Deflate, batches of 20: bytes, to plain",
        "deflate",
        "payload_bytes_per_delivery",
        "batches of 20, plain",
        most=0.1,
        label="batches of 20, deflated",
    ),
    _ratio(
        "Deflate, batches of 20: CPU, to plain",
        "deflate",
        CPU,
        "batches of 20, plain",
        most=1.05,
        label="batches of 20, deflated",
    ),
    _ratio("Deflate, busy: CPU, to plain", "deflate", CPU, "busy, plain", most=1.05, label="busy, deflated"),
]
