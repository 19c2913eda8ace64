"""The same talk over two workers, both on one core, against one: what the second worker costs."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks import processes
from benchmarks.choice import Choice
from benchmarks.measure import Sample, measure
from benchmarks.rounds import Result, Say, Variant, run_rounds
from benchmarks.scenarios.talk import BUSY
from benchmarks.servers.quart_chat import QuartChat


def run(choice: Choice, say: Say) -> Result:
    """Measure quiet and busy with one worker and with two."""
    talk = ["--tabs", "1000", "--seconds", str(choice.seconds)]

    def talking(mode: str, worker_count: int) -> Variant:
        def once(_: Mapping[str, Sample]) -> Sample:
            with QuartChat(worker_count=worker_count) as server:
                arguments = [*server.tabs(), *server.talk(None), *talk, *(BUSY if mode == "busy" else ())]
                sample = measure(server, mode, arguments)
                sample["cpu_of_workers"] = [processes.cpu_ns([pid]) for pid in server.workers()]
                return sample

        return Variant(f"{mode}, {worker_count} worker{'s' * (worker_count > 1)}", once)

    variants = [talking(mode, count) for mode in ("quiet", "busy") for count in (1, 2)]
    return run_rounds("workers", variants, choice, say)
