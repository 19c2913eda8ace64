"""A room for programs: JSON in, JSON out, by the same ways as the pages. docs/api.md tells how it is used."""

from __future__ import annotations

import json
import secrets
from typing import Any

from quart import Blueprint, Response, request
from quart_schema import validate_querystring

from quart_chat.errors import BadSearch, NoMessage
from quart_chat.live.changer import GONE
from quart_chat.live.sayer import Done
from quart_chat.pages import languages
from quart_chat.room.commands import Say
from quart_chat.room.entries import PAST_ALL, is_entry_id
from quart_chat.room.json_entries import Json, message_json, people_json, person_json, quote_json
from quart_chat.room.names import is_slug
from quart_chat.room.people import Person
from quart_chat.room.rights import Right, Standing, may
from quart_chat.store.log import PAGE
from quart_chat.store.newest import Page as Messages
from quart_chat.web import api_shapes as shapes
from quart_chat.web.api_schema import BLUEPRINT, fails, gives, takes
from quart_chat.web.order import NO_ROOM
from quart_chat.web.parts import parts, person_of, speaker_of, visitor, whole_standing

IN_A_ROOM = (Right.SAY, Right.ATTACH, Right.TOPIC, Right.MODERATE, Right.RULE)

blueprint = Blueprint(BLUEPRINT, __name__, url_prefix="/api/rooms/<name>")


@blueprint.before_request
async def check_address() -> None:
    """See that there is such a room; only who can be known again opens one, for nobody else could keep it.

    Raises:
        NoMessage: there is none, or it can be no message's id.
    """
    values = request.view_args or {}
    name, entry_id = str(values["name"]), values.get("entry_id")
    if entry_id is not None and not is_entry_id(entry_id):
        raise NoMessage(GONE)
    opens = request.method == "POST" and visitor(request).proved
    if not is_slug(name) or not (opens or await parts().log.exists(name)):
        raise NoMessage(NO_ROOM)


@blueprint.get("")
@gives(shapes.Room)
async def room(name: str) -> Response:
    """Tell of a room: its title, topic and rules, how many have it open, and what you may do there."""
    house, who = parts(), visitor(request)
    newest, here = await house.log.newest(name), await house.presence.read(name)
    stands, person = await whole_standing(house, who), await person_of(house, who)
    return _json(
        {
            "name": name,
            "title": newest.title or name,
            "topic": newest.header.topic,
            "pins": [quote_json(one) for one in newest.header.pins],
            "count": here.count,
            "rules": {field: getattr(stands.rules, field) for field in shapes.Rules.__struct_fields__},
            "you": _you(person, stands),
        }
    )


@blueprint.get("/messages")
@validate_querystring(shapes.Page)
@gives(shapes.Messages)
@fails(422)
async def messages(name: str, query_args: shapes.Page) -> Response:
    """Give messages, oldest first: the newest, those before one, or those after one."""
    log, asked = parts().log, query_args
    if asked.before is not None and asked.after is not None:
        raise BadSearch("Ask for messages before one or after one, and not for both.")
    if asked.after is not None:
        page = await log.after(name, asked.after, asked.limit)
    elif asked.before is not None or asked.limit > PAGE:
        page = await log.before(name, asked.before or PAST_ALL, asked.limit)
    else:  # which a worker has at hand
        newest = (await log.newest(name)).page
        shown = newest.messages[-asked.limit :]
        page = Messages(shown, newest.more or len(newest.messages) > len(shown))
    return _json({"messages": [message_json(one, name) for one in page.messages], "more": page.more})


@blueprint.post("/messages")
@takes(shapes.NewMessage)
@gives(shapes.Written, 201)
@gives(status=204)
@fails(422)
async def say(name: str, data: shapes.NewMessage) -> Response:
    """Say something. A command that says nothing in the room, such as /topic, is answered by 204."""
    house, who = parts(), visitor(request)
    asked = Say(data.text, data.nonce or secrets.token_hex(16), data.reply)
    said = await house.sayer.say(name, await speaker_of(house, who), who.visit.address, asked)
    if isinstance(said, Done):
        return _done()
    response = _json({"id": said, "path": f"/r/{name}/m/{said}"}, 201)
    response.headers["Location"] = f"/api/rooms/{name}/messages/{said}"
    return response


