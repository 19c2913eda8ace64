"""What is logged: an event's name and its fields, by structlog, through the standard library's handlers.

No texts of messages, no names and no addresses are among the fields.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.stdlib import BoundLogger

# controls, among them escapes of terminals, and whatever ends a line or turns one around somewhere
_LOUD = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_LOUD_IN_LINES = re.compile(_LOUD.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))
_OF_LINES = ("exception", "stack")  # fields that have several

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=BoundLogger,
    cache_logger_on_first_use=True,
)


def get_logger(name: str) -> BoundLogger:
    """Give a module's logger."""
    logger: BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def harmless(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Write out what could end a line of the log or command a terminal, as \\x1b: a processor of structlog.

    What is logged may quote what somebody sent, such as a path or the text of an error.
    """
    for name, value in event.items():
        if isinstance(value, str):
            loud = _LOUD_IN_LINES if name in _OF_LINES else _LOUD
            event[name] = loud.sub(lambda found: found[0].encode("unicode_escape").decode(), value)
    return event
