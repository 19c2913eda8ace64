"""What is measured: one module a scenario, each with `run(choice, say)`, by the names that the command takes."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.choice import Choice
from benchmarks.rounds import Result, Say
from benchmarks.scenarios import browser, deflate, idle, page, selftest, stalled, talk, workers

Run = Callable[[Choice, Say], Result]

ALL: dict[str, Run] = {
    "selftest": selftest.run,
    "quiet": talk.quiet,
    "quiet-200": talk.quiet_200,
    "busy": talk.busy,
    "intake": talk.intake,
    "memory": idle.memory,
    "crowd": idle.crowd,
    "joins": idle.joins,
    "page": page.run,
    "workers": workers.run,
    "stalled": stalled.run,
    "deflate": deflate.run,
    "browser": browser.run,
}
SMALL = ("selftest", "quiet", "busy", "intake", "memory", "joins", "page")  # what `make bench` runs
