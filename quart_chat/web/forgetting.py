"""Forget me: what is kept of somebody is deleted, and, if they want, all that they wrote."""

from __future__ import annotations

from quart import Blueprint, Response, request

from quart_chat.errors import BadFrame
from quart_chat.pages import fragments
from quart_chat.web.parts import dressed, parts, person_of, visitor

blueprint = Blueprint("forgetting", __name__)


@blueprint.post("/me/forget")
async def forget() -> Response:
    """Forget who asks; the page that says so sets no cookie."""
    house, who, form = parts(), visitor(request), await request.form
    if form.get("sure") != "1":
        raise BadFrame("Say that you are sure: it cannot be undone.")
    wrote = form.get("wrote") == "1"
    if who.proved:
        await house.eraser.forget(await person_of(house, who), who.visit.address, wrote=wrote)
    response = Response(dressed(who, fragments.forgotten(who.language, wrote=wrote)), mimetype="text/html")
    house.identities.clear(response, who.visit.secure)
    return response
