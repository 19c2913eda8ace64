"""What looks for messages in a room, for whoever may."""

from __future__ import annotations

from datetime import tzinfo
from typing import NamedTuple

from quart_chat import metrics
from quart_chat.errors import TooFast
from quart_chat.room.limits import SEARCHES, SEARCHES_OF_ADDRESS
from quart_chat.room.search import NOTHING, Found, Query, read
from quart_chat.store.limits import Limits
from quart_chat.store.searching import Searching

PAGE = 20  # messages that are shown at once
SECONDS = 0.25  # that are spent on looking for them: 20,000 messages, or all that the worker knows already


class Answer(NamedTuple):
    """What came of a search. query: what was looked for; found: None where that was nothing."""

    query: Query
    found: Found | None


class Searcher:
    """Understands what somebody types, checks it against the limits, and looks for it."""

    def __init__(self, searching: Searching, limits: Limits) -> None:
        self._searching = searching
        self._limits = limits

    async def search(
        self, room: str, person: str, address: str, typed: str, *, zone: tzinfo, before: str | None
    ) -> Answer:
        """Look for messages in a room.

        person: public id. typed: as `room.search.read` takes it; zone: in which they mean days. before: the id of the
        message before which to look on; None: from the newest.

        Raises:
            BadSearch: it cannot be understood. TooFast: a limit was reached. StoreAway: no answer.
        """
        query = read(typed, zone)
        if query == NOTHING:
            return Answer(query, None)
        wait = await self._limits.take_from_both("searches", person, address, SEARCHES, SEARCHES_OF_ADDRESS)
        if wait:
            raise TooFast("Those were many searches in a minute. Try again in a moment.", wait)
        with metrics.SEARCH.time():
            return Answer(query, await self._searching.find(room, query, before, PAGE, SECONDS))
