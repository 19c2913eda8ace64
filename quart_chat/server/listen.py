"""The listening sockets: bound once, here, and shared by all workers."""

from __future__ import annotations

import asyncio
import errno
import os
import socket

from hypercorn.config import Config, Sockets

from quart_chat.errors import SettingsError
from quart_chat.server.cannot_start import CannotStart

RETRY = 0.1  # seconds


async def listen(config: Config, *, patience: float = 0) -> Sockets:
    """Bind what the settings say, and listen.

    config: `workers` is set to 1: with more, Hypercorn sets SO_REUSEPORT, and a second server on the
        same port would start silently and take half of the connections.
    patience: seconds for which a busy address is tried again.

    Raises:
        CannotStart: an address cannot be had.
        SettingsError: an address that is none.
    """
    config.workers = 1
    for address in (*config.bind, *config.insecure_bind):
        _check(address)
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        try:
            return _listen(config)
        except OSError as error:
            busy = error.errno == errno.EADDRINUSE
            if not busy or asyncio.get_running_loop().time() >= deadline:
                raise CannotStart(_reason(config, error)) from error
        await asyncio.sleep(RETRY)


def _listen(config: Config) -> Sockets:
    sockets = config.create_sockets()
    try:
        for one in all_of(sockets):
            # Under SO_REUSEADDR two servers may bind one port until one of them listens: so listen
            # at once. It also lets connections wait while the workers start.
            one.listen(config.backlog)
    except OSError:
        close(sockets)
        raise
    return sockets


def all_of(sockets: Sockets) -> list[socket.socket]:
    """List the sockets, those with TLS first."""
    return [*sockets.secure_sockets, *sockets.insecure_sockets]


def close(sockets: Sockets) -> None:
    """Close this process's hold on the sockets; a worker's own stays open."""
    for one in all_of(sockets):
        one.close()


def url(sockets: Sockets) -> str:
    """Say what to open in a browser on this machine."""
    first = all_of(sockets)[0]
    if first.family == socket.AF_UNIX:
        return f"unix:{os.fsdecode(first.getsockname())}"
    host, port = first.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    scheme = "https" if sockets.secure_sockets else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _check(address: str) -> None:
    """Refuse what Hypercorn would take for a host's name: of `localhost:80a` it makes a host on port 8000."""
    if address.startswith(("unix:", "fd://")):
        return
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise SettingsError(f"bind is {address!r}; it takes HOST:PORT, as 127.0.0.1:8000")


def _reason(config: Config, error: OSError) -> str:
    where = ", ".join((*config.bind, *config.insecure_bind))
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use by another program; choose another port with --bind HOST:PORT"
    return f"cannot listen on {where}: {error.strerror or error}"
