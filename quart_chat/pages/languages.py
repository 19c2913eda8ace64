"""Languages: which there are, which one a reader gets, and how times and counts are said in it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple
from unicodedata import bidirectional
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from babel.units import format_unit

DEFAULT = "en"
HEADER = "X-Page-Language"  # by which htmx says in which language the page is that asks

Direction = Literal["ltr", "rtl"]
_TURNED: dict[Direction, frozenset[str]] = {"ltr": frozenset({"R", "AL"}), "rtl": frozenset({"L"})}  # Unicode's classes


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the pages.

    tag: BCP 47, as in `<html lang>`; name: in itself.
    """

    tag: str
    name: str


LANGUAGES = (Language("en", "English"), Language("pt-BR", "Português"))
TAGS = tuple(language.tag for language in LANGUAGES)


class Audience(NamedTuple):
    """For whom a fragment is rendered once: everybody of one language and time zone.

    A tuple, which is hashed in a fifth of the time, a dozen times a message. zone: IANA name. hours: "12" or "24";
    "" for as the language has it.
    """

    language: str
    zone: str
    hours: str = ""


def choose(chosen: Sequence[str | None], accepted: Sequence[str]) -> str:
    """Choose a reader's language.

    chosen: tags that were switched to, what counts first before the others; None, and what is not spoken here, counts
    for nothing. accepted: BCP 47 tags of Accept-Language, best first.
    """
    for tag in chosen:
        if tag in TAGS:
            return str(tag)
    for wanted in accepted:
        for tag in TAGS:
            if wanted.lower() == tag.lower() or wanted.split("-")[0].lower() == tag.split("-")[0].lower():
                return tag
    return DEFAULT


@cache
def translations(tag: str) -> NullTranslations:
    """Load a language's catalogue, compiled from its .po at first use: no build step, never stale."""
    if tag == DEFAULT:
        return NullTranslations()
    folder = files("quart_chat.pages").joinpath("translations", tag.replace("-", "_"), "LC_MESSAGES")
    catalogue = read_po(io.BytesIO(folder.joinpath("messages.po").read_bytes()), abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def say(tag: str, message: str, values: dict[str, Any] | None = None) -> str:
    """Say a message id in a language, its `%(name)s` fields filled."""
    text = str(translations(tag).gettext(message))
    if not values:
        return text
    return text % {name: apart(one, tag) if isinstance(one, str) else one for name, one in values.items()}


@cache
def _locale(tag: str) -> Locale:
    return Locale.parse(tag, sep="-")


@cache
def direction(tag: str) -> Direction:
    """Tell which way a language is written, as in `<html dir>`."""
    return "rtl" if _locale(tag).text_direction == "rtl" else "ltr"


def apart(text: str, tag: str) -> str:
    """Keep a text that is written the other way from turning around the sentence in which it stands.

    By Unicode's isolates, which count in attributes too; no name has them within (room/characters.py). What goes the
    language's own way stays as it is.
    """
    way = direction(tag)
    if way == "ltr" and text.isascii():
        return text
    return f"\u2068{text}\u2069" if any(bidirectional(one) in _TURNED[way] for one in text) else text


def duration(seconds: int, tag: str) -> str:
    """Say how long something takes, in seconds or, where it is long, in minutes or hours, rather too long."""
    unit, of = ("second", 1) if seconds <= 100 else ("minute", 60) if seconds <= 100 * 60 else ("hour", 3600)
    return format_unit(-(-seconds // of), f"duration-{unit}", length="long", locale=_locale(tag))


@cache
def zone(name: str) -> ZoneInfo:
    """Give a time zone by its IANA name."""
    return ZoneInfo(name)


def local(ms: int, audience: Audience) -> datetime:
    """Turn ms since the epoch into the audience's time."""
    return datetime.fromtimestamp(ms / 1000, zone(audience.zone))


def iso(ms: int) -> str:
    """Write a time for machines: UTC, to the second."""
    return _iso(ms // 1000)


@lru_cache(maxsize=4096)  # a busy second's messages share one answer, and so do a busy minute's
def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def _date(minute: int, audience: Audience) -> date:
    return local(minute * 60_000, audience).date()


def date_of(ms: int, audience: Audience) -> date:
    """Tell on which day of the audience's a time is."""
    return _date(ms // 60_000, audience)  # no zone's day begins within a minute


def _style(audience: Audience) -> str:
    """How the time of day is written, as a pattern of CLDR's."""
    by_language: str = _locale(audience.language).time_formats["short"].pattern
    return {"24": "HH:mm", "12": "h:mm a"}.get(audience.hours, by_language)


@lru_cache(maxsize=4096)
def _clock(minute: int, audience: Audience) -> str:
    return format_time(local(minute * 60_000, audience), _style(audience), locale=_locale(audience.language))


def clock(ms: int, audience: Audience) -> str:
    """Write the time of day, as `2:05 PM` or `14:05`."""
    return _clock(ms // 60_000, audience)


@lru_cache(maxsize=1024)
def _day(when: date, audience: Audience) -> str:
    return format_date(when, "full", locale=_locale(audience.language))


def day(ms: int, audience: Audience) -> str:
    """Write the day, as `Sunday, November 22, 2026`; no "today", which would be wrong tomorrow."""
    return _day(date_of(ms, audience), audience)


@lru_cache(maxsize=4096)
def _moment(minute: int, audience: Audience) -> str:
    when, there, locale = local(minute * 60_000, audience), zone(audience.zone), _locale(audience.language)
    style = locale.datetime_formats["medium"].format(f"{_style(audience)} z", locale.date_formats["medium"].pattern)
    return format_datetime(when, style, tzinfo=there, locale=locale)


@lru_cache(maxsize=4096)
def size(count: int, tag: str) -> str:
    """Write a number of bytes as people read it, as `340 KB` or `1.2 MB`."""
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= least:
            return f"{format_decimal(round(count / least, 1), '#,##0.#', locale=_locale(tag))} {unit}"
    return f"{count} B"


def moment(ms: int, audience: Audience) -> str:
    """Write day, time of day and zone, as `Nov 22, 2026, 2:05 PM UTC`, for who points at a time."""
    return _moment(ms // 60_000, audience)
