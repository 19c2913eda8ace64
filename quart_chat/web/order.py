"""How order is kept in a room: its rules, its owners and moderators, and who is muted or banned. Plain forms."""

from __future__ import annotations

import asyncio
import re

from quart import Blueprint, Response, request

from quart_chat.errors import BadFrame, BadPhrase, NoMessage, NotYours, TooFast
from quart_chat.live.changer import GONE
from quart_chat.live.warden import BANS, HOUR, INVITES, MUTES
from quart_chat.pages import fragments, order, share
from quart_chat.pages.languages import TAGS, say
from quart_chat.room.bearers import Bot
from quart_chat.room.entries import Message, is_entry_id
from quart_chat.room.hooks import New, Outgoing, host_of
from quart_chat.room.people import is_public_id
from quart_chat.room.record import Deed, Invite, Whom
from quart_chat.room.rights import (
    EVERYONE,
    FOR_KEEPERS,
    KEEPERS,
    KEEPS,
    MODERATORS,
    SLOWEST,
    VERIFIED,
    Right,
    Role,
    Rules,
    may,
)
from quart_chat.web.parts import (
    Visitor,
    answer,
    by_htmx,
    moved,
    parts,
    person_of,
    retry_after,
    see_other,
    standing,
    title_of,
    true_name,
    visitor,
)

blueprint = Blueprint("order", __name__, url_prefix="/r/<name>")

LINKS = {"owner": Role.OWNER, "moderator": Role.MODERATOR}
ROLES = {**LINKS, "member": Role.MEMBER}
_SECONDS = re.compile(r"[0-9]{1,4}")
_USES = re.compile(r"[1-9][0-9]{0,3}")
WRITERS = (EVERYONE, VERIFIED, MODERATORS)
TICKS = ("archived", "files", "closed", "listed", "asks")  # what holds in a room or does not
NO_ROOM = "There is no such room yet. Say something in it first."
UNKNOWN = "The form does not say what is to be done."


@blueprint.before_request
async def check_address() -> Response | None:
    """Lead from another spelling of the room's name to the one true address."""
    name = str((request.view_args or {})["name"])
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/{request.path.split('/', 3)[3]}")
    return None


@blueprint.get("/order")
async def rules_page(name: str) -> Response:
    """Show a room's rules and who keeps it; to those who may, the forms that change them."""
    return await rules_page_of(visitor(request), name)


@blueprint.post("/order")
async def rule(name: str) -> Response:
    """Give a room other rules."""
    who, form = visitor(request), await request.form
    slow = form.get("slow", "0")
    if (was := form.get("was")) is not None and was != order.told(standing().rules):
        raise BadFrame("Somebody else changed these rules meanwhile. Load the page again.")
    if form.get("writers") not in WRITERS or not _SECONDS.fullmatch(slow) or int(slow) > SLOWEST:
        raise BadFrame(UNKNOWN)
    keep, language = form.get("keep", "0"), form.get("language", "")
    if keep not in map(str, {*KEEPS, standing().rules.keep}) or language not in ("", *TAGS):
        raise BadFrame(UNKNOWN)
    ticked = {name: form.get(name) == "1" for name in TICKS}
    rules = Rules(form["writers"], int(slow), **ticked, keep=int(keep), language=language)
    await parts().warden.rule(name, await person_of(parts(), who), rules, who.visit.address)
    return see_other(who, f"/r/{name}/order")


@blueprint.post("/title")
async def set_title(name: str) -> Response:
    """Give a room another title."""
    house, who = parts(), visitor(request)
    typed = (await request.form).get("title", "")
    await house.changer.set_title(name, await person_of(house, who), who.visit.address, typed)
    return see_other(who, f"/r/{name}/order")


@blueprint.post("/delete")
async def delete(name: str) -> Response:
    """Delete a room, and lead to the lobby."""
    house, who, form = parts(), visitor(request), await request.form
    if form.get("sure") != "1":
        raise BadFrame("Tick that you are sure: there is no way back.")
    await house.warden.delete(name, await person_of(house, who))
    return see_other(who, "/")


