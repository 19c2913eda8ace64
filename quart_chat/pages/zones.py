"""Time zones: those that a reader may choose, and a guess for who has not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import groupby
from typing import NamedTuple
from zoneinfo import available_timezones

from babel.core import get_global

HOURS = ("", "24", "12")  # of the clock; "": as the language has it

# Where most people of a country with several zones live
_MAIN = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "DE": "Europe/Berlin",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "ID": "Asia/Jakarta",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
}


class Times(NamedTuple):
    """How somebody wants times. zone: IANA name; hours: of HOURS."""

    zone: str
    hours: str = ""


@cache
def choices() -> dict[str, tuple[str, ...]]:
    """Give the zones that can be chosen, by area, such as America."""
    named = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/")))
    groups = groupby([*named, "UTC"], lambda name: name.partition("/")[0])
    return {area: tuple(names) for area, names in groups}


def choices_beside(zone: str) -> dict[str, tuple[str, ...]]:
    """Give the same with a zone that is in use: a server's may be another, such as Etc/UTC."""
    area = zone.partition("/")[0]
    named = choices().get(area, ())
    return choices() if zone in named else {**choices(), area: (zone, *named)}


def read_times(zone: str, hours: str) -> Times | None:
    """Read a choice; None where it is none."""
    return Times(zone, hours) if zone in available() and hours in HOURS else None


@lru_cache(1000)  # a reader's choice comes with each of their requests
def kept_times(written: str) -> Times | None:
    """Read a choice as `write_times` keeps it; None where it is none."""
    zone, _, hours = written.partition(" ")
    return read_times(zone, hours)


def write_times(times: Times) -> str:
    """Write a choice, to be kept."""
    return f"{times.zone} {times.hours}".rstrip()


@lru_cache(1000)
def guess(accepted: Sequence[str], here: str) -> str:
    """Guess a reader's zone from where their language is spoken.

    accepted: BCP 47 tags of Accept-Language, best first. here: the server's zone, for who says no country, and for who
    is in the server's own.
    """
    territory = next((part.upper() for tag in accepted[:1] for part in tag.split("-")[1:] if len(part) == 2), "")
    zones: Sequence[str] = get_global("territory_zones").get(territory, ())
    if here in zones:
        return here
    found = _MAIN.get(territory) or (zones[0] if len(zones) == 1 else here)
    return found if found in available() else here


@cache
def available() -> frozenset[str]:
    """Give the names of all zones that this machine knows."""
    return frozenset(available_timezones())
