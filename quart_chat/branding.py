"""How an operator makes a server their own: its name, logo, colours, welcome and house rules, read once at start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quart_chat.errors import SettingsError

KB = 1000
NAME = "Quart Chat"
LONGEST_NAME = 40  # characters: it stands in titles and above the lobby
LONGEST_WELCOME = 2000  # characters
MOST_STYLE, MOST_LOGO, MOST_RULES = 100 * KB, 200 * KB, 20 * KB  # bytes
LOGOS = {".svg": "image/svg+xml", ".png": "image/png"}
_BEGINS = {
    ".svg": re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|!DOCTYPE|svg)", re.IGNORECASE),
    ".png": re.compile(rb"\x89PNG\r\n\x1a\n"),
}
_ELSEWHERE = re.compile(r"@import|(?:url|src|image-set)\(\s*[\"']?\s*(?:[a-z][a-z0-9+.-]*:)?//", re.I)
_COMMENT = re.compile(r"/\*.*?\*/", re.S)


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture for the mark beside the name. mimetype: one of LOGOS."""

    content: bytes
    mimetype: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Branding:
    """What an operator chose; the defaults are the project's own.

    logo: None for the project's. style: CSS, after the project's own. welcome: in the lobby, marked up as messages are;
    house_rules: the same on /about; "" for none of them.
    """

    name: str = NAME
    logo: Logo | None = None
    style: str = ""
    welcome: str = ""
    house_rules: str = ""

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Branding:
        """Read the settings, and the files that they name.

        Raises:
            SettingsError: one cannot be used; its text names the variable and what it takes.
        """
        return cls(
            name=_line(env, "QUART_CHAT_NAME", NAME),
            logo=_logo(env, "QUART_CHAT_LOGO"),
            style=_style(env, "QUART_CHAT_STYLE"),
            welcome=_welcome(env, "QUART_CHAT_WELCOME"),
            house_rules=_text(env, "QUART_CHAT_HOUSE_RULES", MOST_RULES),
        )


def _line(env: Mapping[str, str], name: str, default: str) -> str:
    said = " ".join(env.get(name, "").split()) or default
    if len(said) > LONGEST_NAME or not said.isprintable():
        raise SettingsError(f"{name} is {said!r}; it takes a name of at most {LONGEST_NAME} characters")
    return said


def _welcome(env: Mapping[str, str], name: str) -> str:
    said = env.get(name, "").strip()
    if len(said) > LONGEST_WELCOME:
        raise SettingsError(f"{name} has {len(said)} characters; it takes at most {LONGEST_WELCOME}")
    return said


def _logo(env: Mapping[str, str], name: str) -> Logo | None:
    content = _file(env, name, MOST_LOGO)
    if content is None:
        return None
    ending = Path(env[name]).suffix.lower()
    if ending not in LOGOS or not _BEGINS[ending].match(content):
        raise SettingsError(f"{name} names {env[name]!r}, which is none; it takes a .svg or .png file")
    return Logo(content, LOGOS[ending])


def _style(env: Mapping[str, str], name: str) -> str:
    said = _text(env, name, MOST_STYLE)
    if _ELSEWHERE.search(_COMMENT.sub("", said)):
        raise SettingsError(
            f"{name} names {env[name]!r}, which loads something from elsewhere (@import, url(//…)); pages load nothing "
            "but from this server, so leave that out"
        )
    return said


def _text(env: Mapping[str, str], name: str, most: int) -> str:
    content = _file(env, name, most)
    try:
        return (content or b"").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{name} names {env[name]!r}, which is no text in UTF-8; save it as that") from error


def _file(env: Mapping[str, str], name: str, most: int) -> bytes | None:
    """Read the file that a variable names; None where it names none."""
    if not (path := env.get(name, "")):
        return None
    try:
        with Path(path).open("rb") as file:
            content = file.read(most + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise SettingsError(f"{name} names {path!r}, which cannot be read: {why}") from error
    if len(content) > most:
        raise SettingsError(f"{name} names {path!r}, which has more than {most // KB} KB; it takes a smaller file")
    return content
