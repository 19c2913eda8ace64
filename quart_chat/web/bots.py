"""The bots of a room: let in and sent away on its page of rules."""

from __future__ import annotations

from quart import Blueprint, Response, request

from quart_chat.errors import BadFrame
from quart_chat.web.order import UNKNOWN, rules_page_of
from quart_chat.web.parts import moved, parts, person_of, see_other, true_name, visitor

blueprint = Blueprint("bots", __name__, url_prefix="/r")

RIGHTS = {"read": False, "write": True}  # whether it writes


@blueprint.post("/<name>/bots")
async def change(name: str) -> Response:
    """Let a bot in, and show its token this once; or send one away."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/bots")
    house, who, form = parts(), visitor(request), await request.form
    person = await person_of(house, who)
    if taken := form.get("take"):
        await house.bots.send_away(name, person, taken)
        return see_other(who, f"/r/{name}/order")
    writes = RIGHTS.get(form.get("rights", ""))
    if writes is None:
        raise BadFrame(UNKNOWN)
    token = await house.bots.let_in(name, person, form.get("name", ""), writes=writes)
    return await rules_page_of(who, name, token=token)
