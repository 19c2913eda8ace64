"""Looking for messages in a room: as one types, in a panel over it; or on a page of its own, which has an address."""

from __future__ import annotations

import asyncio

from markupsafe import Markup
from quart import Blueprint, Response, request

from quart_chat.errors import BadSearch, Refused, StoreAway, TooFast
from quart_chat.pages import fragments, languages, search
from quart_chat.pages.search import Looked
from quart_chat.web.messages import AWAY
from quart_chat.web.parts import (
    Visitor,
    answer,
    by_htmx,
    moved,
    parts,
    retry_after,
    standing,
    title_of,
    true_name,
    visitor,
)
from quart_chat.web.room_page import place

blueprint = Blueprint("search", __name__, url_prefix="/r")


@blueprint.get("/<name>/search")
async def find(name: str) -> Response:
    """Show what of a room fits what somebody typed: a part of a page for htmx, else a page."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/search")
    house, who = parts(), visitor(request)
    looked = Looked(name, request.args.get("q", ""), place("before"), who.audience)
    zone = languages.zone(who.audience.zone)
    try:
        standing()
        query, found = await house.searcher.search(
            name, who.public, who.visit.address, looked.typed, zone=zone, before=looked.before
        )
    except (BadSearch, TooFast) as error:
        return retry_after(await _refused(who, looked, error), error)
    except StoreAway:
        if not by_htmx():
            raise
        # 200, for htmx shows no answer of a server that failed
        return _told(search.told(languages.say(who.language, AWAY)), 200)
    shown: list[Markup] = []
    for hit in search.hits(looked, query, found) if found is not None else ():
        shown.append(hit)
        await asyncio.sleep(0)  # nobody waits for all of them
    if by_htmx():
        return Response(search.part(looked, found, shown))
    return answer(who, search.page(looked, found, shown, title=await title_of(name), public=who.public))


async def _refused(who: Visitor, looked: Looked, error: Refused) -> Response:
    why = fragments.refusal(who.language, error)
    if not by_htmx():
        title = await title_of(looked.room)
        return answer(who, search.page(looked, None, (), title=title, public=who.public, error=why), error.status)
    again = error.retry_after if isinstance(error, TooFast) and looked.before is None else 0.0
    return _told(search.told(why, looked.room, again), error.status)


def _told(html: str, status: int) -> Response:
    """Say why nothing was looked for; what was found before stays."""
    return Response(html, status, {"HX-Reswap": "none"}, mimetype="text/html")
