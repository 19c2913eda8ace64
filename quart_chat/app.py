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
from quart import Quart, Response, abort, g, has_request_context, request, websocket
from structlog.contextvars import bind_contextvars
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from quart_chat import keys, metrics
from quart_chat.config import DAYS, Settings
from quart_chat.errors import Asked, Locked, Refused, SettingsError, StoreAway
from quart_chat.events import get_logger
from quart_chat.files import folder
from quart_chat.live.asker import Asker
from quart_chat.live.changer import Changer
from quart_chat.live.company import Company
from quart_chat.live.courier import Courier
from quart_chat.live.eraser import Eraser
from quart_chat.live.expirer import Expirer
from quart_chat.live.hooks import Hooks
from quart_chat.live.hub import Hub
from quart_chat.live.leftovers import Leftovers
from quart_chat.live.phrases import Phrases
from quart_chat.live.prover import Prover
from quart_chat.live.sayer import Sayer
from quart_chat.live.searcher import Searcher
from quart_chat.live.stream import StreamRegistry, install
from quart_chat.live.uploads import Uploads
from quart_chat.live.warden import Warden
from quart_chat.outward.sender import Sender
from quart_chat.pages import assets, fragments, templates
from quart_chat.pages import order as order_page
from quart_chat.pages.languages import TAGS, say, translations
from quart_chat.pages.tokens import FIELD, HEADER
from quart_chat.pictures.studio import Studio
from quart_chat.room.attachments import MB, most_bytes
from quart_chat.room.markup import to_html
from quart_chat.shelf.shelf import Shelf
from quart_chat.store import status
from quart_chat.store.archive import Archive
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
from quart_chat.tasks import end_tasks
from quart_chat.web import (
    asking,
    composer,
    elsewhere,
    files,
    forgetting,
    health,
    hooks,
    incoming,
    lobby,
    messages,
    order,
    people,
    proofs,
    reading,
    rooms,
    search,
    socket,
    wellknown,
)
from quart_chat.web.headers import at_home, protect
from quart_chat.web.identity import Identities
from quart_chat.web.intake import MAX_FIELD, SHORT, pass_over, request_class
from quart_chat.web.parts import (
    EXTENSION,
    FOR_GOOD,
    Parts,
    answer,
    asks_for_token,
    by_htmx,
    check_token,
    let_in,
    parts,
    retry_after,
    visitor,
)
from quart_chat.web.proxies import behind
from quart_chat.web.wellformed import well_formed

