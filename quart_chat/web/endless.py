"""A room's live faces besides its page: without scripts, in a terminal, for programs."""

from __future__ import annotations

import random
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from quart import Blueprint, Response, request

from quart_chat.errors import BadFrame, StoreAway
from quart_chat.live.endless import Opening, QueuedWire, endless_of
from quart_chat.live.tab import Planned, Tab
from quart_chat.live.wire import Wire
from quart_chat.pages import faces, fragments, frame, plain
from quart_chat.pages.faces import EVENTS, FRAME, LINES, PLAIN
from quart_chat.pages.records import RETRY
from quart_chat.room.entries import is_entry_id
from quart_chat.room.names import is_slug
from quart_chat.store.newest import Newest
from quart_chat.web.headers import FRAMED
from quart_chat.web.parts import (
    Visitor,
    answer,
    for_good,
    glanced,
    moved,
    parts,
    spoken_in,
    standing,
    true_name,
    visitor,
)
from quart_chat.web.room_page import place
from quart_chat.web.tabs import serve

blueprint = Blueprint("endless", __name__)

FRAMES = ("/live", "/write")  # how the addresses end that pages frame
AGAIN = 3  # seconds after which it is asked for again, where the store is away
SOON = 4  # the same, past an end of the page without scripts that nobody planned: a server is back within them
LASTS = 240.0, 360.0  # seconds after which the page without scripts is begun anew; not all at once
MIMETYPES = {PLAIN: "text/plain", LINES: "application/x-ndjson", EVENTS: "text/event-stream"}


@blueprint.get("/r/<name>/live")
async def live(name: str) -> Response:
    """Show a room's messages as an endless page, which a page without scripts frames."""
    if not is_slug(name):
        return moved(f"/r/{true_name(name)}/live")
    house, who = parts(), visitor(request)
    worn = house.dress.values(who.theme)
    try:
        standing()
        newest = await house.log.newest(name)
    except StoreAway:
        waits = frame.opening(name, name, who.public, "", who.language, again=AGAIN, worn=worn)
        return Response(waits + faces.of(_seen_by(who, FRAME).audience).connection("store", who.language), 503)
    title = newest.title or name

    def begin(again: float | None) -> str:
        read = newest.place if newest.page.messages and who.proved else ""
        soon = None if again is None else round(again) or SOON
        return frame.opening(name, title, who.public, read, who.language, again=soon, worn=worn)

    if request.args.get("follow") == "0":
        seen = _seen_by(who, FRAME)
        return Response(begin(None) + _page_of(name, seen, newest) + frame.ENDING)
    lasts = random.uniform(*LASTS)  # noqa: S311 - spreads load
    planned = Planned(lasts, frame.again(name))
    response = _answer(name, _seen_by(who, FRAME), Opening(begin), None, planned)
    response.mimetype = "text/html"
    return response


async def face_of(name: str, who: Visitor, face: str) -> Response:
    """Answer with a room as a terminal or a program sees it: its newest page, and then what comes, as it comes.

    Of the address's query, follow=0 gives the page alone, and since=ID what came after an entry.

    Raises:
        BadFrame: since is no id. StoreAway: no answer.
    """
    house, who = parts(), _seen_by(who, face)
    since = place("since")
    last = request.headers.get("Last-Event-Id", "")
    if face == EVENTS and is_entry_id(last):
        since = last
    newest = (await glanced(house, who, name)).newest
    opening = _opening(name, newest.title or name, who)
    if request.args.get("follow") == "0":
        response = Response(opening.take() + _page_of(name, who, newest))
    else:
        response = _answer(name, who, opening, since)
    response.mimetype = MIMETYPES[face]
    response.headers["Vary"] = "Accept, User-Agent"
    return response


def _page_of(name: str, who: Visitor, newest: Newest) -> str:
    """Show a room's newest page by the face of who asks."""
    page, audience = newest.page, spoken_in(who, standing().rules)
    return faces.of(audience).newest(name, page.messages, newest.place, newest.header, audience, more=page.more)


def _opening(name: str, title: str, who: Visitor) -> Opening:
    face, link = who.audience.face, f"{who.visit.origin}/r/{name}"

    def begin(again: float | None) -> str:
        if face == PLAIN:
            return plain.opening(title, link, who.language)
        return f"retry: {max(RETRY, round(1000 * again))}\n\n" if face == EVENTS and again is not None else ""

    return Opening(begin)


def _seen_by(who: Visitor, face: str) -> Visitor:
    return replace(who, audience=who.audience._replace(face=face))


def _answer(name: str, who: Visitor, opening: Opening, since: str | None, planned: Planned | None = None) -> Response:
    """Begin an answer that goes on."""
    house = parts()

    async def stay(tab: Tab) -> None:
        await tab.listen(since, planned)

    def serving(wire: Wire) -> Coroutine[Any, Any, None]:
        return serve(house, name, who, wire, stay, opening=opening)

    headers = {"X-Accel-Buffering": "no"}
    if request.method == "HEAD":
        return Response("", headers=headers)
    stream = endless_of(request.scope)
    direct = stream.adopt() if stream is not None else None
    if stream is not None and direct is not None:
        stream.keep(serving(direct), opening)
        response = Response("", headers=headers)
        response.automatically_set_content_length = False
        response.headers.pop("Content-Length", None)
        return response
    queued = QueuedWire(opening)
    response = Response(queued.pieces(serving(queued), stream), headers=headers)
    response.timeout = None
    return response


@blueprint.after_request
async def let_frame(response: Response) -> Response:
    """Let pages frame what there is instead, too."""
    return framed(response) if request.path.endswith(FRAMES) else response


def framed(response: Response) -> Response:
    """Let pages of this server frame an answer, in which no script runs."""
    response.headers["Content-Security-Policy"] = FRAMED
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.get("/edited/<entry_id>.css")
async def edited(entry_id: str) -> Response:
    """Give the stylesheet that strikes out what a message said before."""
    return _correction(entry_id, deleted=False)


@blueprint.get("/deleted/<entry_id>.css")
async def deleted(entry_id: str) -> Response:
    """Give the stylesheet that hides what a message said."""
    return _correction(entry_id, deleted=True)


def _correction(entry_id: str, *, deleted: bool) -> Response:
    if not is_entry_id(entry_id):
        raise BadFrame("An address of a message ends with its id, such as 1700000000000-0.")
    return for_good(frame.correction(entry_id, deleted=deleted), "text/css", "public")


# --- the form beside it ------------------------------------------------------------------------------


@blueprint.get("/r/<name>/write")
async def write(name: str) -> Response:
    """Show the form of a page without scripts, in a frame of its own: what is written leaves the messages alone."""
    if not is_slug(name):
        return moved(f"/r/{true_name(name)}/write")
    return write_page(visitor(request), name)


def write_page(who: Visitor, name: str, status: int = 200, **shown: str) -> Response:
    """Answer with that form; shown: what `fragments.write_page` takes besides."""
    return framed(answer(who, fragments.write_page(name, who.language, **shown), status))
