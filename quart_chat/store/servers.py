"""Where the store is: one server, the master that Sentinels name, or the nodes of a cluster."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import RedisError

from quart_chat.errors import SettingsError, StoreAway
from quart_chat.events import get_logger
from quart_chat.store.client import ANSWER, CONNECT, Pool
from quart_chat.tasks import end_if_cancelled, end_tasks

REFRESH = 0.5  # seconds, at least, between two looks at a cluster's map
SENTINEL_PORT = 26379
PORT = 6379

Address = tuple[str, int]

logger = get_logger(__name__)


class Servers(Protocol):
    """What the store consists of.

    version: changes whenever keys have a new place.
    """

    version: int

    def of(self, key: str) -> Pool:
        """Give what opens connections to the server that has a key, as far as is known."""

    def slot(self, key: str) -> int:
        """Tell what a key lies in: a script may touch keys of one slot alone."""

    def all(self) -> list[Pool]:
        """Give what opens connections to each server that has keys, as far as is known."""

    def moved(self, slot: int, address: Address) -> Pool:
        """Take a server's word that a slot is elsewhere now; gives what opens connections to there."""

    def at(self, address: Address) -> Pool:
        """Give what opens connections to an address that a server named."""

    def suspect(self) -> None:
        """Take it that a server does not answer: keys may have a new place soon."""

    async def refresh(self) -> None:
        """Learn where keys are.

        Raises:
            StoreAway: nobody could say.
        """

    async def aclose(self) -> None:
        """End what is under way."""


def servers(url: str) -> Servers:
    """Read a URL: redis://, rediss:// or unix:// for one server, redis+sentinel:// or redis+cluster:// for several.

    With several, addresses stand one after the other, with commas between; a Sentinel's path is the service's name and,
    if wanted, the number of the database. rediss+sentinel:// and rediss+cluster:// use TLS.

    Raises:
        SettingsError: the URL cannot be read.
    """
    scheme, plus, kind = urlsplit(url).scheme.partition("+")
    try:
        if not plus:
            found: One | Cluster = One(_pool(url))
        elif kind == "sentinel":
            found = _by_sentinels(scheme, url)
        else:
            found = _cluster(scheme, url)
        # not used: it refuses options that there are not
        found.of("").make_connection()  # type: ignore[no-untyped-call]
    except (ValueError, TypeError) as error:
        raise SettingsError(f"REDIS_URL cannot be read: {error}") from error
    return found


class One:
    """One server, or whichever Sentinels name."""

    def __init__(self, pool: Pool, sentinel: Sentinel | None = None) -> None:
        self.version = 0
        self._pool = pool
        self._sentinel = sentinel

    def of(self, key: str) -> Pool:
        """It has all keys."""
        return self._pool

    def slot(self, key: str) -> int:
        """There are none, so a script may touch what it likes."""
        return 0

    def all(self) -> list[Pool]:
        """It alone."""
        return [self._pool]

    def moved(self, slot: int, address: Address) -> Pool:
        """A server of a cluster that was given as one alone."""
        raise StoreAway("this is a node of a cluster: REDIS_URL has to begin with redis+cluster://")

    def at(self, address: Address) -> Pool:
        """As `moved`."""
        return self.moved(0, address)

    def suspect(self) -> None:
        """There is no other place."""

    async def refresh(self) -> None:
        """There is nothing to learn: each new connection asks the Sentinels."""

    async def aclose(self) -> None:
        """Close the connections to the Sentinels."""
        if self._sentinel is not None:
            await self._sentinel.aclose()


