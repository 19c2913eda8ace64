"""Errors as whoever asked can read them: a page, a notice in one, plain text, or problem details; never a traceback."""

from __future__ import annotations

from quart import Quart, Response, has_request_context, request, websocket
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from quart_chat.errors import Asked, Locked, Refused, StoreAway
from quart_chat.events import get_logger
from quart_chat.pages import fragments, trouble
from quart_chat.pages import order as order_page
from quart_chat.pages.languages import DEFAULT, PAGE, say
from quart_chat.room.names import is_slug
from quart_chat.web import asking
from quart_chat.web.headers import protect
from quart_chat.web.parts import answer, by_htmx, dressed, retry_after, visitor
from quart_chat.web.problems import code_of, problem, wants_json
from quart_chat.web.wanted import wanted_face

NOTED = "Something went wrong here. It has been noted."
OF_THE_RULES = ("order", "bots", "hooks")  # whose forms stand on the page of rules
SOON = "2"  # seconds after which to ask again, where the store is away

logger = get_logger(__name__)


def answer_errors(app: Quart) -> None:
    """Let an application answer whatever is raised in it."""
    app.register_error_handler(Refused, refused)
    app.register_error_handler(StoreAway, away)
    app.register_error_handler(HTTPException, wrong)
    app.register_error_handler(Exception, unexpected)


async def refused(error: Refused) -> Response:
    """Say why something is refused, or ask for what lets in."""
    if isinstance(error, Locked | Asked) and _sees_pages() and not by_htmx():
        who, room = visitor(request), str((request.view_args or {}).get("name"))
        if isinstance(error, Locked):
            return answer(who, order_page.locked_page(room, who.language), error.status)
        try:
            return await asking.page(who, room, error)
        except StoreAway as gone:
            return await away(gone)
    spoken = _language()
    why = fragments.refusal(spoken, error) if _sees_pages() else fragments.reason(spoken, error)
    if _sees_pages() and by_htmx():
        return retry_after(_told(why, error.status), error)
    return retry_after(_shown(why, error.status, code=code_of(type(error).__name__)), error)


async def away(error: StoreAway) -> Response:
    """Say that the store is away."""
    logger.warning("request.unserved", reason=str(error))
    spoken = _language()
    if _sees_pages() and by_htmx() and request.method == "POST":  # htmx skips 503
        return _told(say(spoken, "The server can’t keep that right now. Try again in a moment."), 200)
    text = say(spoken, "The server can’t reach its messages right now. Nothing that was sent is lost.")
    response = _shown(text, 503, _here(), code_of(StoreAway.__name__))
    response.headers["Retry-After"] = SOON
    return response


async def wrong(error: HTTPException) -> Response:
    """Say what is wrong with a request; redirects lead on."""
    spoken, status = _language(), error.code or 500
    if error.response is not None or 300 <= status < 400:
        found = error.get_response()
        return Response("", found.status_code, {"Location": found.headers.get("Location", "/")})
    text = {
        404: say(spoken, "There is nothing at this address. Rooms are at /r/their-name."),
        405: say(spoken, "This address does not take that."),
        413: say(spoken, "That was too much at once."),
        415: say(spoken, "Send JSON, and say so: Content-Type: application/json"),
    }.get(status, say(spoken, "The request could not be understood."))
    if status >= 500:
        text = say(spoken, NOTED)
    invalid = getattr(error, "validation_error", None)  # of what the API's description says
    response = _shown(f"{text} {invalid}" if invalid else text, status)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


async def unexpected(error: Exception) -> Response:
    """Say that something broke, and log it."""
    logger.exception("request.failed", exc_info=error)
    return _shown(say(_language(), NOTED), 500, _here())


def _sees_pages() -> bool:
    return has_request_context() and wanted_face() == PAGE and not wants_json()


def _language() -> str:
    return visitor(request).language if has_request_context() else DEFAULT


def _shown(text: str, status: int, back: str | None = None, code: str = "") -> Response:
    """Answer with what did not work, in the way in which whoever asked reads it.

    text: markup where they see pages. back: where to try again; None: the page leads on. code: for programs.
    """
    if not has_request_context():
        return protect(Response(text, status), visitor(websocket).lasting)  # a handshake
    if wants_json():
        return problem(status, text, code)
    if wanted_face() != PAGE:
        return Response(f"{text}\n", status, mimetype="text/plain")
    who = visitor(request)
    html = trouble.page(text, status, who.language, back=back or _way_on(status), again=back is not None)
    return Response(dressed(who, html), status, mimetype="text/html")


def _told(why: str, status: int) -> Response:
    """Tell a page that asked by htmx; what it has stays as it is."""
    notice = fragments.notice(why, visitor(request).language)
    return Response(notice, status, {"HX-Reswap": "none"}, mimetype="text/html")


def _here() -> str | None:
    """Give the address that did not work, where one may ask for it again."""
    return request.path if has_request_context() and request.method == "GET" else None


def _way_on(status: int) -> str:
    """Give where a page that says that something did not work leads: to the room, if that is not what did not work."""
    room = str((request.view_args or {}).get("name", ""))
    at = f"/r/{room}"
    if request.method == "POST" and request.blueprint in OF_THE_RULES and status != 403:
        return f"{at}/order"
    return at if status not in (403, 500) and is_slug(room) and request.path != at else "/"
