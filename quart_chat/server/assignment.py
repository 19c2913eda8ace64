"""What a supervisor and a worker say to each other.

The assignment goes down as the worker's argument. The line is a socket pair: the worker writes READY
or FAILED on it, and either side learns from its end that the other one is gone.
"""

from __future__ import annotations

import json
import signal
from dataclasses import asdict, dataclass

READY = "ready"
"""The worker serves: its startup is done and it takes connections."""
FAILED = "failed"
"""The worker cannot serve; the rest of the line is the reason."""
HELD_BACK = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Blocked while a worker is forked, so that none of them finds it unready; the worker lets them in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What one worker is told. The numbers are file descriptors that it inherits."""

    factory: str
    """Makes the application, as `module:function`; called without arguments."""
    config_file: str | None
    secure: tuple[int, ...]
    """Listening sockets that speak TLS."""
    insecure: tuple[int, ...]
    """Listening sockets that don't."""
    line: int

    def to_json(self) -> str:
        """Write it as one argument of a command."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Assignment:
        """Read what `to_json` wrote."""
        values = json.loads(text)
        return cls(**{**values, "secure": tuple(values["secure"]), "insecure": tuple(values["insecure"])})


def one_line(text: str) -> str:
    """Put a reason on one line, so that it fits the line and the log."""
    return " ".join(text.split())
