"""What people have read: noted for pages without a script, and told in the lobby and in icons."""

from __future__ import annotations

import asyncio

from quart import Blueprint, Response, abort, request

from quart_chat.pages import fragments
from quart_chat.room.entries import is_entry_id
from quart_chat.room.names import is_slug
from quart_chat.room.reading import MOST, News
from quart_chat.web.parts import Visitor, parts, visitor

blueprint = Blueprint("reading", __name__)

FOR_GOOD = "public, max-age=31536000, immutable"


@blueprint.get("/r/<name>/read.css")
async def read(name: str) -> Response:
    """Note what a page shows as read. Only browsers without scripts ask for it: others say when they are looked at."""
    who, until = visitor(request), request.args.get("until", "")
    if not is_slug(name) or not is_entry_id(until):
        abort(404)
    if who.proved:
        await parts().reads.note(name, {who.public: until})
    return Response("", mimetype="text/css")


@blueprint.get("/icon/<int:count>-<int:meant>.svg")
async def icon(count: int, meant: int) -> Response:
    """Draw the icon of a page with so much that is new."""
    if not 0 < count <= MOST or meant > count:
        abort(404)
    response = Response(fragments.icon(count, meant), mimetype="image/svg+xml")
    response.headers["Cache-Control"] = FOR_GOOD
    return response


async def visited_rooms(who: Visitor) -> list[tuple[str, str, News]]:
    """Give the rooms that somebody has been in, latest first: name, title and what is new."""
    house = parts()
    visited = await house.people.visited(who.public) if who.proved else []
    found = await asyncio.gather(*(house.reads.unread(room, who.public) for room in visited))
    return [(room, one.title, one.news) for room, one in zip(visited, found, strict=True) if one.title is not None]
