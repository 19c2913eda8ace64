"""A room's newest messages as an Atom feed (RFC 4287), for programs that tell people what is new.

The standard library writes it: what escapes is its, and feedgen would bring lxml for the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

from quart_chat.kept import Kept
from quart_chat.pages.languages import iso, say
from quart_chat.room.attachments import named
from quart_chat.room.entries import ACTION, PIN, TOPIC, Message
from quart_chat.room.markup import to_html, to_plain
from quart_chat.room.proofs import signed

ATOM = "http://www.w3.org/2005/Atom"
MEDIA = "application/atom+xml"
MOST = 30  # messages
TEXTS, CHARACTERS = 1000, 2_000_000  # that a worker keeps rendered

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


_texts: Kept[str, tuple[str, str]] = Kept(TEXTS, CHARACTERS)


class Feed(NamedTuple):
    """What a feed tells. origin: of the addresses in it. updated: ms since the epoch. language: of what is said there.

    messages: oldest first.
    """

    room: str
    title: str
    topic: str
    origin: str
    updated: int
    language: str
    messages: Sequence[Message]


def shown_of(messages: Sequence[Message]) -> Sequence[Message]:
    """Give of a room's newest messages those that a feed tells: what somebody said, and is there still."""
    return [one for one in messages if not one.deleted and one.kind not in (TOPIC, PIN)][-MOST:]


def atom(shown: Feed, language: str) -> bytes:
    """Write a feed; language: in which its few words are."""
    address = f"{shown.origin}/r/{shown.room}"
    feed = Element("feed", {"xmlns": ATOM} | ({"xml:lang": shown.language} if shown.language else {}))
    _say(feed, "id", address)
    _say(feed, "title", shown.title)
    if shown.topic:
        _say(feed, "subtitle", shown.topic)
    SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": address})
    SubElement(feed, "link", {"rel": "self", "type": MEDIA, "href": f"{address}/feed.atom"})
    _say(feed, "updated", iso(shown.updated))
    _say(feed, "generator", "Quart Chat")
    for message in reversed(shown.messages):
        _entry(feed, message, address, language)
    written: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _entry(feed: Element, message: Message, room: str, language: str) -> None:
    address, name = f"{room}/m/{message.id}", signed(message.name)
    said = f"{name} {message.said}" if message.kind == ACTION else message.said
    entry = SubElement(feed, "entry")
    _say(entry, "id", address)
    html, plain = _rendered(said)
    heading = plain if message.said else named(message.files)
    _say(entry, "title", heading or say(language, "A message"))
    SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": address})
    _say(entry, "published", iso(message.at))
    _say(entry, "updated", iso(message.changes.edited if message.changes and message.changes.edited else message.at))
    _say(SubElement(entry, "author"), "name", name)
    for held in message.files:
        SubElement(
            entry,
            "link",
            {
                "rel": "enclosure",
                "type": held.media or "application/octet-stream",
                "length": str(held.size),
                "title": _clean(held.name),
                "href": f"{address}/files/{held.digest}/{quote(held.name, safe='')}",
            },
        )
    _say(entry, "content", html, type="html")  # markup as a text: readers take it apart again


def _say(above: Element, name: str, text: str, **attributes: str) -> None:
    SubElement(above, name, attributes).text = _clean(text)


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)


def _rendered(said: str) -> tuple[str, str]:
    """Render what a message says, as HTML and as a heading; heavy markup takes 20 ms, and readers ask again."""
    known = _texts.get(said)
    if known is None:
        known = str(to_html(said)), to_plain(said)
        _texts.put(said, known, len(said) + len(known[0]))
    return known
