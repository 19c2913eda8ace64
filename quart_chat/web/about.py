"""How it works, and what is kept."""

from __future__ import annotations

from quart import Blueprint, Response, request

from quart_chat.pages import about
from quart_chat.web.parts import dressed, parts, visitor
from quart_chat.web.people import room_of

blueprint = Blueprint("about", __name__)


@blueprint.get("/about")
async def about_page() -> Response:
    """Tell how it works; who only reads that gets no cookie."""
    who, house = visitor(request), parts()
    chosen = house.settings
    kept = about.Kept(
        chosen.messages_per_room,
        chosen.room_days,
        chosen.keep_edits,
        chosen.files_per_room_megabytes if chosen.files else None,
    )
    room = room_of(request.args.get("room")) or ""
    return Response(dressed(who, about.page(kept, who.language, room, ruled=bool(house.dress.rules))))
