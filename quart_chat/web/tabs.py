"""A tab's way in, whatever carries it: who they are, whether they may, whether there is room; and then its life."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from quart_chat import metrics
from quart_chat.errors import Refused, StoreAway, TooFast, Unwelcome
from quart_chat.events import get_logger
from quart_chat.live.endless import Opening
from quart_chat.live.hub import LOOK_AGAIN
from quart_chat.live.tab import Tab
from quart_chat.live.wire import AGAIN_LATER, FAILED, POLICY, Gone, Wire, told
from quart_chat.pages import faces, fragments
from quart_chat.room.limits import joins_of_address, joins_of_person
from quart_chat.room.people import Person
from quart_chat.room.rights import Role, Standing
from quart_chat.web.parts import Parts, Visitor, person_of, spoken_in

logger = get_logger(__name__)


async def serve(
    house: Parts,
    name: str,
    who: Visitor,
    wire: Wire,
    stay: Callable[[Tab], Awaitable[None]],
    *,
    opening: Opening | None = None,
) -> None:
    """Serve a tab; nothing of Quart is at hand in here.

    stay: is the tab's life once it is in. opening: what stands before all that it is told; None: nothing.
    """
    address = who.visit.address
    bars = house.hub.bars(name)
    door = _Door(house, name, who, wire, opening or Opening())
    try:
        person, standing = await door.open()
    except Unwelcome as error:
        await door.refuse(error, POLICY)  # for good: the page does not come again by itself
        return
    except TooFast as error:
        # for now: the page tries again; tabs that died with their worker count for a minute more
        await door.refuse(error, AGAIN_LATER)
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
            ticket=who.ticket,
        )
        await stay(tab)
    except Gone:
        pass
    except Exception:
        # the page tries again after 1011; what it sends then may be better
        logger.exception("tab.failed")
        await wire.close(FAILED)
    finally:
        house.hub.run(house.limits.close_socket(address))


class _Door:
    """Where somebody comes in, or is told why not."""

    def __init__(self, house: Parts, room: str, who: Visitor, wire: Wire, opening: Opening) -> None:
        self._house = house
        self._room = room
        self._who = who
        self._wire = wire
        self._opening = opening

    async def open(self) -> tuple[Person, Standing]:
        """Let somebody in, and find their name and how they stand; while the store is away they wait here and see it.

        Raises:
            Unwelcome: they cannot be let in. TooFast: not now; nothing is counted then. Gone: the tab does not read.
        """
        house, who = self._house, self._who
        if who.forged:
            raise Unwelcome("This server does not know you any more.")
        waits = False
        while True:
            try:
                person, standing = await asyncio.gather(
                    person_of(house, who), house.warden.let_in(self._room, who.public, who.visit.address)
                )
                await self._allow_join()
                if not await house.limits.open_socket(who.visit.address):
                    metrics.LIMITED.labels("sockets").inc()
                    raise TooFast("Too many tabs are open from your network.", LOOK_AGAIN)
            except StoreAway:
                if not waits:
                    await self._send(faces.of(who.audience).connection("store", who.language))
                    waits = True
                await asyncio.sleep(LOOK_AGAIN)
            else:
                try:
                    await self._send("")
                except BaseException:
                    house.hub.run(house.limits.close_socket(who.visit.address))
                    raise
                return person, standing

    async def _allow_join(self) -> None:
        most, who = self._house.settings.joins_per_minute, self._who
        wait = await self._house.limits.take_from_both(
            "joins", who.public, who.visit.address, joins_of_person(most), joins_of_address(most)
        )
        if wait:
            raise TooFast("Pages connect too often from here. This one tries again by itself.", wait)

    async def refuse(self, error: Refused, code: int) -> None:
        """Tell somebody why they are refused, and close."""
        logger.info("tab.refused", reason=type(error).__name__)
        face, language = faces.of(self._who.audience), self._who.language
        why = fragments.reason(language, error)
        try:
            if code == POLICY:
                await self._send(face.sent_away(why, language), None)
            else:
                again = error.retry_after if isinstance(error, TooFast) else LOOK_AGAIN
                await self._send(face.notice(why, language), max(again, LOOK_AGAIN))
        except Gone:
            return
        await self._wire.close(code)

    async def _send(self, text: str, again: float | None = 0.0) -> None:
        """Send something, and before the first of it what stands before all."""
        first = self._opening.take(again)
        if first or text:
            await self._wire.send(told(first + text, self._who.audience))
