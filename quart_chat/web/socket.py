"""A room's socket: who may connect, and what carries the tab that it then is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from quart import Blueprint, Response, websocket

from quart_chat.errors import Unwelcome
from quart_chat.live.stream import stream_of
from quart_chat.live.tab import Tab
from quart_chat.live.wire import PlainWire
from quart_chat.pages import fragments
from quart_chat.pages.languages import TAGS, say
from quart_chat.room.names import is_slug
from quart_chat.web.guard import check_origin
from quart_chat.web.headers import protect
from quart_chat.web.parts import parts, visitor
from quart_chat.web.tabs import serve

blueprint = Blueprint("socket", __name__)


@blueprint.websocket("/r/<name>/ws")
async def socket(name: str) -> Response | None:
    """Serve a tab for as long as it stays."""
    house, who = parts(), visitor(websocket)
    if (spoken := websocket.args.get("language")) in TAGS:  # that of the page, whatever was chosen since
        who = replace(who, audience=who.audience._replace(language=spoken), chose=True)
    if not is_slug(name):
        return protect(Response(say(who.language, "There is no such room."), 404), who.lasting)
    try:
        identified = who.proved or who.forged
        check_origin(websocket.headers, who.visit, house.settings.origins, identified=identified)
    except Unwelcome as error:
        return protect(Response(fragments.reason(who.language, error), error.status), who.lasting)
    stream = stream_of(websocket.scope)
    direct = stream.adopt() if stream is not None else None
    await websocket.accept()
    if stream is not None and direct is not None:
        stream.keep(serve(house, name, who, direct, Tab.run))
        return None
    plain = PlainWire(stream.receive if stream is not None else _received, websocket.send, websocket.close)
    work = [plain.pump(), serve(house, name, who, plain, Tab.run)]
    if stream is not None:
        work.append(stream.watch())
    tasks = [asyncio.create_task(part) for part in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return None


async def _received() -> tuple[str | bytes]:
    return (await websocket.receive(),)
