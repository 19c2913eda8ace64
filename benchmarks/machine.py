"""What this machine is, for whoever reads the figures elsewhere."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.cores import CLIENT, SERVER


def describe() -> dict[str, str]:
    """Name processor, memory, kernel, compiler and the date; nothing that says whose machine it is."""
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)
    virtual = " (virtual)" if "hypervisor" in Path("/proc/cpuinfo").read_text() else ""
    return {
        "processor": f"{cpu.group(1) if cpu else platform.machine()}{virtual}",
        "cores": f"{len(os.sched_getaffinity(0))}; servers on core {SERVER}, load client and stores on core {CLIENT}",
        "memory": f"{int(memory.group(1)) / 1024**2:.0f} GiB" if memory else "?",
        "kernel": f"Linux {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "compiler": _first_line("cc", "--version"),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def _first_line(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "?"
