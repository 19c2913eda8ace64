"""What the composer fetches: forms ahead, a field for several lines, and the word that the connection is gone.

All but the field are pure functions of their addresses, so that a page finds them in its cache while offline.
"""

from __future__ import annotations

import re

from quart import Blueprint, Response, abort, request

from quart_chat.errors import BadFrame
from quart_chat.pages import fragments
from quart_chat.pages.languages import TAGS
from quart_chat.room.commands import NO_NONCE
from quart_chat.room.people import is_public_id
from quart_chat.room.texts import is_nonce
from quart_chat.web.parts import for_good

blueprint = Blueprint("composer", __name__)

MOST_BLOCKS = 10_000
_KEY = re.compile(r"[0-9a-f]{16}")


@blueprint.get("/compose/<language>/<key>/<int:block>")
async def composers(language: str, key: str, block: int) -> Response:
    """Give a block of forms for a page."""
    if language not in TAGS or not _KEY.fullmatch(key) or block > MOST_BLOCKS:
        abort(404)
    return for_good(fragments.composers(key, block, language), "text/html")


@blueprint.get("/compose/<language>/none")
async def no_composer(language: str) -> Response:
    """Give nothing: what takes a discarded form away."""
    return for_good("", "text/html")


@blueprint.post("/compose/<language>/lines")
async def lines(language: str) -> str:
    """Give a form's field back with room for several lines, its text in it."""
    form = await request.form
    nonce = form.get("nonce", "")
    if language not in TAGS or not is_nonce(nonce):
        raise BadFrame(NO_NONCE)
    return fragments.lines(nonce, form.get("text", ""), language)


@blueprint.get("/away/<language>")
async def away(language: str) -> Response:
    """Give the connection's state "away", which a page fetches while it can."""
    if language not in TAGS:
        abort(404)
    return for_good(fragments.connection("away", language), "text/html")


@blueprint.get("/own/<public>.css")
async def own(public: str) -> Response:
    """Give the stylesheet that marks what is somebody's own."""
    if not is_public_id(public):
        abort(404)
    return for_good(fragments.own_marks(public), "text/css")