@blueprint.post("/phrase")
async def set_phrase(name: str) -> Response:
    """Give a room another passphrase, or take it away."""
    house, who = parts(), visitor(request)
    typed = (await request.form).get("phrase", "")
    await house.warden.set_phrase(name, await person_of(house, who), typed)
    return see_other(who, f"/r/{name}/order")


@blueprint.post("/enter")
async def enter(name: str) -> Response:
    """Come in by the room's passphrase."""
    house, who = parts(), visitor(request)
    typed = (await request.form).get("phrase", "")
    try:
        await house.warden.enter(name, await person_of(house, who), who.visit.address, typed)
    except (BadPhrase, TooFast) as error:
        page = order.locked_page(name, who.language, fragments.refusal(who.language, error))
        return retry_after(answer(who, page, error.status), error)
    return see_other(who, f"/r/{name}")


@blueprint.post("/links")
async def new_link(name: str) -> Response:
    """Make a link that gives a role, and show it this once."""
    who, form = visitor(request), await request.form
    role = LINKS.get(form.get("role", ""))
    if role is None:
        raise BadFrame(UNKNOWN)
    secret = await parts().warden.new_link(name, await person_of(parts(), who), role)
    return await rules_page_of(who, name, made=role, link=f"{who.visit.origin}/r/{name}/keys/{secret}")


@blueprint.get("/keys/<secret>")
async def key(name: str, secret: str) -> Response:
    """Ask whoever opens such a link whether they want the role: what only looks at links must not take it."""
    who = visitor(request)
    role = await parts().warden.role_of(name, secret)
    title = await title_of(name)
    return answer(who, order.key_page(name, title, secret, role, who.language))


@blueprint.post("/keys/<secret>")
async def take_role(name: str, secret: str) -> Response:
    """Take the role that a link gives."""
    who = visitor(request)
    await parts().warden.take_role(name, await person_of(parts(), who), secret)
    return see_other(who, f"/r/{name}")


@blueprint.post("/invites")
async def invite(name: str) -> Response:
    """Make an invite, and show its link this once; or take one back."""
    house, who, form = parts(), visitor(request), await request.form
    person = await person_of(house, who)
    if taken := form.get("take"):
        await house.warden.take_back(name, person, taken)
        return see_other(who, f"/r/{name}/order")
    uses, length = form.get("uses", ""), INVITES.get(form.get("for", ""))
    if length is None or not _USES.fullmatch(uses):
        raise BadFrame(UNKNOWN)
    secret = await house.warden.invite(name, person, int(uses), house.clock() + length)
    link = f"{who.visit.origin}/r/{name}/invites/{secret}"
    if by_htmx():
        return Response(share.invited(who.language, link))
    return await rules_page_of(who, name, made="invite", link=link)


@blueprint.get("/invites/<secret>")
async def invitation(name: str, secret: str) -> Response:
    """Ask whoever opens an invite whether they come in: what only looks at links must not use it up."""
    who = visitor(request)
    await parts().warden.invited_by(name, secret)
    title = await title_of(name)
    return answer(who, order.invitation_page(name, title, secret, who.language))


@blueprint.post("/invites/<secret>")
async def accept(name: str, secret: str) -> Response:
    """Come in by an invite."""
    who = visitor(request)
    await parts().warden.accept(name, await person_of(parts(), who), secret)
    return see_other(who, f"/r/{name}")


@blueprint.post("/m/<entry_id>/author")
async def about_author(name: str, entry_id: str) -> Response:
    """Mute or ban whoever wrote a message."""
    message = await _message(name, entry_id)
    return await _do(name, Whom(message.author, message.name), f"/r/{name}")


@blueprint.post("/m/<entry_id>/report")
async def report(name: str, entry_id: str) -> Response:
    """Tell those who keep order of a message."""
    house, who = parts(), visitor(request)
    message = await _message(name, entry_id)
    if message.deleted:
        raise NoMessage(GONE)
    await house.warden.report(name, await person_of(house, who), who.visit.address, message)
    told = say(who.language, "Thank you. Those who keep order have been told.")
    return Response(fragments.notice(told, who.language)) if by_htmx() else see_other(who, f"/r/{name}")


