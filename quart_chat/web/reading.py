"""What people have read: noted for pages without a script, and told in the lobby and in icons."""

from __future__ import annotations

import asyncio

from quart import Blueprint, Response, abort, request

from quart_chat.pages import fragments
from quart_chat.room.entries import is_entry_id
from quart_chat.room.limits import COUNTS, COUNTS_OF_ADDRESS
from quart_chat.room.lobby import Visited, by_activity
from quart_chat.room.names import is_slug
from quart_chat.room.reading import MOST, has_gone
from quart_chat.web.parts import Visitor, for_good, parts, visitor

blueprint = Blueprint("reading", __name__)


@blueprint.get("/r/<name>/read.css")
async def read(name: str) -> Response:
    """Note what a page shows as read. Only browsers without scripts ask for it: others say when they are looked at."""
    who, until = visitor(request), request.args.get("until", "")
    # a link to it, which anybody may write, is no page that was shown
    if not is_slug(name) or not is_entry_id(until) or request.headers.get("Sec-Fetch-Dest", "style") != "style":
        abort(404)
    if who.proved:
        await parts().reads.note(name, {who.public: until})
    return Response("", mimetype="text/css")


@blueprint.get("/icon/<int:count>-<int:meant>.svg")
async def icon(count: int, meant: int) -> Response:
    """Draw the icon of a page with so much that is new."""
    if not 0 < count <= MOST or meant > count:
        abort(404)
    return for_good(fragments.icon(count, meant), "image/svg+xml", "public")


async def visited_rooms(who: Visitor) -> tuple[list[Visited], float]:
    """Give the rooms that somebody has been in and may be in, the one in which something was said last first.

    Where they ask too often nothing is counted or told of them; then also the seconds to wait, else 0.0.
    """
    house = parts()
    been = await house.people.visits(who.public) if who.proved else []
    if not been:
        return [], 0.0
    wait = await house.limits.take_from_both("counts", who.public, who.visit.address, COUNTS, COUNTS_OF_ADDRESS)
    stand = await asyncio.gather(*(house.rules.standing(room, who.public, who.visit.address) for room, _ in been))
    visits = [(*visit, one.rules.keep) for visit, one in zip(been, stand, strict=True) if one.inside]
    if wait:
        titles = await house.log.titles([room for room, *_ in visits])
        return [Visited(room, titles[room], at=at) for room, at, _ in visits if room in titles], wait
    found = await asyncio.gather(*(house.reads.unread(room, who.public) for room, *_ in visits))
    now, visited = house.clock(), []
    for (room, at, keep), one in zip(visits, found, strict=True):
        if one.title is not None:
            line = None if one.line is None or has_gone(one.line, keep, now) else one.line
            visited.append(Visited(room, one.title, one.news, line, at if line is None else line.at))
    return by_activity(visited), 0.0
