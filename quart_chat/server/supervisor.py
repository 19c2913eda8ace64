"""`quart-chat` itself: one process that starts, watches and ends the store and the workers.

Hypercorn's own supervision ends all workers when one fails, and starts none again; so here each is
a child of its own on sockets that all share. The order is: hold the folder, bind, start the store,
start the workers; and back again at the end.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from hypercorn.config import Config, Sockets
from prometheus_client.multiprocess import mark_process_dead

from quart_chat.config import Settings
from quart_chat.errors import SettingsError
from quart_chat.server import listen, options
from quart_chat.server.assignment import Assignment
from quart_chat.server.cannot_start import CannotStart
from quart_chat.server.child import Child
from quart_chat.server.crew import Crew
from quart_chat.server.folder import Folder
from quart_chat.server.logs import start_logging
from quart_chat.server.signals import Signals, Stopped
from quart_chat.server.store_process import Store

log = logging.getLogger(__name__)

MANY_FILES = 65536
COUNTS = "PROMETHEUS_MULTIPROC_DIR"  # where workers count, so that each can tell the sum
AFTER_A_CRASH = 3.0  # seconds that workers of a crashed server may take to leave the port


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one run of the server is to be."""

    settings: Settings
    config_file: Path | None = None
    """hypercorn.toml, or another; None: built-in defaults."""
    bind: tuple[str, ...] = ()
    """Addresses that win over the file's."""
    workers: int | None = None
    """How many; None: as the file says, else one per core."""
    factory: str = "quart_chat:create_app"
    """Makes the application in each worker, as `module:function`."""


def run(plan: Plan) -> None:
    """Run the server until a signal ends it.

    Raises:
        SettingsError: a setting that it could not start with.
        CannotStart: a port, folder, store or worker that it could not start.
    """
    config = options.load(plan.config_file)
    if plan.bind:
        config.bind = list(plan.bind)
    workers = plan.workers or options.worker_count(config)
    start_logging(config)
    _raise_file_limit()
    asyncio.run(_run(plan, config, workers))


async def _run(plan: Plan, config: Config, workers: int) -> None:
    signals = Signals()
    signals.install(asyncio.get_running_loop())
    failure: Exception | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(signals.until_stopped())
            tasks.create_task(_serve(plan, config, workers, signals))
    except* Stopped:
        pass
    except* (CannotStart, SettingsError) as failed:
        failure = failed.exceptions[0]
    except* OSError as failed:  # a full disk, no process to be had: its text says it
        failure = CannotStart(str(failed.exceptions[0]))
    if failure is not None:
        raise failure  # out of its group: the command wants one line
    log.info("the server has ended")


async def _serve(plan: Plan, config: Config, workers: int, signals: Signals) -> None:
    """Serve until cancelled; what was started last ends first."""
    data = plan.settings.data.resolve()
    url = plan.settings.redis_url
    async with AsyncExitStack() as ends:
        crashed = False
        if url is None:
            folder = Folder(data)
            folder.make()
            crashed = ends.enter_context(folder.hold())
        sockets = await listen.listen(config, patience=AFTER_A_CRASH if crashed else 0)
        ends.callback(listen.close, sockets)
        store: Store | None = None
        if url is None:
            store = Store(folder, plan.settings.fsync)
            ends.push_async_callback(store.end)
            await store.start()
            url = store.url
        environ = {**os.environ, "REDIS_URL": url, "QUART_CHAT_DATA": str(data)}
        counts = environ[COUNTS] = ends.enter_context(TemporaryDirectory(prefix="quart-chat-counts-"))
        crew = Crew(workers, partial(_worker, plan, sockets, environ), signals.hurry, partial(_forget_counts, counts))
        try:
            await crew.start()
            _greet(sockets, workers, str(data) if store else _public(url))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(crew.keep(signals.renew))
                if store is not None:
                    tasks.create_task(store.watch())
        finally:
            listen.close(sockets)  # first: who comes now is refused at once and tries again, instead of waiting
            await crew.end()


def _forget_counts(folder: str, pid: int) -> None:
    """Forget what a worker that has ended counted of what it had open; its totals stay."""
    with suppress(OSError):
        mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]


def _raise_file_limit() -> None:
    """Take as many open files as may be had, for this process and its children.

    The usual soft limit of 1024 is one for programs that call select(); here each tab is an open file.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if hard == resource.RLIM_INFINITY else min(MANY_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # macOS names a hard limit that it doesn't give
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _worker(plan: Plan, sockets: Sockets, environ: dict[str, str], number: int) -> Child:
    assignment = Assignment(
        factory=plan.factory,
        config_file=str(plan.config_file.resolve()) if plan.config_file else None,
        secure=tuple(one.fileno() for one in sockets.secure_sockets),
        insecure=tuple(one.fileno() for one in sockets.insecure_sockets),
        line=-1,  # each child has its own
    )
    return Child(number, assignment, environ)


def _greet(sockets: Sockets, workers: int, where: str) -> None:
    count = f"{workers} worker" + "s" * (workers != 1)
    with suppress(OSError):  # nobody reads
        print(f"Quart Chat is at {listen.url(sockets)} — Ctrl-C ends it", flush=True)
        print(f"{count}; messages are kept in {where}", flush=True)


def _public(url: str) -> str:
    """Leave the password out of a store's address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
