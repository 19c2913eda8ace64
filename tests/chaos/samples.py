"""What a server takes, second by second, and whether that grows."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, linear_regression, median

import httpx
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.processes import family, memory
from tests.server.processes import ServerProcess

MB = 1e6  # bytes
MINUTE = 60.0  # seconds
YOUNG = 20.0  # seconds in which a worker still begins
AGES = 10.0  # seconds of age within which workers are compared
MOST = 1.0  # MB a minute
FULL = 160.0  # MB of a worker: 53 to begin with, caches of some 90, its tabs
MORE_FILES = 4  # than before anybody came


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a server. Memory is proportional (Pss), MB: what processes share counts once for all of them.

    at: seconds since the beginning. messages: taken until now. tabs: open, as the server counts them.
    workers: (age in seconds, MB) by pid. files: open ones of all processes.
    """

    at: float
    messages: int
    tabs: int
    supervisor: float
    workers: dict[int, tuple[float, float]]
    store: float
    files: int


class Sampler:
    """Looks at a server; each look is kept in `samples`."""

    def __init__(self, server: ServerProcess, http: httpx.AsyncClient) -> None:
        self.samples: list[Sample] = []
        self._server = server
        self._http = http
        self._began = asyncio.get_running_loop().time()
        self._first_seen: dict[int, float] = {}
        self._told = (0, 0)

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return asyncio.get_running_loop().time() - self._began

    async def look(self) -> Sample:
        """Take a sample."""
        with suppress(httpx.TransportError, KeyError):  # whoever was asked has just died: what was told before stands
            told = await metrics(self._http, self._server.url)
            self._told = round(told["quart_chat_messages_total"]), round(told["quart_chat_tabs"])
        sample = await asyncio.to_thread(self._look, self.now)
        self.samples.append(sample)
        return sample

    def _look(self, now: float) -> Sample:
        supervisor = self._server.process.pid
        workers: dict[int, tuple[float, float]] = {}
        held_by_supervisor = store = 0.0
        files = 0
        for pid in family(supervisor):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                held = memory([pid]).pss / MB
                files += len(list(Path(f"/proc/{pid}/fd").iterdir()))
            except OSError:
                continue  # it ended meanwhile
            if pid == supervisor:
                held_by_supervisor = held
            elif b"quart_chat.server.worker" in command:
                workers[pid] = now - self._first_seen.setdefault(pid, now), held
            else:
                store += held  # also its child that writes the log anew
        return Sample(now, *self._told, held_by_supervisor, workers, store, files)


async def metrics(http: httpx.AsyncClient, url: str) -> dict[str, float]:
    """Read a server's counters and gauges by name; those with labels are added up."""
    answer = await http.get(f"{url}/metrics")
    found: dict[str, float] = defaultdict(float)
    for each in text_string_to_metric_families(answer.text):
        for sample in each.samples:
            found[sample.name] += sample.value
    return found


def minutes(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """Divide samples by minutes; what is left at the end and is no minute goes with the last."""
    count = max(1, round(samples[-1].at / MINUTE))
    for number in range(count):
        yield [one for one in samples if min(int(one.at // MINUTE), count - 1) == number]


def table(samples: Sequence[Sample]) -> str:
    """Write a line a minute: its messages, and the middle of all else."""
    lines = ["minute  messages  tabs  worker MB  supervisor MB  store MB  files"]
    before = 0
    for number, part in enumerate(minutes(samples), 1):
        each = [held for one in part for _, held in one.workers.values()]
        lines.append(
            f"{number:6}  {part[-1].messages - before:8}  {median(one.tabs for one in part):4.0f}  "
            f"{median(each):9.1f}  {median(one.supervisor for one in part):13.1f}  "
            f"{median(one.store for one in part):8.1f}  {median(one.files for one in part):5.0f}"
        )
        before = part[-1].messages
    return "\n".join(lines)


def later_half(samples: Sequence[Sample]) -> list[Sample]:
    """Leave the first half out, in which all begins."""
    return [one for one in samples if one.at >= samples[-1].at / 2]


def of_workers(samples: Sequence[Sample]) -> float:
    """Tell how much more a worker takes each minute than one of its age took before, MB; 0 where none was renewed.

    Only moments count in which as many workers run as mostly do: they share memory with one that begins or ends.
    """
    usual = median(len(one.workers) for one in samples)
    by_age: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for one in samples:
        for age, held in one.workers.values():
            if age > YOUNG and len(one.workers) == usual:
                by_age[int(age // AGES)].append((one.at / MINUTE, held))
    # each is taken against the middle of those of its age, which leaves what came with time alone
    points = []
    for alike in by_age.values():
        if alike[-1][0] - alike[0][0] > 2 * AGES / MINUTE:
            middle = fmean(at for at, _ in alike), fmean(held for _, held in alike)
            points += [(at - middle[0], held - middle[1]) for at, held in alike]
    return linear_regression(*zip(*points, strict=True)).slope if points else 0.0


def of_supervisor(samples: Sequence[Sample]) -> float:
    """Tell by how much the supervisor grows, MB a minute."""
    return linear_regression([one.at / MINUTE for one in samples], [one.supervisor for one in samples]).slope


def most_of_a_worker(samples: Sequence[Sample]) -> float:
    """Tell what a worker took at most, MB."""
    return max(held for one in samples for _, held in one.workers.values())


def grown(samples: Sequence[Sample]) -> list[str]:
    """Complain of what grows by itself."""
    last = later_half(samples)
    found = []
    if (more := of_workers(last)) > MOST:
        found.append(f"a worker takes {more:.1f} MB more each minute than one of its age took before")
    if (more := of_supervisor(last)) > MOST:
        found.append(f"the supervisor grows by {more:.1f} MB a minute")
    if (most := most_of_a_worker(samples)) > FULL:
        found.append(f"a worker took {most:.0f} MB")
    return found


def left_open(before: Sample, after: Sample) -> list[str]:
    """Complain of what is still open when all have gone."""
    found = []
    if after.tabs:
        found.append(f"all have gone, and the server counts {after.tabs} tabs")
    if after.files > before.files + MORE_FILES:
        found.append(f"{before.files} files were open before anybody came, and {after.files} when all had gone")
    return found


def bytes_a_message(samples: Sequence[Sample]) -> float:
    """Tell by how much the store grows for each message that it keeps."""
    return linear_regression([one.messages for one in samples], [one.store * MB for one in samples]).slope


def lives(samples: Sequence[Sample]) -> list[list[tuple[float, float]]]:
    """Give what each worker took from its beginning to its end: (seconds, MB)."""
    found: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for one in samples:
        for pid, (_, held) in one.workers.items():
            found[pid].append((one.at, held))
    return list(found.values())
