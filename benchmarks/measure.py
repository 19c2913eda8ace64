"""One measurement: a server, a mode of the load client, and what the server's processes spent meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import client, processes
from benchmarks.servers.server import Server

Sample = dict[str, Any]


def _nothing() -> None:
    return


def measure(
    server: Server,
    mode: str,
    arguments: Sequence[str],
    *,
    on_start: Callable[[], None] = _nothing,
    on_end: Callable[[], None] = _nothing,
) -> Sample:
    """Run the load client against a started server; adds CPU time (ns) and memory (bytes) to its report.

    on_start, on_end: called where the measured part begins and ends.
    `others_cpu`: cores that everything else on this machine kept busy meanwhile; above about 0.2, distrust latencies.
    """
    workers, stores = server.workers(), server.stores()
    before: dict[str, int] = {}
    spent: dict[str, int] = {}
    sample: Sample = {}

    def counters() -> dict[str, int]:
        return {
            "worker_cpu_ns": processes.cpu_ns(workers),
            "store_cpu_ns": processes.cpu_ns(stores),
            "machine_cpu_ns": processes.machine_busy_ns(),
            "wall_ns": time.monotonic_ns(),
        }

    def start() -> None:
        on_start()
        before.update(counters())

    def stop() -> None:
        after = counters()
        spent.update({name: after[name] - before[name] for name in after})
        sample["rss"] = processes.memory(workers).rss
        sample["pss"] = processes.memory(workers).pss
        on_end()

    def held() -> None:
        sample["held_rss"] = processes.memory(workers).rss
        sample["held_pss"] = processes.memory(workers).pss

    report = client.run(mode, arguments, {"start": start, "end": stop, "held": held})
    sample = {**report, **sample, **spent}
    ours = spent["worker_cpu_ns"] + spent["store_cpu_ns"] + report["client_cpu_seconds"] * 1e9
    sample["others_cpu"] = round(max(0.0, spent["machine_cpu_ns"] - ours) / spent["wall_ns"], 3)
    if report.get("deliveries"):
        sample["worker_ns_per_delivery"] = spent["worker_cpu_ns"] / report["deliveries"]
        sample["server_ns_per_delivery"] = (spent["worker_cpu_ns"] + spent["store_cpu_ns"]) / report["deliveries"]
    if report.get("messages"):
        sample["worker_ns_per_message"] = spent["worker_cpu_ns"] / report["messages"]
        sample["store_ns_per_message"] = spent["store_cpu_ns"] / report["messages"]
    for count in ("answers", "joins"):
        if report.get(count):
            sample[f"worker_ns_per_{count[:-1]}"] = spent["worker_cpu_ns"] / report[count]
    return sample
