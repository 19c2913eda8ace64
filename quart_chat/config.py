"""Settings: everything that an operator can choose, read once from the environment.

Server settings (bind, workers, TLS, time limits) are Hypercorn's and live in hypercorn.toml.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from quart_chat.branding import Branding
from quart_chat.errors import SettingsError

DAYS = 24 * 60 * 60  # seconds

Network = IPv4Network | IPv6Network

REDIS_SCHEMES = (
    "redis",
    "rediss",
    "unix",
    *(f"redis{s}+{kind}" for s in ("", "s") for kind in ("sentinel", "cluster")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator chose; every default makes a working server on a laptop."""

    data: Path = Path("data")
    """Folder of the embedded store and the key; made when missing."""
    redis_url: str | None = None
    """Where the store is; None starts the embedded one."""
    secret_key: str | None = None
    """Signs identities; or several with colons between, newest first. None reads `secret.key` in the data folder."""
    fsync: Literal["always", "everysec"] = "always"
    """When the embedded store's writes reach the disk."""
    message_characters: int = 4000  # code points
    messages_per_minute: int = 60  # a person; ten times that an address; 0: neither is limited
    rooms_per_hour: int = 30  # new rooms, a person or an address; 0: no limit
    sockets_per_address: int = 200  # 0: no limit
    joins_per_minute: int = 120  # tabs of a person that connect; ten times that an address; 0: neither is limited
    messages_per_room: int = 10_000  # newest that are kept
    room_days: int = 90  # unused rooms go after these; 0: never
    listed_rooms: int = 50  # that the lobby shows to everybody, whose owners want it; 0: none
    origins: tuple[str, ...] = ()
    """Origins besides the page's own that may post and connect, as `https://chat.example`."""
    https_days: int = 365
    """Days for which a browser that came by HTTPS comes by nothing else; 0: it is not told so."""
    trusted_hops: int = 0
    """Proxies in front whose X-Forwarded headers are believed."""
    metrics_token: str | None = None
    """What a Prometheus elsewhere has to show at /metrics; None: only this machine may ask."""
    security_contact: tuple[str, ...] = ()
    """Where to report weaknesses, as URIs for /.well-known/security.txt; (): there is no such file."""
    time_zone: str = "UTC"
    """IANA name of the zone in which pages show times."""
    keep_edits: bool = False
    """Whether what edited messages said before stays readable."""
    files: bool = True
    """Whether messages may carry files."""
    files_url: str | None = None
    """Where files are, as s3://BUCKET/PREFIX; None: `files/` in the data folder."""
    file_megabytes: int = 10  # a file, millions of bytes
    files_per_room_megabytes: int = 200  # 0: any number
    uploads_per_minute: int = 10  # a person; ten times that an address; 0: neither is limited
    branding: Branding = field(default_factory=Branding)
    """What makes the server the operator's own."""
    hooks: Literal["yes", "in", "no"] = "yes"
    """Whether rooms may have hooks; "in": only those by which programs write."""
    hook_networks: tuple[Network, ...] = ()
    """Private networks to which hooks may post, as no other."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings.

        environ: names to values; None is the process's own environment.

        Raises:
            SettingsError: a value cannot be used; its text names the variable and what it takes.
        """
        env = os.environ if environ is None else environ
        fsync = env.get("QUART_CHAT_FSYNC") or "always"
        if fsync not in ("always", "everysec"):
            raise SettingsError(f"QUART_CHAT_FSYNC is {fsync!r}; it takes 'always' or 'everysec'")
        return cls(
            data=Path(env.get("QUART_CHAT_DATA") or "data"),
            redis_url=_redis_url(env.get("REDIS_URL") or None),
            secret_key=env.get("QUART_CHAT_SECRET_KEY") or None,
            fsync=cast(Literal["always", "everysec"], fsync),
            message_characters=_number(env, "QUART_CHAT_MESSAGE_CHARACTERS", 4000, least=1, most=4000),
            messages_per_minute=_number(env, "QUART_CHAT_MESSAGES_PER_MINUTE", 60),
            rooms_per_hour=_number(env, "QUART_CHAT_ROOMS_PER_HOUR", 30),
            sockets_per_address=_number(env, "QUART_CHAT_SOCKETS_PER_ADDRESS", 200),
            joins_per_minute=_number(env, "QUART_CHAT_JOINS_PER_MINUTE", 120),
            messages_per_room=_number(env, "QUART_CHAT_MESSAGES_PER_ROOM", 10_000, least=1),
            room_days=_number(env, "QUART_CHAT_ROOM_DAYS", 90),
            listed_rooms=_number(env, "QUART_CHAT_LISTED_ROOMS", 50, most=200),
            origins=tuple(_origin(part) for part in env.get("QUART_CHAT_ORIGINS", "").replace(",", " ").split()),
            https_days=_number(env, "QUART_CHAT_HTTPS_DAYS", 365, most=3650),
            trusted_hops=_number(env, "QUART_CHAT_TRUSTED_HOPS", 0, most=10),
            metrics_token=env.get("QUART_CHAT_METRICS_TOKEN") or None,
            security_contact=_contacts(env),
            time_zone=_time_zone(env),
            keep_edits=_yes(env, "QUART_CHAT_KEEP_EDITS"),
            files=_yes(env, "QUART_CHAT_FILES", "yes"),
            files_url=_files_url(env.get("QUART_CHAT_FILES_URL") or None),
            file_megabytes=_number(env, "QUART_CHAT_FILE_MEGABYTES", 10, least=1, most=1000),
            files_per_room_megabytes=_number(env, "QUART_CHAT_FILES_PER_ROOM_MEGABYTES", 200, most=10**6),
            uploads_per_minute=_number(env, "QUART_CHAT_UPLOADS_PER_MINUTE", 10),
            branding=Branding.from_environment(env),
            hooks=_hooks(env),
            hook_networks=_networks(env),
        )


