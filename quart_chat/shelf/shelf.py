"""Files by room and digest, in the data folder or in a bucket. Each is there whole or not at all.

obstore's own coroutines abort the process where it ends soon after one (28 of 60 runs, obstore 0.12.1), so its plain
functions run in threads here: 0 of 300.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from heapq import nsmallest
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, Self, TypeVar

from quart_chat.config import Settings
from quart_chat.errors import ShelfAway

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import LocalStore, S3Store

SMALL = ".small"  # what a small picture's name ends with
OURS = "_"  # what begins with it is no room's
MARK = f"{OURS}store/mark"
PIECE = 512 * 1024  # bytes of a file that a worker holds for one reader
PART = 5 * 1024 * 1024  # bytes of one request to a bucket: the least that S3 takes
THREADS = 8
LEAST_FREE = 500_000_000  # bytes of a disk that files leave to the messages
UNFINISHED = 24 * 3600.0  # seconds after which what a crash left half-written is no upload any more

T = TypeVar("T")


class Kept(NamedTuple):
    """One object. path: by which `listed` goes on; age: seconds since it was written."""

    path: str
    room: str
    digest: str
    age: float


class Shelf:
    """All files.

    url: s3://BUCKET/PREFIX, with the AWS_… variables of the environment; None: the folder. Nothing is opened before it
    is asked for.
    """

    def __init__(self, url: str | None, folder: Path) -> None:
        self._url = url
        self._folder = None if url else folder
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="shelf")

    @cached_property
    def _store(self) -> LocalStore | S3Store:
        from obstore.store import LocalStore, S3Store  # it takes 7 MB, and 6 more with its first use

        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return LocalStore(self._folder, automatic_cleanup=True)
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        try:
            return S3Store.from_url(
                self._url or "",
                client_options={
                    "allow_http": endpoint.startswith("http://"),
                    "timeout": timedelta(seconds=60),
                    "connect_timeout": timedelta(seconds=5),
                },
                retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
                config={"endpoint": endpoint} if endpoint else {},
            )
        except Exception as error:
            raise ShelfAway(f"QUART_CHAT_FILES_URL cannot be used: {_short(error)}") from error

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take what an operator chose."""
        return cls(settings.files_url, settings.data / "files")

    # --- one file ----------------------------------------------------------------------------------

    async def put(self, room: str, digest: str, content: IO[bytes], *, small: bool = False) -> None:
        """Keep a file; it is on the disk, or in the bucket, when this is done.

        content: a file, read from its start. small: it is the small picture of that one.

        Raises:
            ShelfAway: it may or may not be there.
        """
        await self._do(self._put, _path(room, digest, small), content)

    def _put(self, path: str, content: IO[bytes]) -> None:
        import obstore

        content.seek(0)
        obstore.put(self._store, path, content, chunk_size=PART, max_concurrency=2)
        if self._folder is not None:  # obstore leaves that to the system: a power cut would take it
            file = self._folder / path
            for one in (file, file.parent, self._folder):
                descriptor = os.open(one, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    async def read(self, room: str, digest: str, size: int) -> AsyncIterator[bytes] | None:
        """Read a file of that size, piece by piece as the reader takes them; None where it is not there.

        Raises:
            ShelfAway: it cannot be had now; so does the iterator, where that shows later.
        """
        path = _path(room, digest)
        first = await self._do(self._piece, path, 0, min(size, PIECE))
        return None if first is None else self._pieces(path, first, size)

    async def _pieces(self, path: str, first: bytes, size: int) -> AsyncIterator[bytes]:
        yield first
        for start in range(PIECE, size, PIECE):
            # each by itself: nothing is open while a slow reader takes its time
            piece = await self._do(self._piece, path, start, min(size - start, PIECE))
            if piece is None:
                raise ShelfAway("a file is gone while it is read")
            yield piece

    def _piece(self, path: str, start: int, length: int) -> bytes | None:
        import obstore

        try:
            return bytes(obstore.get_range(self._store, path, start=start, length=length))
        except FileNotFoundError:
            return None

    async def read_small(self, room: str, digest: str) -> bytes | None:
        """Read a small picture as a whole, some 30 KB; None where it is not there.

        Raises:
            ShelfAway: it cannot be had now.
        """
        return await self._do(self._whole, _path(room, digest, small=True))

    def _whole(self, path: str) -> bytes | None:
        import obstore

        try:
            return bytes(obstore.get(self._store, path).bytes())
        except FileNotFoundError:
            return None

    async def delete(self, room: str, digests: Sequence[str]) -> None:
        """Take files away, and their small pictures; what is not there is gone already.

        Raises:
            ShelfAway: some may be left.
        """
        await self._do(self._delete, [_path(room, one, small) for one in digests for small in (False, True)])

    def _delete(self, paths: list[str]) -> None:
        import obstore

        if self._folder is None:
            obstore.delete(self._store, paths)
            return
        for path in paths:
            with suppress(FileNotFoundError):
                obstore.delete(self._store, path)

    # --- all of them -------------------------------------------------------------------------------

    async def listed(self, most: int, *, after: str = "", room: str = "") -> list[Kept]:
        """List files by their paths, at most so many; after: a path; room: "" for all rooms.

        Raises:
            ShelfAway: it cannot be said now.
        """
        return await self._do(self._listed, most, after, room)

    def _listed(self, most: int, after: str, room: str) -> list[Kept]:
        if self._folder is not None:
            if not self._folder.exists():
                return []
            self._tidy()
        now = time.time()
        found = []
        batches = self._store.list(room or None, offset=after or None)
        objects: Iterator[ObjectMeta] = (one for batch in batches for one in batch if one["path"][0] != OURS)
        if self._folder is not None:  # a folder has no order
            objects = iter(nsmallest(most, objects, key=itemgetter("path")))
        for one in islice(objects, most):
            folder, _, name = one["path"].rpartition("/")
            found.append(Kept(one["path"], folder, name.removesuffix(SMALL), now - one["last_modified"].timestamp()))
        return found

    def _tidy(self) -> None:
        """Take away what a crash left half-written, which a list does not show: NAME#1."""
        assert self._folder is not None  # noqa: S101 - for the type checker
        for path in self._folder.glob("*/*#*"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > UNFINISHED:
                    path.unlink()

    async def marked(self, mark: str) -> str:
        """Mark it, unless it is; gives its mark. Nothing but a sweep asks for it.

        Raises:
            ShelfAway: it cannot be said now.
        """
        return await self._do(self._marked, mark)

    def _marked(self, mark: str) -> str:
        import obstore

        if (found := self._whole(MARK)) is None:
            obstore.put(self._store, MARK, mark.encode())
        return mark if found is None else found.decode("ascii", "replace")

    def has_room(self, size: int) -> bool:
        """Tell whether the disk takes so many bytes more; a bucket always does."""
        if self._folder is None:
            return True
        there = next(path for path in (self._folder, *self._folder.parents) if path.exists())
        return shutil.disk_usage(there).free - size > LEAST_FREE

    async def check(self) -> str:
        """Keep something, read it and take it away again; gives where that was.

        Raises:
            ShelfAway: it cannot be used; the text says why.
        """
        await self._do(self._check)
        return self._url or str(self._folder)

    def _check(self) -> None:
        import obstore

        path = f"{OURS}check/{secrets.token_hex(8)}"
        obstore.put(self._store, path, b"check")
        if bytes(obstore.get(self._store, path).bytes()) != b"check":
            raise ShelfAway("what was kept is not what came back")
        self._delete([path])

    async def _do(self, work: Callable[..., T], *arguments: object) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        except ShelfAway:
            raise
        except Exception as error:  # obstore's own errors, and others of Python's: they share no root
            raise ShelfAway(f"files cannot be kept or had: {_short(error)}") from error

    def close(self) -> None:
        """End its threads; what they are at they finish."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _path(room: str, digest: str, small: bool = False) -> str:
    return f"{room}/{digest}{SMALL * small}"


def _short(error: Exception) -> str:
    """Say it in a line, without what obstore adds for those who work on it."""
    return f"{type(error).__name__}: {' '.join(str(error).partition('Debug source')[0].split())[:300]}"
