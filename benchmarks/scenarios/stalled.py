"""100 of 1,000 tabs stop reading: what the others notice, what the stalled ones hold, and when they are let go."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from benchmarks import processes
from benchmarks.choice import Choice
from benchmarks.measure import Sample, measure
from benchmarks.rounds import Result, Say, Variant, run_rounds
from benchmarks.servers.quart_chat import QuartChat

TABS = 1000
STALLED = 100
RATE = 25  # messages a second: well below what one core can do, so that nothing but the stalled tabs is in the way
LONG = "2400"  # characters of a message, so that 1 MiB is left unread within half a minute
SECONDS = 45.0
LOOK = 0.5  # seconds between two looks at the worker


def run(choice: Choice, say: Say) -> Result:
    """Measure with none stalled and with 100."""
    return run_rounds("stalled", [_variant("all read", 0), _variant("100 stalled", STALLED)], choice, say, most=3)


def _variant(label: str, stalled: int) -> Variant:
    def once(_: Mapping[str, Sample]) -> Sample:
        with QuartChat() as server:
            watch = _Watch(server)
            arguments = [*server.tabs(), *server.talk(None), "--tabs", str(TABS), "--stalled", str(stalled)]
            arguments += ["--rate", str(RATE), "--pad", LONG, "--warmup", "3", "--seconds", str(SECONDS)]
            sample = measure(server, "stall", arguments, on_start=watch.start, on_end=watch.stop)
            return {**sample, **watch.told(stalled)}

    return Variant(label, once)


class _Watch:
    """Looks at the worker's sockets and memory while the load client talks."""

    def __init__(self, server: QuartChat) -> None:
        self._pid = max(server.workers(), key=lambda pid: processes.memory([pid]).rss)
        self._seen: list[tuple[float, int, int]] = []  # time, sockets, rss
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def start(self) -> None:
        """Begin to look."""
        self._look_once()
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(LOOK):
            self._look_once()

    def _look_once(self) -> None:
        self._seen.append((time.monotonic(), processes.sockets(self._pid), processes.memory([self._pid]).rss))

    def told(self, stalled: int) -> Sample:
        """Say when the worker let the stalled tabs go, and how much it held for them at most."""
        began, full, resting = self._seen[0]
        held = max(rss for _, _, rss in self._seen) - resting
        told: Sample = {"most_held_bytes": held}
        if stalled:
            told["held_bytes_per_stalled_tab"] = held / stalled
            gone = [at - began for at, count, _ in self._seen if count <= full - stalled]
            if gone:
                told["gone_after_seconds"] = round(gone[0], 1)
        return told
