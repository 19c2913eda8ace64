"""Where the log goes: standard error, one line an event, the same in every process of the server."""

from __future__ import annotations

import logging

from hypercorn.config import Config

from quart_chat.errors import SettingsError, StoreAway


def start_logging(config: Config) -> None:
    """Set up logging for this process, Hypercorn's included.

    config: its `loglevel` counts; an `errorlog` of "-" is taken over, so that both write one format.
    """
    logging.basicConfig(level=config.loglevel.upper(), format="%(asctime)s [%(process)d] %(levelname)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(_has_news)
    if config.errorlog == "-":
        # Hypercorn would give this logger a handler of its own and still let it propagate: each line twice.
        config.errorlog = logging.getLogger("hypercorn.error")


def _has_news(record: logging.LogRecord) -> bool:
    """Drop what the supervisor says better, in one line for all workers."""
    if record.name == "hypercorn.error" and str(record.msg).startswith("Running on "):
        return False
    # Quart logs what ends its startup with a traceback. These two are addressed to the operator:
    # their text reaches the supervisor, which prints it.
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, (SettingsError, StoreAway))
