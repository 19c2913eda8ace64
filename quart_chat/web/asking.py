"""The question for newcomers of a room: the page that asks it, the answer, and the form that sets it."""

from __future__ import annotations

import asyncio

from quart import Blueprint, Response, request

from quart_chat.errors import Asked, BadAnswer, Refused, TooFast
from quart_chat.pages import asking, fragments
from quart_chat.web.parts import (
    Visitor,
    answer,
    moved,
    parts,
    person_of,
    retry_after,
    see_other,
    spoken_in,
    title_of,
    true_name,
    visitor,
)

blueprint = Blueprint("asking", __name__, url_prefix="/r/<name>")


@blueprint.post("/question")
async def set_question(name: str) -> Response:
    """Give a room a question of its owners' own, or the server's again."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/question")
    house, who, form = parts(), visitor(request), await request.form
    person = await person_of(house, who)
    await house.warden.set_question(name, person, form.get("question", ""), form.get("answer", ""))
    return see_other(who, f"/r/{name}/order")


@blueprint.post("/answer")
async def come_in(name: str) -> Response:
    """Come in by an answer."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/answer")
    house, who, fields = parts(), visitor(request), await request.form
    typed, form = fields.get("answer", ""), fields.get("asked", "")
    try:
        await house.asker.answer(name, await person_of(house, who), who.visit.address, typed, form)
    except (BadAnswer, TooFast) as error:
        return retry_after(await page(who, name, error, typed=typed, form=form), error)
    return see_other(who, f"/r/{name}")


async def page(who: Visitor, name: str, why: Refused, *, typed: str = "", form: str = "") -> Response:
    """Ask a newcomer the question of a room; why: they are not in. form, typed: of the page before."""
    house = parts()
    title, rules = await asyncio.gather(title_of(name), house.rules.rules(name))
    language = spoken_in(who, rules).language
    posed = await house.asker.pose(name, who.public, language, form)
    error = "" if isinstance(why, Asked) else fragments.refusal(language, why)
    return answer(who, asking.page(name, title, *posed, language, typed=typed, error=error), why.status)
