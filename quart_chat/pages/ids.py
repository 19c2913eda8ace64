"""Element ids and swap targets: the one place that names them, for templates, frames and tests."""

from __future__ import annotations

CHAT = "chat"  # connects the socket
LOG = "log"  # the list of messages
OLDER = "older"  # its first row, which loads what came before
SINCE = "since"  # the place of the page
LOOKING = "looking"  # whether somebody looks at the page
PROBE = "probe"  # tells, by being shown, that somebody does
NEW = "new"  # the line above what is new
ICON = "icon"  # the page's icon, with the number of what is new
ROOMS = "rooms"  # the rooms in the lobby
SOUGHT = "sought"  # which of them are looked for
SOUND = "sound"  # what is heard
SOUND_FORM = "sound-form"  # what lets it be heard, and
SOUND_SWITCH = "sound-switch"  # its button
CONNECTION = "connection"  # the connection's state
WATCH = "watch"  # shows the state "away" when the socket closes
NOTICE = "notice"  # what the server has to say to this tab
TOPIC = "topic"  # what the room is about
TOPIC_FORM = "topic-form"  # what sets it
PINS = "pins"  # its pinned messages
MENU = "menu"  # what one may do with a message: one for all
SEARCH = "search"  # the panel that opens over a room
FIND = "find"  # its form
FOUND = "found"  # what was found
FOUND_COUNT = "found-count"  # how much that was, or why there is nothing
FURTHER = "further"  # what searches on
NEWER = "newer"  # the list's last row, where newer messages lie beyond it
PEOPLE = "people"  # who is here
OTHERS = "others"  # its last row, where it does not name all
COUNT = "count"  # how many
CROWD = "crowd"  # the same, on the button of a small screen
ALOUD = "aloud"  # what is announced of messages that came
BACK = "back"  # that the connection is back
TYPING = "typing"  # who is typing
LIVE = "live"  # frames of a page without scripts
WRITE = "write"
COMPOSER = "composer"  # the forms: the last one is in use, those before it are pending
ATTACH = "attach"  # the button and the sheet that send files
ATTACH_SHEET = "attach-sheet"  # the sheet
ATTACH_WHY = "attach-why"  # why the last ones were not taken
SHARE = "share"  # how a room is shared, besides its link
INVITE = "invite"  # the form there that makes an invite, and
INVITED = "invited"  # the invite
ELSEWHERE = "elsewhere"  # what carries one's identity to another browser
PROGRAMS = "programs"  # the tokens of one's programs
PROOF = "proof"  # what keeps one's name
PROFILE = "profile"  # the name and its form
ME = "me"  # the own name where it is only shown


def message(entry_id: str) -> str:
    """Name a message's row."""
    return f"m-{entry_id}"


def quote(entry_id: str) -> str:
    """Name the class of what quotes a message."""
    return f"q-{entry_id}"


def found(entry_id: str) -> str:
    """Name the class of a message's row outside of the list, where it may stand more than once."""
    return f"f-{entry_id}"


def reactions(entry_id: str) -> str:
    """Name what holds the reactions under a message."""
    return f"r-{entry_id}"


def reaction(entry_id: str, emoji: str) -> str:
    """Name one of them, so that whoever pressed it keeps the focus."""
    return f"r-{entry_id}-{'-'.join(f'{ord(one):x}' for one in emoji)}"


def reacted(public: str) -> str:
    """Name the class that marks a reaction as somebody's too; public: their public id."""
    return f"r-{public}"


def mention(public: str) -> str:
    """Name the class of what means somebody; public: their public id."""
    return f"u-{public}"


def corrected(entry_id: str) -> str:
    """Name the class of what tells, further down, that a message has another text or none."""
    return f"c-{entry_id}"


def editing(entry_id: str) -> str:
    """Name the form that gives a message another text."""
    return f"edit-{entry_id}"


def replying(nonce: str) -> str:
    """Name what stands above a form's field while it answers a message."""
    return f"reply-{nonce}"


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
