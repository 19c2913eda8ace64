"""What Linux tells of processes: CPU time to the nanosecond, memory, sockets, children."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

KIB = 1024
TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")  # ns
GRACE = 15.0  # seconds that a server gets to end


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of memory; pss: pages that are shared count by their share."""

    rss: int
    pss: int


def cpu_ns(pids: Iterable[int]) -> int:
    """Sum the CPU time of processes, ns: the scheduler's own count, not the ticks of /proc/PID/stat."""
    spent = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # it ended meanwhile
                spent += int((thread / "schedstat").read_text().split()[0])
    return spent


def machine_busy_ns() -> int:
    """Tell how long all cores together have worked since the machine's start, ns."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) * TICK


def memory(pids: Iterable[int]) -> Memory:
    """Sum the memory of processes."""
    rss = pss = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "Rss":
                rss += int(value.split()[0]) * KIB
            elif name == "Pss":
                pss += int(value.split()[0]) * KIB
    return Memory(rss, pss)


def sockets(pid: int) -> int:
    """Count the open sockets of a process."""
    found = 0
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found += os.readlink(one).startswith("socket:")
    return found


def name(pid: int) -> str:
    """Give a process's short name."""
    return Path(f"/proc/{pid}/comm").read_text().strip()


def family(root: int) -> list[int]:
    """Find a process and all that descend from it, by pid."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = [root] if root in parents else []
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started here, and all that it started."""
    if process.poll() is not None:
        return
    pids = family(process.pid)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    for pid in pids:
        if _lives(pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait(GRACE)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_line(path: Path, text: str, process: subprocess.Popen[bytes], within: float = 30.0) -> None:
    """Wait until a process has written a text into its log.

    Raises:
        RuntimeError: it ended, or did not write that; the text holds what it wrote.
    """
    deadline = time.monotonic() + within
    while text not in path.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no {text!r} in what the server wrote:\n{path.read_text(errors='replace')[-3000:]}")
        time.sleep(0.05)
