"""The one error of this floor: see errors.py for the tree that it hangs in."""

from __future__ import annotations

from quart_chat.errors import QuartChatError


class CannotStart(QuartChatError):
    """The server cannot start here and now, though its settings are fine; the command ends with status 1.

    The text is one line for whoever typed the command: what is in the way and what to do.
    """
