"""Element ids and swap targets: the one place that names them, for templates, frames and tests."""

from __future__ import annotations

CHAT = "chat"  # connects the socket
LOG = "log"  # the list of messages
OLDER = "older"  # its first row, which loads what came before
SINCE = "since"  # the place of the page
CONNECTION = "connection"  # the connection's state
WATCH = "watch"  # shows the state "away" when the socket closes
NOTICE = "notice"  # what the server has to say to this tab
PEOPLE = "people"  # who is here
OTHERS = "others"  # its last row, where it does not name all
COUNT = "count"  # how many
CROWD = "crowd"  # the same, on the button of a small screen
TYPING = "typing"  # who is typing
COMPOSER = "composer"  # the forms: the last one is in use, those before it are pending
PROFILE = "profile"  # the name and its form
ME = "me"  # the own name where it is only shown


def message(entry_id: str) -> str:
    """Name a message's row."""
    return f"m-{entry_id}"


def say(nonce: str) -> str:
    """Name the form that sends a message."""
    return f"say-{nonce}"


def turn(nonce: str) -> str:
    """Name what holds that form, and what belongs to it."""
    return f"turn-{nonce}"


def next(nonce: str) -> str:  # noqa: A001 - read as ids.next(nonce)
    """Name what fetches the form after that one."""
    return f"next-{nonce}"


def text(nonce: str) -> str:
    """Name the form's field."""
    return f"text-{nonce}"


def person(public: str) -> str:
    """Name the class that marks what is somebody's; public: their public id."""
    return f"p-{public}"
