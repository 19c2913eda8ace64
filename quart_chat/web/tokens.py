"""The tokens of somebody's programs: made and taken back on their own page."""

from __future__ import annotations

from quart import Blueprint, Response, request

from quart_chat.errors import BadName, NotYours, TooFast
from quart_chat.pages import fragments
from quart_chat.pages.programs import programs
from quart_chat.room.names import is_slug
from quart_chat.web.parts import Visitor, answer, by_htmx, parts, person_of, retry_after, visitor
from quart_chat.web.people import me_page

blueprint = Blueprint("tokens", __name__)


@blueprint.post("/me/tokens")
async def make() -> Response:
    """Make a token, and show it this once; or take one back."""
    house, who, form = parts(), visitor(request), await request.form
    person, room = await person_of(house, who), form.get("room", "")
    room = room if is_slug(room) else ""
    if taken := form.get("take"):
        await house.bearers.revoke(person, taken)
        return await _shown(who, room)
    try:
        made = await house.bearers.make(person, who.visit.address, form.get("label", ""))
    except (BadName, NotYours, TooFast) as error:
        refused = await _shown(who, room, error=fragments.refusal(who.language, error))
        refused.status_code = error.status
        return retry_after(refused, error)
    return await _shown(who, room, made=made)


async def _shown(who: Visitor, room: str, *, made: str = "", error: str = "") -> Response:
    tokens = await parts().bearers.of(who.person(None))
    part = programs(tokens, who.language, room, made=made, error=error)
    return answer(who, part) if by_htmx() else await me_page(who, room, programs=part)
