"""Who may do what."""

from __future__ import annotations

from enum import StrEnum

from quart_chat.room.entries import ACTION, Message


class Right(StrEnum):
    """What somebody may do with a message."""

    REPLY = "reply"
    REACT = "react"
    PIN = "pin"
    EDIT = "edit"
    DELETE = "delete"


def rights(public: str, message: Message) -> frozenset[Right]:
    """Tell what a person may do with a message; public: their public id."""
    if message.deleted:
        return frozenset()
    may = {Right.REPLY, Right.REACT, Right.PIN}
    if message.author == public:
        may.add(Right.DELETE)
        if message.kind in ("", ACTION):
            may.add(Right.EDIT)
    return frozenset(may)
