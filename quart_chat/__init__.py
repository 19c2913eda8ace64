"""Quart Chat: real-time chat rooms, rendered on the server, kept in Redis streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quart import Quart

__version__ = "0.1.0"


def create_app(*args: Any, **kwargs: Any) -> Quart:
    """Build the ASGI application; see `quart_chat.app.create_app`.

    The import waits for the call, so that `import quart_chat` costs nothing and
    `hypercorn 'quart_chat:create_app()'` finds its factory here.
    """
    from quart_chat.app import create_app as build
    from quart_chat.errors import SettingsError

    try:
        return build(*args, **kwargs)
    except SettingsError as error:
        # a server's command line shows this one line, and no traceback
        raise SystemExit(f"quart-chat: {error}") from None
