"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from quart import Blueprint, Response, jsonify

from quart_chat.errors import StoreAway
from quart_chat.store.status import ready
from quart_chat.web.parts import parts

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
async def healthz() -> Response:
    """Say that the process answers."""
    return jsonify(status="ok", worker=parts().hub.worker)


@blueprint.get("/readyz")
async def readyz() -> tuple[Response, int]:
    """Say whether messages can be taken: the store answers, and this worker hears it."""
    house = parts()
    reason = house.hub.away
    if reason is None:
        try:
            await ready(house.pipeline)
        except StoreAway as error:
            reason = str(error)
    if reason is not None:
        return jsonify(status="unavailable", reason=reason, worker=house.hub.worker), 503
    return jsonify(status="ok", worker=house.hub.worker), 200