KIB = 1024
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_FORM = 128 * KIB  # a form whose 4,000 characters are all escaped; more gets 413
NOTED = "Something went wrong here. It has been noted."

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

    app = Quart(__name__, static_folder=str(folder("static")), static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM
    most = most_bytes(settings.file_megabytes) if settings.files else 0
    app.request_class = request_class(most + MAX_FIELD)
    app.extensions[EXTENSION] = house
    for part in (
        lobby,
        rooms,
        messages,
        files,
        search,
        order,
        hooks,
        incoming,
        asking,
        reading,
        composer,
        people,
        elsewhere,
        proofs,
        forgetting,
        socket,
        health,
        wellknown,
    ):
        app.register_blueprint(part.blueprint)
    _answer_errors(app)
    app.before_request(_name_request)
    app.before_request(_refuse_foreign_forms)
    app.before_request(_refuse_unknown_files)
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
    signing = keys.load(settings.data, settings.secret_key)
    reads = Reads(pipeline, people_, retention.room, clock)
    company = Company(log, presence)
    phrases = Phrases()
    prover = Prover(Deeds(pipeline), people_, feed, limits, phrases)
    holdings = Holdings(pipeline)
    shelf = Shelf.of(settings)
    leftovers = Leftovers(holdings, shelf)
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
        warden=Warden(rules, people_, archive, leftovers=leftovers, limits=limits, phrases=phrases),
        asker=Asker(rules, limits, signing, clock),
        searcher=Searcher(Searching(pipeline), limits),
        uploads=uploads,
        shelf=shelf,
        leftovers=leftovers,
        spool=spool,
        handovers=Handovers(pipeline),
        phrases=phrases,
        prover=prover,
        eraser=Eraser(
            erasures=Erasures(pipeline, worker),
            archive=archive,
            changer=changer,
            prover=prover,
            people=people_,
            feed=feed,
            limits=limits,
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
        hub=Hub(log, feed, presence, reads, rules, worker=worker, zone=settings.time_zone),
        identities=Identities(*signing),
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
        for tag in TAGS:
            translations(tag)  # parsed before the first reader waits for it
        running.append(asyncio.create_task(asyncio.to_thread(_warm_up)))
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


def _warm_up() -> None:
    """Make what the first page and message would wait for."""
    for tag in TAGS:
        templates.compile_all(tag)
    to_html("*warm* :fire:")


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


async def _refuse_unknown_files() -> None:
    if request.endpoint == "static" and (request.view_args or {}).get("filename") not in assets.versions():
        abort(404)  # Quart would ask the disk, and fail at a name that is too long for it


async def _finish(response: Response) -> Response:
    if request.method == "POST":
        await pass_over(request, SHORT)
    if request.path.startswith("/static/") and response.status_code in (200, 206, 304):
        name = request.path.removeprefix("/static/")
        kept = request.args.get("v") == assets.versions().get(name)
        response.headers["Cache-Control"] = f"public, {FOR_GOOD}" if kept else "no-cache"
    if "Location" in response.headers:  # the router's own name the host that was asked for, and are pages of its own
        response.set_data("")
        response.headers["Location"] = at_home(response.headers["Location"])
    response.headers["X-Request-Id"] = g.get("request", "-")
    return protect(response, visitor(request).lasting)


def _answer_errors(app: Quart) -> None:
    """Turn errors into pages; nobody sees a traceback."""

    def page(heading: str, text: str, status: int, back: str | None = None) -> Response:
        if not has_request_context():
            return protect(Response(text, status), visitor(websocket).lasting)  # a handshake
        html = templates.page(
            "error.html",
            visitor(request).language,
            heading=heading,
            text=text,
            back=back or "/",
            again=back is not None,
        )
        return Response(html, status, mimetype="text/html")

    def told(why: str, status: int) -> Response:
        """Tell a page that asked by htmx; what it has stays as it is."""
        notice = fragments.notice(why, visitor(request).language)
        return Response(notice, status, {"HX-Reswap": "none"}, mimetype="text/html")

    def language() -> str:
        return visitor(request).language if has_request_context() else "en"

    @app.errorhandler(Refused)
    async def refused(error: Refused) -> Response:
        spoken = language()
        if isinstance(error, Locked) and has_request_context() and not by_htmx():
            room = str((request.view_args or {}).get("name"))
            return answer(visitor(request), order_page.locked_page(room, spoken), error.status)
        if isinstance(error, Asked) and has_request_context() and not by_htmx():
            try:
                return await asking.page(visitor(request), str((request.view_args or {}).get("name")), error)
            except StoreAway as gone:
                return await away(gone)
        why = fragments.refusal(spoken, error)
        if has_request_context() and by_htmx():
            return retry_after(told(why, error.status), error)
        return retry_after(page(say(spoken, "That did not work"), why, error.status), error)

    @app.errorhandler(StoreAway)
    async def away(error: StoreAway) -> Response:
        logger.warning("request.unserved", reason=str(error))
        spoken = language()
        if has_request_context() and by_htmx() and request.method == "POST":
            return told(
                say(spoken, "The server can’t keep that right now. Try again in a moment."), 200
            )  # htmx skips 503
        heading = say(spoken, "Back in a moment")
        text = say(spoken, "The server can’t reach its messages right now. Nothing that was sent is lost.")
        response = page(heading, text, 503, request.path if has_request_context() and request.method == "GET" else None)
        response.headers["Retry-After"] = "2"
        return response

    @app.errorhandler(HTTPException)
    async def http(error: HTTPException) -> Response:
        spoken = language()
        status = error.code or 500
        if error.response is not None or 300 <= status < 400:
            found = error.get_response()
            return Response("", found.status_code, {"Location": found.headers.get("Location", "/")})
        text = {
            404: say(spoken, "There is nothing at this address. Rooms are at /r/their-name."),
            405: say(spoken, "This address does not take that."),
            413: say(spoken, "That was too much at once."),
        }.get(status, say(spoken, "The request could not be understood."))
        if status >= 500:
            text = say(spoken, NOTED)
        response = page(say(spoken, "That did not work"), text, status)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    @app.errorhandler(Exception)
    async def unexpected(error: Exception) -> Response:
        logger.exception("request.failed", exc_info=error)
        spoken = language()
        return page(say(spoken, "That did not work"), say(spoken, NOTED), 500)
