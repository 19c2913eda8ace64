"""A room's feed, at an address of its own; gated as its history is."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from quart import Blueprint, Response, request
from werkzeug.http import http_date

from quart_chat.errors import NoMessage
from quart_chat.pages.feeds import MEDIA, Feed, atom, shown_of
from quart_chat.room.entries import order
from quart_chat.web.order import NO_ROOM
from quart_chat.web.parts import moved, parts, standing, true_name, visitor

SETTLED = 2000  # ms after which no change falls into the same second as the last: dates of HTTP tell no more

blueprint = Blueprint("feeds", __name__, url_prefix="/r")


@blueprint.get("/<name>/feed.atom")
async def feed(name: str) -> Response:
    """Give a room's newest messages as a feed, or say that nothing changed since it was last given."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/feed.atom")
    house, who, rules = parts(), visitor(request), standing().rules
    newest = await house.log.newest(name)
    if newest.title is None:
        raise NoMessage(NO_ROOM)
    messages = shown_of(newest.page.messages)
    changed = order(newest.place)[0]  # each change is an entry, whose id is its time
    told = (newest.place, newest.title, rules.language, who.visit.origin, who.language, *(one.id for one in messages))
    tag = hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    if not rules.keep and house.clock() - changed > SETTLED:  # what goes by age is told by no entry
        headers["Last-Modified"] = http_date(changed // 1000)
    if _has(tag, headers.get("Last-Modified"), changed):
        return Response("", 304, headers)
    shown = Feed(name, newest.title, newest.header.topic, who.visit.origin, changed, rules.language, messages)
    return Response(atom(shown, who.language), headers={**headers, "Content-Type": f"{MEDIA}; charset=utf-8"})


def _has(tag: str, dated: str | None, changed: int) -> bool:
    """Tell whether whoever asks has what would be given (RFC 9110, section 13.2.2: a tag goes before a date)."""
    if request.headers.get("If-None-Match") is not None:
        return request.if_none_match.contains_weak(tag)
    since = request.if_modified_since
    return dated is not None and since is not None and since >= datetime.fromtimestamp(changed // 1000, UTC)