class Cluster:
    """A cluster: which node has which slot."""

    def __init__(self, seeds: Iterable[Address], make: Callable[[Address], Pool]) -> None:
        self.version = 0
        self._make = make
        self._seeds = list(seeds)
        self._pools: dict[Address, Pool] = {}
        self._slots: list[Pool | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        self._nodes: list[Address] = []  # as last seen
        self._looking: asyncio.Task[None] | None = None
        self._looked = 0.0  # monotonic seconds

    def of(self, key: str) -> Pool:
        """Before anything is known a seed does: it says where the key is."""
        return self._slots[self.slot(key)] or self.at(self._seeds[0])

    def slot(self, key: str) -> int:
        """By its hash tag."""
        return key_slot(key.encode())

    def all(self) -> list[Pool]:
        """Give each node that has slots once; none before `refresh`."""
        return list(dict.fromkeys(pool for pool in self._slots if pool is not None))

    def moved(self, slot: int, address: Address) -> Pool:
        """Note it, and look where else something has moved: a slot seldom moves alone."""
        pool = self.at(address)
        if self._slots[slot] is not pool:
            self._slots[slot] = pool
            self.version += 1
        self.suspect()
        return pool

    def at(self, address: Address) -> Pool:
        """Make a pool for an address once."""
        if address not in self._pools:
            self._pools[address] = self._make(address)
        return self._pools[address]

    def suspect(self) -> None:
        """Look at the map soon, and not more often than every REFRESH."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        try:
            await asyncio.sleep(max(0.0, self._looked + REFRESH - time.monotonic()))
            with suppress(StoreAway):
                await self.refresh()
        finally:
            self._looking = None

    async def refresh(self) -> None:
        """Ask one node after the other for the map, until one tells it."""
        self._looked = time.monotonic()
        reason = "no address"
        for address in dict.fromkeys((*self._nodes, *self._seeds)):
            try:
                async with asyncio.timeout(ANSWER):
                    rows = await _ask(self.at(address), "CLUSTER", "SLOTS")
            except (TimeoutError, RedisError, OSError) as error:
                reason = f"{address[0]}:{address[1]}: {type(error).__name__}: {error}"
                continue
            finally:
                end_if_cancelled()
            if rows:
                self._take(rows, address)
                return
            reason = f"{address[0]}:{address[1]} has no slots"
        raise StoreAway(f"the cluster does not say where its keys are: {reason}")

    def _take(self, rows: list[list[Any]], told_by: Address) -> None:
        slots: list[Pool | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        nodes: list[Address] = []
        for first, last, *places in rows:
            found = [_address(place, told_by) for place in places]
            nodes += found
            slots[first : last + 1] = [self.at(found[0])] * (last + 1 - first)
        # those that have slots first: a replica may not know yet that its master is gone
        self._nodes = list(dict.fromkeys(nodes))
        if slots != self._slots:
            self._slots = slots
            self.version += 1
            logger.info("store.map", nodes=len(set(slots)))

    async def aclose(self) -> None:
        """End a look that is under way."""
        await end_tasks([self._looking] if self._looking is not None else [])


def read_address(text: str) -> Address:
    """Read what a server says of another one: HOST:PORT, the host perhaps an IPv6 address.

    Raises:
        StoreAway: it said nothing of use.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise StoreAway(f"a server of the cluster names no address: {text}")
    return host.strip("[]"), int(port)


def _address(place: list[Any], told_by: Address) -> Address:
    """Read a node; one that does not know its own name is the one that was asked."""
    host, port = str(place[0] or ""), int(place[1])
    return (told_by[0] if host in ("", "?") else host, port)


async def _ask(pool: Pool, *command: str) -> Any:
    connection = pool.make_connection()  # type: ignore[no-untyped-call]
    try:
        await connection.connect()
        await connection.send_command(*command, check_health=False)
        return await connection.read_response()
    finally:
        await connection.disconnect(nowait=True)


# --- URLs --------------------------------------------------------------------------------------------


def _pool(url: str) -> Pool:
    return ConnectionPool.from_url(
        url,
        decode_responses=True,  # for what redis-py asks by itself; what a line carries is read by the line
        protocol=2,  # in which publications come as lists, as `store/feed` reads them
        socket_connect_timeout=CONNECT,
        retry=Retry(NoBackoff(), 0),  # each break must be noticed, and whoever asks tries again
    )


def _addresses(netloc: str, port: int) -> tuple[str, list[Address]]:
    """Take "user:password@" and the addresses apart.

    Raises:
        ValueError: there is none, or one has no number for a port.
    """
    user, at, hosts = netloc.rpartition("@")
    found = []
    for one in filter(None, hosts.split(",")):
        parts = urlsplit(f"//{one}")
        host = (parts.hostname or "").strip()
        if not host:
            raise ValueError(f"{one!r} is no address")
        found.append((host, parts.port or port))
    if not found:
        raise ValueError("it names no address")
    return user + at, found


def _with(kwargs: dict[str, Any], address: Address) -> dict[str, Any]:
    return {**kwargs, "host": address[0], "port": address[1]}


def _cluster(scheme: str, url: str) -> Cluster:
    parts = urlsplit(url)
    user, seeds = _addresses(parts.netloc, PORT)
    if parts.path.strip("/") not in ("", "0"):
        raise ValueError("a cluster has only database 0")
    model = _pool(f"{scheme}://{user}any?{parts.query}")

    def make(address: Address) -> Pool:
        return ConnectionPool(model.connection_class, **_with(model.connection_kwargs, address))

    return Cluster(seeds, make)


def _by_sentinels(scheme: str, url: str) -> One:
    parts = urlsplit(url)
    user, sentinels = _addresses(parts.netloc, SENTINEL_PORT)
    service, _, database = unquote(parts.path).strip("/").partition("/")
    if not service:
        raise ValueError("it lacks the service's name: redis+sentinel://HOST:26379,HOST:26379/NAME")
    if database and not database.isdigit():
        raise ValueError(f"{database!r} is no database's number")
    own = {"sentinel_username": "username", "sentinel_password": "password"}  # to the Sentinels themselves
    query = parse_qsl(parts.query, keep_blank_values=True)
    asking: dict[str, Any] = {own[name]: value for name, value in query if name in own}
    rest = urlencode([(name, value) for name, value in query if name not in own])
    model = _pool(f"{scheme}://{user}any/{database}?{rest}")
    secure = scheme == "rediss"
    asking |= {"socket_timeout": CONNECT, "socket_connect_timeout": CONNECT, "decode_responses": True, "ssl": secure}
    asking |= {name: value for name, value in model.connection_kwargs.items() if secure and name.startswith("ssl_")}
    sentinel = Sentinel(sentinels, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    kwargs = {name: value for name, value in model.connection_kwargs.items() if name not in ("host", "port")}
    pool = SentinelConnectionPool(service, sentinel, ssl=secure, **kwargs)  # type: ignore[no-untyped-call]
    return One(pool, sentinel)
