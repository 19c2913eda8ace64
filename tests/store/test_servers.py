"""What REDIS_URL may say."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import SSLConnection, UnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelConnectionPool, SentinelManagedSSLConnection

from quart_chat.errors import SettingsError, StoreAway
from quart_chat.store.servers import Cluster, One, read_address, servers


def kwargs(url: str, key: str = "") -> dict[str, Any]:
    made: dict[str, Any] = servers(url).of(key).connection_kwargs
    return made


def test_one_server_has_all_keys() -> None:
    one = servers("redis://ana:s%40cret@store:7000/3")
    assert isinstance(one, One)
    assert one.of("a") is one.of("b")
    found = one.of("a").connection_kwargs
    assert {name: found[name] for name in ("host", "port", "db", "username", "password")} == {
        "host": "store",
        "port": 7000,
        "db": 3,
        "username": "ana",
        "password": "s@cret",
    }
    assert servers("rediss://store").of("").connection_class is SSLConnection
    assert servers("unix:///run/s?db=2").of("").connection_class is UnixDomainSocketConnection


def test_sentinels_name_the_master() -> None:
    url = "redis+sentinel://ana:secret@one:26380,two,[::1]:7/chat/4?sentinel_password=other&socket_keepalive=1"
    one = servers(url)
    assert isinstance(one, One)
    pool = one.of("a")
    assert isinstance(pool, SentinelConnectionPool)
    assert pool.service_name == "chat"
    assert [
        (sentinel.connection_pool.connection_kwargs["host"], sentinel.connection_pool.connection_kwargs["port"])
        for sentinel in pool.sentinel_manager.sentinels
    ] == [("one", 26380), ("two", 26379), ("::1", 7)]
    assert pool.connection_kwargs["password"] == "secret"
    assert pool.connection_kwargs["db"] == 4
    assert all(
        sentinel.connection_pool.connection_kwargs["password"] == "other"
        for sentinel in pool.sentinel_manager.sentinels
    )
    secure = servers("rediss+sentinel://one/chat").of("")
    assert secure.connection_class is SentinelManagedSSLConnection


def test_a_cluster_s_nodes_are_asked_as_the_url_says() -> None:
    cluster = servers("rediss+cluster://ana:secret@one:7000,two/?ssl_ca_certs=/ca.pem")
    assert isinstance(cluster, Cluster)
    found = cluster.of("c:{r}:log")
    assert found.connection_class is SSLConnection
    assert found.connection_kwargs["host"] == "one"
    other = cluster.at(("three", 7001))
    assert other.connection_kwargs["host"] == "three"
    assert other.connection_kwargs["port"] == 7001
    assert other.connection_kwargs["password"] == "secret"
    assert other.connection_kwargs["ssl_ca_certs"] == "/ca.pem"
    assert cluster.at(("three", 7001)) is other


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://one:26379",
        "redis+sentinel:///chat",
        "redis+sentinel://one/chat/x",
        "redis+cluster://",
        "redis+cluster://one:port",
        "redis+cluster://one/3",
        "redis://one:x",
        "redis://one?no_such_option=1",
        "redis+cluster://one?no_such_option=1",
        "redis+sentinel://one/chat?no_such_option=1",
        "redis+cluster://one, :7000",
    ],
)
def test_what_cannot_be_read_is_said(url: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL cannot be read"):
        servers(url)


def test_a_server_s_word_of_another_one_is_read() -> None:
    assert read_address("10.0.0.1:7000") == ("10.0.0.1", 7000)
    assert read_address("[::1]:7000") == ("::1", 7000)
    assert read_address("::1:7000") == ("::1", 7000)
    for nonsense in ("", ":7000", "host:", "host", "host:x"):
        with pytest.raises(StoreAway):
            read_address(nonsense)
