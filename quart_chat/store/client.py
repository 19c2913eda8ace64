"""Connections to the store, and what it means when it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.exceptions import ConnectionError as Disconnected

from quart_chat.errors import SettingsError, StoreAway
from quart_chat.tasks import end_if_cancelled

ANSWER = 3.0  # seconds that a command may take before the store counts as away
CONNECT = 2.0  # seconds
CONNECTIONS = 32  # a worker's; what comes on top waits for a free one

Client = Redis


def connect(url: str, answer: float | None = ANSWER) -> Client:
    """Make a client of a worker's commands; nothing is sent before the first of them.

    answer: seconds that one may take; None where whoever asks sees to that.

    Raises:
        SettingsError: the URL cannot be read.
    """
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=ANSWER,
            decode_responses=True,
            socket_timeout=answer,
            socket_connect_timeout=CONNECT,
            # one retry at once mends a connection that idled through a restart of the store; appends may be retried,
            # their nonce sees to that. A store that is too slow is not asked twice: it would take twice as long
            retry=Retry(NoBackoff(), 1, supported_errors=(Disconnected,)),
        )
    except ValueError as error:
        raise SettingsError(f"REDIS_URL cannot be read: {error}") from error
    return Redis.from_pool(pool)


def connect_feed(url: str) -> Client:
    """Make a client for subscriptions: it never retries by itself, for each break must be noticed."""
    pool = ConnectionPool.from_url(
        url,
        decode_responses=True,
        socket_timeout=ANSWER,
        socket_connect_timeout=CONNECT,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


@contextmanager
def answering() -> Iterator[None]:
    """Turn whatever the client raises into StoreAway; wrap every command in it.

    Raises:
        StoreAway: no answer, a refused connection, or an answer that nothing can be kept now.
    """
    try:
        yield
    except AuthenticationError as error:
        raise StoreAway("the store refuses the password in REDIS_URL") from error
    except ResponseError as error:
        raise refused(error) from error
    except (TimeoutError, RedisError, OSError) as error:
        raise StoreAway(f"the store does not answer: {type(error).__name__}: {error}") from error
    finally:
        end_if_cancelled()


def refused(error: ResponseError) -> StoreAway:
    """Say that the store answered, and that it can't do what it was asked now."""
    return StoreAway(f"the store refuses: {error}")


async def ready(client: Client) -> None:
    """See that the store answers and can keep what it is given.

    Raises:
        StoreAway: it cannot now; the text says why.
    """
    with answering():
        info: dict[str, Any] = await client.info("persistence")
        await client.ping()
    if info.get("loading"):
        raise StoreAway("the store is still loading its data")
    if info.get("aof_enabled") and info.get("aof_last_write_status") == "err":
        raise StoreAway("the store cannot write its append-only file; is the disk full?")


async def version(client: Client) -> tuple[int, ...]:
    """Tell the store's Redis compatibility as numbers, such as (7, 2, 4)."""
    with answering():
        info: dict[str, Any] = await client.info("server")
    return tuple(int(part) for part in str(info["redis_version"]).split(".") if part.isdigit())
