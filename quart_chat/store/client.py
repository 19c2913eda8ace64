"""How long the store may take, and what it means when it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import ConnectionPool
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from quart_chat.errors import StoreAway
from quart_chat.tasks import end_if_cancelled

ANSWER = 3.0  # seconds that a command may take before the store counts as away
CONNECT = 2.0  # seconds

Pool = ConnectionPool


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
