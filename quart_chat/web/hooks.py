"""A room's hooks, as its owners make and remove them on the page of its rules. Plain forms."""

from __future__ import annotations

from quart import Blueprint, Response, request

from quart_chat.errors import BadFrame
from quart_chat.web.order import UNKNOWN, check_address, rules_page_of
from quart_chat.web.parts import parts, person_of, see_other, visitor

blueprint = Blueprint("hooks", __name__, url_prefix="/r/<name>")
blueprint.before_request(check_address)


@blueprint.post("/hooks")
async def keep(name: str) -> Response:
    """Make a hook, and show this once what opens it; or remove one, or switch it on again."""
    who, form, hooks = visitor(request), await request.form, parts().hooks
    person, address, what = await person_of(parts(), who), who.visit.address, form.get("do", "")
    if what == "in":
        made = await hooks.make_incoming(name, person, address, form.get("name", ""))
    elif what == "out":
        url, which, word = form.get("url", ""), form.get("which", ""), form.get("word", "")
        made = await hooks.make_outgoing(name, person, address, url=url, kind=which, word=word)
    else:
        if what == "remove":
            await hooks.remove(name, person, form.get("hook", ""))
        elif what == "wake":
            await hooks.wake(name, person, form.get("hook", ""))
        else:
            raise BadFrame(UNKNOWN)
        return see_other(who, f"/r/{name}/order#hooks")
    return await rules_page_of(who, name, hook=made)
