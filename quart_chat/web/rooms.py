"""A room's page, its history, and the plain form that says something in it."""

from __future__ import annotations

from quart import Blueprint, Response, request

from quart_chat.errors import BadFrame, BadName, BadText, TooFast
from quart_chat.live.sayer import Done
from quart_chat.pages import fragments
from quart_chat.pages.room import Shown, render
from quart_chat.room.commands import NO_NONCE, NO_TEXT
from quart_chat.room.entries import is_entry_id
from quart_chat.room.texts import is_nonce
from quart_chat.web.parts import Visitor, answer, parts, person_of, retry_after, see_other, true_name, visitor

blueprint = Blueprint("rooms", __name__, url_prefix="/r")


@blueprint.get("/<name>")
async def room(name: str) -> Response:
    """Show a room; another spelling of its name leads to the one true address."""
    if (true := true_name(name)) != name:
        return _redirect(f"/r/{true}")
    return await _page(visitor(request), name, before=_place("before"))


@blueprint.get("/<name>/messages")
async def history(name: str) -> Response:
    """Give a page of history as a fragment: before a message, after one, or the newest."""
    if (true := true_name(name)) != name:
        return _redirect(f"/r/{true}/messages")
    log, who = parts().log, visitor(request)
    before, after = _place("before"), _place("after")
    if after is not None:
        page = await log.after(name, after)
        return Response(fragments.messages(page.messages, who.audience))
    page = await log.before(name, before) if before else (await log.newest(name)).page
    older = fragments.older(name, page.messages[0].id if page.more else None, who.language)
    return Response(older + fragments.messages(page.messages, who.audience, old=True))


@blueprint.post("/<name>/messages")
async def say(name: str) -> Response:
    """Say something by a plain form."""
    if (true := true_name(name)) != name:
        return _redirect(f"/r/{true}/messages")
    house, who = parts(), visitor(request)
    form = await request.form
    text, nonce = form.get("text"), form.get("nonce")
    if text is None:
        raise BadFrame(NO_TEXT)
    if nonce is None or not is_nonce(nonce):
        raise BadFrame(NO_NONCE)
    htmx = request.headers.get("HX-Request") == "true"
    try:
        said = await house.sayer.say(name, await person_of(house, who), who.visit.address, text, nonce)
    except (BadName, BadText, TooFast) as error:
        if htmx:
            raise
        why = fragments.reason(who.language, error)
        return retry_after(await _page(who, name, typed=text, error=why, status=error.status), error)
    if isinstance(said, Done) and said.tells and not htmx:
        return await _page(who, name, error=fragments.commands_text(who.language))
    return answer(who, "", 204) if htmx else see_other(who, f"/r/{name}")


def _redirect(path: str) -> Response:
    query = request.query_string.decode("latin1")
    return Response("", 308, {"Location": f"{path}?{query}" if query else path})


def _place(argument: str) -> str | None:
    entry_id = request.args.get(argument) if request.query_string else None
    if entry_id is not None and not is_entry_id(entry_id):
        raise BadFrame("An address of older messages ends with a message’s id, such as 1700000000000-0.")
    return entry_id


async def _page(
    who: Visitor, name: str, *, before: str | None = None, typed: str = "", error: str = "", status: int = 200
) -> Response:
    house = parts()
    glance = await house.glances.read(name, who.public if who.proved else None)
    newest, person = glance.newest, who.person(glance.reader.name)
    page = newest.page if before is None else await house.log.before(name, before)
    # who comes without a cookie, as robots do, leaves nothing behind
    if newest.title is not None and who.proved and not glance.reader.was_just_in(name, now := house.clock()):
        await house.people.visit(who.public, name, now)
    shown = Shown(
        audience=who.audience,
        room=name,
        title=newest.title or name,
        people=glance.here.people,
        count=glance.here.count,
        place=newest.place if before is None else None,
        more=page.more,
    )
    html = render(shown, page.messages, person, who.visit.origin, typed=typed, error=error)
    return answer(who, html, status)
