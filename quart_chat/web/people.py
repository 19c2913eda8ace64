"""The own name and language."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from markupsafe import Markup
from quart import Blueprint, Response, request

from quart_chat.errors import BadFrame, BadName, StoreAway, TooFast
from quart_chat.pages import fragments, ids, templates
from quart_chat.pages.languages import TAGS, say
from quart_chat.pages.programs import programs
from quart_chat.pages.zones import read_times, write_times
from quart_chat.room.names import is_slug
from quart_chat.web.identity import LANGUAGE, SOUND, TIMES, cookie_name
from quart_chat.web.parts import Visitor, answer, by_htmx, parts, person_of, retry_after, see_other, visitor

blueprint = Blueprint("people", __name__)


@blueprint.get("/me")
async def me() -> Response:
    """Show who somebody is here."""
    return await me_page(visitor(request), room_of(request.args.get("room")) or "")


async def me_page(who: Visitor, room: str, **parts_of_it: Markup | None) -> Response:
    """Answer with the page of who somebody is; room: where it leads back to, "" for none.

    parts_of_it: what is not as it is at first, as `fragments.me_page` takes it.
    """
    person = await person_of(parts(), who)
    kept = await parts().prover.of(person) if who.proved else None
    if "programs" not in parts_of_it:
        tokens = await parts().bearers.of(person) if who.proved else []
        parts_of_it["programs"] = programs(tokens, who.language, room)
    return answer(who, fragments.me_page(person, who.language, room, kept or "", **parts_of_it))


@blueprint.post("/me")
async def rename() -> Response:
    """Take a new name, in all rooms and tabs."""
    who = visitor(request)
    form = await request.form
    room = room_of(form.get("room"))
    back = f"/r/{room}" if room else "/"
    htmx = by_htmx()
    typed = form.get("name", "")
    try:
        person = await parts().sayer.rename(who.person(None), who.visit.address, typed, room)
    except StoreAway:
        if not htmx:
            raise
        why = say(who.language, "Your name can’t be changed right now.")
        # 200, for htmx shows no answer of a server that failed
        return answer(who, fragments.profile(who.person(None), who.language, room, why, typed))
    except (BadName, TooFast) as refused:
        why = fragments.refusal(who.language, refused)
        if htmx:
            person = await person_of(parts(), who)
            html: str = fragments.profile(person, who.language, room, why, typed)
        else:
            html = templates.page("error.html", who.language, heading=why, text=typed, back=back, again=True)
        return retry_after(answer(who, html, refused.status), refused)
    if not htmx:
        return see_other(who, back)
    html = fragments.profile(person, who.language, room)
    if urlsplit(request.headers.get("HX-Current-URL", "")).path == "/me":  # another part of it says the name too
        kept = await parts().prover.of(person) or ""
        html += fragments.partial(f"#{ids.PROOF}", "outerHTML", fragments.proof(person, kept, who.language, room or ""))
    return answer(who, html)


@blueprint.post("/language")
async def language() -> Response:
    """Remember a language, and lead back."""
    who = visitor(request)
    form = await request.form
    chosen, room = form.get("language", ""), room_of(form.get("room"))
    if chosen not in TAGS:
        raise BadFrame("This server does not speak that language.")
    response = see_other(who, f"/r/{room}" if room else "/")
    keep(response, who, LANGUAGE, chosen)
    return response


@blueprint.get("/times")
async def times_form() -> Response:
    """Give the form that chooses how times are shown, as a page or in place."""
    who, room = visitor(request), room_of(request.args.get("room"))
    form = fragments.times_form(who.audience, room)
    if by_htmx():
        return Response(form)
    return answer(
        who, templates.page("form.html", who.language, heading=say(who.language, "Times"), form=form, back=room or "")
    )


@blueprint.post("/sound")
async def sound() -> Response:
    """Remember whether somebody wants to hear when they are meant, and lead back."""
    who, form = visitor(request), await request.form
    on, room = form.get("sound") == "1", room_of(form.get("room"))
    if by_htmx() and room:
        response = answer(who, fragments.sound_switched(who.language, room, on=on))
    else:
        response = see_other(who, f"/r/{room}" if room else "/")
    keep(response, who, SOUND, "1" if on else "0")
    return response


@blueprint.post("/times")
async def times() -> Response:
    """Remember how somebody wants times, and lead back."""
    who = visitor(request)
    form = await request.form
    chosen, room = read_times(form.get("zone", ""), form.get("hours", "")), room_of(form.get("room"))
    if chosen is None:
        raise BadFrame("This server does not know that time zone.")
    response = see_other(who, f"/r/{room}" if room else "/")
    if by_htmx():
        response = answer(who, "")
        response.headers["HX-Refresh"] = "true"
    keep(response, who, TIMES, write_times(chosen))
    return response


def keep(response: Response, who: Visitor, name: str, value: str) -> None:
    """Keep a choice as long as the identity."""
    response.set_cookie(
        cookie_name(who.visit.secure, name),
        value,
        max_age=timedelta(days=400),
        secure=who.visit.secure,
        httponly=True,
        samesite="Lax",
    )


def room_of(name: str | None) -> str | None:
    """Give the room to lead back to; never another site's address."""
    return name if name and is_slug(name) else None
