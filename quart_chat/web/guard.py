"""Who may ask at all: origins, and the addresses that they ask from."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from quart_chat.errors import Unwelcome

UNSAID = "Your browser did not say which page this came from, so it was not taken."
LONGEST = 100  # characters that any address stays under
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a request or a handshake came from, proxies taken into account.

    secure: it came over HTTPS. host: as the browser named it, with a port that is not the scheme's own.
    address: of the peer, or as trusted proxies tell it.
    """

    secure: bool
    host: str
    address: str

    @property
    def origin(self) -> str:
        """The origin of the pages that this server gave out here."""
        return f"{'https' if self.secure else 'http'}://{self.host}"


def visit(scheme: str, host: str, client: str | None) -> Visit:
    """Read where something came from.

    scheme: http, https, ws or wss; client: None where the server could not tell.
    """
    return Visit(scheme in ("https", "wss"), host, _address((client or "unknown")[:LONGEST]))


@lru_cache(10_000)
def _address(client: str) -> str:
    """Normalise an address: IPv6 in one spelling and by its /64, for that is what one household gets."""
    client = client.strip()
    if client.startswith("["):  # some proxies add the port
        client = client[1:].partition("]")[0]
    elif client.count(":") == 1 and client.rpartition(":")[2].isdigit():
        client = client.partition(":")[0]
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return "".join(c for c in client[:64] if c.isalnum() or c in ".-_") or "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False).network_address) + "/64"
    return str(address)


def comes_from_here(headers: Headers, visit: Visit, allowed: Iterable[str]) -> bool:
    """Tell whether a browser says that what it sends comes from a page of ours; False: it says nothing.

    allowed: origins besides the page's own.

    Raises:
        Unwelcome: it comes from another origin, or from `null`.
    """
    origin = headers.get("Origin")
    if origin is not None:
        own = _same(origin, visit.origin)
        if not own and not any(_same(origin, other) for other in allowed):
            raise Unwelcome("This came from another site’s page, so it was not taken.")
        return True
    site = headers.get("Sec-Fetch-Site")
    if site is not None and site != "same-origin":
        raise Unwelcome("This came from another site’s page, so it was not taken.")
    return site is not None


def check_origin(headers: Headers, visit: Visit, allowed: Iterable[str], *, identified: bool) -> None:
    """Refuse what another site's page sends in somebody's name.

    identified: a cookie says who it is; then the browser has to say where it comes from, too.

    Raises:
        Unwelcome: the origin is another one, `null`, or missing where it must not be.
    """
    if not comes_from_here(headers, visit, allowed) and identified:
        raise Unwelcome(UNSAID)


def _same(one: str, other: str) -> bool:
    return _origin(one) == _origin(other) is not None


def _origin(text: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        return None
    return parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme]
