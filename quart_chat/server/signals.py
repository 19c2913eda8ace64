"""What an operator tells the supervisor, as events."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

log = logging.getLogger(__name__)


class Stopped(Exception):
    """The operator wants the server to end."""


class Signals:
    """The supervisor's signals.

    stop: SIGTERM, SIGINT, or a terminal that was closed. hurry: a second Ctrl-C. renew: SIGHUP.
    """

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self.renew = asyncio.Event()
        nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._had_terminal = not nohup and _has_terminal()

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the signals over for as long as the loop lives."""
        loop.add_signal_handler(signal.SIGTERM, self._stop, "SIGTERM")
        loop.add_signal_handler(signal.SIGINT, self._on_interrupt)
        loop.add_signal_handler(signal.SIGHUP, self._on_hangup)

    async def until_stopped(self) -> None:
        """Wait for the end.

        Raises:
            Stopped: always, so that the task group which this task is in ends.
        """
        await self.stop.wait()
        raise Stopped

    def _stop(self, why: str) -> None:
        if not self.stop.is_set():
            log.info("%s: the server ends", why)
            self.stop.set()

    def _on_interrupt(self) -> None:
        if self.stop.is_set():
            self.hurry.set()
        self._stop("SIGINT")

    def _on_hangup(self) -> None:
        # The same signal says "restart the workers" and "your terminal was closed". After the latter
        # nobody could end the server by Ctrl-C any more, and it would keep the port.
        if self._had_terminal and not _has_terminal():
            self._stop("the terminal was closed")
        else:
            self.renew.set()


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
