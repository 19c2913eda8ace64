"""A room's face without scripts: an endless page, to whose end everything is written.

What was written stays in it. So a state (who is here, who types, a heartbeat) is a row of its own kind, of which the
stylesheet shows the last one; and what befell a message is told by another row, with a stylesheet that strikes
the message's text out above, or hides it. The page that follows when this one ends has each message as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from quart_chat.pages import fragments, languages, rows, templates
from quart_chat.pages.dress import PLAIN as UNDRESSED
from quart_chat.pages.fragments import State
from quart_chat.pages.languages import PAGE, Audience
from quart_chat.pages.templates import fragment
from quart_chat.pages.themes import SYSTEM
from quart_chat.pages.tokens import with_tokens
from quart_chat.room.aloud import Line
from quart_chat.room.digest import Digest
from quart_chat.room.entries import Change, Header, Message


class Frame:
    """The face of `pages/faces.FRAME`."""

    def newest(
        self, room: str, shown: Sequence[Message], place: str, above: Header, audience: Audience, *, more: bool
    ) -> Markup:
        """Write the newest page."""
        before = shown[0].id if more and shown else None
        older = fragments.older(room, before, audience.language)
        return older + rows.render(shown, _view(room, audience))

    def replayed(self, room: str, news: Digest, place: str, audience: Audience) -> Markup:
        """Write what came since."""
        return self.appended(room, news, place, audience)

    def appended(self, room: str, news: Digest, place: str, audience: Audience) -> Markup:
        """Write what entries come to."""
        html = rows.render(news.messages, _view(room, audience))
        for change in news.changes:
            html += self._changed(room, change, audience)
        return html

    def _changed(self, room: str, change: Change, audience: Audience) -> Markup:
        if not change.text:
            shown = rows.reactions(change.of, change.changes, _view(room, audience)._replace(mode="file"))
            return fragment(audience.language, "_frame.html", "reacted", room, change, shown) if shown else Markup()
        text = change.changes.text or ""
        one = rows.Said(change.of, change.name, change.kind, text, change.changes.mentions)
        said = Markup() if change.changes.deleted else rows.said(one, change.changes, _view(room, audience))
        return fragment(audience.language, "_frame.html", "changed", room, change, said)

    def trimmed(self, room: str, first: str, language: str) -> Markup:
        """Nothing is taken out of it."""
        return Markup()

    def aloud(self, said: Sequence[Line], language: str) -> Markup:
        """Nothing: the list itself is read out as it grows."""
        return Markup()

    def connection(self, state: State, language: str, worker: str = "") -> Markup:
        """Write a heartbeat."""
        return fragment(language, "_frame.html", "beat", state)

    def sent_away(self, why: str, language: str) -> Markup:
        """Write why nothing more comes."""
        return fragment(language, "_frame.html", "ended", why)

    def notice(self, text: str, language: str) -> Markup:
        """Write what is true for a moment."""
        return fragment(language, "_frame.html", "notice", text)

    def ruled(self, room: str, language: str) -> Markup:
        """Write that there are other rules."""
        return fragment(language, "_frame.html", "ruled", room)

    def reported(self, room: str, entry_id: str, language: str) -> Markup:
        """Write that a message was reported."""
        return fragment(language, "_frame.html", "reported", room, entry_id)

    def people(self, here: Sequence[tuple[str, str]], count: int, language: str) -> Markup:
        """Write who is here."""
        return fragment(language, "_frame.html", "people", here, count)

    def crowd(self, named: int, count: int, language: str) -> Markup:
        """Write how many are here."""
        return fragment(language, "_frame.html", "people", (), count)

    def typing(self, typists: Sequence[tuple[str, str]], language: str) -> Markup:
        """Write who is typing."""
        return fragment(language, "_frame.html", "typing", typists)


def _view(room: str, audience: Audience) -> rows.View:
    return rows.View(room, audience._replace(face=PAGE), "frame")


def opening(
    room: str,
    title: str,
    own: str,
    place: str,
    language: str,
    *,
    again: int | None,
    worn: Mapping[str, str] = UNDRESSED.values(SYSTEM),
) -> Markup:
    """Write how the page begins.

    own: the public id of who sees it; place: up to where they have read the room by that, "" for not. again: seconds
    past its end at which it is asked for anew; None: never. worn: as `Dress.values`.
    """
    shown = templates.page("frame.html", language, room=room, title=title, own=own, place=place, again=again)
    return Markup(with_tokens(shown).fill(**worn).decode())  # noqa: S704 - of a template that escapes


def again(room: str) -> Markup:
    """Write that the page is asked for anew as soon as it ends, and not only after the time that its head says."""
    return fragment(languages.DEFAULT, "_frame.html", "again", room, 0)


ENDING = Markup("</ol>\n</main>\n</body>\n</html>\n")
"""How the page ends where it is to be whole; browsers end one that goes on by themselves."""


def correction(entry_id: str, *, deleted: bool) -> str:
    """Write the stylesheet that lets a message's text above be seen as what it was: a pure function of its address."""
    return templates.page("correction.css", languages.DEFAULT, place=entry_id, deleted=deleted)
