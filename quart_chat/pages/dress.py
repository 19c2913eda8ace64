"""What every page wears: the operator's name, logo and style, and its reader's theme.

Templates leave blanks for it, and each page gets it as it is given out: so a page that is kept fits every reader, and
templates are compiled once, whatever the settings say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from types import SimpleNamespace
from typing import NamedTuple

from markupsafe import Markup

from quart_chat.branding import LOGOS, Branding
from quart_chat.pages import assets
from quart_chat.pages.blanks import blanks
from quart_chat.pages.themes import THEMES
from quart_chat.room.markup import to_html

FOLDER = "/brand/"
WORN = SimpleNamespace(
    **blanks(("house", "brand", "icon", "welcome", "rules", "unruled", "theme", *(f"is{one}" for one in THEMES)))
)
"""The blanks, for templates."""


class Served(NamedTuple):
    """A file of the operator's, as it is given out."""

    content: bytes
    mimetype: str


class Dress:
    """What pages wear on one server."""

    def __init__(self, branding: Branding) -> None:
        self.name = branding.name
        self.welcome = _rendered(branding.welcome)
        self.rules = _rendered(branding.house_rules)
        self.files: dict[str, Served] = {}
        """The operator's files by names that change with what is in them, so that browsers may keep them for good."""
        style, self._icon = branding.style, ""
        if branding.logo is not None:
            ending = next(one for one, mimetype in LOGOS.items() if mimetype == branding.logo.mimetype)
            self._icon = self._serve("logo", ending, Served(branding.logo.content, branding.logo.mimetype))
            style = f':root {{ --mark: url("{self._icon}"); }}\n{style}'
        self._link = Markup()
        if style:
            address = self._serve("style", ".css", Served(style.encode(), "text/css"))
            self._link = Markup('<link rel="stylesheet" href="{}">').format(address)

    @cached_property
    def _by_theme(self) -> Mapping[str, Mapping[str, str]]:
        everywhere = {
            "house": self.name,
            "brand": self._link,
            "icon": self.icon,
            "welcome": self.welcome,
            "rules": self.rules,
            "unruled": Markup() if self.rules else Markup(" hidden"),
        }
        return {
            theme: everywhere | {"theme": theme} | {f"is{one}": "true" if one == theme else "false" for one in THEMES}
            for theme in THEMES
        }

    @property
    def icon(self) -> str:
        """The address of the icon of a page on which nothing is new."""
        return self._icon or assets.url("icon.svg")

    def values(self, theme: str) -> Mapping[str, str]:
        """Give what fills the blanks of pages; theme: of their reader."""
        return self._by_theme[theme]

    def _serve(self, name: str, ending: str, file: Served) -> str:
        called = f"{name}-{hashlib.sha256(file.content).hexdigest()[:12]}{ending}"
        self.files[called] = file
        return FOLDER + called


def _rendered(text: str) -> Markup:
    """Render an operator's text as messages are, a paragraph each, for a long one is no message."""
    parts = [part.strip("\n") for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    return Markup("").join(Markup("<div>{}</div>").format(to_html(part)) for part in parts)


PLAIN = Dress(Branding())
"""What pages wear where nobody says otherwise."""
