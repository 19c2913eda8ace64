"""The lobby's rooms, one's own and those that are shown to everybody: in which order, and which fit what is typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from quart_chat.room.entries import order
from quart_chat.room.folding import fold
from quart_chat.room.reading import NO_NEWS, Line, News
from quart_chat.room.search import Term


class Visited(NamedTuple):
    """A room that somebody has been in.

    name: in addresses. news: what is new to them. line: the last that was said; None for nothing that may be shown.
    at: when it was, or where there is none when they were there last; ms since the epoch.
    """

    name: str
    title: str
    news: News = NO_NEWS
    line: Line | None = None
    at: int = 0


class Listed(NamedTuple):
    """A room as the lobby shows it to everybody.

    name: in addresses; topic: "" for none; people: how many are here; last: its newest entry's id.
    """

    name: str
    title: str
    topic: str
    people: int
    last: str

    @property
    def at(self) -> int:
        """When something happened there last, ms since the epoch; 0: nothing did, or it is not told."""
        return order(self.last)[0]


def by_activity(visited: Iterable[Visited]) -> list[Visited]:
    """Sort somebody's rooms, the one in which something was said last first."""
    return sorted(visited, key=lambda one: one.at, reverse=True)


def visited_that_fit(visited: Iterable[Visited], wanted: tuple[Term, ...]) -> list[Visited]:
    """Give the rooms whose title or address has all words; wanted: as `room.search.words` read them."""
    return [one for one in visited if _fits(wanted, one.title, one.name)]


def listed_that_fit(listed: Iterable[Listed], wanted: tuple[Term, ...]) -> list[Listed]:
    """Give the rooms whose title, topic or address has all words."""
    return [one for one in listed if _fits(wanted, one.title, one.topic, one.name)]


def _fits(wanted: tuple[Term, ...], *texts: str) -> bool:
    if not wanted:
        return True
    folded = fold(" \n ".join(texts))
    return all(term.is_in(folded) for term in wanted)
