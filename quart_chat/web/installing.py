"""What makes the chat a program of its own on a phone. There is no service worker: that would be a script of ours."""

from __future__ import annotations

from quart import Blueprint, Response

from quart_chat.pages.manifest import manifest
from quart_chat.web.parts import parts

blueprint = Blueprint("installing", __name__)


@blueprint.get("/manifest.webmanifest")
async def describe() -> Response:
    """Give the manifest."""
    response = Response(manifest(parts().assets, parts().dress.name), mimetype="application/manifest+json")
    response.headers["Cache-Control"] = "no-cache"
    return response
