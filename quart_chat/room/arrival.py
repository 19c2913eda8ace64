"""What a page sends as it connects: where it stands, and what it wrote and has no answer to, put into order.

When a page is connected again, htmx sends what was written meanwhile, then the resume form, and then each message again
that is not acknowledged, those from before the loss too. The last one that was written closes that.
"""

from __future__ import annotations

from collections.abc import Iterable

from quart_chat.errors import BadFrame
from quart_chat.room.commands import Command, Resume, Say

MOST = 1000  # commands: as many as htmx keeps
MOST_CHARACTERS = 1_000_000  # of messages


class Arrival:
    """The first commands of a connection, gathered until the page has sent all that it still holds.

    resumed: it has said where it stands. complete: nothing is left to wait for, or there is too much of it.
    """

    def __init__(self) -> None:
        self.resumed = False
        self.complete = False
        self._before: list[Say] = []
        self._after: list[Say] = []
        self._others: list[Command | BadFrame] = []
        self._all: list[Command | BadFrame] = []
        self._characters = 0

    def take(self, commands: Iterable[Command | BadFrame]) -> None:
        """Gather some more, in the order in which they came."""
        for command in commands:
            self._all.append(command)
            if isinstance(command, Say):
                self._characters += len(command.text)
                (self._after if self.resumed else self._before).append(command)
                self.complete |= self.resumed and bool(self._before) and command.nonce == self._before[-1].nonce
            else:
                self._others.append(command)
                self.resumed |= isinstance(command, Resume)
        self.complete |= self.resumed and not self._before
        self.complete |= len(self._all) >= MOST or self._characters >= MOST_CHARACTERS

    def in_order(self) -> list[Command | BadFrame]:
        """Give all else first, then the messages as they were written, each once.

        After its resume a page sends all that it still holds, oldest first. From who sends nothing twice, or never
        resumes, all is in order as it came.
        """
        if not self.resumed:
            return self._all
        again = not set(self._before).isdisjoint(self._after)
        said = [*self._after, *self._before] if again else [*self._before, *self._after]
        return [*self._others, *dict.fromkeys(said)]
