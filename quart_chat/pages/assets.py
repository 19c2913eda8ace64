"""Static files by addresses that change with what they hold, so that browsers may keep them for good.

What is served is made once: stylesheets name the very files that they mean, what a page loads together is one file, and
everything is compressed as far as it goes. The sources stay as they are read.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import brotli
import rcssmin

from quart_chat.files import folder

PATH = "/static/"
BUNDLES = {
    "room-page.css": ("base.css", "room.css", "search.css", "files.css", "short.css"),
    # in one file htmx may wait for the page's end: it starts when the file has run, and with it the extensions
    "htmx.js": ("vendor/htmx.min.js", "vendor/hx-csp.min.js", "vendor/hx-ws.min.js"),
}
"""What a page loads together, by the name under which it is served: a request less is 1.5 KB of headers less."""

WORTH = 0.95  # of what a file has: pictures are packed already

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".wav": "audio/wav",
    ".md": "text/plain",
}
_HASHED = re.compile(r"(?P<stem>.+)\.[0-9a-f]{12}(?P<suffix>\.\w+)?")
_NAMED = re.compile(r"""url\("([^"/:#]+)"\)""")  # a file beside the stylesheet


class Asset:
    """One file as it is served.

    name: its path below /static/, without the digits of its content. body: what it holds.
    """

    def __init__(self, name: str, body: bytes) -> None:
        self.name = name
        self.body = body
        self.digest = hashlib.sha256(body).hexdigest()[:12]
        self.mimetype = _TYPES.get(Path(name).suffix, "application/octet-stream")
        self._encoded: dict[str, bytes] = {"": body}

    @property
    def url(self) -> str:
        """Its address for good."""
        suffix = Path(self.name).suffix
        return f"{PATH}{self.name.removesuffix(suffix)}.{self.digest}{suffix}"

    def is_ready(self, encoding: str) -> bool:
        """Tell whether it has been compressed in this way."""
        return encoding in self._encoded

    def encoded(self, encoding: str) -> bytes:
        """Give it compressed as far as it goes, which takes up to 50 ms the first time.

        encoding: "br", "gzip", or "" for as it is.
        """
        made = self._encoded.get(encoding)
        if made is None:
            squeezed: bytes = brotli.compress(self.body) if encoding == "br" else gzip.compress(self.body, 9, mtime=0)
            made = self._encoded[encoding] = squeezed if len(squeezed) < WORTH * len(self.body) else self.body
        return made


class Found(NamedTuple):
    """What is at an address; for_good: it names the very content."""

    asset: Asset
    for_good: bool


class Assets:
    """All that is served below /static/, known by name: no address ever reaches the disk.

    sources: folders, whose files are called by their paths in them, and files, called by their names. Of two that are
    called alike the later one counts. bundles: files of theirs, by the name under which they are served as one.

    Raises:
        OSError: one of them cannot be read. KeyError: a bundle names what there is not.
    """

    def __init__(self, *sources: Path, bundles: Mapping[str, Sequence[str]] = BUNDLES) -> None:
        self._bundles = bundles
        self._paths: dict[str, Path] = {}
        for source in sources:
            if source.is_dir():
                files = (path for path in sorted(source.rglob("*")) if path.is_file())
                self._paths |= {path.relative_to(source).as_posix(): path for path in files}
            else:
                self._paths[source.name] = source
        self._assets: dict[str, Asset] = {}
        for name in [*self._paths, *bundles]:
            self._make(name)
        self._by_path = {asset.url.removeprefix(PATH): asset for asset in self._assets.values()}

    def url(self, name: str) -> str:
        """Give a file's address.

        Raises:
            KeyError: there is none of that name.
        """
        return self._assets[name].url

    def find(self, path: str) -> Found | None:
        """Tell what is at a path below /static/.

        A page of a newer or older server in the same house may name a content that this one has not: it gets the file
        as it is here, but not for good.
        """
        if asset := self._by_path.get(path):
            return Found(asset, for_good=True)
        hashed = _HASHED.fullmatch(path)
        named = self._assets.get(path) or (hashed and self._assets.get(hashed["stem"] + (hashed["suffix"] or "")))
        return Found(named, for_good=False) if named else None

    def compress(self) -> None:
        """Compress all that a page loads: 0.2 s of one core, for a thread."""
        for asset in self._assets.values():
            for encoding in ("br", "gzip"):
                asset.encoded(encoding)

    def _make(self, name: str) -> Asset:
        made = self._assets.get(name)
        if made is None:
            made = self._assets[name] = Asset(name, self._body(name))
        return made

    def _body(self, name: str) -> bytes:
        if name in self._bundles:
            return (b"\n" if name.endswith(".css") else b"\n;").join(map(self._body, self._bundles[name]))
        body = self._paths[name].read_bytes()
        if not name.endswith(".css"):
            return body
        # the comments go, which were a third of what comes over the wire
        return str(rcssmin.cssmin(_NAMED.sub(self._address, body.decode()))).encode()

    def _address(self, found: re.Match[str]) -> str:
        return f'url("{self._make(found[1]).url}")' if found[1] in self._paths else found[0]


@cache
def static() -> Assets:
    """Give the package's own files."""
    return Assets(folder("static"))


@cache
def version_of_pages() -> str:
    """Give hex digits that change with any template or catalogue: for fragments that are cached for good."""
    total = hashlib.sha256()
    for path in sorted([*folder("templates").iterdir(), *Path(__file__).parent.rglob("*.po")]):
        total.update(path.read_bytes())
    return total.hexdigest()[:12]


@cache
def text(name: str) -> str:
    """Give a static file's text, for what is saved and finds no other file."""
    return folder("static").joinpath(name).read_text("utf-8")


@cache
def url(name: str) -> str:
    """Give the address of one of the package's own files."""
    return static().url(name)
