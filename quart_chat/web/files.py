"""Files: how they come into a room, and how they are given out again."""

from __future__ import annotations

from contextlib import ExitStack
from urllib.parse import quote

from quart import Blueprint, Response, abort, request

from quart_chat.errors import NoMessage, NotYours, Refused, StoreAway
from quart_chat.events import get_logger
from quart_chat.pages import fragments, templates
from quart_chat.pages.languages import TAGS, say
from quart_chat.pages.tokens import FIELD, HEADER
from quart_chat.room.attachments import SHOWN, Attached, is_digest, most_bytes
from quart_chat.room.commands import Say, read_id, read_nonce
from quart_chat.room.entries import is_entry_id
from quart_chat.room.names import is_slug
from quart_chat.room.rights import NO_FILES, Right, may, silenced
from quart_chat.web.intake import MAX_FIELD, pass_over, read_form, too_much
from quart_chat.web.parts import (
    FOR_GOOD,
    Visitor,
    answer,
    asks_for_token,
    by_htmx,
    check_token,
    for_good,
    moved,
    parts,
    retry_after,
    see_other,
    speaker_of,
    true_name,
    visitor,
    whole_standing,
)

blueprint = Blueprint("files", __name__)

LOOKS_ITSELF = "files.send"  # the endpoint below
POLICY = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
READ_WITHIN = 900.0  # seconds that a reader may take
OFF = "Files are switched off on this server."
NOT_THERE = "This file is not here, or not any more."
CANNOT_KEEP = "The server can’t keep that right now. Try again in a moment."

logger = get_logger(__name__)


@blueprint.get("/r/<name>/files")
async def form(name: str) -> Response:
    """Show the form that sends files, as a page of its own."""
    if (true := true_name(name)) != name:
        return moved(f"/r/{true}/files")
    if not parts().settings.files:
        raise NoMessage(OFF)
    return _page(visitor(request), name, "", "", 200)


@blueprint.post("/r/<name>/files")
async def send(name: str) -> Response:
    """Say something with files."""
    if (true := true_name(name)) != name:
        await pass_over(request)
        return moved(f"/r/{true}/files")
    if not parts().settings.files:
        await pass_over(request)
        raise NoMessage(OFF)
    who, typed = visitor(request), ""
    try:
        with ExitStack() as ends:
            settings, house = parts().settings, parts()
            stands = await whole_standing(house, who)
            if not may(Right.ATTACH, stands):
                raise NotYours(NO_FILES) if stands.writes else silenced(stands)
            most = most_bytes(settings.file_megabytes)
            size = most if request.content_length is None else request.content_length
            if size > most + MAX_FIELD:
                raise too_much(settings.file_megabytes)
            async with house.uploads.let_in(who.public, who.visit.address, size):
                came = await read_form(request, ends, house.spool, settings.file_megabytes)
                if asks_for_token(who):
                    check_token(who, request.headers.get(HEADER) or came.fields.get(FIELD, ""))
                typed = came.fields.get("text", "")
                if came.refused is not None:
                    raise came.refused
                asked = Say(typed, read_nonce(came.fields.get("nonce")), read_id(came.fields.get("reply")))
                await house.uploads.say(name, await speaker_of(house, who), who.visit.address, asked, came.files)
    except Refused as error:
        await pass_over(request)
        return retry_after(_refused(who, name, typed, fragments.refusal(who.language, error), error.status), error)
    except StoreAway as away:
        logger.warning("upload.unserved", reason=str(away))
        await pass_over(request)
        # htmx shows no answer of a server that failed
        return _refused(who, name, typed, say(who.language, CANNOT_KEEP), 200 if by_htmx() else 503)
    if not by_htmx():
        return see_other(who, f"/r/{name}")
    return answer(who, fragments.sent(name, settings.file_megabytes, who.language))


@blueprint.get("/files-failed/<language>")
async def failed(language: str) -> Response:
    """Give what the sheet says where files could not be sent, which a page fetches while it can."""
    if language not in TAGS:
        abort(404)
    why = say(language, "The files could not be sent. Look at your connection, and try again.")
    return for_good(fragments.not_sent(why, language, swaps=False), "text/html")


def _refused(who: Visitor, name: str, typed: str, why: str, status: int) -> Response:
    """Say why; what was chosen stays chosen where htmx asked, and what was typed in either case."""
    if not by_htmx():
        return _page(who, name, typed, why, status)
    done = answer(who, fragments.not_sent(why, who.language), status)
    done.headers["HX-Reswap"] = "none"
    return done


def _page(who: Visitor, name: str, typed: str, why: str, status: int) -> Response:
    megabytes = parts().settings.file_megabytes
    shown = fragments.attach_form(name, megabytes, who.language, typed=typed, error=why)
    heading = say(who.language, "Send files")
    return answer(who, templates.page("form.html", who.language, heading=heading, form=shown), status)


# --- giving out --------------------------------------------------------------------------------------


@blueprint.get("/r/<name>/m/<entry_id>/files/<digest>/<filename>")
async def file(name: str, entry_id: str, digest: str, filename: str) -> Response:
    """Give a message's file: a picture to look at, anything else to download."""
    held = await _find(name, entry_id, digest, filename)
    given = _headers(held)
    if request.if_none_match.contains(digest):
        return Response("", 304, given)
    content = await parts().shelf.read(name, digest, held.size)
    if content is None:
        raise NoMessage(NOT_THERE)
    response = Response("" if request.method == "HEAD" else content, 200, given)
    response.headers["Content-Length"] = str(held.size)
    response.timeout = READ_WITHIN
    return response


@blueprint.get("/r/<name>/m/<entry_id>/small/<digest>")
async def small(name: str, entry_id: str, digest: str) -> Response:
    """Give a picture's small one."""
    held = await _find(name, entry_id, digest)
    given = _headers(held._replace(media="image/webp", digest=f"{digest}-small"))
    if request.if_none_match.contains(f"{digest}-small"):
        return Response("", 304, given)
    content = await parts().shelf.read_small(name, digest) if held.media else None
    if content is None:
        raise NoMessage(NOT_THERE)
    return Response(content, 200, given)


async def _find(name: str, entry_id: str, digest: str, filename: str = "") -> Attached:
    """Find a file that a message of that room holds.

    Raises:
        NoMessage: there is none, or it was deleted.
    """
    if not is_slug(name) or not is_entry_id(entry_id) or not is_digest(digest):
        abort(404)
    message = (await parts().log.changes.find(name, entry_id)).message
    if message is None or message.deleted:
        raise NoMessage(NOT_THERE)
    held = [one for one in message.files if one.digest == digest]
    if not held:
        raise NoMessage(NOT_THERE)
    return next((one for one in held if one.name == filename), held[0])


def _headers(held: Attached) -> dict[str, str]:
    shown = held.media in SHOWN
    return {
        "Content-Type": held.media if shown else "application/octet-stream",
        "Content-Disposition": _disposition("inline" if shown else "attachment", held.name),
        "Content-Security-Policy": POLICY,
        "Cache-Control": f"private, {FOR_GOOD}",
        "ETag": f'"{held.digest}"',
    }


def _disposition(kind: str, name: str) -> str:
    """Write the header that says what a file is called (RFC 6266), for old programs in ASCII as well (RFC 8187)."""
    plain = "".join(one if " " <= one <= "~" and one not in '"\\%' else "_" for one in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
