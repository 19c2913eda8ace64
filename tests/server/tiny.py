"""A server of one tiny application, run as `python -m tests.server.tiny`: what these tests need of one."""

from __future__ import annotations

import asyncio
import os

from quart import Quart
from redis.asyncio import Redis

from quart_chat.cli import main
from quart_chat.errors import SettingsError, StoreAway


def create_app() -> Quart:
    app = Quart(__name__)
    fails = os.environ.get("TINY_FAILS")
    if fails == "settings":
        raise SettingsError("TINY_FAILS is 'settings'; it takes nothing")
    store = Redis.from_url(os.environ["REDIS_URL"])

    @app.before_serving
    async def fail() -> None:
        if fails == "store":
            raise StoreAway("the tiny store is away")
        if fails == "bug":
            raise ZeroDivisionError("a bug")

    @app.after_serving
    async def close() -> None:
        await store.aclose()

    @app.get("/")
    async def pid() -> str:
        return str(os.getpid())

    @app.get("/count")
    async def count() -> str:
        return str(await store.incr("count"))

    @app.get("/hang")
    async def hang() -> str:
        await asyncio.Event().wait()
        return ""

    return app


if __name__ == "__main__":
    main(prog_name="quart-chat", obj="tests.server.tiny:create_app")