def _yes(env: Mapping[str, str], name: str, default: str = "no") -> bool:
    said = env.get(name, "").strip().lower() or default
    if said not in ("yes", "no"):
        raise SettingsError(f"{name} is {said!r}; it takes 'yes' or 'no'")
    return said == "yes"


def _hooks(env: Mapping[str, str]) -> Literal["yes", "in", "no"]:
    said = env.get("QUART_CHAT_HOOKS", "").strip().lower() or "yes"
    if said not in ("yes", "in", "no"):
        raise SettingsError(f"QUART_CHAT_HOOKS is {said!r}; it takes 'yes', 'no', or 'in' for those that write alone")
    return cast(Literal["yes", "in", "no"], said)


def _networks(env: Mapping[str, str]) -> tuple[Network, ...]:
    written = env.get("QUART_CHAT_HOOK_NETWORKS", "")
    try:
        return tuple(ip_network(one) for one in written.replace(",", " ").split())
    except ValueError as error:
        raise SettingsError(
            f"QUART_CHAT_HOOK_NETWORKS is {written!r}; it takes networks such as 10.0.0.0/8, fd00::/8"
        ) from error


def _number(env: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = 10**9) -> int:
    raw = env.get(name, "").strip()
    if not raw:
        return default
    if not (raw.isascii() and raw.isdigit()) or not least <= int(raw) <= most:
        raise SettingsError(f"{name} is {raw!r}; it takes a whole number from {least} to {most}")
    return int(raw)


def _redis_url(url: str | None) -> str | None:
    if url is not None and urlsplit(url).scheme not in REDIS_SCHEMES:
        takes = ", ".join(f"{scheme}://" for scheme in REDIS_SCHEMES)
        raise SettingsError(f"REDIS_URL starts with {url.split(':')[0]!r}; it takes {takes}")
    return url


def _files_url(url: str | None) -> str | None:
    if url is not None:
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
            raise SettingsError(f"QUART_CHAT_FILES_URL is {url!r}; it takes s3://BUCKET or s3://BUCKET/PREFIX")
    return url


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise SettingsError(f"QUART_CHAT_ORIGINS holds {text!r}; an origin looks like https://chat.example")
    return f"{parts.scheme}://{parts.netloc}".lower()


def _contacts(env: Mapping[str, str]) -> tuple[str, ...]:
    found = tuple(env.get("QUART_CHAT_SECURITY_CONTACT", "").replace(",", " ").split())
    for one in found:
        if not re.fullmatch(r"(mailto:[^@]+@[^@]+|https://.+|tel:.+)", one) or not (
            one.isascii() and one.isprintable()
        ):
            raise SettingsError(
                f"QUART_CHAT_SECURITY_CONTACT holds {one!r}; it takes mailto:security@chat.example, https://… or tel:…"
            )
    return found


def _time_zone(env: Mapping[str, str]) -> str:
    name = env.get("QUART_CHAT_TIME_ZONE") or _local_zone(env)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(
            f"QUART_CHAT_TIME_ZONE is {name!r}; it takes an IANA name such as America/Sao_Paulo"
        ) from error
    return name


def _local_zone(env: Mapping[str, str]) -> str:
    """Name the machine's zone: TZ, else what /etc/localtime points to, else UTC."""
    candidates = [env.get("TZ", "").lstrip(":")]
    target = os.path.realpath("/etc/localtime")
    if "/zoneinfo/" in target:
        candidates.append(target.split("/zoneinfo/", 1)[1])
    for name in candidates:
        try:
            if name and ZoneInfo(name):
                return name
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return "UTC"
