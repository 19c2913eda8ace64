"""The one place that puts the parts together."""

from __future__ import annotations

import asyncio
import re
import secrets
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

from hypercorn.typing import ASGIFramework
from quart import Quart, Response, g, request
from structlog.contextvars import bind_contextvars

from quart_chat import keys, metrics
from quart_chat.config import DAYS, Settings
from quart_chat.errors import SettingsError, StoreAway
from quart_chat.events import get_logger
from quart_chat.live.asker import Asker
from quart_chat.live.bearers import Bearers
from quart_chat.live.bots import Bots
from quart_chat.live.changer import Changer
from quart_chat.live.company import Company
from quart_chat.live.courier import Courier
from quart_chat.live.endless import install as install_endless
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
from quart_chat.live.stream import StreamRegistry, install
from quart_chat.live.uploads import Uploads
from quart_chat.live.warden import Warden
from quart_chat.outward.sender import Sender
from quart_chat.pages import assets, templates
from quart_chat.pages.dress import Dress
from quart_chat.pages.languages import DEFAULT, TAGS, translations
from quart_chat.pages.tokens import FIELD, HEADER
from quart_chat.pictures.studio import Studio
from quart_chat.room.attachments import MB, most_bytes
from quart_chat.room.markup import to_html
from quart_chat.shelf.shelf import Shelf
from quart_chat.store import status
from quart_chat.store.archive import Archive
from quart_chat.store.bots import RoomBots
from quart_chat.store.client import CONNECT
from quart_chat.store.deeds import Deeds
from quart_chat.store.directory import Directory
from quart_chat.store.erasures import Erasures
from quart_chat.store.expiring import Expiring
from quart_chat.store.feed import Feed
from quart_chat.store.glances import Glances
from quart_chat.store.handovers import Handovers
from quart_chat.store.holdings import Holdings
from quart_chat.store.hooks import RoomHooks
from quart_chat.store.limits import LAPSE, Limits
from quart_chat.store.log import Log, Retention
from quart_chat.store.people import People
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.reads import Reads
from quart_chat.store.rules import RoomRules
from quart_chat.store.searching import Searching
from quart_chat.store.servers import servers
from quart_chat.store.tokens import Tokens
from quart_chat.tasks import end_tasks
from quart_chat.web import (
    about,
    api,
    asking,
    bots,
    brand,
    composer,
    elsewhere,
    endless,
    feeds,
    files,
    forgetting,
    health,
    hooks,
    incoming,
    installing,
    lobby,
    messages,
    openapi,
    order,
    people,
    proofs,
    reading,
    rooms,
    search,
    share,
    socket,
    statics,
    tokens,
    transcript,
    wellknown,
)
from quart_chat.web.bearers import read_bearer
from quart_chat.web.failures import answer_errors
from quart_chat.web.headers import at_home, protect
from quart_chat.web.identity import Identities
from quart_chat.web.intake import MAX_FIELD, SHORT, pass_over, request_class
from quart_chat.web.parts import (
    EXTENSION,
    Parts,
    asks_for_token,
    check_token,
    let_in,
    parts,
    visitor,
)
from quart_chat.web.proxies import behind
from quart_chat.web.wellformed import well_formed

KIB = 1024
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_FORM = 128 * KIB  # a form whose 4,000 characters are all escaped; more gets 413
REST = 0.2  # seconds between templates that are made ahead

logger = get_logger(__name__)


