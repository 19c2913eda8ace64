"""A room on FastAPI with Redis: what a tab sends is published; one task a process reads it back and sends it on."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from redis.asyncio import Redis

CHANNEL = "room"

tabs: set[WebSocket] = set()
redis = Redis.from_url(os.environ["REDIS_URL"])


async def send(tab: WebSocket, text: str) -> None:
    try:
        await tab.send_text(text)
    except (WebSocketDisconnect, RuntimeError):
        tabs.discard(tab)


async def follow() -> None:
    async with redis.pubsub(ignore_subscribe_messages=True) as subscription:
        await subscription.subscribe(CHANNEL)
        async for message in subscription.listen():
            text = message["data"].decode()
            for tab in list(tabs):
                await send(tab, text)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    task = asyncio.create_task(follow())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await redis.aclose()


app = FastAPI(lifespan=lifespan)


@app.websocket("/ws")
async def room(tab: WebSocket) -> None:
    await tab.accept()
    tabs.add(tab)
    try:
        while True:
            await redis.publish(CHANNEL, await tab.receive_text())
    except WebSocketDisconnect:
        pass
    finally:
        tabs.discard(tab)
