"""What programs write by a hook: POST /hooks/TOKEN. The token is all it takes, and opens nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

from quart import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from quart_chat.errors import BadFrame, BadType, Refused, StoreAway
from quart_chat.pages import fragments
from quart_chat.pages.languages import say
from quart_chat.web.parts import parts, retry_after, visitor

blueprint = Blueprint("incoming", __name__, url_prefix="/hooks")

JSON, FORM = "application/json", ("application/x-www-form-urlencoded", "multipart/form-data")
TEXTLESS = "Send JSON with a text in “text”, a form with a field “text”, or the text itself as text/plain."
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


@blueprint.post("/<token>")
async def write(token: str) -> Response:
    """Put a message into the room of a hook. Answers are JSON where that is sent or asked for, else plain text."""
    who = visitor(request)
    try:
        key = request.headers.get("Idempotency-Key")
        if key is not None and not _KEY.fullmatch(key):
            raise BadFrame("An Idempotency-Key has 1 to 255 letters, digits or signs of ASCII.")
        entry_id = await parts().hooks.say(token, who.visit.address, await _text(), key)
    except Refused as error:
        return retry_after(_told(error.status, error=fragments.refusal(who.language, error)), error)
    except RequestEntityTooLarge:
        return _told(413, error=say(who.language, "That was too much at once."))
    except StoreAway:
        answer = _told(503, error=say(who.language, "The server can’t keep that right now. Try again in a moment."))
        answer.headers["Retry-After"] = "2"
        return answer
    return _told(201, id=entry_id)


async def _text() -> str:
    """Read the text that was sent.

    Raises:
        BadFrame: there is none. BadType: its kind is another one.
    """
    kind = request.mimetype
    if kind == JSON or kind.endswith("+json"):
        return _said(await _body())
    if kind in FORM:
        form = await request.form
        if (payload := form.get("payload")) is not None:  # as Slack's own senders still write
            return _said(payload.encode("utf-8", "replace"))
        if (text := form.get("text")) is not None:
            return str(text)
        raise BadFrame(TEXTLESS)
    if kind in ("text/plain", ""):
        try:
            return (await _body()).decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadFrame("The text is not UTF-8.") from error
    raise BadType(TEXTLESS)


async def _body() -> bytes:
    held = await request.get_data()
    return held if isinstance(held, bytes) else held.encode()


def _said(body: bytes) -> str:
    """Read a text out of JSON, as Slack ("text") and Discord ("content") have it."""
    try:
        held: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadFrame("That is no JSON.") from error
    texts = [held.get("text"), held.get("content")] if isinstance(held, dict) else []
    text = next((one for one in texts if isinstance(one, str)), None)
    if text is None:
        raise BadFrame(TEXTLESS)
    return text


def _told(status: int, **fields: str) -> Response:
    wants = request.accept_mimetypes
    if request.mimetype == JSON or request.mimetype.endswith("+json") or wants[JSON] > wants["text/plain"]:
        return Response(json.dumps(fields, ensure_ascii=False) + "\n", status, mimetype=JSON)
    return Response("\n".join(fields.values()) + "\n", status, mimetype="text/plain")
