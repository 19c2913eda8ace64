"""What a trusted proxy says of where something came from, as ASGI middleware."""

from __future__ import annotations

from hypercorn.middleware import ProxyFixMiddleware
from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, Scope

_SOCKET_SCHEMES = {"http": "ws", "https": "wss"}


def behind(hops: int, app: ASGIFramework) -> ASGIFramework:
    """Believe the X-Forwarded headers of so many proxies."""

    async def named(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        # proxies say https of a socket too (nginx's $scheme); Quart finds no route for that, and answers 400
        if scope["type"] == "websocket":
            scope["scheme"] = _SOCKET_SCHEMES.get(scope["scheme"], scope["scheme"])
        await app(scope, receive, send)

    fixed: ASGIFramework = ProxyFixMiddleware(named, "legacy", hops)
    return fixed
