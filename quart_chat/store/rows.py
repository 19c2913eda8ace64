"""Rows of a room's streams, as the store gives them."""

from __future__ import annotations

from collections.abc import Sequence

from quart_chat.events import get_logger
from quart_chat.room.entries import NO_ENTRY, Entry, TornEntry, read_entry

logger = get_logger(__name__)


def read_row(row_id: str, pairs: Sequence[str]) -> Entry:
    """Read a row of either stream; one that is torn keeps its place and shows nothing.

    pairs: its fields, a name and a value each, flat.
    """
    fields = dict(zip(pairs[::2], pairs[1::2], strict=True))
    prev = fields.get("prev", NO_ENTRY)  # the stream of messages alone has none
    try:
        return read_entry(row_id, prev, fields["at"], fields["before"], fields["body"])
    except (TornEntry, KeyError) as error:
        logger.error("entry.torn", id=row_id, reason=type(error).__name__)  # noqa: TRY400 - its text stays out
        return Entry(row_id, prev, None)
