"""Which face of a room somebody asks for: one address, and what they accept decides."""

from __future__ import annotations

from quart import request

from quart_chat.pages.faces import EVENTS, LINES, PLAIN
from quart_chat.pages.languages import PAGE

FACES = {
    "text/html": PAGE,
    "text/plain": PLAIN,
    "application/x-ndjson": LINES,
    "application/jsonl": LINES,
    "application/json": LINES,
    "text/event-stream": EVENTS,
}
TERMINALS = ("curl/", "wget/", "httpie/", "xh/", "powershell/", "libfetch/")  # that accept */*, and show what comes
LONGEST = 1000  # characters of Accept that are read


def wanted_face() -> str:
    """Tell by which face somebody wants to see what they ask for; a page where they say nothing of it.

    Who accepts anything gets the page, for previews of links do, and plain text if it is a program for terminals.
    """
    accept = request.headers.get("Accept", "")
    if len(accept) > LONGEST or request.headers.get("HX-Request"):
        return PAGE
    if accept.strip() in ("", "*/*"):
        return PLAIN if request.headers.get("User-Agent", "").lower().startswith(TERMINALS) else PAGE
    if accept.startswith("text/html,"):  # every browser's
        return PAGE
    best = request.accept_mimetypes.best_match(list(FACES), default="text/html")
    return FACES[best or "text/html"]
