"""Requests of whose address or host nothing can be made get a clear 400, as ASGI middleware: Quart would answer 500."""

from __future__ import annotations

from urllib.parse import urlsplit

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
    WebsocketScope,
)
from quart import Response

from quart_chat.web.headers import protect

NO_ADDRESS = "This is no address. It begins with a slash, such as /r/their-name.\n"
NO_HOST = "The Host that was named is no name of a host.\n"


def well_formed(app: ASGIFramework, lasting: int) -> ASGIFramework:
    """Let through what names a path, and a host or none; lasting: as `headers.protect`, where it came by HTTPS."""

    async def checked(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] in ("http", "websocket") and (wrong := _wrong(scope)):
            await _refuse(scope, send, wrong, lasting if scope["scheme"] == "https" else 0)
        else:
            await app(scope, receive, send)

    return checked


def _wrong(scope: HTTPScope | WebsocketScope) -> str | None:
    """Tell what is wrong with a request or a handshake; None: nothing."""
    path = scope["path"]
    if not path.startswith("/"):  # of a proxy's kind it may be (RFC 9112, section 3.2.2), or OPTIONS *
        try:
            path = urlsplit(path).path
        except ValueError:
            return NO_ADDRESS
        if not path:
            return NO_ADDRESS
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    try:
        host.partition(":")[0].encode("idna")  # empty labels, and those of more than 63 bytes
    except UnicodeError:
        return NO_HOST
    return None


async def _refuse(scope: HTTPScope | WebsocketScope, send: ASGISendCallable, reason: str, lasting: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000, "reason": None})  # before it is accepted: 403
        return
    headers = protect(Response(reason, 400, mimetype="text/plain"), lasting).headers
    await send(
        {
            "type": "http.response.start",
            "status": 400,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": reason.encode(), "more_body": False})
