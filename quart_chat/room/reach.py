"""Which addresses may be asked for somebody who named them: public ones alone, else a hook would reach what is ours.

Whoever owns a room chooses what this server asks, from where it stands: behind firewalls, beside databases, at clouds'
169.254.169.254. So an address has to be one of the public internet, whatever way it is written; its host's name is
looked up once, and what was looked at here is what is connected to (`outward.sender`).
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from quart_chat.errors import BadHook

LONGEST = 1000  # characters of an address
PORTS = {"https": 443, "http": 80}
UNPRIVILEGED = 1024  # ports from here on may be named; below, other protocols than HTTP listen

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# https://www.iana.org/assignments/iana-ipv4-special-registry, and what is no unicast
_NEVER_4 = tuple(
    IPv4Network(one)
    for one in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
        "192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 "
        "203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
    ).split()
)
_UNICAST_6 = IPv6Network("2000::/3")  # all that is given out; whatever else there will be is not public yet
# https://www.iana.org/assignments/iana-ipv6-special-registry: within that, what is not routed, or leads into IPv4
_NEVER_6 = tuple(IPv6Network(one) for one in "2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20".split())
_NAT64 = IPv6Network("64:ff9b::/96")


class Target(NamedTuple):
    """Where a hook's messages go. host: a name as DNS has it, or an address without brackets; path: with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The host as HTTP names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public internet, and of one host."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NEVER_4) and address.is_global
    if address.scope_id is not None:
        return False
    inner = within(address)
    if inner is not None:
        return is_public(inner)
    return address in _UNICAST_6 and not any(address in network for network in _NEVER_6)


def within(address: IPv6Address) -> IPv4Address | None:
    """Give the IPv4 address that packets to an IPv6 one reach, ::ffff:a.b.c.d or behind a NAT64; None: none."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(address.packed[-4:]) if address in _NAT64 else None


def may_ask(address: Address, networks: Sequence[Network] = ()) -> bool:
    """Tell whether an address may be asked; networks: private ones that the operator opened."""
    return is_public(address) or is_opened(address, networks)


def is_opened(address: Address, networks: Sequence[Network]) -> bool:
    """Tell whether an address is of a network that the operator opened: there HTTP without TLS will do, too."""
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        address = within(address) or address
    return not address.is_multicast and any(address in network for network in networks)


def read_target(typed: str, *, plain: bool = False) -> Target:
    """Read the address of a hook; plain: http:// will do, too, as where an operator opened private networks.

    It may still lead to where nothing may be asked: that is known once its host is looked up.

    Raises:
        BadHook: it is none, or none that is asked.
    """
    typed = typed.strip()
    if len(typed) > LONGEST or not typed.isprintable() or any(one in typed for one in " \\"):
        raise BadHook("That is no address. It looks like https://example.org/chat")
    try:
        parts = urlsplit(typed)
        port = parts.port
        host = _host(parts.hostname or "")
    except ValueError as error:  # UnicodeError is one
        raise BadHook("That is no address. It looks like https://example.org/chat") from error
    if parts.scheme not in PORTS or (parts.scheme == "http" and not plain):
        raise BadHook("The address has to begin with https://")
    if "@" in parts.netloc or parts.fragment or not host:
        raise BadHook("The address holds a name or password, or a part behind #: leave that out.")
    port = PORTS[parts.scheme] if port is None else port
    if port not in PORTS.values() and port < UNPRIVILEGED:
        raise BadHook("The address names a port that is not asked: leave it out, or use one from 1024 on.")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
    return Target(parts.scheme, host, port, f"{path}?{query}" if query else path)


def literal(host: str) -> Address | None:
    """Give the address that a host's name spells itself; None where it is to be looked up."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _host(host: str) -> str:
    """Write a host as DNS has it.

    Raises:
        ValueError: it is no name of one.
    """
    if (address := literal(host)) is not None:
        if "%" in str(address):
            raise ValueError("a zone is of one machine")
        return str(address)
    host = host.encode("idna").decode("ascii").lower().rstrip(".")
    if not all(one.isalnum() or one in "-._" for one in host):
        raise ValueError("no name of a host")
    return host
