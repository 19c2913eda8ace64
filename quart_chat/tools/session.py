"""The store for one command: where REDIS_URL says, or the data folder's own, whether a server runs on it or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from quart_chat.config import Settings
from quart_chat.errors import SettingsError
from quart_chat.server.folder import Folder, answers
from quart_chat.server.store_process import Store, url_of
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.servers import servers


@asynccontextmanager
async def opened(settings: Settings, *, make: bool = False) -> AsyncIterator[Pipeline]:
    """Open the store.

    make: make a data folder that is not there; else that is an error, for nothing can be in it.

    Raises:
        SettingsError: there is no such folder, or REDIS_URL cannot be read.
        CannotStart: the folder's store cannot be started.
        StoreAway: the store does not answer.
    """
    async with AsyncExitStack() as ends:
        store = servers(await ends.enter_async_context(reached(settings, make=make)))
        ends.push_async_callback(store.aclose)
        pipeline = Pipeline(store)
        ends.push_async_callback(pipeline.aclose)
        await store.refresh()
        yield pipeline


@asynccontextmanager
async def reached(settings: Settings, *, make: bool = True) -> AsyncIterator[str]:
    """Give the store's URL; the data folder's own is started for it where no server runs. Else as `opened`."""
    async with AsyncExitStack() as ends:
        yield settings.redis_url or await _own(settings, ends, make=make)


async def _own(settings: Settings, ends: AsyncExitStack, *, make: bool) -> str:
    folder = Folder(settings.data.resolve())
    if make:
        folder.make()
    elif not folder.store.is_dir():
        raise SettingsError(
            f"there are no messages in {folder.root}: name the data folder with --data, or set REDIS_URL to the store"
        )
    running = folder.recorded_socket()
    if answers(running):
        return url_of(running)
    ends.enter_context(folder.hold())
    store = Store(folder, settings.fsync)
    ends.push_async_callback(store.end)
    await store.start()
    return store.url
