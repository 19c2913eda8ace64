"""Who asks by a token: `Authorization: Bearer TOKEN`, or Basic with the token as password, and no cookie beside it."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import replace

from quart import g, request

from quart_chat.errors import Unwelcome
from quart_chat.room.bearers import PREFIXES
from quart_chat.web.parts import anonymous, parts

LONGEST = 1000  # characters of the header that are read
STRICT = "/api/"  # where whatever is shown has to be a token
OTHERS = ("health", "statics", "brand", "installing", "wellknown")  # read that header themselves, or tell all the same
FOR_BOTS = ("api", "feeds", "files", "messages", "rooms", "search", "endless", "transcript")  # blueprints
HANDS_ON = ("elsewhere", "forgetting", "proofs", "tokens", "bots", "hooks")  # what would outlive a token taken back
HANDS_OVER = ("order.new_link", "order.set_phrase", "order.invite", "order.take_role")  # of others' routes, the same
FOR_BROWSERS = "A token hands on nobody’s identity, name or tokens. Do that in your browser."
OF_ANOTHER_ROOM = "This token is a bot’s, for the room %(room)s alone."
NOT_FOR_BOTS = "Bots read and write in their room, and nothing else."


async def read_bearer() -> None:
    """Know who asks by the token that they show, before anything else asks who that is.

    Raises:
        BadToken: it opens nothing. TooFast: too much of that came from there. Unwelcome: it is a bot's, of another
        room, or what is asked for is for browsers alone. StoreAway: nobody knows.
    """
    header = request.headers.get("Authorization")
    if header is None or request.blueprint in OTHERS:
        return
    shown = token_in(header[:LONGEST], strict=request.path.startswith(STRICT))
    if shown is None:
        return
    g.visitor = who = anonymous(request)  # also of whatever refuses it
    holder = await parts().bearers.holder(shown, who.visit.address)
    g.visitor = replace(who, identity=holder.identity, proved=True, bot=holder.bot, ticket=holder.ticket)
    if request.blueprint in HANDS_ON or request.endpoint in HANDS_OVER:
        raise Unwelcome(FOR_BROWSERS)
    if holder.bot is not None:
        if (request.view_args or {}).get("name") != holder.room:
            raise Unwelcome(OF_ANOTHER_ROOM, room=holder.room)
        if request.blueprint not in FOR_BOTS:
            raise Unwelcome(NOT_FOR_BOTS)


def token_in(header: str, *, strict: bool) -> str | None:
    """Read the token of a header; None where it has none.

    strict: a header of another kind has one, too, which opens nothing. Elsewhere a name and password may be those that
    a proxy in front has asked for, and passes on.
    """
    scheme, _, said = header.partition(" ")
    said = said.strip()
    if scheme.lower() == "bearer":
        return said
    if scheme.lower() == "basic":
        try:
            name, _, password = b64decode(said, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return said if strict else None
        shown = password or name  # `curl -u :TOKEN`, and `curl -u TOKEN:`
        return shown if strict or shown.startswith(PREFIXES) else None
    return header if strict else None
