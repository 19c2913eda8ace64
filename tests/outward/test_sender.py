"""Posts to real servers on loopback: the address that was looked at is the one that is asked, and nothing else is."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme

from quart_chat.outward import lookup, sender
from quart_chat.outward.lookup import AT_ONCE, Lookup
from quart_chat.outward.sender import MOST_READ, Sender
from quart_chat.room.hooks import LATE, NOT_PUBLIC, UNREACHABLE, UNTRUSTED
from tests.outward.receiver import LOOPBACK, OK, answering, receiving


@asynccontextmanager
async def sending(*networks: Any, trust: ssl.SSLContext | None = None) -> AsyncIterator[Sender]:
    one = Sender(networks, trust)
    try:
        yield one
    finally:
        await one.aclose()


class Names:
    """A name server of the tests' own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **hosts: list[str]) -> None:
        self.hosts = {name.replace("_", "."): found for name, found in hosts.items()}
        self.asked: list[str] = []
        monkeypatch.setattr(lookup.socket, "getaddrinfo", self._find)

    def _find(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        found = self.hosts.get(host, [])
        if not found:
            raise socket.gaierror("no such name")
        return [
            (socket.AF_INET6, 0, 0, "", (one.partition("%")[0], port, 0, 3 if "%" in one else 0))
            if ":" in one
            else (socket.AF_INET, 0, 0, "", (one, port))
            for one in found
        ]


async def test_a_post_is_what_was_given_and_nothing_of_the_answer_is_followed() -> None:
    async with receiving() as there, sending(*LOOPBACK) as one:
        there.answer = lambda number: (
            answering(302, f"Location: {there.url}\r\nSet-Cookie: a=b\r\n") if not number else OK
        )
        assert await one.post(there.url, {"webhook-id": "1"}, b'{"a":1}') == 302
        assert await one.post(there.url, {"webhook-id": "2"}, b"{}") == 200
        first, second = there.posts
        assert (first.line, first.body) == ("POST /x?y=1 HTTP/1.1", b'{"a":1}')
        assert first.headers["host"] == f"127.0.0.1:{there.port}"
        assert first.headers["content-type"] == "application/json"
        assert first.headers["webhook-id"] == "1"
        assert "cookie" not in second.headers
        assert there.connections == 1, "one connection for both"


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as there, receiving() as proxy, sending(*LOOPBACK) as one:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert await one.post(there.url, {}, b"{}") == 200
        assert not proxy.connections


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
async def test_nothing_private_is_asked_however_it_is_spelled(host: str) -> None:
    async with receiving() as there, sending() as one:
        assert await one.post(f"https://{host}:{there.port}/", {}, b"{}") in (NOT_PUBLIC, UNREACHABLE)
        assert not there.connections


async def test_a_name_of_a_private_address_is_not_asked_even_beside_a_public_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names(
        monkeypatch,
        inner_example=["127.0.0.1"],
        mixed_example=["203.0.114.1", "127.0.0.1"],
        metadata_example=["169.254.169.254"],
        zone_example=["2606:4700::1%eth0"],
        mapped_example=["::ffff:127.0.0.1"],
    )
    async with receiving() as there, sending() as one:
        for host in list(names.hosts):
            assert await one.post(f"https://{host}:{there.port}/", {}, b"{}") == NOT_PUBLIC, host
        assert await one.post(f"https://nothing.example:{there.port}/", {}, b"{}") == UNREACHABLE
        assert not there.connections


async def test_a_name_is_looked_up_once_and_what_was_found_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever rules the name could answer with another address the second time."""
    names = Names(monkeypatch, rebinding_example=["127.0.0.1"])
    async with receiving() as there, sending(*LOOPBACK) as one:
        asked: list[tuple[str, int]] = []
        inner = (await one._connections())._network_backend._inner  # type: ignore[attr-defined]
        connect = inner.connect_tcp

        async def noted(host: str, port: int, *args: Any) -> Any:
            asked.append((host, port))
            names.hosts["rebinding.example"] = ["10.0.0.1"]
            return await connect(host, port, *args)

        monkeypatch.setattr(inner, "connect_tcp", noted)
        assert await one.post(f"http://rebinding.example:{there.port}/", {}, b"{}") == 200
        assert asked == [("127.0.0.1", there.port)], "an address, and no name"
        assert names.asked == ["rebinding.example"]
        assert there.posts[0].headers["host"] == f"rebinding.example:{there.port}"


async def test_tls_is_verified_for_the_name_that_the_owner_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, right_example=["127.0.0.1"], wrong_example=["127.0.0.1"])
    authority, theirs = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("right.example").configure_cert(theirs)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    async with receiving(theirs) as there:
        async with sending(*LOOPBACK, trust=ours) as one:
            assert await one.post(f"https://right.example:{there.port}/", {}, b"{}") == 200
            assert await one.post(f"https://wrong.example:{there.port}/", {}, b"{}") == UNTRUSTED
        async with sending(*LOOPBACK) as one:
            assert await one.post(f"https://right.example:{there.port}/", {}, b"{}") == UNTRUSTED, (
                "the system knows it not"
            )
        assert len(there.posts) == 1


async def test_without_tls_only_networks_that_were_opened_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, public_example=["127.0.0.1"])
    monkeypatch.setattr(sender, "may_ask", lambda *_: True)  # as if it were a public address
    async with receiving() as there:
        async with sending() as one:
            assert await one.post(f"http://127.0.0.1:{there.port}/", {}, b"{}") == NOT_PUBLIC
        monkeypatch.setattr(sender, "is_opened", lambda *_: False)
        async with sending(*LOOPBACK) as one:
            assert await one.post(f"http://public.example:{there.port}/", {}, b"{}") == NOT_PUBLIC
        assert not there.posts


async def test_who_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "WITHIN", 0.3)
    async with receiving() as there, sending(*LOOPBACK) as one:
        for answer in (None, b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx"):
            there.answer = lambda _, answer=answer: answer
            assert await one.post(there.url, {}, b"{}") == LATE
        there.answer = lambda _: OK
        assert await one.post(there.url, {}, b"{}") == 200
        assert len((await one._connections()).connections) == 1, "those that were given up are closed"
    async with sending(*LOOPBACK) as one:
        assert await one.post(there.url, {}, b"{}") == UNREACHABLE, "it has ended"


async def test_what_is_no_http_is_no_answer_and_an_endless_one_is_not_read() -> None:
    async with receiving() as there, sending(*LOOPBACK) as one:
        there.answer = lambda _: b"220 smtp.example ESMTP\r\n\r\n"
        assert await one.post(there.url, {}, b"{}") == UNREACHABLE
        there.answer = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * (2 * MOST_READ)
        assert await one.post(there.url, {}, b"{}") == 200
        there.answer = lambda _: b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000
        assert await one.post(there.url, {}, b"{}") == UNREACHABLE


async def test_slow_name_servers_hold_so_many_threads_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    release, running = threading.Event(), []

    def slow(host: str, *_: Any, **__: Any) -> list[Any]:
        running.append(host)
        release.wait(10)
        return []

    monkeypatch.setattr(lookup.socket, "getaddrinfo", slow)
    one = Lookup()
    waiting = [asyncio.create_task(one.find(f"h{number}", 443)) for number in range(AT_ONCE + 5)]
    try:
        while len(running) < AT_ONCE:
            await asyncio.sleep(0.001)
        waiting[0].cancel()  # who gives one up does not free its thread
        await asyncio.gather(waiting[0], return_exceptions=True)
        assert len(running) == AT_ONCE
    finally:
        release.set()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert len(running) == AT_ONCE + 5
