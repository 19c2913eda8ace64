"""Answers that are compressed as they go out: which encodings a browser takes, and which answers are packed.

Nothing that holds what others must not learn beside what others choose is packed (docs/security.md tells why), and no
answer without an end.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import Literal

import brotli
from quart import Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

Encoding = Literal["br", "gzip", ""]

LEAST = 500  # bytes; what is shorter is hardly less than its headers, packed or not
LONGEST = 300  # characters of Accept-Encoding that are read
# A room's page of 37 KB takes 0.10 and 0.08 ms, where it is made in 0.9, and then has 6.0 and 6.3 KB; brotli at its
# best would take 48 ms for 4.7 KB. A block of composers takes 0.16 and 0.17 for 2.7 and 5.1 KB.
BROTLI, GZIP = 2, 3


def taken() -> Encoding:
    """Tell in which encoding whoever asks gets an answer; "" as it is."""
    return _taken(request.headers.get("Accept-Encoding", "")[:LONGEST])


@lru_cache(1000)  # browsers say the same
def _taken(header: str) -> Encoding:
    accepted = parse_accept_header(header, Accept)
    brotli_, gzip_ = accepted.quality("br"), accepted.quality("gzip")
    if not max(brotli_, gzip_):
        return ""
    return "br" if brotli_ >= gzip_ else "gzip"


def is_unprompted(*, secure: bool) -> bool:
    """Tell whether no other site's page can have made the browser ask; secure: by HTTPS, where each browser says it."""
    site = request.headers.get("Sec-Fetch-Site")
    return site in ("same-origin", "none") or (site is None and not secure)


def pack(response: Response, body: bytes) -> Response:
    """Give an answer its body, packed as its reader takes it."""
    response.headers["Vary"] = "Accept-Encoding"
    encoding = taken() if len(body) >= LEAST else ""
    if encoding:
        response.headers["Content-Encoding"] = encoding
        body = brotli.compress(body, quality=BROTLI) if encoding == "br" else gzip.compress(body, GZIP, mtime=0)
    response.set_data(body)
    return response
