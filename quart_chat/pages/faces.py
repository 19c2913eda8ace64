"""The faces of a room: how its entries and its states are shown, once for all who look at it by the same one.

Whoever follows a room (`live/hub`) asks the face of a tab's audience and knows no more of it. What a face has no words
for it leaves out, and then nothing is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Protocol

from quart_chat.pages import aloud, fragments, frame, plain, records
from quart_chat.pages.fragments import State
from quart_chat.pages.languages import PAGE, Audience
from quart_chat.room.aloud import Line
from quart_chat.room.digest import Digest
from quart_chat.room.entries import Header, Message

FRAME, PLAIN, LINES, EVENTS = "frame", "plain", "lines", "events"

People = Sequence[tuple[str, str]]


class Face(Protocol):
    """What there is to be shown of a room; the functions of `pages/fragments` tell what they take."""

    def newest(
        self, room: str, shown: Sequence[Message], place: str, above: Header, audience: Audience, *, more: bool
    ) -> str:
        """Show the newest page, where nothing is shown yet or what is shown cannot be gone on from."""

    def replayed(self, room: str, news: Digest, place: str, audience: Audience) -> str:
        """Show what was missed."""

    def appended(self, room: str, news: Digest, place: str, audience: Audience) -> str:
        """Show what entries come to."""

    def trimmed(self, room: str, first: str, language: str) -> str:
        """Take away what is before a message."""

    def aloud(self, said: Sequence[Line], language: str) -> str:
        """Say what came to who hears the room and does not see it."""

    def connection(self, state: State, language: str, worker: str = "") -> str:
        """Show how the connection stands; it comes with each heartbeat."""

    def sent_away(self, why: str, language: str) -> str:
        """Say why nothing more comes."""

    def notice(self, text: str, language: str) -> str:
        """Say something that is true for a moment."""

    def ruled(self, room: str, language: str) -> str:
        """Tell that the room has other rules."""

    def reported(self, room: str, entry_id: str, language: str) -> str:
        """Tell that a message was reported."""

    def people(self, here: People, count: int, language: str) -> str:
        """Show who is here."""

    def crowd(self, named: int, count: int, language: str) -> str:
        """Show how many are here, where those that are named are the same."""

    def typing(self, typists: People, language: str) -> str:
        """Show who is typing."""


class _Page:
    """The page that a socket keeps up: its fragments."""

    newest = staticmethod(fragments.newest)
    replayed = staticmethod(fragments.replayed)
    appended = staticmethod(fragments.appended)
    trimmed = staticmethod(fragments.trimmed)
    aloud = staticmethod(aloud.aloud)
    connection = staticmethod(fragments.connection)
    sent_away = staticmethod(fragments.sent_away)
    notice = staticmethod(fragments.notice)
    ruled = staticmethod(fragments.ruled)
    reported = staticmethod(fragments.reported)
    people = staticmethod(fragments.people)
    crowd = staticmethod(fragments.crowd)
    typing = staticmethod(fragments.typing)


@cache
def faces() -> dict[str, Face]:
    """Give all faces by their names."""
    return {PAGE: _Page(), FRAME: frame.Frame(), PLAIN: plain.Plain(), LINES: records.Lines(), EVENTS: records.Events()}


def of(audience: Audience) -> Face:
    """Give the face that an audience sees."""
    return faces()[audience.face]
