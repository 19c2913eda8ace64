"""What was found in a room: as a part of a page, and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup

from quart_chat.pages import ids, languages, rows, templates
from quart_chat.pages.fragments import partial
from quart_chat.pages.languages import Audience
from quart_chat.room.search import Found, Query


class Looked(NamedTuple):
    """What somebody looked for, and where. before: the id of the message before which; None: all of the room."""

    room: str
    typed: str
    before: str | None
    audience: Audience

    def address(self, before: str | None = None) -> str:
        """Give the address of a search for the same; before: further on from there."""
        fields = {"q": self.typed, "before": before} if before else {"q": self.typed}
        return f"/r/{self.room}/search?{urlencode(fields)}"


def hits(looked: Looked, query: Query, found: Found) -> Iterator[Markup]:
    """Render what was found, one by one: long ones take some ms each."""
    view = rows.View(looked.room, looked.audience)
    shown = frozenset(hit.message.id for hit in found.hits)
    return (rows.found(hit, query, view, shown) for hit in found.hits)


def part(looked: Looked, found: Found | None, shown: Sequence[Markup]) -> Markup:
    """Render what was found, and how much that is, for a page that is there already; shown: as `hits` made it."""
    return _results(looked, found, shown, part=True) + _counted(_count(looked, found))


def told(why: str, room: str = "", again: float = 0.0) -> Markup:
    """Say why nothing was looked for; again: seconds after which that room is searched by itself; 0.0: never."""
    said = _macro(languages.DEFAULT, "refused", why, room, round(again * 1000))
    return _counted(said)


def page(
    looked: Looked, found: Found | None, shown: Sequence[Markup], *, title: str, public: str, error: str = ""
) -> str:
    """Render the page of a search.

    shown: as `hits` made it. title: of the room; public: the reader's public id; error: why there is nothing.
    """
    return templates.page(
        "search.html",
        looked.audience.language,
        gate=templates.new_gate(),
        looked=looked,
        title=title,
        own=public,
        count=_count(looked, found),
        results=_results(looked, found, shown),
        error=error,
    )


def _results(looked: Looked, found: Found | None, shown: Sequence[Markup], *, part: bool = False) -> Markup:
    if found is None:
        return Markup()
    back = None if found.back is None else languages.day(found.back, looked.audience)
    further = None if found.rest is None else looked.address(found.rest)
    return _macro(looked.audience.language, "results", shown, looked, back, further, part)


def _count(looked: Looked, found: Found | None) -> Markup:
    """Say how much was found; nothing where nothing was looked for."""
    if found is None:
        return Markup()
    return _macro(looked.audience.language, "count", len(found.hits), looked.before, found.rest)


def _counted(said: Markup) -> Markup:
    return partial(f"#{ids.FOUND_COUNT}", "innerHTML", said)


def _macro(language: str, name: str, *values: object) -> Markup:
    return templates.fragment(language, "_search.html", name, *values)
