"""The one tree of errors. They are raised low and answered in `web/` (or in a tab's frame) alone.

    QuartChatError
    ├── SettingsError         a setting cannot be used; the process ends with its message, exit status 2
    ├── CannotStart           a port or folder is taken (`server/cannot_start`); one line, exit status 1
    ├── StoreAway             Redis does not answer now: 503, or a state shown in the page
    │   └── ShelfAway         where files are kept cannot be reached, or is full: 503
    └── Refused               what somebody sent is not taken; carries a message for them
        ├── BadFrame          a frame that is not what the page's forms send: notice
        ├── BadType           a body of a kind that is not read: 415
        ├── BadAnswer         to a room's question, which it does not answer: 422
        ├── BadFile           a file that is not taken: 422
        │   └── TooLarge      it has more bytes than it may: 413
        ├── BadName           a room's or a person's name: 422
        ├── BadPhrase         a phrase that cannot be used, or is not the right one: 422
        ├── BadText           a message's text: 422
        │   └── Spent         its nonce went with another text before
        ├── BadSearch         what is looked for in a room: 422
        ├── BadHook           a hook of a room that cannot be made so: 422
        ├── NoMessage             there is no such message, or not any more: 404
        ├── NotYours              somebody else's message: 403
        ├── BadToken          a token that opens nothing: 401
        ├── TooFast           a limit was reached: 429; says when to come again
        └── Unwelcome         origin or identity is wrong, or a room is closed to them: 403, or close code 1008
            ├── Asked         the room asks newcomers a question
            └── Locked        the room has a passphrase

A `Refused` carries a message id (English, as in the catalogues) and its values, so that the page
can say it in the reader's language.
"""

from __future__ import annotations


class QuartChatError(Exception):
    """The root: whatever this package raises on purpose."""


class SettingsError(QuartChatError):
    """A setting cannot be used; the text says which one and what to do."""


class StoreAway(QuartChatError):
    """The store did not answer, or not in time; the text says how that showed."""


class ShelfAway(StoreAway):
    """What keeps the files did not do what it was asked; the text says how that showed."""


class Refused(QuartChatError):
    """Something that was sent is not taken.

    message: the reason as a gettext message id with `%(name)s` fields.
    values: what fills these fields.
    """

    status = 400  # HTTP

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values


class BadFrame(Refused):
    """A socket frame that cannot be understood."""


class BadType(Refused):
    """A body of a kind that nothing is read of."""

    status = 415


class BadAnswer(Refused):
    """An answer that is not the one to a room's question."""

    status = 422


class BadFile(Refused):
    """A file that is not taken; the text says what to do instead."""

    status = 422


class TooLarge(BadFile):
    """A file, or files together, of more bytes than are taken."""

    status = 413


class BadName(Refused):
    """A name of a room or of a person that cannot be used."""

    status = 422


class BadPhrase(Refused):
    """A secret phrase that cannot be used, or is not the one of that name."""

    status = 422


class BadText(Refused):
    """A message's text that cannot be kept."""

    status = 422


class Spent(BadText):
    """A nonce that was sent before with another text: what is sent now needs a new one."""


class BadSearch(Refused):
    """What is looked for in a room, which cannot be understood."""

    status = 422


class BadHook(Refused):
    """A hook that cannot be made as somebody wants it."""

    status = 422


class NoMessage(Refused):
    """A message that is not there, or not any more."""

    status = 404


class NotYours(Refused):
    """A message of somebody else, which only they may change."""

    status = 403


class BadToken(Refused):
    """A token that nobody has, or that was taken back."""

    status = 401


class TooFast(Refused):
    """A limit was reached.

    retry_after: seconds until the same thing would be taken.
    """

    status = 429

    def __init__(self, message: str, retry_after: float, **values: object) -> None:
        super().__init__(message, **values)
        self.retry_after = retry_after


class Unwelcome(Refused):
    """The request comes from where it must not, or under an identity that is not one."""

    status = 403


class Asked(Unwelcome):
    """The room lets in newcomers who answer its question."""


class Locked(Unwelcome):
    """The room is private, and lets in who says its passphrase."""