@blueprint.post("/people/<public>")
async def about_person(name: str, public: str) -> Response:
    """Give or take a role, or let somebody write or come in again: one of those whom the rules name."""
    if not (may(Right.MODERATE, standing()) or may(Right.RULE, standing())):
        raise NotYours(FOR_KEEPERS)
    known = await parts().rules.known(name, public) if is_public_id(public) else None
    if known is None:
        raise NoMessage("There is nobody of that id.")
    return await _do(name, known, f"/r/{name}/order")


async def _message(name: str, entry_id: str) -> Message:
    message = (await parts().log.changes.find(name, entry_id)).message if is_entry_id(entry_id) else None
    if message is None:
        raise NoMessage(GONE)
    return message


async def _do(name: str, whom: Whom, back: str) -> Response:
    house, who, form = parts(), visitor(request), await request.form
    person, what = await person_of(house, who), form.get("do", "")
    length = {"mute": MUTES, "ban": BANS}.get(what, {}).get(form.get("for", ""))
    if what == "purge":
        hour_ago = house.clock() - HOUR
        await house.changer.purge(name, person, who.visit.address, whom, since=hour_ago)
    elif length is not None and what == "mute":
        await house.warden.mute(name, person, whom, house.clock() + length)
    elif length is not None:
        network = form.get("network") == "1"
        await house.warden.ban(name, person, whom, house.clock() + length, network=network)
    elif what == "hear":
        await house.warden.mute(name, person, whom, 0)
    elif what == "out":
        await house.warden.take_out(name, person, whom)
    elif what == "forgive":
        await house.warden.ban(name, person, whom, 0)
    elif what in ROLES:
        await house.warden.appoint(name, person, whom, ROLES[what])
    else:
        raise BadFrame(UNKNOWN)
    return answer(who, "", 204) if by_htmx() else see_other(who, back)


async def rules_page_of(
    who: Visitor, name: str, *, made: str = "", link: str = "", token: str = "", hook: New | None = None
) -> Response:
    """Answer with the page of a room's rules.

    made, link, token: as `order.Order` has them; hook: one that was made just now.
    """
    house, stands = parts(), standing()
    newest, people = await asyncio.gather(house.log.newest(name), house.rules.people(name))
    if newest.title is None:
        raise NoMessage(NO_ROOM)
    deeds: list[Deed] = []
    invites: list[Invite] = []
    members: list[Whom] = []
    bots: list[Bot] = []
    if may(Right.MODERATE, stands):
        deeds, invites, members, bots = await asyncio.gather(
            house.rules.deeds(name), house.rules.invites(name), house.rules.members(name), house.bots.of(name)
        )
    keepers = {one.public for one in people if one.role in KEEPERS}
    asks = may(Right.RULE, stands) and stands.rules.asks
    hooks = await house.hooks.of(name) if house.hooks.incoming else []
    told = [one.hook for one in hooks if isinstance(one.hook, Outgoing) and one.progress and one.progress.on]
    receivers = {host_of(hook.url): None for hook in told if house.hooks.outgoing}
    shown = order.Order(
        room=name,
        title=newest.title,
        topic=newest.header.topic,
        standing=stands,
        people=people,
        deeds=deeds,
        invites=invites,
        members=[one for one in members if one.public not in keepers],
        made=made,
        link=link,
        bots=bots,
        token=token,
        lists=house.settings.listed_rooms > 0,
        question=await house.rules.question(name) if asks else None,
        hooks=hooks if may(Right.HOOK, stands) and house.hooks.incoming else None,
        receivers=list(receivers),
        posts=house.hooks.outgoing,
        new_hook=hook,
        origin=who.visit.origin,
    )
    return answer(who, order.page(shown, who.public, who.audience))
