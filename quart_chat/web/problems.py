"""Errors as programs read them: problem details (RFC 9457), with the texts and statuses that pages have."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

from quart import Response, g, request

MEDIA = "application/problem+json"


def wants_json() -> bool:
    """Tell whether whoever asks is a program: it asks the API, or for JSON rather than for a page."""
    if request.path.startswith("/api/"):
        return True
    asked = request.accept_mimetypes
    return asked.best_match(["text/html", "application/json", MEDIA], "text/html") != "text/html"


def problem(status: int, detail: str, code: str = "") -> Response:
    """Answer with what went wrong.

    detail: for people, in the reader's language. code: for programs, always the same; "" for none but the status.
    """
    told = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code or code_of(HTTPStatus(status).phrase.title().replace(" ", "")),
        "request": g.get("request", "-"),
    }
    return Response(json.dumps(told, ensure_ascii=False), status, mimetype=MEDIA)


def code_of(name: str) -> str:
    """Give an error's name as programs read it: "TooFast" is "too-fast"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
