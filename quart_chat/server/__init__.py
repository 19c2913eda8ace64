"""Start, supervise and end: the store's process and Hypercorn's workers. Knows nothing of the chat."""

from __future__ import annotations

from quart_chat.server.cannot_start import CannotStart
from quart_chat.server.supervisor import Plan, run

__all__ = ["CannotStart", "Plan", "run"]
