"""What is logged: an event's name and its fields, by structlog, through the standard library's handlers.

No texts of messages, no names and no addresses are among the fields.
"""

from __future__ import annotations

import structlog
from structlog.stdlib import BoundLogger

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
