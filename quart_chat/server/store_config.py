"""The embedded store's configuration, as the text of a valkey.conf."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from quart_chat.server.folder import Folder


def store_config(folder: Folder, socket: Path, fsync: str) -> bytes:
    """Write the configuration.

    socket: where it listens; at most 103 bytes.
    fsync: "always" (an answered write is on the disk) or "everysec" (a power cut may cost a second).
    """
    settings: Mapping[str, str | bytes] = {
        "port": "0",  # nothing listens on the network
        "unixsocket": os.fsencode(socket),
        "unixsocketperm": "700",
        "dir": os.fsencode(folder.store),
        "logfile": os.fsencode(folder.log),
        "pidfile": os.fsencode(folder.pid),
        "daemonize": "no",
        "databases": "1",
        "appendonly": "yes",
        "appendfsync": fsync,
        "save": "",  # the log of writes is the only file; snapshots besides it would cost twice the disk
        "maxmemory-policy": "noeviction",  # never drop somebody's messages to make room
        "hide-user-data-from-log": "yes",
    }
    return b"".join(name.encode() + b" " + quote(value) + b"\n" for name, value in settings.items())


def quote(value: str | bytes) -> bytes:
    """Quote a value for Valkey's configuration (sdssplitargs in its sds.c).

    Every byte that is not plainly harmless is written as an escape: paths hold spaces, quotes, anything.
    """
    raw = value.encode() if isinstance(value, str) else value
    return b'"' + b"".join(_quoted(byte) for byte in raw) + b'"'


def _quoted(byte: int) -> bytes:
    one = bytes([byte])
    return one if one.isalnum() or one in b"/-_. " else b"\\x%02x" % byte