def create_app(settings: Settings | None = None) -> Quart:
    """Build the application of one worker; it connects when it is served.

    settings: None reads the environment.

    Raises:
        SettingsError: a setting is missing or cannot be used; its text says what to do.
    """
    settings = settings or Settings.from_environment()
    if settings.redis_url is None:
        raise SettingsError(
            "REDIS_URL is not set. Set it to a Redis 7 or Valkey, such as redis://localhost:6379/0, "
            "or run `quart-chat`, which starts a store of its own"
        )
    house = _parts(settings, settings.redis_url)
    streams = StreamRegistry()
    install(streams)
    install_endless(streams)

    app = Quart(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM
    most = most_bytes(settings.file_megabytes) if settings.files else 0
    app.request_class = request_class(most + MAX_FIELD)
    app.extensions[EXTENSION] = house
    for part in (
        lobby,
        rooms,
        messages,
        feeds,
        files,
        search,
        transcript,
        share,
        order,
        bots,
        hooks,
        incoming,
        asking,
        reading,
        composer,
        people,
        tokens,
        elsewhere,
        proofs,
        forgetting,
        api,
        openapi,
        socket,
        endless,
        health,
        statics,
        installing,
        wellknown,
        brand,
        about,
    ):
        app.register_blueprint(part.blueprint)
    # what quart-schema's readers ask for; its extension is not installed
    app.config.update(QUART_SCHEMA_CONVERT_CASING=False, QUART_SCHEMA_CONVERSION_PREFERENCE="msgspec")
    answer_errors(app)
    app.before_request(_name_request)
    app.before_request(read_bearer)
    app.before_request(_refuse_foreign_forms)
    app.before_request(let_in)
    app.after_request(_finish)
    _live(app, house, streams)
    asgi = well_formed(cast(ASGIFramework, app.asgi_app), settings.https_days * DAYS)
    app.asgi_app = behind(settings.trusted_hops, asgi) if settings.trusted_hops else asgi  # type: ignore[method-assign,assignment]
    return app


def _parts(settings: Settings, url: str) -> Parts:
    worker = secrets.token_hex(4)
    store = servers(url)
    pipeline = Pipeline(store)
    feed = Feed(store, pipeline, worker)
    retention = Retention.of(settings)
    log, archive = Log(pipeline, retention), Archive(pipeline, retention)
    presence = Presence(pipeline, worker)
    people_ = People(pipeline)
    limits = Limits(pipeline, worker, settings.sockets_per_address)

    def clock() -> int:
        return time.time_ns() // 1_000_000

    rules = RoomRules(pipeline, clock)
    dress = Dress(settings.branding)
    signing = keys.load(settings.data, settings.secret_key)
    reads = Reads(pipeline, people_, retention.room, clock)
    company = Company(log, presence)
    phrases = Phrases()
    holdings = Holdings(pipeline)
    shelf = Shelf.of(settings)
    leftovers = Leftovers(holdings, shelf)
    prover = Prover(Deeds(pipeline), people_, feed, limits, phrases)
    warden = Warden(rules, people_, archive, leftovers=leftovers, limits=limits, phrases=phrases)
    room_bots = RoomBots(pipeline)
    bearers = Bearers(Tokens(pipeline), room_bots, limits, feed, clock)
    spool = _spool(settings.data) if settings.files else None
    changer = Changer(
        log,
        limits,
        company,
        leftovers,
        rules,
        characters=settings.message_characters,
        per_minute=settings.messages_per_minute,
        keep_versions=settings.keep_edits,
        clock=clock,
    )
    sayer = Sayer(
        log,
        feed,
        people_,
        limits,
        changer,
        company=company,
        rules=rules,
        prover=prover,
        characters=settings.message_characters,
        per_minute=settings.messages_per_minute,
        rooms_per_hour=settings.rooms_per_hour,
        file_bytes=settings.files_per_room_megabytes * MB,
        clock=clock,
    )
    room_hooks = RoomHooks(pipeline, worker, clock)
    uploads = Uploads(
        sayer,
        limits,
        holdings=holdings,
        shelf=shelf,
        leftovers=leftovers,
        studio=Studio(spool),
        per_minute=settings.uploads_per_minute,
    )
    return Parts(
        settings=settings,
        assets=assets.static(),
        store=store,
        pipeline=pipeline,
        log=log,
        glances=Glances(pipeline, log, presence, rules),
        feed=feed,
        presence=presence,
        people=people_,
        reads=reads,
        limits=limits,
        sayer=sayer,
        changer=changer,
        rules=rules,
        directory=Directory(pipeline, presence, settings.listed_rooms),
        warden=warden,
        asker=Asker(rules, limits, signing, clock),
        searcher=Searcher(Searching(pipeline), limits),
        scribe=Scribe(log, limits, warden),
        uploads=uploads,
        shelf=shelf,
        leftovers=leftovers,
        spool=spool,
        handovers=Handovers(pipeline),
        phrases=phrases,
        prover=prover,
        bearers=bearers,
        bots=Bots(room_bots, rules, warden, prover, feed=feed, clock=clock),
        eraser=Eraser(
            erasures=Erasures(pipeline, worker),
            archive=archive,
            changer=changer,
            prover=prover,
            people=people_,
            feed=feed,
            limits=limits,
            bearers=bearers,
            clock=clock,
        ),
        expirer=Expirer(Expiring(pipeline, worker, retention), rules, leftovers, clock),
        hooks=Hooks(
            room_hooks,
            rules,
            sayer,
            prover,
            limits,
            incoming=settings.hooks != "no",
            outgoing=settings.hooks == "yes",
            plain=bool(settings.hook_networks),
            clock=clock,
        ),
        courier=Courier(room_hooks, log, rules, Sender(settings.hook_networks), clock=clock),
        hub=Hub(log, feed, presence, reads, rules, worker=worker, zone=settings.time_zone, dress=dress),
        identities=Identities(*signing),
        dress=dress,
        clock=clock,
    )


def _spool(data: Path) -> Path | None:
    """Make the folder of what is not whole yet. /tmp may be memory; where there is no data folder it has to do."""
    folder = data / "unfinished"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return None


def _live(app: Quart, house: Parts, streams: StreamRegistry) -> None:
    """Run what a worker does all the time, from its start to its end."""
    running: list[asyncio.Task[None]] = []

    @app.before_serving
    async def start() -> None:
        try:
            if too_old := status.too_old(await status.version(house.pipeline)):
                raise SettingsError(too_old)
        except StoreAway as error:
            logger.warning("store.away.at_start", reason=str(error))
        running.append(asyncio.create_task(_warm_up(house)))
        work: tuple[Callable[[], Awaitable[None]], ...] = (
            lambda: house.feed.run(house.hub),
            house.hub.beat,
            house.hub.renew,
            lambda: _renew_sockets(house.limits),
            lambda: house.leftovers.run(house.hub.worker),
            house.eraser.run,
            house.expirer.run,
            *([house.courier.run] if house.hooks.outgoing else []),
            lambda: metrics.sample(lambda: house.hub.tabs, lambda: house.hub.rooms, lambda: house.hub.away is not None),
        )
        running.extend(asyncio.create_task(_for_ever(part)) for part in work)
        with suppress(TimeoutError):  # a page that comes at once is not told that the store is away
            async with asyncio.timeout(CONNECT):
                await house.hub.answered.wait()

    @app.after_serving
    async def stop() -> None:
        await streams.end()
        await house.hub.close()
        await end_tasks(running)
        house.shelf.close()
        house.phrases.close()
        await house.pipeline.aclose()
        await house.store.aclose()


async def _warm_up(house: Parts) -> None:
    """Make what the first page and message would wait for.

    One template after the other, with a rest between, so that who comes meanwhile waits for one at most: they take
    130 ms a language, and its catalogue 8.
    """
    await asyncio.to_thread(to_html, "*warm* :fire:")
    for tag in TAGS:
        await asyncio.to_thread(translations, tag)
    await asyncio.to_thread(house.assets.compress)
    for tag in TAGS:
        for name in templates.names():
            await asyncio.to_thread(templates.prepare, tag, name)
            if tag != DEFAULT:
                await asyncio.sleep(REST)


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
    """Run what must not end; what went wrong is logged, and it begins anew."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("worker.task.failed")
        await asyncio.sleep(1)


async def _renew_sockets(limits: Limits) -> None:
    while True:
        await asyncio.sleep(LAPSE / 1000 / 3)
        try:
            await limits.renew()
        except StoreAway:
            continue


async def _name_request() -> None:
    """Give the request an id, by which what is logged of it can be found; a trusted proxy may have given one."""
    given = request.headers.get("X-Request-Id", "") if parts().settings.trusted_hops else ""
    g.request = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    bind_contextvars(request=g.request)


async def _refuse_foreign_forms() -> None:
    request.headers.pop("Range", None)  # Quart answers bytes=-1 with an AssertionError; our files are small
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        who = visitor(request)
        # a form with files is long, and its route reads it piece by piece: there the token is looked at, too
        if asks_for_token(who) and request.endpoint != files.LOOKS_ITSELF:
            check_token(who, request.headers.get(HEADER) or (await request.form).get(FIELD, ""))


async def _finish(response: Response) -> Response:
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        await pass_over(request, SHORT)
    if "Location" in response.headers:  # the router's own name the host that was asked for, and are pages of its own
        if 300 <= response.status_code < 400:
            response.set_data("")
        response.headers["Location"] = at_home(response.headers["Location"])
    response.headers["X-Request-Id"] = g.get("request", "-")
    who = visitor(request)
    if who.by_token:
        response.headers.pop("Set-Cookie", None)
    return protect(response, who.lasting)
