"""Themes: how light a page is and how strong its contrasts are. Each is CSS alone (static/base.css), so that what is
rendered is the same for whoever looks at it: the page says its reader's theme as it is given out.
"""

from __future__ import annotations

SYSTEM = "system"
THEMES = (SYSTEM, "light", "dark", "contrast")
"""system: as the browser says. contrast: stronger, light or dark as the browser says."""


def read_theme(said: str | None) -> str:
    """Read a choice as a cookie keeps it; what is none is the system's."""
    return said if said in THEMES else SYSTEM
