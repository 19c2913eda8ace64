"""How a room is shared: its link, also as a QR code and by e-mail, and invites where the link alone lets nobody in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from markupsafe import Markup

from quart_chat.pages import templates
from quart_chat.pages.codes import qr
from quart_chat.room.rights import Right, Standing, may

_code = lru_cache(200)(qr)  # 5 ms each; of rooms' links alone, for an invite is a secret


@dataclass(frozen=True, slots=True)
class Share:
    """What is shared, and how its reader stands there. link: the room's, as they see it."""

    room: str
    title: str
    link: str
    standing: Standing

    @property
    def invites(self) -> bool:
        """Whether they may make invites, and somebody needs one."""
        return self.standing.rules.guarded and may(Right.MODERATE, self.standing)


def part(shared: Share, language: str) -> Markup:
    """Render what joins the link in a room's side panel."""
    return templates.fragment(language, "_share.html", "sheet", *_shown(shared), True)


def page(shared: Share, language: str) -> str:
    """Render the same as a page, with the link."""
    sheet = templates.fragment(language, "_share.html", "sheet", *_shown(shared), False)
    return templates.page("share.html", language, shared=shared, sheet=sheet)


def invited(language: str, link: str) -> Markup:
    """Show an invite that was made just now; link: its address."""
    return templates.fragment(language, "_share.html", "invited", link, qr(link), _mail(link))


def _shown(shared: Share) -> tuple[Share, Markup, str]:
    return shared, _code(shared.link), _mail(shared.link)


def _mail(link: str) -> str:
    """Write the address that begins an e-mail (RFC 6068), without the title: people's texts stand in no address."""
    return f"mailto:?body={quote(link, safe='')}"
