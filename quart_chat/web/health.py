"""Whether the process lives, whether it can serve, and how it does."""

from __future__ import annotations

import hmac

from prometheus_client import CONTENT_TYPE_LATEST
from quart import Blueprint, Response, jsonify, request

from quart_chat import metrics
from quart_chat.errors import StoreAway
from quart_chat.store.status import ready
from quart_chat.web.parts import parts, visitor

LOOPBACK = ("127.0.0.1", "::/64")  # as `guard` writes addresses
FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")

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


@blueprint.get("/metrics")
async def metrics_() -> Response:
    """Tell Prometheus how all workers do: to this machine, or to who shows the token."""
    if not _may_measure():
        text = "Only this machine may ask, or who shows QUART_CHAT_METRICS_TOKEN: Authorization: Bearer TOKEN\n"
        return Response(text, 403, mimetype="text/plain")
    return Response(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


def _may_measure() -> bool:
    settings = parts().settings
    if settings.metrics_token is not None:
        shown = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(shown, f"Bearer {settings.metrics_token}".encode())
    # a proxy on this machine that nobody has told us of is no reader on this machine
    forwarded = not settings.trusted_hops and any(name in request.headers for name in FORWARDED)
    return visitor(request).visit.address in LOOPBACK and not forwarded
