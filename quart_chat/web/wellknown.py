"""What programs look for at addresses that are the same on every host (RFC 8615)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from quart import Blueprint, Response, abort, request

from quart_chat.web.parts import parts, visitor

blueprint = Blueprint("wellknown", __name__, url_prefix="/.well-known")

VALID = timedelta(days=180)  # RFC 9116 wants less than a year


@blueprint.get("/security.txt")
async def security() -> Response:
    """Tell where weaknesses may be reported (RFC 9116), if the operator says it."""
    house = parts()
    contacts = house.settings.security_contact
    if not contacts:
        abort(404)
    now = datetime.fromtimestamp(house.clock() / 1000, UTC)
    until = (now + VALID).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        *(f"Contact: {contact}" for contact in contacts),
        f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}",
        f"Canonical: {visitor(request).visit.origin}{request.path}",
    ]
    return Response("".join(f"{line}\n" for line in lines), mimetype="text/plain")
