"""A name that is kept by a phrase: set it, take the name along by it, give it up."""

from __future__ import annotations

from collections.abc import Awaitable

from quart import Blueprint, Response, request

from quart_chat.errors import BadName, BadPhrase, TooFast
from quart_chat.pages import fragments
from quart_chat.room.names import is_slug
from quart_chat.room.people import Person
from quart_chat.web.parts import Visitor, answer, by_htmx, parts, person_of, retry_after, see_other, visitor
from quart_chat.web.people import me_page

blueprint = Blueprint("proofs", __name__, url_prefix="/me")


@blueprint.post("/phrase")
async def phrase() -> Response:
    """Keep one's name by a phrase, or give it another one."""
    who, form = visitor(request), await request.form
    person = await person_of(parts(), who)
    return await _answered(who, person, parts().prover.keep_name(person, who.visit.address, form.get("phrase", "")))


@blueprint.post("/proof")
async def proof() -> Response:
    """Take a name whose phrase one knows."""
    who, form = visitor(request), await request.form
    person, name = await person_of(parts(), who), form.get("name", "")
    doing = parts().prover.prove(person, who.visit.address, name, form.get("phrase", ""))
    return await _answered(who, person, doing, name)


@blueprint.post("/release")
async def release() -> Response:
    """Give a name up that one keeps."""
    who = visitor(request)
    person = await person_of(parts(), who)
    return await _answered(who, person, parts().prover.give_up(person))


async def _answered(who: Visitor, person: Person, doing: Awaitable[Person], tried: str = "") -> Response:
    """Show what came of it; tried: the name that was typed for it."""
    room = (await request.form).get("room", "")
    room = room if is_slug(room) else ""
    try:
        person = await doing
    except (BadName, BadPhrase, TooFast) as refused:
        why = fragments.refusal(who.language, refused)
        part = fragments.proof(
            person, await parts().prover.of(person) or "", who.language, room, error=why, tried=tried
        )
        page = answer(who, part) if by_htmx() else await me_page(who, room, proof=part)
        page.status_code = refused.status
        return retry_after(page, refused)
    if not by_htmx():
        return see_other(who, f"/me?room={room}" if room else "/me")
    part = fragments.proof(person, await parts().prover.of(person) or "", who.language, room)
    return answer(who, part + fragments.profile_again(person, who.language, room))
