"""Static files by addresses that change with their content, so that browsers may keep them for good."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from quart_chat.files import folder


@cache
def versions() -> dict[str, str]:
    """Give the first hex digits of each static file's SHA-256, by its path below static/."""
    top = folder("static")
    files = (path for path in top.rglob("*") if path.is_file())
    return {path.relative_to(top).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in files}


@cache
def version_of_pages() -> str:
    """Give hex digits that change with any template or catalogue: for fragments that are cached for good."""
    total = hashlib.sha256()
    for path in sorted([*folder("templates").iterdir(), *Path(__file__).parent.rglob("*.po")]):
        total.update(path.read_bytes())
    return total.hexdigest()[:12]


@cache
def text(name: str) -> str:
    """Give a static file's text, for what is saved and finds no other file."""
    return folder("static").joinpath(name).read_text("utf-8")


@cache
def url(name: str) -> str:
    """Give a static file's address."""
    return f"/static/{name}?v={versions()[name]}"
