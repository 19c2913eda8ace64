"""One message: its address, and what people do with it. By htmx or by plain forms, which lead back to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

from quart import Blueprint, Response, abort, request

from quart_chat.errors import BadText, NoMessage, StoreAway
from quart_chat.live.changer import GONE
from quart_chat.pages import fragments, languages, templates
from quart_chat.room.commands import read_nonce
from quart_chat.room.digest import quote_of
from quart_chat.room.entries import is_entry_id
from quart_chat.room.people import Person
from quart_chat.room.rights import Right, rights
from quart_chat.room.rights import may as holds
from quart_chat.store.changing import Found
from quart_chat.web.parts import (
    answer,
    by_htmx,
    dressed,
    parts,
    person_of,
    see_other,
    true_name,
    visitor,
    whole_standing,
)
from quart_chat.web.room_page import Spot, room_page

AWAY = "The server can’t reach its messages right now. Try again in a moment."

blueprint = Blueprint("messages", __name__, url_prefix="/r/<name>/m/<entry_id>")


@blueprint.before_request
async def check_address() -> Response | None:
    """See that the address can be a message's; another spelling of its room leads to the one true address."""
    values = request.view_args or {}
    name, entry_id = str(values["name"]), str(values["entry_id"])
    if not is_entry_id(entry_id):
        abort(404)
    if (true := true_name(name)) != name:
        rest = request.path.split("/m/", 1)[1]
        return Response("", 308, {"Location": f"/r/{true}/m/{rest}"})
    return None


@blueprint.get("")
async def message(name: str, entry_id: str) -> Response:
    """Show a room around a message."""
    return await room_page(visitor(request), name, Spot(around=entry_id))


@blueprint.get("/menu")
async def menu(name: str, entry_id: str) -> Response:
    """Give what the reader may do with a message."""
    who = visitor(request)
    try:
        stands, found = await whole_standing(parts(), who), await _find(name, entry_id)
    except StoreAway:  # else the menu would still show what was asked for before
        return Response(fragments.paragraph(languages.say(who.language, AWAY)))
    if found.message is None:
        return Response(fragments.paragraph(languages.say(who.language, GONE)))
    may = rights(who.public, found.message, stands)
    others = found.message.author != who.public and holds(Right.MODERATE, stands)
    pinned = found.header.has_pinned(entry_id)
    return Response(
        fragments.menu(name, found.message, may, who.language, pinned=pinned, live=_is_live(name), keeps=others)
    )


@blueprint.post("/reply")
async def reply(name: str, entry_id: str) -> Response:
    """Give the composer's field back with what it answers; its text stays."""
    who, form, found = visitor(request), await request.form, await _find(name, entry_id)
    nonce = read_nonce(form.get("nonce"))
    if found.message is None or found.message.deleted:
        raise NoMessage(GONE)
    return Response(fragments.replying(nonce, form.get("text", ""), name, quote_of(found.message), who.language))


@blueprint.get("/edit")
async def edit_form(name: str, entry_id: str) -> Response:
    """Give the form that gives a message another text, in its place or in a page of its own."""
    who = visitor(request)
    if not by_htmx():
        return await room_page(who, name, Spot(around=entry_id, editing=True))
    found = await _find(name, entry_id)
    if found.message is None or Right.EDIT not in rights(who.public, found.message, await whole_standing(parts(), who)):
        raise NoMessage(GONE)
    return Response(fragments.edit_in_place(name, entry_id, found.message.said, who.language))


@blueprint.post("/edit")
async def edit(name: str, entry_id: str) -> Response:
    """Give a message another text."""
    house, who = parts(), visitor(request)
    text = (await request.form).get("text", "")
    try:
        await house.changer.edit(name, await person_of(house, who), who.visit.address, entry_id, text)
    except BadText as error:
        why = fragments.reason(who.language, error)
        if not by_htmx():
            spot = Spot(around=entry_id, editing=True)
            return await room_page(who, name, spot, typed=text, error=why, status=error.status)
        form = fragments.editing(name, entry_id, text, who.language, error=why)
        return Response(form, error.status, {"HX-Reswap": "outerHTML"})
    if by_htmx():
        return _shown(
            answer(who, fragments.no_longer_edited(name, entry_id, who.audience)), name
        )  # which takes the form away
    return see_other(who, _address(name, entry_id))


@blueprint.get("/edit/none")
async def no_edit(name: str, entry_id: str) -> Response:
    """Take the form away again."""
    return Response(fragments.no_longer_edited(name, entry_id, visitor(request).audience))


@blueprint.get("/edits")
async def edits(name: str, entry_id: str) -> Response:
    """Show what an edited message said before, where that is kept."""
    who, found = visitor(request), await _find(name, entry_id)
    if found.message is None or not found.held.versions:
        raise NoMessage("Nothing is kept of what that message said before.")
    shown = [*found.held.versions, (found.held.edited, found.message.said)]
    rows = fragments.versions(shown, who.audience)
    return Response(
        dressed(who, templates.page("edits.html", who.language, versions=rows, back=_address(name, entry_id)))
    )


@blueprint.post("/delete")
async def delete(name: str, entry_id: str) -> Response:
    """Delete a message."""
    return await _do(name, entry_id, parts().changer.delete)


@blueprint.post("/react")
async def react(name: str, entry_id: str) -> Response:
    """Put a reaction under a message, or take it back."""
    kind = (await request.form).get("emoji", "")

    async def toggle(room: str, person: Person, address: str, of: str) -> None:
        await parts().changer.react(room, person, address, of, kind)

    return await _do(name, entry_id, toggle)


@blueprint.post("/pin")
async def pin(name: str, entry_id: str) -> Response:
    """Pin a message."""
    return await _do(name, entry_id, parts().changer.pin)


@blueprint.post("/unpin")
async def unpin(name: str, entry_id: str) -> Response:
    """Pin a message no longer; it may be gone."""
    done = await _do(name, entry_id, parts().changer.unpin)
    if done.status_code == 303:
        done.headers["Location"] = f"/r/{name}"
    return done


async def _do(name: str, entry_id: str, change: Callable[[str, Person, str, str], Awaitable[None]]) -> Response:
    house, who = parts(), visitor(request)
    await change(name, await person_of(house, who), who.visit.address, entry_id)
    return _shown(answer(who, "", 204), name) if by_htmx() else see_other(who, _address(name, entry_id))


def _is_live(name: str) -> bool:
    """Tell whether the page that htmx asks from has a socket, by which it is told what changes."""
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    return page.path == f"/r/{name}" and not {"before", "after"} & parse_qs(page.query).keys()


def _shown(done: Response, name: str) -> Response:
    """Let a page without a socket show what was done."""
    if not _is_live(name):
        done.headers["HX-Refresh"] = "true"
    return done


async def _find(name: str, entry_id: str) -> Found:
    return await parts().log.changes.find(name, entry_id)


def _address(name: str, entry_id: str) -> str:
    return f"/r/{name}/m/{entry_id}"
