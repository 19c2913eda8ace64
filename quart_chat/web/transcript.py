"""A room written down: a page for reading and printing, and files to keep. It goes out piece by piece."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

from quart import Blueprint, Response, abort, request

from quart_chat.errors import NoMessage
from quart_chat.pages import transcripts
from quart_chat.pages.languages import zone
from quart_chat.pages.transcripts import Form, Header, Kind, Reading
from quart_chat.room.span import Span, read_span
from quart_chat.web.parts import Visitor, answer, dressed, moved, parts, true_name, visitor

blueprint = Blueprint("transcript", __name__, url_prefix="/r")

NOTHING_YET = "There is no such room yet. Say something in it first."
READ_WITHIN = 900.0  # seconds that a reader may take


class _File(NamedTuple):
    kind: Kind
    ending: str
    media: str


FILES = {
    "html": _File("html", "html", "text/html; charset=utf-8"),
    "txt": _File("text", "txt", "text/plain; charset=utf-8"),
    "json": _File("jsonl", "jsonl", "application/jsonl; charset=utf-8"),
}
"""How a room is saved, by the ending of the address. JSON is one object a line, which `quart-chat import` reads."""


@blueprint.get("/<name>/transcript")
async def read(name: str) -> Response:
    """Show a room from its first message to its last, or some days of it."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/transcript")
    who = visitor(request)
    span, reading = _asked(who)
    form = transcripts.page(await _header(name), reading, who.audience)
    begin, end = (dressed(who, part).decode() for part in (form.begin, form.end))
    return await _written(who, name, replace(form, begin=begin, end=end), span)


@blueprint.get("/<name>/transcript.<kind>")
async def save(name: str, kind: str) -> Response:
    """Give the same as a file."""
    if kind not in FILES:
        abort(404)
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/transcript.{kind}")
    who, file = visitor(request), FILES[kind]
    span, _ = _asked(who)
    response = await _written(who, name, transcripts.form(file.kind, await _header(name), who.audience), span)
    day = datetime.fromtimestamp(parts().clock() / 1000, UTC).date().isoformat()
    response.headers["Content-Type"] = file.media
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{day}.{file.ending}"'
    return response


def _asked(who: Visitor) -> tuple[Span, Reading]:
    """Read which days are asked for.

    Raises:
        BadSearch: one of them is no day.
    """
    first, last = request.args.get("from", ""), request.args.get("to", "")
    days = {name: day for name, day in (("from", first), ("to", last)) if day}
    span = read_span(first, last, zone(who.audience.zone))
    return span, Reading(first, last, f"?{urlencode(days)}" if days else "")


async def _header(name: str) -> Header:
    about = await parts().log.about(name)
    if about is None:
        raise NoMessage(NOTHING_YET)
    return Header(name, about.title, about.opened, about.header)


async def _written(who: Visitor, name: str, form: Form, span: Span) -> Response:
    house, response = parts(), answer(who, "")
    if request.method != "HEAD":
        await house.scribe.allow(who.public, who.visit.address)
        pieces = house.scribe.write(name, form, span, who.public, who.visit.address)
        response = Response(pieces, mimetype="text/html")
        house.identities.write(response, who.identity, who.visit.secure)
    response.timeout = READ_WITHIN
    return response
