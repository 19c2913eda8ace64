"""Ports for servers that cannot be told to take any."""

from __future__ import annotations

import socket
from contextlib import closing
from random import SystemRandom

BUS = 10_000  # what a cluster's node adds to its port for the others


def free_port() -> int:
    """Find a port that is free, and the one a cluster's bus would take with it; below those that connections get."""
    while True:
        port = SystemRandom().randrange(20_000, 22_500)
        if all(_is_free(one) for one in (port, port + BUS)):
            return port


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