@blueprint.get("/messages/<entry_id>")
@gives(shapes.Message)
async def message(name: str, entry_id: str) -> Response:
    """Give a message as it stands."""
    return await _message(name, entry_id)


@blueprint.patch("/messages/<entry_id>")
@takes(shapes.NewText)
@gives(shapes.Message)
@fails(422)
async def edit(name: str, entry_id: str, data: shapes.NewText) -> Response:
    """Give your message another text."""
    house, who = parts(), visitor(request)
    await house.changer.edit(name, await person_of(house, who), who.visit.address, entry_id, data.text)
    return await _message(name, entry_id)


@blueprint.delete("/messages/<entry_id>")
@gives(status=204)
async def delete(name: str, entry_id: str) -> Response:
    """Delete your message, or as a moderator anybody's."""
    house, who = parts(), visitor(request)
    await house.changer.delete(name, await person_of(house, who), who.visit.address, entry_id)
    return _done()


@blueprint.post("/messages/<entry_id>/reactions")
@takes(shapes.NewReaction)
@gives(status=204)
@fails(422)
async def react(name: str, entry_id: str, data: shapes.NewReaction) -> Response:
    """Put a reaction under a message; one that is there stays."""
    return await _react(name, entry_id, data.emoji, there=True)


@blueprint.delete("/messages/<entry_id>/reactions/<emoji>")
@gives(status=204)
@fails(422)
async def take_back(name: str, entry_id: str, emoji: str) -> Response:
    """Take your reaction back; one that is not there stays away."""
    return await _react(name, entry_id, emoji, there=False)


@blueprint.get("/people")
@gives(shapes.People)
async def people(name: str) -> Response:
    """Tell who has the room open."""
    here = await parts().presence.read(name)
    return _json(people_json(here.people, here.count))


@blueprint.get("/search")
@validate_querystring(shapes.Search)
@gives(shapes.Found)
@fails(422)
async def search(name: str, query_args: shapes.Search) -> Response:
    """Look for messages, the newest first. Days are those of UTC."""
    house, who = parts(), visitor(request)
    _, found = await house.searcher.search(
        name, who.public, who.visit.address, query_args.q, zone=languages.zone("UTC"), before=query_args.before
    )
    hits, rest = (found.hits, found.rest) if found is not None else ((), None)
    return _json({"messages": [message_json(one.message, name) for one in hits], "rest": rest})


@blueprint.put("/topic")
@takes(shapes.NewTopic)
@gives(status=204)
@fails(422)
async def set_topic(name: str, data: shapes.NewTopic) -> Response:
    """Give the room a topic; an empty one takes it away."""
    house, who = parts(), visitor(request)
    await house.changer.set_topic(name, await person_of(house, who), who.visit.address, data.topic)
    return _done()


@blueprint.put("/pins/<entry_id>")
@gives(status=204)
@fails(422)
async def pin(name: str, entry_id: str) -> Response:
    """Pin a message; one that is pinned stays so."""
    house, who = parts(), visitor(request)
    await house.changer.pin(name, await person_of(house, who), who.visit.address, entry_id)
    return _done()


@blueprint.delete("/pins/<entry_id>")
@gives(status=204)
async def unpin(name: str, entry_id: str) -> Response:
    """Pin a message no longer."""
    house, who = parts(), visitor(request)
    await house.changer.unpin(name, await person_of(house, who), who.visit.address, entry_id)
    return _done()


async def _react(name: str, entry_id: str, emoji: str, *, there: bool) -> Response:
    house, who = parts(), visitor(request)
    person = await person_of(house, who)
    await house.changer.react(name, person, who.visit.address, entry_id, emoji, there=there)
    return _done()


async def _message(name: str, entry_id: str) -> Response:
    around = await parts().log.around(name, entry_id, 1)
    if not around.found:
        raise NoMessage(GONE)
    (found,) = (one for one in around.page.messages if one.id == entry_id)
    return _json(message_json(found, name))


def _you(person: Person, stands: Standing) -> Json:
    rights = [right for right in IN_A_ROOM if may(right, stands)]
    return {**person_json(person.public, person.name), "role": stands.role, "may": rights}


def _json(told: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(told, ensure_ascii=False, separators=(",", ":")), status, mimetype="application/json")


def _done() -> Response:
    return Response("", 204)
