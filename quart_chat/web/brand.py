"""What makes the server its operator's own, and a page its reader's: files of the operator, themes, and faces."""

from __future__ import annotations

from quart import Blueprint, Response, abort, request

from quart_chat.errors import BadFrame
from quart_chat.pages import portraits
from quart_chat.pages.themes import THEMES
from quart_chat.room.people import is_public_id
from quart_chat.web.identity import THEME
from quart_chat.web.parts import for_good, parts, see_other, visitor
from quart_chat.web.people import keep, room_of

blueprint = Blueprint("brand", __name__)


@blueprint.get("/brand/<filename>")
async def file(filename: str) -> Response:
    """Give a file of the operator's: the style or the logo."""
    found = parts().dress.files.get(filename)
    if found is None:
        abort(404)
    return for_good(found.content, found.mimetype, "public")


@blueprint.post("/theme")
async def theme() -> Response:
    """Remember a theme, and lead back."""
    who, form = visitor(request), await request.form
    chosen, room = form.get("theme", ""), room_of(form.get("room"))
    if chosen not in THEMES:
        raise BadFrame("There is no such theme.")
    response = see_other(who, f"/r/{room}" if room else "/")
    keep(response, who, THEME, chosen)
    return response


@blueprint.get("/face/<public>.svg")
async def face(public: str) -> Response:
    """Draw somebody's face."""
    if not is_public_id(public):
        abort(404)
    return for_good(portraits.draw(public), "image/svg+xml", "public")
