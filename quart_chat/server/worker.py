"""One worker process: `python -m quart_chat.server.worker ASSIGNMENT`, started by the supervisor alone."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Config, Sockets
from hypercorn.utils import LifespanFailureError, wrap_app
from quart import Quart
from quart.signals import got_serving_exception

from quart_chat.errors import SettingsError, StoreAway
from quart_chat.server import options
from quart_chat.server.assignment import FAILED, HELD_BACK, READY, Assignment, one_line
from quart_chat.server.logs import start_logging

log = logging.getLogger(__name__)

OPEN_REQUESTS = 5.0  # seconds at most that open requests get at the end, whatever the file says
GRACE = 7.0  # seconds until whatever still ends is cancelled
# What a tab and a connection are made of is freed without the collector (`live/connections`). It looks for what others
# leave in circles (any exception may) in all that lives, and the worker stands still meanwhile: 0.6 s with 5,000 tabs.
# So the more lives, the more has to come before it does that again.
YOUNG = 700  # objects more, before the youngest are looked through
MIDDLE = 10  # rounds of those, before those that have stayed are
OFTEN = 10  # rounds of those at least, before all are
TIMES = 4  # and so many times as many objects as live
LAST = 9  # seconds until the kernel ends this process, should even that hang


def main(argument: str) -> int:
    """Serve until told to end; returns the process's exit status."""
    # The terminal sends these to the whole group; the supervisor decides what they mean.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assignment = Assignment.from_json(argument)
    line = socket.socket(fileno=assignment.line)
    line.set_inheritable(False)
    try:
        config = options.load(Path(assignment.config_file) if assignment.config_file else None)
        config.graceful_timeout = min(config.graceful_timeout, OPEN_REQUESTS)
        start_logging(config)
        with asyncio.Runner(loop_factory=_loop_factory(config)) as runner:
            runner.get_loop().set_exception_handler(_on_loop_error)
            runner.run(_Worker(assignment, config, line).work())
    except asyncio.CancelledError:
        return 0  # it was told to end, and cancelled itself
    except (SettingsError, StoreAway, _StartupFailed) as error:
        return _fail(line, str(error))
    except Exception as error:
        log.exception("the worker failed")
        return _fail(line, f"{type(error).__name__}: {error}")
    return 0


def _fail(line: socket.socket, reason: str) -> int:
    try:
        line.sendall(f"{FAILED} {one_line(reason)}\n".encode())
    except OSError:
        log.warning("the worker failed: %s", one_line(reason))  # and nobody is there to say it
    return 1


class _StartupFailed(Exception):
    """The application's startup failed by a bug; Quart has logged its traceback."""


class _Worker:
    """A worker from the first signal that it can take to its end."""

    def __init__(self, assignment: Assignment, config: Config, line: socket.socket) -> None:
        self._assignment = assignment
        self._config = config
        self._line = line
        self._stop = asyncio.Event()
        self._serving = False
        self._startup_error: Exception | None = None

    async def work(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: a coroutine runs in a task
        loop.add_signal_handler(signal.SIGTERM, self._end, task)
        self._line.setblocking(False)
        loop.add_reader(self._line, self._on_line, task)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK)
        app = _load(self._assignment.factory)()
        got_serving_exception.connect(self._on_startup_error, app)
        try:
            await worker_serve(
                wrap_app(app, self._config.wsgi_max_body_size, "asgi"),
                self._config,
                sockets=_inherited(self._assignment),
                shutdown_trigger=self._serve,
            )
        except LifespanFailureError as error:
            cause = self._startup_error
            if cause is None or isinstance(cause, (SettingsError, StoreAway)):
                raise cause or error from None
            raise _StartupFailed(f"{type(cause).__name__}: {cause}") from None
        finally:
            loop.remove_reader(self._line)

    async def _serve(self) -> None:
        """Say READY and wait for the end: Hypercorn awaits this as soon as it takes connections."""
        self._serving = True
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG, MIDDLE, OFTEN)
        gc.callbacks.append(_pace_collector)
        self._line.send(f"{READY}\n".encode())  # a few bytes into an empty buffer: never blocks
        await self._stop.wait()

    def _on_line(self, task: asyncio.Task[None]) -> None:
        try:
            gone = not self._line.recv(100)
        except BlockingIOError:
            return
        except OSError:
            gone = True
        if gone:
            asyncio.get_running_loop().remove_reader(self._line)
            if not self._stop.is_set():
                log.warning("the supervisor is gone: this worker ends")
            self._end(task)

    def _end(self, task: asyncio.Task[None]) -> None:
        if self._stop.is_set():
            return
        self._stop.set()
        # Two nets, for the supervisor may be gone. An asyncio server of Python 3.12 and newer waits
        # for open sockets before any time limit of Hypercorn's, and an application's own end may hang.
        signal.alarm(LAST)
        asyncio.get_running_loop().call_later(GRACE if self._serving else 0, task.cancel)

    def _on_startup_error(self, _app: Quart, *, exception: Exception, **_: Any) -> None:
        """Keep the error: Hypercorn's own one only quotes its text."""
        self._startup_error = exception


def _pace_collector(phase: str, about: dict[str, int]) -> None:
    """Hear of a round of the collector's, and say after how many it looks through all that lives again."""
    if phase == "stop" and about["generation"] == 2:
        living = len(gc.get_objects(generation=2))
        gc.set_threshold(YOUNG, MIDDLE, max(OFTEN, TIMES * living // (YOUNG * MIDDLE)))


def _load(factory: str) -> Callable[[], Quart]:
    # Imported here and not above: what an application needs is its own, and its failure has a line.
    module, _, name = factory.partition(":")
    function: Callable[[], Quart] = getattr(importlib.import_module(module), name)
    return function


def _inherited(assignment: Assignment) -> Sockets:
    return Sockets([_socket(fd) for fd in assignment.secure], [_socket(fd) for fd in assignment.insecure], [])


def _socket(fd: int) -> socket.socket:
    one = socket.socket(fileno=fd)
    one.set_inheritable(False)
    one.setblocking(False)
    return one


def _loop_factory(config: Config) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if config.worker_class != "uvloop":
        return None
    try:
        import uvloop  # not there on every platform; asyncio serves as well, more slowly
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _on_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # A handshake that failed is the client's affair; Hypercorn's own runner leaves it out too. A failed
    # startup has been logged; nobody retrieves it where the worker was told to end meanwhile. Connections that did
    # not close in time are cancelled at the end.
    if not isinstance(context.get("exception"), (ssl.SSLError, LifespanFailureError, asyncio.CancelledError)):
        loop.default_exception_handler(context)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
