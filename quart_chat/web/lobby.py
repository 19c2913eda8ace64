"""The lobby: name a room, or go back to one."""

from __future__ import annotations

import asyncio

from quart import Blueprint, Response, request

from quart_chat.errors import BadName, StoreAway, TooFast
from quart_chat.pages import fragments
from quart_chat.room.limits import TOO_MUCH
from quart_chat.room.names import slug_of, surprise_title
from quart_chat.store.directory import Listed
from quart_chat.web.parts import Visitor, answer, by_htmx, parts, person_of, retry_after, see_other, visitor
from quart_chat.web.reading import visited_rooms

blueprint = Blueprint("lobby", __name__)

TRIES = 5  # surprises before one is taken that may be in use: there are 400,000


@blueprint.get("/")
async def lobby() -> Response:
    """Show the lobby."""
    return await _page(visitor(request))


@blueprint.get("/rooms")
async def rooms() -> Response:
    """Give the rooms that somebody has been in, with what is new in them, for a lobby that is open."""
    who = visitor(request)
    if not by_htmx():
        return see_other(who, "/")
    visited, wait = await visited_rooms(who)
    if wait:
        raise TooFast(TOO_MUCH, wait)
    html, mark = fragments.rooms(visited, who.language, parts().dress)
    return Response("", 204) if request.args.get("shown") == mark else Response(html)


@blueprint.post("/rooms")
async def open_room() -> Response:
    """Open a room, and lead there."""
    house, who = parts(), visitor(request)
    form = await request.form
    typed = form.get("title", "")
    title = await _surprise() if form.get("surprise") else typed
    try:
        room = await house.sayer.open(title, await person_of(house, who), who.visit.address)
    except (BadName, TooFast) as error:
        return retry_after(await _page(who, typed, fragments.refusal(who.language, error), error.status), error)
    return see_other(who, f"/r/{room}")


async def _surprise() -> str:
    for _ in range(TRIES):
        title = surprise_title()
        if not await parts().log.exists(slug_of(title)):
            break
    return title


async def _page(who: Visitor, typed: str = "", error: str = "", status: int = 200) -> Response:
    house = parts()
    person = await person_of(house, who)
    (visited, _), listed = await asyncio.gather(visited_rooms(who), _listed())
    html = fragments.lobby(visited, listed, person, who.language, typed=typed, error=error)
    return answer(who, html, status)


async def _listed() -> list[Listed]:
    """Give the rooms that are shown to everybody; none while the store is away: who is new here can read the page."""
    try:
        return await parts().directory.read()
    except StoreAway:
        return []
