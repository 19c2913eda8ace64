"""The report, Markdown and one picture: `python -m benchmarks.report --into docs/performance.md`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.plot import Panel, draw
from benchmarks.rounds import Result, Spread, spread, values
from benchmarks.targets import CHAT, CPU, MS, P99, Verdict, number, verdicts

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
PICTURE = "performance.svg"
US = 1000  # ns
NOISY = 0.2  # cores that others kept busy; above it the report says so

Results = Mapping[str, Result]


def read(folder: Path) -> tuple[dict[str, Result], dict[str, str]]:
    """Read what was measured; gives the results by scenario, and the machine."""
    results: dict[str, Result] = {}
    machine: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        kept: dict[str, Any] = json.loads(path.read_text())
        machine = kept["machine"]
        results[kept["scenario"]] = Result(
            kept["scenario"], kept["rounds"], kept["versions"], kept["notes"], kept["settings"]
        )
    return results, machine


def write(results: Results, machine: Mapping[str, str]) -> str:
    """Write the generated part of the page."""
    parts = [
        _machine(machine, results),
        "### Targets",
        _verdicts(verdicts(results)),
        "### All servers",
        f"![Quiet and busy, by server]({PICTURE})",
        _talk(results),
        _others(results),
        "### Versions",
        _versions(results),
        _notes(results),
    ]
    return "\n\n".join(filter(None, parts))


def _machine(machine: Mapping[str, str], results: Results) -> str:
    rounds = max((len(result.rounds) for result in results.values()), default=0)
    told = [f"{name}: {value}" for name, value in machine.items()]
    busy = [
        sample["others_cpu"]
        for result in results.values()
        for samples in result.rounds
        for sample in samples.values()
        if "others_cpu" in sample
    ]
    noisy = sum(value > NOISY for value in busy)
    lines = [f"Measured on {'; '.join(told)}. Medians of up to {rounds} rounds, with the least and the most."]
    if noisy:
        lines.append(
            f"In {noisy} of {len(busy)} measurements something else kept more than {NOISY:g} cores of this machine "
            "busy: latencies and rates are worse for it, CPU a delivery less so."
        )
    return "\n".join(lines)


def _verdicts(found: list[Verdict]) -> str:
    words = {True: "reached", False: "**not reached**", None: "not measured"}
    rows = [f"| {one.what} | {one.wanted} | {one.measured} | {words[one.reached]} |" for one in found]
    return "\n".join(["| target | wanted | measured | |", "|---|---|---|---|", *rows])


def _talk(results: Results) -> str:
    labels = list(dict.fromkeys(label for name in ("quiet", "busy", "intake") for label in _labels(results, name)))
    rows = []
    for label in labels:
        cells = [
            _cell(results, "quiet", label, CPU, US),
            _cell(results, "quiet", label, P99, MS),
            _cell(results, "busy", label, "deliveries_per_second", 1),
            _cell(results, "busy", label, CPU, US),
            _cell(results, "busy", label, P99, MS),
            _cell(results, "intake", label, "messages_per_second", 1),
        ]
        rows.append(f"| {label} | {' | '.join(cells)} |")
    if not rows:
        return ""
    head = (
        "| server | quiet: CPU a delivery, µs | quiet: p99, ms | busy: deliveries/s | busy: CPU a delivery, µs "
        "| busy: p99, ms | intake: messages/s |"
    )
    return "\n".join([head, "|---|--:|--:|--:|--:|--:|--:|", *rows])


def _others(results: Results) -> str:
    """List the figures of what only Quart Chat does."""
    figures = [
        ("Load client alone, deliveries/s", "selftest", "deliveries_per_second", 1.0),
        ("Quiet, 200 tabs: CPU a delivery, µs", "quiet-200", CPU, US),
        ("Quiet, 200 tabs: p99, ms", "quiet-200", P99, MS),
        ("Joins/s", "joins", "joins_per_second", 1.0),
        ("Pages/s", "page", "answers_per_second", 1.0),
        ("CPU a delivery, µs", "workers", CPU, US),
        ("Bytes a delivery", "deflate", "payload_bytes_per_delivery", 1.0),
        ("Messages a frame", "deflate", "deliveries_per_frame", 1.0),
        ("Memory of a worker with 10,000 tabs, MiB", "crowd", "held_rss", 2.0**20),
    ]
    rows = [
        f"| {title} | {label} | {_cell(results, scenario, label, path, scale)} |"
        for title, scenario, path, scale in figures
        for label in _labels(results, scenario)
    ]
    return "\n".join(["| | | measured |", "|---|---|--:|", *rows]) if rows else ""


def _labels(results: Results, scenario: str) -> list[str]:
    if scenario not in results:
        return []
    return list(dict.fromkeys(label for samples in results[scenario].rounds for label in samples))


def _spread(results: Results, scenario: str, label: str, path: str, scale: float) -> Spread | None:
    if scenario not in results:
        return None
    return spread([value / scale for value in values(results[scenario], label, path)])


def _cell(results: Results, scenario: str, label: str, path: str, scale: float) -> str:
    found = _spread(results, scenario, label, path, scale)
    if found is None:
        return "–"
    if found.least == found.most:
        return number(found.median)
    return f"{number(found.median)} ({number(found.least)}–{number(found.most)})"


def _versions(results: Results) -> str:
    found = {label: text for result in results.values() for label, text in result.versions.items() if text}
    return "\n".join(f"- {label}: {text}" for label, text in found.items())


def _notes(results: Results) -> str:
    notes = list(dict.fromkeys(note for result in results.values() for note in result.notes))
    return "\n".join(["### Notes", "", *(f"- {' '.join(note.split())}" for note in notes)]) if notes else ""


def picture(results: Results) -> str | None:
    """Draw the talk; None where it was not measured."""
    panels = []
    for title, scenario, path, scale in (
        ("Quiet, 1,000 tabs: CPU a delivery, µs (less is better)", "quiet", CPU, US),
        ("Busy, 1,000 tabs: deliveries a second (more is better)", "busy", "deliveries_per_second", 1),
    ):
        rows = [
            (label, found, label.startswith(CHAT))
            for label in _labels(results, scenario)
            if (found := _spread(results, scenario, label, path, scale)) is not None
        ]
        if rows:
            panels.append(Panel(title, rows))
    return draw(panels) if panels else None


def put(page: Path, text: str) -> None:
    """Put the text between the page's marks; a page that is not there is made of it alone.

    Raises:
        ValueError: the page has no marks.
    """
    old = page.read_text() if page.exists() else f"{BEGIN}\n{END}\n"
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no {BEGIN} and {END}")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def main() -> int:
    """Write the report; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--into", type=Path, help="a page with the marks; default: print it")
    asked = parser.parse_args()
    results, machine = read(asked.results)
    if not results:
        print(f"nothing was measured: no results in {asked.results}", file=sys.stderr)
        return 1
    text = write(results, machine)
    if asked.into is None:
        print(text)
        return 0
    put(asked.into, text)
    drawn = picture(results)
    if drawn is not None:
        (asked.into.parent / PICTURE).write_text(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
