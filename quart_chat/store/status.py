"""What the store says of itself."""

from __future__ import annotations

from quart_chat.errors import StoreAway
from quart_chat.store.pipeline import Pipeline

OLDEST = (7, 0)  # sharded publish came with Redis 7
CANNOT_WRITE = "the store cannot write its append-only file; is the disk full?"


async def ready(pipeline: Pipeline) -> None:
    """See that the store answers and can keep what it is given.

    Raises:
        StoreAway: it cannot now; the text says why.
    """
    held = await info(pipeline, "persistence")
    if held.get("loading") == "1":
        raise StoreAway("the store is still loading its data")
    if held.get("aof_enabled") == "1" and held.get("aof_last_write_status") == "err":
        raise StoreAway(CANNOT_WRITE)


async def version(pipeline: Pipeline) -> str:
    """Tell the store's Redis compatibility, such as 7.2.4.

    Raises:
        StoreAway: no answer.
    """
    return (await info(pipeline, "server"))["redis_version"]


def too_old(version: str) -> str | None:
    """Tell why a store of this version cannot be used for its age; None: it can."""
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    return None if numbers >= OLDEST else f"the store is version {version}; it takes Redis 7 or Valkey"


async def info(pipeline: Pipeline, section: str) -> dict[str, str]:
    """Read a section of what Redis's INFO says; of one server, where there are several.

    Raises:
        StoreAway: no answer.
    """
    lines = str(await pipeline.command("INFO", section)).splitlines()  # of any server: a section is no key
    return dict(line.split(":", 1) for line in lines if ":" in line)
