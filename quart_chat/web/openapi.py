"""The API's description at an address of its own."""

from __future__ import annotations

import json

from quart import Blueprint, Response, current_app

from quart_chat.web.api_schema import describe

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/api/openapi.json")
async def openapi() -> Response:
    """Describe the API (OpenAPI 3.1); made once."""
    body = current_app.extensions.get(__name__)
    if body is None:
        described = describe(current_app._get_current_object())  # type: ignore[attr-defined]
        body = current_app.extensions[__name__] = json.dumps(described, ensure_ascii=False, sort_keys=False)
    return Response(body, headers={"Cache-Control": "no-cache"}, mimetype="application/json")
