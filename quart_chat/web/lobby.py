"""The lobby: name a room, go back to one, or find one that is open to everybody."""

from __future__ import annotations

import asyncio

from quart import Blueprint, Response, request

from quart_chat.errors import BadFrame, BadName, StoreAway, TooFast
from quart_chat.pages import fragments
from quart_chat.pages import lobby as lobby_page
from quart_chat.pages.lobby import Rooms
from quart_chat.room.limits import TOO_MUCH
from quart_chat.room.lobby import Listed, Visited
from quart_chat.room.names import is_slug, slug_of, surprise_title
from quart_chat.web.packing import is_unprompted, pack
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
    """Give the lists of rooms, for a lobby that is open: as they stand, or those that fit what is typed."""
    who, sought = visitor(request), request.args.get("q", "")
    if not by_htmx():
        return see_other(who, "/")
    (visited, wait), listed = await asyncio.gather(visited_rooms(who), parts().directory.read())
    if wait and not sought:  # who types gets what fits all the same, without numbers
        raise TooFast(TOO_MUCH, wait)
    html, mark = lobby_page.part(_rooms(who, visited, listed, sought), parts().dress)
    return Response("", 204) if request.args.get("shown") == mark else Response(html)


@blueprint.post("/rooms/off")
async def take_off() -> Response:
    """Take a room off somebody's own list; its link leads back there, and puts it on the list again."""
    house, who = parts(), visitor(request)
    form = await request.form
    room, sought = form.get("room", ""), form.get("q", "")
    if not is_slug(room):
        raise BadFrame("That is no room’s name.")
    been = await visited_rooms(who)
    left = next(((one.name, one.title) for one in been[0] if one.name == room), None)
    if who.proved:
        await house.people.leave(who.public, room)
    if not by_htmx():
        return await _page(who, left=left)
    visited = [one for one in been[0] if one.name != room]
    return answer(who, lobby_page.part(_rooms(who, visited, await _listed(), sought, left=left), parts().dress)[0])


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


async def _page(
    who: Visitor, typed: str = "", error: str = "", status: int = 200, *, left: tuple[str, str] | None = None
) -> Response:
    house = parts()
    person = await person_of(house, who)
    (visited, _), listed = await asyncio.gather(visited_rooms(who), _listed())
    shown = _rooms(who, visited, listed, request.args.get("q", ""), left=left)
    response = answer(who, lobby_page.page(shown, person, typed=typed, error=error), status)
    if typed or error or shown.sought or left or not is_unprompted(secure=who.visit.secure):
        return response
    return pack(response, await response.get_data(as_text=False))


def _rooms(
    who: Visitor,
    visited: list[Visited],
    listed: list[Listed],
    sought: str = "",
    *,
    left: tuple[str, str] | None = None,
) -> Rooms:
    return Rooms(visited, listed, who.public, who.audience, parts().clock(), sought.strip(), left)


async def _listed() -> list[Listed]:
    """Give the rooms that are shown to everybody; none while the store is away: who is new here can read the page."""
    try:
        return await parts().directory.read()
    except StoreAway:
        return []
