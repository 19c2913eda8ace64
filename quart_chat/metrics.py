"""What Prometheus is told, in one place: names, units and meanings.

With several workers each writes into files of the folder PROMETHEUS_MULTIPROC_DIR, which the supervisor makes;
whichever is asked adds them up. Without that folder a process tells of itself alone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

SAMPLE = 0.25  # seconds between two looks at the loop and at what gauges show

TABS = Gauge("quart_chat_tabs", "Sockets that are open.", multiprocess_mode="livesum")
ROOMS = Gauge(
    "quart_chat_rooms_followed", "Rooms that workers follow, once for each worker.", multiprocess_mode="livesum"
)
AWAY = Gauge("quart_chat_store_away", "Workers to which the store does not answer.", multiprocess_mode="livesum")
MESSAGES = Counter("quart_chat_messages", "Messages that were put into rooms.")
EXPIRED = Counter("quart_chat_messages_expired", "Messages that went because their room keeps them no longer.")
DELIVERIES = Counter("quart_chat_deliveries", "Messages that were sent to tabs, live; once for each tab.")
FANOUT = Histogram(
    "quart_chat_fanout_seconds",
    "Time of one broadcast of messages to all tabs of a room on a worker.",
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1),
)
BATCH = Histogram("quart_chat_batch_messages", "Messages of one broadcast.", buckets=(1, 2, 5, 10, 20, 50, 100))
REPLAYS = Counter("quart_chat_replays", "Tabs that were sent what they had missed, or the newest page.", ["kind"])
SLOW = Counter("quart_chat_slow_tabs_closed", "Tabs that were sent away for not reading.")
LIMITED = Counter("quart_chat_limits_hit", "Times that somebody met a limit.", ["limit"])
FAILED_SECRETS = Counter("quart_chat_secrets_failed", "Secrets that were not right, by what they would open.", ["kind"])
GAPS = Counter("quart_chat_gaps", "Gaps in what came by the feed, mended from the log.")
LOST = Counter(
    "quart_chat_entries_lost",
    "Entries that a worker had shown and that the store has no more, as after a failover; once for each worker.",
)
HOOKS = Counter("quart_chat_hook_posts", "Messages that were posted to rooms' hooks, by what came of it.", ["outcome"])
SEARCH = Histogram(
    "quart_chat_search_seconds",
    "Time of one search in a room.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1),
)
FILES = Counter("quart_chat_files", "Files that came with messages.")
FILE_BYTES = Counter("quart_chat_file_bytes", "Bytes of these files, as they are kept.")
REFUSED_FILES = Counter("quart_chat_files_refused", "Files that were not taken.", ["reason"])
SWEPT_FILES = Counter(
    "quart_chat_files_swept", "Files that nobody held any more, taken away by the hourly look for them."
)
PICTURES = Histogram(
    "quart_chat_picture_seconds",
    "Time in which a picture was made anew.",
    buckets=(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 40),
)
STORE = Histogram(
    "quart_chat_store_seconds",
    "Time until the store has answered, one of the commands that left together.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
LAG = Histogram(
    "quart_chat_loop_lag_seconds",
    "How much later than asked for a worker's loop comes to a timer.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)


def exposition() -> bytes:
    """Write all that is known, of all workers, as Prometheus's text format has it."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


async def sample(tabs: Callable[[], int], rooms: Callable[[], int], away: Callable[[], bool]) -> None:
    """Look at the loop, and at what is counted elsewhere, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        await asyncio.sleep(SAMPLE)
        LAG.observe(max(0.0, loop.time() - began - SAMPLE))
        TABS.set(tabs())
        ROOMS.set(rooms())
        AWAY.set(away())
