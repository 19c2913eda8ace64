"""A room's socket: who may connect, and the tab that it then is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from quart import Blueprint, Response, websocket

from quart_chat import metrics
from quart_chat.errors import Refused, StoreAway, TooFast, Unwelcome
from quart_chat.events import get_logger
from quart_chat.live.hub import LOOK_AGAIN
from quart_chat.live.stream import stream_of
from quart_chat.live.tab import Tab
from quart_chat.live.wire import AGAIN_LATER, FAILED, POLICY, Broadcast, Gone, PlainWire, Wire
from quart_chat.pages import fragments
from quart_chat.pages.languages import TAGS, say
from quart_chat.room.limits import joins_of_address, joins_of_person
from quart_chat.room.names import is_slug
from quart_chat.room.people import Person
from quart_chat.room.rights import Role, Standing
from quart_chat.web.guard import check_origin
from quart_chat.web.headers import protect
from quart_chat.web.parts import Parts, Visitor, parts, person_of, spoken_in, visitor

blueprint = Blueprint("socket", __name__)

logger = get_logger(__name__)


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
        stream.keep(_serve(house, name, who, direct))
        return None
    plain = PlainWire(stream.receive if stream is not None else _received, websocket.send, websocket.close)
    work = [plain.pump(), _serve(house, name, who, plain)]
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


async def _serve(house: Parts, name: str, who: Visitor, wire: Wire) -> None:
    """Serve a tab; nothing of Quart is at hand in here."""
    address = who.visit.address
    bars = house.hub.bars(name)
    try:
        person, standing = await _admit(house, name, who, wire)
    except Unwelcome as error:
        # for good: the page does not come again by itself
        why = fragments.reason(who.language, error)
        await _refuse(wire, error, fragments.sent_away(why, who.language), POLICY)
        return
    except TooFast as error:
        # for now: the page tries again; tabs that died with their worker count for a minute more
        why = fragments.reason(who.language, error)
        await _refuse(wire, error, fragments.notice(why, who.language), AGAIN_LATER)
        return
    except Gone:
        return
    if standing.role != Role.MEMBER:
        house.hub.run(house.rules.call(name, person.public, person.name))
    try:
        tab = Tab(
            house.hub,
            house.sayer,
            wire,
            room=name,
            person=person,
            audience=spoken_in(who, standing.rules),
            address=address,
            sounds=who.sounds,
            admitted=bars is not None and bars == house.hub.bars(name),
        )
        await tab.run()
    except Gone:
        pass
    except Exception:
        # the page tries again after 1011; what it sends then may be better
        logger.exception("tab.failed")
        await wire.close(FAILED)
    finally:
        house.hub.run(house.limits.close_socket(address))


async def _admit(house: Parts, room: str, who: Visitor, wire: Wire) -> tuple[Person, Standing]:
    """Let somebody in, and find their name and how they stand; while the store is away the page says so and waits here.

    Raises:
        Unwelcome: they cannot be let in. TooFast: not now; nothing is counted then. Gone: the tab does not read.
    """
    if who.forged:
        raise Unwelcome("This server does not know you any more.")
    told = False
    while True:
        try:
            person, standing = await asyncio.gather(
                person_of(house, who), house.warden.let_in(room, who.public, who.visit.address)
            )
            await _allow_join(house, who)
            if not await house.limits.open_socket(who.visit.address):
                metrics.LIMITED.labels("sockets").inc()
                raise TooFast("Too many tabs are open from your network.", LOOK_AGAIN)
        except StoreAway:
            if not told:
                await wire.send(Broadcast(fragments.connection("store", who.language)))
                told = True
            await asyncio.sleep(LOOK_AGAIN)
        else:
            return person, standing


async def _allow_join(house: Parts, who: Visitor) -> None:
    most = house.settings.joins_per_minute
    wait = await house.limits.take_from_both(
        "joins", who.public, who.visit.address, joins_of_person(most), joins_of_address(most)
    )
    if wait:
        raise TooFast("Pages connect too often from here. This one tries again by itself.", wait)


async def _refuse(wire: Wire, error: Refused, told: str, code: int) -> None:
    """Show the page why it is refused, and close."""
    logger.info("tab.refused", reason=type(error).__name__)
    try:
        await wire.send(Broadcast(told))
    except Gone:
        return
    await wire.close(code)
