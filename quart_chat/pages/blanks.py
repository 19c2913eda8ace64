"""Pages that are rendered once for everybody, with blanks in them that are filled in for each reader."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from markupsafe import Markup, escape

# at random, for nothing that anybody writes may be taken for a blank
_MARK = f"\0{secrets.token_hex(8)}:"
_BLANK = re.compile(re.escape(_MARK) + "([a-z]+)\0")


def blanks(names: Iterable[str]) -> dict[str, Markup]:
    """Give templates something to stand for values that they do not get yet."""
    return {name: Markup(f"{_MARK}{name}\0") for name in names}  # noqa: S704 - it holds no markup


def pattern(html: str) -> str:
    """Turn what a template made into a pattern for `%`: each blank takes the value of its name, written as HTML."""
    return _BLANK.sub(r"%(\1)s", html.replace("%", "%%"))


class Form:
    """What a template made, with its blanks open."""

    __slots__ = ("_names", "_texts")

    def __init__(self, html: str) -> None:
        parts = _BLANK.split(html)
        self._texts = [text.encode() for text in parts[::2]]
        self._names = parts[1::2]

    def __len__(self) -> int:
        return sum(map(len, self._texts))

    def fill(self, **values: str) -> bytes:
        """Write the values into their blanks, escaped as a template does it; they may come more often than once."""
        written = {name: escape(value).encode() for name, value in values.items()}
        filled = self._texts[:1]
        for name, text in zip(self._names, self._texts[1:], strict=True):
            filled += written[name], text
        return b"".join(filled)
