"""The load client: builds it, runs it, and reads the servers' counters exactly where it says to."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.cores import CLIENT, pinned

FOLDER = Path(__file__).parent / "load"

Gate = Callable[[], None]


class LoadFailed(Exception):
    """The load client could not measure, or found what must not be; the text is what it said."""


def build() -> None:
    """Compile the load client where it is older than its source.

    Raises:
        LoadFailed: no compiler, or no zlib.
    """
    made = subprocess.run(["make", "--silent", "-C", str(FOLDER)], capture_output=True, text=True, check=False)
    if made.returncode:
        raise LoadFailed(made.stderr.strip())


def run(mode: str, arguments: Sequence[str], gates: Mapping[str, Gate] | None = None) -> dict[str, Any]:
    """Run the load client on its core; gives what it reported.

    gates: what to do where it says "start", "end" or "held"; it waits meanwhile.

    Raises:
        LoadFailed: it failed, or found a message lost, repeated or out of order.
    """
    gates = gates or {}
    with pinned(CLIENT):
        process = subprocess.Popen(
            [str(FOLDER / "build" / "load"), mode, *arguments, "--gate"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    said: list[str] = []
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        for line in process.stderr:
            word = line.strip()
            if word in ("start", "end", "held"):
                if word in gates:
                    gates[word]()
                process.stdin.write("\n")
                process.stdin.flush()
            else:
                said.append(line)
        output = process.stdout.read()
    if process.returncode:
        raise LoadFailed(f"load {mode} ended with {process.returncode}: {''.join(said)[-2000:]}{output}")
    report: dict[str, Any] = json.loads(output)
    return report
