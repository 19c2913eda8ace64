"""A room's page, its history, and the plain form that says something in it."""

from __future__ import annotations

import json

from markupsafe import Markup, escape
from quart import Blueprint, Response, request

from quart_chat.errors import BadFrame, BadName, BadText, NoMessage, Refused, StoreAway, TooFast
from quart_chat.live.sayer import Done
from quart_chat.pages import fragments, languages, templates
from quart_chat.pages.faces import PLAIN
from quart_chat.pages.languages import PAGE
from quart_chat.room.commands import NO_TEXT, Say, read_id, read_nonce
from quart_chat.room.names import chosen_name
from quart_chat.room.people import Person
from quart_chat.web.endless import face_of, framed, write_page
from quart_chat.web.packing import pack
from quart_chat.web.parts import (
    Parts,
    Visitor,
    answer,
    by_htmx,
    moved,
    parts,
    person_of,
    retry_after,
    see_other,
    speaker_of,
    true_name,
    visitor,
)
from quart_chat.web.room_page import NOW, WITHOUT_SCRIPTS, Spot, place, room_page
from quart_chat.web.wanted import wanted_face

blueprint = Blueprint("rooms", __name__, url_prefix="/r")


@blueprint.get("/<name>")
async def room(name: str) -> Response:
    """Show a room; another spelling of its name leads to the one true address."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}")
    if (face := wanted_face()) != PAGE:
        return await face_of(name, visitor(request), face)
    return await room_page(visitor(request), name, Spot(before=place("before"), after=place("after")))


@blueprint.get("/<name>/plain")
async def plain(name: str) -> Response:
    """Show a room as browsers without scripts see it, to who wants that."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/plain")
    return await room_page(visitor(request), name, WITHOUT_SCRIPTS)


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


@blueprint.after_request
async def let_frame(response: Response) -> Response:
    """Let the page without scripts frame whatever becomes of what its form sent."""
    return framed(response) if request.path.endswith("/write") else response


@blueprint.post("/<name>/write")
async def say_in_frame(name: str) -> Response:
    """Say something by the form of the page without scripts."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/write")
    return await _say(name, frame=True)


@blueprint.post("/<name>")
@blueprint.post("/<name>/messages")
async def say(name: str) -> Response:
    """Say something by a plain form, or from a terminal."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/messages")
    return await _say(name)


async def _say(name: str, *, frame: bool = False) -> Response:
    house, who = parts(), visitor(request)
    form = await request.form
    face = wanted_face()
    text = form.get("text")
    if text is None:
        raise BadFrame(NO_TEXT)
    # who types into a terminal has no key at hand, and nothing that would send it again
    nonce = form.get("nonce") if face == PAGE or "nonce" in form else fragments.new_page_key()
    asked = Say(text, read_nonce(nonce), read_id(form.get("reply")))
    htmx = by_htmx()
    try:
        person = await _speaker(house, who, name, form.get("name"))
        said = await house.sayer.say(name, person, who.visit.address, asked)
    except (Refused, StoreAway) as error:
        given_back = frame or isinstance(error, BadName | BadText | TooFast)
        if htmx or face != PAGE or not given_back:
            raise
        return await _typed_again(who, name, asked, error, frame=frame)
    if htmx:
        return answer(who, "", 204)
    if face != PAGE:
        return _said(who, name, said, face)
    if isinstance(said, Done) and (frame or said.tells):
        told = fragments.done(who.language, tells=said.tells)
        return write_page(who, name, told=told) if frame else await room_page(who, name, error=told)
    return see_other(who, f"/r/{name}/write" if frame else f"/r/{name}")


async def _speaker(house: Parts, who: Visitor, room: str, called: str | None) -> Person:
    """Give who says something; called: how somebody without a cookie wants to be called, for this once.

    Raises:
        BadName: nobody can be called so, or somebody keeps that name. NotYours: see `speaker_of`. NoMessage: there is
        no such room, and one that they opened would be nobody's.
    """
    person = await speaker_of(house, who)
    if who.proved:
        return person
    if wanted_face() != PAGE and not await house.log.exists(room):
        raise NoMessage("There is no such room yet. Open it in a browser, or with a token.")
    return person if called is None else who.person(await house.prover.as_taken(chosen_name(called), who.public))


async def _typed_again(who: Visitor, name: str, asked: Say, error: Refused | StoreAway, *, frame: bool) -> Response:
    """Give back what was typed, and say why it was not taken."""
    if isinstance(error, StoreAway):
        why = escape(languages.say(who.language, "The server can’t keep messages right now."))
        return write_page(who, name, 503, typed=asked.text, error=why)
    why = fragments.refusal(who.language, error)
    if frame:
        return retry_after(write_page(who, name, error.status, typed=asked.text, error=why), error)
    spot = Spot(around=asked.reply) if asked.reply else NOW
    try:
        page = await room_page(who, name, spot, typed=asked.text, error=why, status=error.status)
    except NoMessage:  # what it answers is gone
        page = await room_page(who, name, typed=asked.text, error=why, status=error.status)
    return retry_after(page, error)


def _said(who: Visitor, name: str, said: str | Done, face: str) -> Response:
    """Tell a terminal, or a program, what became of what it said; neither is given a cookie that it did not bring."""
    if isinstance(said, Done):
        text = fragments.done(who.language, tells=said.tells)
        record: dict[str, str | None] = {"id": None, "text": text}
        status, headers = 200, {}
    else:
        link = f"{who.visit.origin}/r/{name}/m/{said}"
        text, record = link, {"id": said, "link": link}
        status, headers = 201, {"Location": f"/r/{name}/m/{said}"}
    if face == PLAIN:
        return Response(f"{text}\n", status, headers, mimetype="text/plain")
    return Response(json.dumps(record, ensure_ascii=False) + "\n", status, headers, mimetype="application/json")


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
