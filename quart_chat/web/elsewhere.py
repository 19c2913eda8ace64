"""Carry on elsewhere: a link, and a QR code of it, that makes another browser who one is here, once."""

from __future__ import annotations

from quart import Blueprint, Response, request

from quart_chat.errors import NoMessage
from quart_chat.pages import fragments
from quart_chat.pages.codes import qr
from quart_chat.room.handover import is_token, new_token
from quart_chat.room.limits import (
    HANDOVERS,
    HANDOVERS_OF_ADDRESS,
    TOKENS,
    TOKENS_OF_ADDRESS,
    Limit,
)
from quart_chat.room.names import is_slug
from quart_chat.room.people import Person, default_name, public_id
from quart_chat.web.parts import Visitor, answer, by_htmx, dressed, parts, person_of, see_other, visitor
from quart_chat.web.people import me_page

USED_UP = "This link was used already, or it is older than five minutes. Make a new one."

blueprint = Blueprint("elsewhere", __name__)


@blueprint.post("/me/elsewhere")
async def offer() -> Response:
    """Make a link that carries somebody's identity to another browser."""
    house, who = parts(), visitor(request)
    room = (await request.form).get("room", "")
    await _allow("handovers", who, HANDOVERS, HANDOVERS_OF_ADDRESS)
    token = new_token()
    await house.handovers.offer(token, who.identity)
    link = f"{who.visit.origin}/carry/{token}" + (f"?room={room}" if is_slug(room) else "")
    offered = fragments.elsewhere(room, who.language, link, qr(link))
    return answer(who, offered) if by_htmx() else await me_page(who, room, elsewhere=offered)


@blueprint.get("/carry/<token>")
async def carry(token: str) -> Response:
    """Ask whether this browser is to become somebody; asking changes nothing, for previews of links ask too."""
    house, who = parts(), visitor(request)
    identity = await house.handovers.look(token) if await _may_try(who, token) else None
    if identity is None:
        raise NoMessage(USED_UP)
    name = await house.people.name(public_id(identity))
    now, room = await person_of(house, who) if who.proved else None, _room()
    same = identity == who.identity
    becomes = Person(identity, name or default_name(identity))
    return Response(dressed(who, fragments.carry(token, becomes, now, who.language, room, same=same)))


@blueprint.post("/carry/<token>")
async def become(token: str) -> Response:
    """Make this browser somebody; the link is used up."""
    house, who = parts(), visitor(request)
    identity = await house.handovers.take(token) if await _may_try(who, token) else None
    if identity is None:
        raise NoMessage(USED_UP)
    response = see_other(who, f"/r/{room}" if (room := _room()) else "/")
    del response.headers["Set-Cookie"]
    house.identities.write(response, identity, who.visit.secure)
    return response


def _room() -> str:
    room = request.args.get("room", "")
    return room if is_slug(room) else ""


async def _may_try(who: Visitor, token: str) -> bool:
    """Count an attempt; False where it cannot be a token.

    Raises:
        TooFast: those were too many.
    """
    await _allow("tokens", who, TOKENS, TOKENS_OF_ADDRESS)
    return is_token(token)


async def _allow(kind: str, who: Visitor, most: Limit, of_address: Limit) -> None:
    await parts().limits.demand_from_both(kind, who.public, who.visit.address, most, of_address)
