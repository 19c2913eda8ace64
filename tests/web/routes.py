"""Every address that the app knows, and all that its routes read, as the app and its source tell it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from quart_chat import web
from quart_chat.app import create_app
from quart_chat.config import Settings

_READ = re.compile(r"""(?:form|fields|args)\)?\.get\("(\w+)"|place\("(\w+)"\)""")


# What the parts of an address may be, so that it is one
VALUES = {
    "name": "headers",
    "entry_id": "1700000000000-0",
    "digest": "d" * 64,
    "filename": "x.txt",
    "language": "en",
    "key": "0" * 16,
    "block": "0",
    "public": "0" * 16,
    "count": "3",
    "meant": "1",
    "secret": "s",
    "token": "t",
    "kind": "txt",
    "emoji": "🎉",
}


class Route(NamedTuple):
    """One address and method. arguments: the parts of its path, by name."""

    method: str
    path: str
    arguments: tuple[str, ...]

    def at(self, **values: str) -> str:
        """Write its address; what would go on for ever ends with its first page."""
        address = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], self.path)
        return f"{address}?follow=0" if self.path.endswith("/live") else address


def routes(data: Path, methods: Iterable[str] | None = ("GET", "POST")) -> Iterator[Route]:
    """Give all routes but the sockets; data: a folder that may be written; methods: None for all."""
    app = create_app(Settings(data=data, redis_url="redis://127.0.0.1:1/0", secret_key="k" * 16))
    for rule in app.url_map.iter_rules():
        if not rule.websocket:
            for method in sorted((rule.methods or set()) & set(methods or ("GET", "POST", "PUT", "PATCH", "DELETE"))):
                yield Route(method, rule.rule, tuple(rule.arguments))


def fields() -> set[str]:
    """Give the names of all fields of forms and queries that some route reads."""
    sources = Path(str(web.__file__)).parent.glob("*.py")
    return {one or other for source in sources for one, other in _READ.findall(source.read_text("utf-8"))}
