"""A room's page: live at its end, or still around an older message."""

from __future__ import annotations

from typing import NamedTuple

from quart import Response, request

from quart_chat.errors import BadFrame, NoMessage
from quart_chat.live.changer import GONE
from quart_chat.pages.room import Meant, Shown, render
from quart_chat.room.entries import is_entry_id, order
from quart_chat.room.reading import news_in
from quart_chat.room.rights import Right, may, rights
from quart_chat.store.log import Around
from quart_chat.store.newest import Newest, Page
from quart_chat.web.packing import pack
from quart_chat.web.parts import Visitor, answer, glanced, parts, standing, whole_standing


class Spot(NamedTuple):
    """Which part of a room a page shows: before, after or around a message, by its id; none of them: its end.

    editing: the message around which it is is being edited. plain: no script is to run in it.
    """

    before: str | None = None
    after: str | None = None
    around: str | None = None
    editing: bool = False
    plain: bool = False


NOW = Spot()
WITHOUT_SCRIPTS = Spot(plain=True)


def place(argument: str) -> str | None:
    """Read a message's id from the address's query; None where it is not there.

    Raises:
        BadFrame: it is none.
    """
    entry_id = request.args.get(argument) if request.query_string else None
    if entry_id is not None and not is_entry_id(entry_id):
        raise BadFrame("An address of older messages ends with a message’s id, such as 1700000000000-0.")
    return entry_id


async def room_page(
    who: Visitor, name: str, spot: Spot = NOW, *, typed: str = "", error: str = "", status: int = 200
) -> Response:
    """Answer with a room's page; typed: what stays in the field beside an error.

    Raises:
        NoMessage: the message around which it is to be is not there. StoreAway: no answer.
    """
    house = parts()
    glance = await glanced(house, who, name)
    newest, person = glance.newest, who.person(glance.reader.name)
    # who comes without a cookie, as robots do, leaves nothing behind
    if newest.title is not None and who.proved and not glance.reader.was_just_in(name, now := house.clock()):
        await house.people.visit(who.public, name, now)
        await house.prover.keep(person)
    around = await _read(name, spot, newest)
    read = glance.read if spot in (NOW, WITHOUT_SCRIPTS) else None
    if read is not None:  # the store is told a moment later than this worker knows it
        read = max(read, house.hub.read_by(name, who.public) or read, key=order)
    new, left = _news(newest, read, who.public)
    rules = standing().rules
    shown = Shown(
        audience=who.audience,
        room=name,
        title=newest.title or name,
        header=newest.header,
        people=glance.here.people,
        count=glance.here.count,
        place=newest.place if spot in (NOW, WITHOUT_SCRIPTS) else None,
        more=around.page.more,
        newer=around.newer,
        megabytes=house.settings.file_megabytes if house.settings.files and rules.files else 0,
        rules=rules,
        plain=spot.plain,
    )
    meant = None
    if spot.around is not None:
        (message,) = (one for one in around.page.messages if one.id == spot.around)
        pinned = newest.header.has_pinned(message.id)
        stands = await whole_standing(house, who)
        keeps = message.author != who.public and may(Right.MODERATE, stands)
        meant = Meant(message, rights(who.public, message, stands), pinned, spot.editing, keeps)
    html = render(
        shown,
        around.page.messages,
        person,
        who.visit.origin,
        house.identities.form_token(who.identity),
        known=who.proved,
        worn=house.dress.values(who.theme),
        sounds=who.sounds,
        new=new,
        left=left,
        typed=typed,
        error=error,
        meant=meant,
    )
    response = answer(who, html, status)
    # who wrote a form chose what is said back to them (docs/security.md)
    return response if typed or error else pack(response, html)


def _news(newest: Newest, read: str | None, public: str) -> tuple[str, str]:
    """Tell what is the first message of the newest page that is new to somebody, and where they left if before it.

    read: how far they have read, an entry's id; None: not known.
    """
    page = newest.page
    if read is None or not page.messages or order(read) >= order(page.messages[-1].id):
        return "", ""
    first = news_in(page.messages, read, public).first
    return first, read if page.more and order(read) < order(page.messages[0].id) else ""


async def _read(name: str, spot: Spot, newest: Newest) -> Around:
    log = parts().log
    if spot.around is not None:
        around = await log.around(name, spot.around)
        if not around.found:
            raise NoMessage(GONE)
        return around
    if spot.after is not None:
        page = await log.after(name, spot.after)
        return Around(Page(page.messages, more=True), found=True, newer=page.more)
    if spot.before is not None:
        page = await log.before(name, spot.before)
        return Around(page, found=True, newer=True)
    return Around(newest.page, found=True, newer=False)
