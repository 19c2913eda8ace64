"""Which addresses hooks may post to: a table, and whatever an address spells."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadHook
from quart_chat.room.reach import Target, is_public, may_ask, read_target

PUBLIC = "8.8.8.8 1.1.1.1 185.199.108.153 2606:4700:4700::1111 2a00:1450:4001:81b::200e 64:ff9b::808:808 ::ffff:8.8.8.8"
PRIVATE = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.8.8.8 169.254.169.254 172.16.0.1
172.31.255.255 192.0.0.1 192.0.0.170 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a00:1
64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 2002:a00:1:: 3fff::1 5f00::1 fc00::1
fd00:ec2::254 fe80::1 fe80::1%1 fec0::1 ff02::1 ff0e::1 2606:4700::1111%3
"""


@pytest.mark.parametrize("written", PUBLIC.split())
def test_public_addresses_are_asked(written: str) -> None:
    assert is_public(ip_address(written))


@pytest.mark.parametrize("written", PRIVATE.split())
def test_no_other_address_is_asked(written: str) -> None:
    assert not is_public(ip_address(written))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_that_is_written_as_ipv6_is_as_public_as_itself(address: IPv4Address) -> None:
    assert is_public(IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)) == is_public(address)
    assert is_public(IPv6Address(b"\0\x64\xff\x9b" + b"\0" * 8 + address.packed)) == is_public(address)
    assert not is_public(IPv6Address(b"\x20\x02" + address.packed + b"\0" * 10)), "6to4 leads wherever it says"


@given(st.ip_addresses())
def test_what_is_public_is_so_for_python_too(address: IPv4Address | IPv6Address) -> None:
    if is_public(address):
        inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        assert (inner or address).is_global
        assert not (inner or address).is_multicast


def test_an_operator_opens_networks_and_nothing_beside_them() -> None:
    opened = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    for written in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "8.8.8.8"):
        assert may_ask(ip_address(written), opened), written
    for written in ("192.168.0.1", "127.0.0.1", "::1", "fe80::1%1", "fd00::1%1"):
        assert not may_ask(ip_address(written), opened), written
    assert not may_ask(ip_address("224.0.0.1"), (ip_network("0.0.0.0/0"),)), "that is many hosts"


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("https://example.org", Target("https", "example.org", 443, "/")),
        (" https://Example.ORG/a/b?c=d ", Target("https", "example.org", 443, "/a/b?c=d")),
        ("https://example.org:8443/x", Target("https", "example.org", 8443, "/x")),
        ("https://bücher.example/ü?ü", Target("https", "xn--bcher-kva.example", 443, "/%C3%BC?%C3%BC")),
        ("https://[2606:4700::1111]/x", Target("https", "2606:4700::1111", 443, "/x")),
        ("https://example.org/%2e%2E/", Target("https", "example.org", 443, "/%2e%2E/")),
        ("https://example.org./", Target("https", "example.org", 443, "/")),
    ],
)
def test_an_address_is_read(typed: str, target: Target) -> None:
    assert read_target(typed) == target


@pytest.mark.parametrize(
    "typed",
    [
        *("", "x", "https://", "https:///x", "//example.org", "http://example.org", "ftp://example.org", "file:///etc"),
        *("https://a:b@example.org", "https://@example.org", "https://example.org@10.0.0.1/", "https://example.org/#x"),
        *("https://example.org:22", "https://example.org:0", "https://example.org:99999", "https://example.org:x"),
        *("https://exa mple.org", "https://example.org/\r\nHost: x", "https://example.org\\@x", "https://[::1", "https://ex\0"),
        *("https://" + "a" * 64 + ".org", "https://example.org/" + "x" * 1000, "https://..", "javascript:alert(1)"),
        *("https://exa%6dple.org", "https://[fe80::1%25eth0]/", "gopher://x", "https://<x>"),
    ],
)  # fmt: skip
def test_no_other_address_is_taken(typed: str) -> None:
    with pytest.raises(BadHook):
        read_target(typed)


def test_http_without_tls_is_for_networks_that_an_operator_opened() -> None:
    assert read_target("http://10.0.0.1:8080/x", plain=True) == Target("http", "10.0.0.1", 8080, "/x")
    assert read_target("http://x/", plain=True).authority == "x"
    assert read_target("http://x:8080/", plain=True).authority == "x:8080"
    assert read_target("https://[2606:4700::1111]:8443/").authority == "[2606:4700::1111]:8443"


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused_with_a_reason(typed: str) -> None:
    for text in (typed, f"https://{typed}", f"https://example.org/{typed}"):
        try:
            target = read_target(text)
        except BadHook:
            continue
        assert target.scheme == "https"
        assert target.path.isascii()
        assert not set(target.path + target.host) & set(" \r\n\\@#\0") or "@" in target.path
