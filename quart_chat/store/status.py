"""What the store says of itself."""

from __future__ import annotations

from quart_chat.errors import StoreAway
from quart_chat.store.pipeline import Pipeline


async def ready(pipeline: Pipeline) -> None:
    """See that the store answers and can keep what it is given.

    Raises:
        StoreAway: it cannot now; the text says why.
    """
    info = await _info(pipeline, "persistence")
    if info.get("loading") == "1":
        raise StoreAway("the store is still loading its data")
    if info.get("aof_enabled") == "1" and info.get("aof_last_write_status") == "err":
        raise StoreAway("the store cannot write its append-only file; is the disk full?")


async def version(pipeline: Pipeline) -> tuple[int, ...]:
    """Tell the store's Redis compatibility as numbers, such as (7, 2, 4).

    Raises:
        StoreAway: no answer.
    """
    info = await _info(pipeline, "server")
    return tuple(int(part) for part in info["redis_version"].split(".") if part.isdigit())


async def _info(pipeline: Pipeline, section: str) -> dict[str, str]:
    lines = str(await pipeline.command("INFO", section)).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)
