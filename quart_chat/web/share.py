"""How a room is shared: in its side panel, and as a page of its own."""

from __future__ import annotations

from quart import Blueprint, Response, request

from quart_chat.pages import share
from quart_chat.pages.share import Share
from quart_chat.web.parts import answer, by_htmx, moved, standing, title_of, true_name, visitor

blueprint = Blueprint("share", __name__, url_prefix="/r")


@blueprint.get("/<name>/share")
async def sheet(name: str) -> Response:
    """Show a room's link as a QR code, and what else brings people there."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/share")
    who = visitor(request)
    shared = Share(name, await title_of(name), f"{who.visit.origin}/r/{name}", standing())
    return answer(who, share.part(shared, who.language) if by_htmx() else share.page(shared, who.language))
