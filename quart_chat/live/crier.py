"""What a room's pages say to who hears them: at once in a quiet room, and calmly in a busy one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from quart_chat.room.aloud import Line, lines
from quart_chat.room.digest import Digest, overlaid
from quart_chat.room.entries import Message

PAUSE = 5.0  # seconds, at least, between two announcements: what comes meanwhile is summed up by the next
MOST = 100  # messages that are looked at for it; of more it is said how many there are


class Crier:
    """Decides when a room's pages announce what came. say: sends every page what it is given."""

    def __init__(self, say: Callable[[Sequence[Line]], None]) -> None:
        self._say = say
        self._unsaid: deque[Message] = deque(maxlen=MOST)
        self._number = 0
        self._pause: asyncio.TimerHandle | None = None

    def take(self, news: Digest) -> Sequence[Line]:
        """Note what is being broadcast; give what goes out with it, () where it waits for the next.

        What befalls a message before it was announced counts: nothing is read out that is deleted already.
        """
        if news.changes and self._unsaid:
            states = {change.of: change.changes for change in news.changes}
            self._unsaid = deque((overlaid(message, states) for message in self._unsaid), MOST)
        if not news.messages:
            return ()
        self._unsaid.extend(news.messages)
        self._number += len(news.messages)
        return () if self._pause is not None else self._sum_up()

    def end(self) -> None:
        """Say no more."""
        if self._pause is not None:
            self._pause.cancel()

    def _sum_up(self) -> Sequence[Line]:
        self._pause = asyncio.get_running_loop().call_later(PAUSE, self._go_on)
        said = lines(self._unsaid, self._number)
        self._unsaid.clear()
        self._number = 0
        return said

    def _go_on(self) -> None:
        self._pause = None
        if self._number and (said := self._sum_up()):
            self._say(said)
