"""What befell visitors, for the report of a failure: as little of it as tells the story."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterable
from typing import NamedTuple

KEPT = 5000  # events of one visitor
MOST = 60  # lines of a report


class Event(NamedTuple):
    """at: of the monotonic clock. about: texts of the messages that it concerns; without any it is the page's own."""

    at: float
    who: str
    what: str
    about: tuple[str, ...] = ()

    def __str__(self) -> str:
        about = f" {', '.join(text[:20] for text in self.about[:3])}" if self.about else ""
        return f"{self.at:.2f} {self.who} {self.what}{about}{' …' if len(self.about) > 3 else ''}"


class History:
    """The events of one visitor, or of a test that breaks things; who: its name."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.events: deque[Event] = deque(maxlen=KEPT)

    def note(self, what: str, *about: str) -> None:
        self.events.append(Event(time.monotonic(), self.who, what, about))

    def last(self, count: int = MOST) -> str:
        """Tell the last events, one a line."""
        return _told(list(self.events)[-count:])


def shortest(histories: Iterable[History], about: Collection[str], of_all: Iterable[History] = ()) -> str:
    """Tell of some messages alone, and of what befell everybody who had to do with them meanwhile.

    of_all: of what befell everybody.
    """
    of_all = list(of_all)
    histories = [*of_all, *histories]
    texts = set(about)
    story = [event for one in histories for event in one.events if not texts.isdisjoint(event.about)]
    if not story:
        return ""
    first, last = min(event.at for event in story), max(event.at for event in story)
    involved = {event.who for event in story} | {one.who for one in of_all}
    story += [
        event
        for one in histories
        for event in one.events
        if not event.about and event.who in involved and first - 1 <= event.at <= last + 1
    ]
    story.sort()
    if len(story) > MOST:
        story = [*story[: MOST // 2], *story[-MOST // 2 :]]
    return _told(story)


def _told(events: Iterable[Event]) -> str:
    return "\n".join(f"  {event}" for event in events)
