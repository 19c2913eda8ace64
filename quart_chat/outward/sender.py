"""Posts to others' servers, whose addresses were looked at: what is looked up once is what is connected to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpcore

from quart_chat.errors import BadHook
from quart_chat.outward.lookup import Lookup
from quart_chat.room.hooks import LATE, NOT_PUBLIC, UNREACHABLE, UNTRUSTED
from quart_chat.room.reach import Address, Network, Target, is_opened, literal, may_ask, read_target

WITHIN = 5.0  # seconds for all of it: the lookup, the connection, and the answer
MOST_ADDRESSES = 4  # of a host that are tried
CONNECT = 2.0  # seconds for each of them
MOST_READ = 64 * 1024  # bytes of an answer; what comes after is not waited for
IDLE = 15.0  # seconds that a connection is kept for the next message
CONNECTIONS = 200
IDLE_CONNECTIONS = 20


class _NotPublic(Exception):
    """The host has an address that is not asked."""


class Sender:
    """Posts messages. networks: private ones that the operator opened; trust: whom TLS believes, None: as the system.

    It follows no redirect, reads no proxy from the environment, keeps no cookie, and resolves no name twice.
    """

    def __init__(self, networks: Sequence[Network] = (), trust: ssl.SSLContext | None = None) -> None:
        self.networks = networks
        self._trust = trust
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int | str:
        """Post something, and give the status of the answer, or one of the words of `room.hooks` where there was none.

        url: as its owner wrote it.
        """
        try:
            target = read_target(url, plain=bool(self.networks))
        except BadHook:  # which was taken while the operator had networks opened
            return NOT_PUBLIC
        try:
            async with asyncio.timeout(WITHIN):
                return await self._ask(target, headers, body)
        except (TimeoutError, httpcore.TimeoutException):
            return LATE
        except _NotPublic:
            return NOT_PUBLIC
        except Exception as error:
            if isinstance(error.__cause__ or error.__context__, ssl.SSLError) or isinstance(error, ssl.SSLError):
                return UNTRUSTED
            if isinstance(error, httpcore.NetworkError | httpcore.ProtocolError | OSError):
                return UNREACHABLE
            raise

    async def _ask(self, target: Target, headers: Mapping[str, str], body: bytes) -> int:
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        said = {
            "Host": target.authority,
            "User-Agent": "Quart-Chat-Hooks",
            "Accept": "*/*",
            "Content-Type": "application/json",
            **headers,
        }
        sent = [(name.encode(), value.encode()) for name, value in said.items()]
        async with (await self._connections()).stream("POST", url, headers=sent, content=body) as answer:
            read = 0
            async for part in answer.aiter_stream():
                read += len(part)
                if read > MOST_READ:
                    break
            return int(answer.status)

    async def _connections(self) -> httpcore.AsyncConnectionPool:
        # some 50 ms for the system's certificates, once
        trust = self._trust or await asyncio.to_thread(ssl.create_default_context) if self._pool is None else None
        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=trust,
                max_connections=CONNECTIONS,
                max_keepalive_connections=IDLE_CONNECTIONS,
                keepalive_expiry=IDLE,
                network_backend=_Public(self.networks),
            )
        return self._pool

    async def aclose(self) -> None:
        """Close what is kept."""
        if self._pool is not None:
            with suppress(RuntimeError):
                await self._pool.aclose()
            self._pool = None


class _Public(httpcore.AsyncNetworkBackend):
    """Connects to addresses that may be asked, and to no name: so no second lookup can give another one."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self._lookup = Lookup()
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        own = literal(host)
        found = [own] if own is not None else await self._lookup.find(host, port)
        # all of them: else who names one public and one private address has the private one asked as the other fails
        if not all(may_ask(address, self._networks) for address in found):
            raise _NotPublic(host)
        for address in found[:MOST_ADDRESSES]:
            try:
                stream = await self._inner.connect_tcp(str(address), port, CONNECT, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
            return _Watched(stream, address, self._networks)
        raise httpcore.ConnectError("no address of the host answers")

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("a hook has no socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Watched(httpcore.AsyncNetworkStream):
    """A connection on which nothing is said in the clear, but to networks that the operator opened."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, address: Address, networks: Sequence[Network]) -> None:
        self._inner = inner
        self._plain = is_opened(address, networks)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        if not self._plain:
            raise _NotPublic("no TLS")
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        return await self._inner.start_tls(ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
