"""Where templates/ and static/ are: inside the package when it is installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from quart_chat.errors import SettingsError

PACKAGE = Path(__file__).resolve().parent


def folder(name: str, package: Path = PACKAGE) -> Path:
    """Find a folder that belongs to the package.

    name: `templates` or `static`.
    package: folder of the package's modules.

    Raises:
        SettingsError: it is neither in the package nor beside it; its text names both places.
    """
    places = (package / name, package.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise SettingsError(
        f"{name}/ is missing: neither {places[0]} nor {places[1]} is a folder; install quart-chat again"
    )
