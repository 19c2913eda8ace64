"""The load client's own limit: what it takes in of a firehose that writes batches as fast as the kernel lets it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks import client, processes
from benchmarks.choice import Choice
from benchmarks.cores import SERVER, pinned
from benchmarks.measure import Sample
from benchmarks.rounds import Result, Say, Variant, run_rounds
from benchmarks.servers.server import free_port

TABS = 1000
BATCH = 100  # messages in a frame
BYTES = 300  # of a message
RUN = "f1fe"


def run(choice: Choice, say: Say) -> Result:
    """Measure the load client against the firehose."""
    return run_rounds("selftest", [Variant("load client", _drink)], choice, say, most=3)


def _drink(_: Mapping[str, Sample]) -> Sample:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="qc-bench-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output, pinned(SERVER):
            firehose = subprocess.Popen(
                [client.FOLDER / "build" / "firehose", *map(str, (port, TABS, BATCH, BYTES)), RUN],
                stdout=output,
                stderr=output,
            )
        try:
            processes.wait_for_line(log, "ready", firehose)
            return client.run("drink", ["--port", str(port), "--tabs", str(TABS), "--run", RUN, "--seconds", "3"])
        finally:
            processes.end(firehose)
