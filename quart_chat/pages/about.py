"""The page that tells how it works and what is kept, of this very server."""

from __future__ import annotations

from typing import NamedTuple

from quart_chat.pages import templates


class Kept(NamedTuple):
    """What a server keeps. room_days: 0 for ever; megabytes: of files in a room; 0: any number, None: no files."""

    messages: int
    room_days: int
    edits: bool
    megabytes: int | None


def page(kept: Kept, language: str, room: str, *, ruled: bool) -> str:
    """Render it; room: where it leads back to, "" for none; ruled: the operator has rules of the house."""
    return templates.page("about.html", language, kept=kept, room=room, ruled=ruled)
