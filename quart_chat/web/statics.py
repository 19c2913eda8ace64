"""What is below /static/: files of the house, by their name and, for good, by what they hold."""

from __future__ import annotations

import asyncio

from quart import Blueprint, Response, abort, request

from quart_chat.web.packing import taken
from quart_chat.web.parts import FOR_GOOD, parts

blueprint = Blueprint("statics", __name__, url_prefix="/static")


@blueprint.get("/<path:filename>")
async def file(filename: str) -> Response:
    """Give a file, compressed as its reader takes it."""
    found = parts().assets.find(filename)
    if found is None:
        abort(404)
    asset, encoding = found.asset, taken()
    if not asset.is_ready(encoding):  # a worker that has just begun
        await asyncio.to_thread(asset.encoded, encoding)
    body = asset.encoded(encoding)
    if body is asset.body:
        encoding = ""
    response = Response(body, mimetype=asset.mimetype)
    response.headers["Cache-Control"] = f"public, {FOR_GOOD}" if found.for_good else "no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.set_etag(f"{asset.digest}-{encoding}" if encoding else asset.digest)
    return await response.make_conditional(request)
