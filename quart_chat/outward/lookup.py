"""Addresses of names, in threads that nobody waits for as the worker ends.

The loop's own lookups share a few threads: whoever keeps a name server slow on purpose would keep the store's waiting.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from ipaddress import ip_address

from quart_chat.room.reach import Address

AT_ONCE = 32  # lookups; each has a thread of its own while it lasts


class Lookup:
    """Looks names up, some at once."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)

    async def find(self, host: str, port: int) -> list[Address]:
        """Give the addresses of a host, in the order in which the system would try them; [] where it has none."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Address]] = loop.create_future()
        await self._free.acquire()

        def done(found: list[Address]) -> None:
            self._free.release()  # not before: who gave it up has not ended it
            if not answer.done():
                answer.set_result(found)

        def work() -> None:
            found = _find(host, port)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(done, found)

        threading.Thread(target=work, name="lookup", daemon=True).start()
        return await answer


def _find(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    addresses = []
    for family, _, _, _, place in found:
        if family in (socket.AF_INET, socket.AF_INET6):
            zone = f"%{place[3]}" if len(place) == 4 and place[3] and "%" not in str(place[0]) else ""
            addresses.append(ip_address(f"{place[0]}{zone}"))
    return addresses
