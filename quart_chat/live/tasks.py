"""How tasks end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

AGAIN = 0.5  # seconds between two cancels


async def end_tasks(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for them; cancel again what hid its cancel, as redis-py does while it connects."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)
