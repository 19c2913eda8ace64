"""How tasks end. A cancel can get lost: Python 3.11's wait_for drops one that comes together with its result, a
TaskGroup whose task fails while it is cancelled raises the failure alone, and redis-py meets both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

AGAIN = 0.5  # seconds between two cancels


def end_if_cancelled() -> None:
    """End the current task if it was cancelled and nobody noticed.

    Raises:
        CancelledError: it was.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def end_tasks(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for them; cancel again what lost its cancel."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)
