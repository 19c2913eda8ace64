"""A room on plain Quart, in memory: a broker with a queue for each tab, as Quart's own chat tutorial has it."""

import asyncio
from collections.abc import AsyncIterator

from quart import Quart, websocket

app = Quart(__name__)


class Broker:
    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str]] = set()

    async def publish(self, text: str) -> None:
        for queue in self._queues:
            await queue.put(text)

    async def subscribe(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._queues.discard(queue)


broker = Broker()


async def receive() -> None:
    while True:
        text: str = await websocket.receive()
        await broker.publish(text)


@app.websocket("/ws")
async def room() -> None:
    task = asyncio.ensure_future(receive())
    try:
        async for text in broker.subscribe():
            await websocket.send(text)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
