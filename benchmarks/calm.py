"""Waiting for a calm moment: what else this machine does falsifies latencies, and a burst of it is soon over."""

from __future__ import annotations

import time

from benchmarks import processes

LOOK = 0.3  # seconds
CALM = 0.2  # cores that everything else may keep busy
PATIENCE = 5.0  # seconds; then it is measured anyway, and `others_cpu` tells


def wait() -> None:
    """Return when the machine is calm, or after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while _busy() > CALM and time.monotonic() < deadline:
        pass


def _busy() -> float:
    before, began = processes.machine_busy_ns(), time.monotonic_ns()
    time.sleep(LOOK)
    return (processes.machine_busy_ns() - before) / (time.monotonic_ns() - began)
