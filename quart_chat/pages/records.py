"""A room's faces for programs: JSON Lines, a record a line, and the same as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from quart_chat.pages.fragments import State
from quart_chat.pages.languages import Audience
from quart_chat.room.aloud import Line
from quart_chat.room.digest import Digest
from quart_chat.room.entries import Header, Message
from quart_chat.room.json_entries import change_json, header_json, message_json, people_json, person_json

Record = dict[str, Any]
RETRY = 2000  # ms after which an EventSource that lost its connection asks again


class Records:
    """What both write; `_written` says how. A record's type says what it is; docs/api.md lists them."""

    def _written(self, record: Record) -> str:
        raise NotImplementedError

    def newest(
        self, room: str, shown: Sequence[Message], place: str, above: Header, audience: Audience, *, more: bool
    ) -> str:
        """Write the newest page. "page" comes first: what was told before may not lead up to it."""
        page = {"type": "page", "more": more}
        return self._all([page, header_json(above), *(message_json(one, room) for one in shown)], shown, place)

    def replayed(self, room: str, news: Digest, place: str, audience: Audience) -> str:
        """Write what came since."""
        return self.appended(room, news, place, audience)

    def appended(self, room: str, news: Digest, place: str, audience: Audience) -> str:
        """Write what entries come to."""
        return self._all(_records(room, news), news.messages if not news.changes else (), place)

    def _all(self, records: Sequence[Record] | Iterator[Record], shown: Sequence[Message], place: str) -> str:
        """Write records, and where the room is then, unless the last message tells."""
        told = "".join(map(self._written, records))
        return told if shown and shown[-1].id == place else told + self._written({"type": "place", "id": place})

    def trimmed(self, room: str, first: str, language: str) -> str:
        """Nothing is taken away."""
        return ""

    def aloud(self, said: Sequence[Line], language: str) -> str:
        """Nothing: what came has been told."""
        return ""

    def connection(self, state: State, language: str, worker: str = "") -> str:
        """Write how the connection stands, with each heartbeat."""
        return self._written({"type": "connection", "state": state})

    def sent_away(self, why: str, language: str) -> str:
        """Write why nothing more comes."""
        return self._written({"type": "ended", "why": why})

    def notice(self, text: str, language: str) -> str:
        """Write what is true for a moment."""
        return self._written({"type": "notice", "text": text})

    def ruled(self, room: str, language: str) -> str:
        """Write that there are other rules."""
        return self._written({"type": "rules"})

    def reported(self, room: str, entry_id: str, language: str) -> str:
        """Write that a message was reported."""
        return self._written({"type": "report", "of": entry_id})

    def people(self, here: Sequence[tuple[str, str]], count: int, language: str) -> str:
        """Write who is here."""
        return self._written(people_json(here, count))

    def crowd(self, named: int, count: int, language: str) -> str:
        """Write how many are here; the list that was told is still the same."""
        return self._written({"type": "people", "count": count})

    def typing(self, typists: Sequence[tuple[str, str]], language: str) -> str:
        """Write who is typing."""
        return self._written({"type": "typing", "people": [person_json(*one) for one in typists]})


def _records(room: str, news: Digest) -> Iterator[Record]:
    if news.header is not None:
        yield header_json(news.header)
    for message in news.messages:
        yield message_json(message, room)
    for change in news.changes:
        yield change_json(change)


class Lines(Records):
    """JSON Lines: the face of `pages/faces.LINES`."""

    def _written(self, record: Record) -> str:
        return _json(record) + "\n"


class Events(Records):
    """Server-sent events: the face of `pages/faces.EVENTS`. An event's id is a place, to be asked from again."""

    def _written(self, record: Record) -> str:
        """Write an event; a place alone only moves the id (HTML, section 9.2.6), and the heartbeat is a comment."""
        if record["type"] == "connection":
            return ":\n\n" if record["state"] == "live" else f"event: connection\ndata: {_json(record)}\n\n"
        if record["type"] == "place":
            return f"id: {record['id']}\n\n"
        place = f"id: {record['id']}\n" if record["type"] == "message" else ""
        return f"event: {record['type']}\n{place}data: {_json(record)}\n\n"


def _json(record: Record) -> str:
    # a line is a record for whoever splits at any of Unicode's line ends, too
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\x85", "\\u0085").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
