"""A room's page, its history, and the plain form that says something in it."""

from __future__ import annotations

from markupsafe import Markup
from quart import Blueprint, Response, request

from quart_chat.errors import BadFrame, BadName, BadText, NoMessage, TooFast
from quart_chat.live.sayer import Done
from quart_chat.pages import fragments, languages, templates
from quart_chat.room.commands import NO_TEXT, Say, read_id, read_nonce
from quart_chat.web.packing import pack
from quart_chat.web.parts import (
    Visitor,
    answer,
    by_htmx,
    moved,
    parts,
    person_of,
    retry_after,
    see_other,
    true_name,
    visitor,
)
from quart_chat.web.room_page import NOW, Spot, place, room_page

blueprint = Blueprint("rooms", __name__, url_prefix="/r")


@blueprint.get("/<name>")
async def room(name: str) -> Response:
    """Show a room; another spelling of its name leads to the one true address."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}")
    return await room_page(visitor(request), name, Spot(before=place("before"), after=place("after")))


@blueprint.get("/<name>/messages")
async def history(name: str) -> Response:
    """Give a page of history as a fragment: before a message, after one, or the newest."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/messages")
    log, who = parts().log, visitor(request)
    before, after = place("before"), place("after")
    if after is not None:
        page = await log.after(name, after)
        newer = fragments.newer(name, page.messages[-1].id if page.more else None, who.language)
        return _fragment(fragments.messages(page.messages, name, who.audience) + newer)
    page = await log.before(name, before) if before else (await log.newest(name)).page
    older = fragments.older(name, page.messages[0].id if page.more else None, who.language)
    return _fragment(older + fragments.messages(page.messages, name, who.audience, old=True))


def _fragment(html: Markup) -> Response:
    return pack(Response(mimetype="text/html"), html.encode())


@blueprint.post("/<name>/messages")
async def say(name: str) -> Response:
    """Say something by a plain form."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/messages")
    house, who = parts(), visitor(request)
    form = await request.form
    text = form.get("text")
    if text is None:
        raise BadFrame(NO_TEXT)
    asked = Say(text, read_nonce(form.get("nonce")), read_id(form.get("reply")))
    htmx = by_htmx()
    try:
        said = await house.sayer.say(name, await person_of(house, who), who.visit.address, asked)
    except (BadName, BadText, TooFast) as error:
        if htmx:
            raise
        why = fragments.refusal(who.language, error)
        spot = Spot(around=asked.reply) if asked.reply else NOW
        try:
            page = await room_page(who, name, spot, typed=text, error=why, status=error.status)
        except NoMessage:  # what it answers is gone
            page = await room_page(who, name, typed=text, error=why, status=error.status)
        return retry_after(page, error)
    if isinstance(said, Done) and said.tells and not htmx:
        return await room_page(who, name, error=fragments.commands_text(who.language))
    return answer(who, "", 204) if htmx else see_other(who, f"/r/{name}")


@blueprint.get("/<name>/topic")
async def topic_form(name: str) -> Response:
    """Give the form that sets a room's topic, as a page or in place."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/topic")
    who, newest = visitor(request), await parts().log.newest(name)
    form = fragments.topic_form(name, newest.header.topic, who.language)
    return Response(form) if by_htmx() else _form_page(who, form)


@blueprint.post("/<name>/topic")
async def set_topic(name: str) -> Response:
    """Give a room a topic."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/topic")
    house, who = parts(), visitor(request)
    typed = (await request.form).get("topic", "")
    try:
        await house.changer.set_topic(name, await person_of(house, who), who.visit.address, typed)
    except BadText as error:
        form = fragments.topic_form(name, typed, who.language, fragments.refusal(who.language, error))
        return Response(form, error.status) if by_htmx() else _form_page(who, form, error.status)
    return Response(fragments.topic_link(name, who.language)) if by_htmx() else see_other(who, f"/r/{name}")


def _form_page(who: Visitor, form: Markup, status: int = 200) -> Response:
    heading = languages.say(who.language, "The room’s topic")
    return answer(who, templates.page("form.html", who.language, heading=heading, form=form), status)
