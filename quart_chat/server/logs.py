"""Where the log goes: standard error, one line an event, the same in every process of the server.

On a terminal it is text; elsewhere each line is a JSON object.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from hypercorn.config import Config

from quart_chat.errors import SettingsError, StoreAway
from quart_chat.events import harmless


def start_logging(config: Config) -> None:
    """Set up logging for this process, Hypercorn's included.

    config: its `loglevel` counts; an `errorlog` and an `accesslog` of "-" are taken over, so that all write one format.
    """
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_formatter(terminal=sys.stderr.isatty()))
        handler.addFilter(_has_news)
        root.addHandler(handler)
        root.setLevel(config.loglevel.upper())
    if config.errorlog == "-":
        # Hypercorn would give this logger a handler of its own and still let it propagate: each line twice.
        config.errorlog = logging.getLogger("hypercorn.error")
    if config.accesslog == "-":
        # Its own writes paths as they were meant: %0A in an address would be a line of the log.
        config.accesslog = logging.getLogger("hypercorn.access")


def _formatter(*, terminal: bool) -> logging.Formatter:
    common: list[Any] = [
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S" if terminal else "iso", utc=not terminal),
        structlog.stdlib.add_log_level,
        structlog.processors.CallsiteParameterAdder({structlog.processors.CallsiteParameter.PROCESS}),
    ]
    plain = structlog.dev.plain_traceback  # what is formatted already stays as it is
    rendering: list[Any] = [
        structlog.processors.format_exc_info,
        harmless,
        structlog.dev.ConsoleRenderer(colors=True, exception_formatter=plain)
        if terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.contextvars.merge_contextvars],
        processors=[*common, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )


def _has_news(record: logging.LogRecord) -> bool:
    """Drop what the supervisor says better, in one line for all workers."""
    if record.name == "hypercorn.error" and str(record.msg).startswith("Running on "):
        return False
    # Quart logs what ends its startup with a traceback. These two are addressed to the operator:
    # their text reaches the supervisor, which prints it.
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, (SettingsError, StoreAway))
