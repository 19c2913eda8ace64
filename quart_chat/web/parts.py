"""What routes reach for: the parts that `create_app` put together, and who is asking."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import cast

from quart import Response, current_app, g, request
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from quart_chat.config import DAYS, Settings
from quart_chat.errors import BadName, BadToken, NotYours, Refused, StoreAway, TooFast, Unwelcome
from quart_chat.live.asker import Asker
from quart_chat.live.bearers import OPENS_NOTHING, Bearers
from quart_chat.live.bots import Bots
from quart_chat.live.changer import Changer
from quart_chat.live.courier import Courier
from quart_chat.live.eraser import Eraser
from quart_chat.live.expirer import Expirer
from quart_chat.live.hooks import Hooks
from quart_chat.live.hub import Hub
from quart_chat.live.leftovers import Leftovers
from quart_chat.live.phrases import Phrases
from quart_chat.live.prover import Prover
from quart_chat.live.sayer import Sayer
from quart_chat.live.scribe import Scribe
from quart_chat.live.searcher import Searcher
from quart_chat.live.uploads import Uploads
from quart_chat.live.warden import Warden
from quart_chat.pages.assets import Assets
from quart_chat.pages.dress import Dress
from quart_chat.pages.languages import HEADER as PAGE_LANGUAGE
from quart_chat.pages.languages import TAGS, Audience, choose
from quart_chat.pages.themes import read_theme
from quart_chat.pages.tokens import FIELD, with_tokens
from quart_chat.pages.zones import guess, kept_times
from quart_chat.room.bearers import Bot
from quart_chat.room.names import MAX_TITLE, TITLE_TOO_LONG, TITLE_UNSPEAKABLE, is_slug, slug_of
from quart_chat.room.people import Person, default_name, new_id, public_id
from quart_chat.room.proofs import is_proved, of_bot
from quart_chat.room.rights import BOTS, NEWCOMER, VERIFIED, Rules, Standing, admitted
from quart_chat.shelf.shelf import Shelf
from quart_chat.store.directory import Directory
from quart_chat.store.feed import Feed
from quart_chat.store.glances import Glance, Glances
from quart_chat.store.handovers import Handovers
from quart_chat.store.limits import Limits
from quart_chat.store.log import Log
from quart_chat.store.people import People
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.reads import Reads
from quart_chat.store.rules import RoomRules
from quart_chat.store.servers import Servers
from quart_chat.web.guard import UNSAID, Visit, comes_from_here, visit
from quart_chat.web.identity import LANGUAGE, SOUND, THEME, TIMES, Identities, cookie_name
from quart_chat.web.packing import pack

EXTENSION = "quart_chat"
FOR_GOOD = "max-age=31536000, immutable"  # of Cache-Control, after for whom it is kept
# Whoever holds an owner's link owns the room, banned there or not; invites and answers are for who is not in it
KEYS = ("order.key", "order.take_role", "order.invitation", "order.accept", "order.enter", "asking.come_in")
SAYS_ITSELF = (
    "messages.menu",
    "search.find",
    "files.send",
    "endless.live",
    "endless.write",
)  # that the store is away; each asks for `standing` first
GLANCES = "rooms.room"
LONGEST = 1000  # characters of Accept-Language that are read


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one worker; clock: ms since the epoch.

    spool: the folder of files that are not whole yet; None: the system's own for such.
    """

    settings: Settings
    assets: Assets
    store: Servers
    pipeline: Pipeline
    log: Log
    glances: Glances
    feed: Feed
    presence: Presence
    people: People
    reads: Reads
    limits: Limits
    sayer: Sayer
    changer: Changer
    searcher: Searcher
    scribe: Scribe
    rules: RoomRules
    directory: Directory
    warden: Warden
    asker: Asker
    uploads: Uploads
    shelf: Shelf
    leftovers: Leftovers
    spool: Path | None
    handovers: Handovers
    phrases: Phrases
    prover: Prover
    bearers: Bearers
    bots: Bots
    eraser: Eraser
    expirer: Expirer
    hooks: Hooks
    courier: Courier
    hub: Hub
    identities: Identities
    dress: Dress
    clock: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks.

    identity: proved by their cookie or token, or a new one that the answer has to set.
    proved: the cookie or token was there and right. forged: a cookie was there and wrong.
    by_token: they showed a token; then no cookie is read or set. bot: whose token it is, if it is a bot's.
    ticket: by which the token is known; "" for none.
    chose: the language of the audience is one that they switched to, or that of the page that asks.
    sounds: they want to hear when somebody means them.
    theme: that they chose, of `themes.THEMES`.
    lasting: seconds for which their browser is to come by HTTPS alone; 0: they came by HTTP, or as long as it likes.
    """

    visit: Visit
    identity: str
    proved: bool
    forged: bool
    audience: Audience
    chose: bool
    sounds: bool
    theme: str
    lasting: int
    by_token: bool = False
    bot: Bot | None = None
    ticket: str = ""

    @property
    def public(self) -> str:
        """What others may see of the identity."""
        return public_id(self.identity)

    @property
    def language(self) -> str:
        """The language of what they get."""
        return self.audience.language

    def person(self, name: str | None) -> Person:
        """Make the person; name: as kept, None where they chose none."""
        if self.bot is not None:
            return Person(self.identity, of_bot(self.bot.name))
        return Person(self.identity, name or default_name(self.identity))


def parts() -> Parts:
    """Give the parts of the application that is serving."""
    return cast(Parts, current_app.extensions[EXTENSION])


def visitor(asked: BaseRequestWebsocket) -> Visitor:
    """Tell who asks, by a request or a handshake. It costs no I/O, and is worked out once."""
    who: Visitor | None = g.get("visitor")
    if who is None:
        who = g.visitor = _visitor(asked)
    rules = g.get("standing", NEWCOMER).rules
    # a room's own language is for whom chose none
    return replace(who, audience=spoken_in(who, rules)) if rules.language else who


def anonymous(asked: BaseRequestWebsocket) -> Visitor:
    """Give who asks by a token, as long as nobody knows whose that is: no cookie tells it."""
    return replace(_visitor(asked, {}), by_token=True)


def _visitor(asked: BaseRequestWebsocket, cookies: dict[str, str] | None = None) -> Visitor:
    house = parts()
    if cookies is None:
        cookies = asked.cookies.to_dict()  # whose own `get` makes an exception for each that is not there
    came = visit(asked.scheme, asked.host, asked.remote_addr)
    identity = house.identities.read(cookies, came.secure)
    accepted = _accepted(asked.headers.get("Accept-Language", "")[:LONGEST])
    # a fragment is in the language of the page that asks for it
    chosen = asked.headers.get(PAGE_LANGUAGE), cookies.get(cookie_name(came.secure, LANGUAGE))
    language = choose(chosen, accepted)
    times = kept_times(cookies.get(cookie_name(came.secure, TIMES), "")[:LONGEST])
    zone, hours = times or (guess(accepted, house.settings.time_zone), "")
    return Visitor(
        visit=came,
        identity=identity or new_id(),
        proved=identity is not None,
        forged=identity is None and house.identities.presented(cookies, came.secure),
        audience=Audience(language, zone, hours),
        chose=any(one in TAGS for one in chosen),
        theme=read_theme(cookies.get(cookie_name(came.secure, THEME))),
        sounds=cookies.get(cookie_name(came.secure, SOUND)) == "1",
        lasting=house.settings.https_days * DAYS if came.secure else 0,
    )


def spoken_in(who: Visitor, rules: Rules) -> Audience:
    """Give for whom a tab of somebody's is rendered: a room's own language is for who chose none."""
    own = not who.chose and rules.language in TAGS
    return who.audience._replace(language=rules.language) if own else who.audience


@lru_cache(1000)  # browsers of one language say the same
def _accepted(header: str) -> tuple[str, ...]:
    """Read the tags of Accept-Language, best first, without those that are not wanted (RFC 9110, 12.4.2)."""
    return tuple(tag for tag, quality in parse_accept_header(header, LanguageAccept) if quality > 0)


def asks_for_token(who: Visitor) -> bool:
    """Tell whether a form's token has to say that it is the sender's own: nothing else does, and a cookie names them.

    Raises:
        Unwelcome: another site's page sent it.
    """
    said = comes_from_here(request.headers, who.visit, parts().settings.origins)
    # no browser shows a token by itself; one that was typed with a name and password it may, so origins are looked at
    return not said and not who.by_token and (who.proved or who.forged)


def check_token(who: Visitor, token: str) -> None:
    """Refuse a form that was not made for who sends it.

    Raises:
        Unwelcome: its token is not theirs.
    """
    if not who.proved or not parts().identities.is_form_token(who.identity, token):
        raise Unwelcome(UNSAID)


async def person_of(house: Parts, who: Visitor) -> Person:
    """Give the person with the name that they chose, as they may still have it."""
    if who.bot is not None:
        return who.person(None)
    kept = await house.people.name(who.public) if who.proved else None
    return who.person(await house.prover.as_it_stands(kept, who.identity))


async def speaker_of(house: Parts, who: Visitor) -> Person:
    """Give the person who is about to say something in the room that they ask of, as `person_of` does.

    Raises:
        NotYours: the room is slow, and they are nobody who can be held to its pauses. StoreAway: no answer.
    """
    if not who.proved and standing().rules.slow:
        raise NotYours("This room is slow. Write in a browser, or with a token.")
    return await person_of(house, who)


async def let_in() -> None:
    """See whether who asks may be in the room that they ask of; before every route of a room.

    Raises:
        Unwelcome: they may not. StoreAway: nobody knows.
    """
    name = (request.view_args or {}).get("name")
    if name is None or not is_slug(str(name)) or request.endpoint in KEYS:
        return
    house, who = parts(), visitor(request)
    try:
        if request.endpoint == GLANCES:  # which asks for all that its page needs, and this with it, in one round trip
            g.glance = await glance_of(house, who, str(name))
            g.standing = admitted(g.glance.standing)
        else:
            g.standing = await house.warden.let_in(str(name), who.public, who.visit.address)
        # a bot that was sent away has no role, and a worker may remember its token for a moment
        if who.bot is not None and g.standing.role not in BOTS:
            raise BadToken(OPENS_NOTHING)
    except StoreAway as away:
        if request.endpoint not in SAYS_ITSELF:
            raise
        g.away = away


async def glance_of(house: Parts, who: Visitor, room: str) -> Glance:
    """Look at a room for who asks; they may not be in it.

    Raises:
        StoreAway: no answer.
    """
    return await house.glances.read(room, who.public, who.visit.address, proved=who.proved)


async def glanced(house: Parts, who: Visitor, room: str) -> Glance:
    """Give, once, what `let_in` saw of the room that is asked for; look where it did not.

    Raises:
        StoreAway: no answer.
    """
    return cast(Glance | None, g.pop("glance", None)) or await glance_of(house, who, room)


def standing() -> Standing:
    """Tell how who asks stands in the room that they ask of.

    Raises:
        StoreAway: nobody knows; only in a route that says that in its own way.
    """
    if "away" in g:
        raise g.away
    return cast(Standing, g.get("standing", NEWCOMER))


async def whole_standing(house: Parts, who: Visitor) -> Standing:
    """Tell how who asks stands, their name looked up where the room asks for one that is kept.

    Raises:
        StoreAway: nobody knows.
    """
    found = standing()
    if found.rules.writers != VERIFIED:
        return found
    return found._replace(proved=is_proved((await person_of(house, who)).name))


def by_htmx() -> bool:
    """Tell whether htmx asks, which wants a part of a page."""
    return request.headers.get("HX-Request") == "true"


def answer(who: Visitor, body: str | bytes, status: int = 200) -> Response:
    """Answer somebody with HTML, and set or renew their cookie; a text is dressed for them, bytes are."""
    if isinstance(body, str) and body:
        body = dressed(who, body)
    response = Response(body, status, mimetype="text/html")
    parts().identities.write(response, who.identity, who.visit.secure)
    return response


def dressed(who: Visitor, html: str) -> bytes:
    """Give a page to somebody: in their theme, as the operator's, and with their token in its forms."""
    house = parts()
    token = house.identities.form_token(who.identity)
    return with_tokens(html).fill(**{FIELD: token}, **house.dress.values(who.theme))


def retry_after(response: Response, error: Refused) -> Response:
    """Say when to come again, if a limit was reached, and what would be taken, if a token was wrong."""
    if isinstance(error, TooFast):
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, BadToken):  # and not Basic, for which browsers would ask people
        response.headers["WWW-Authenticate"] = 'Bearer realm="Quart Chat", error="invalid_token"'
    return response


def see_other(who: Visitor, path: str) -> Response:
    """Lead somebody on after a form: post, redirect, get."""
    response = answer(who, "", 303)
    response.headers["Location"] = path
    return response


def for_good(body: str | bytes, mimetype: str, whose: str = "private") -> Response:
    """Answer with what is the same for ever at its address; whose: cache may keep it, "private" or "public"."""
    response = Response(headers={"Cache-Control": f"{whose}, {FOR_GOOD}"}, mimetype=mimetype)
    return pack(response, body.encode() if isinstance(body, str) else body)


def moved(path: str) -> Response:
    """Lead to the one true address of what was asked for."""
    query = request.query_string.decode("latin1")
    return Response("", 308, {"Location": f"{path}?{query}" if query else path})


async def title_of(room: str) -> str:
    """Give a room's title; its name where it has none."""
    return (await parts().log.titles([room])).get(room, room)


def true_name(name: str) -> str:
    """Give the one true name of a room that an address spells somehow.

    Raises:
        BadName: nothing of it can be a room's name, or it is too long to be meant as one.
    """
    if is_slug(name):
        return name
    if len(name) > MAX_TITLE:
        raise BadName(TITLE_TOO_LONG, most=MAX_TITLE, count=len(name))
    slug = slug_of(name)
    if not slug:
        raise BadName(TITLE_UNSPEAKABLE)
    return slug
