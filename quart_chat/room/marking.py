"""What was found in a message, marked in its HTML: in what people read of it, never within tags or attributes."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from markupsafe import Markup, escape

from quart_chat.room.folding import fold_with_places
from quart_chat.room.search import Query, places

MOST = 100  # marks in one message

# a summary is the word that stands for what is hidden, and nobody wrote it
_TAG = re.compile(r'(<summary>[^<]*</summary>|<(?:[^<>"]|"[^"]*")*>)')
_BLOCK = re.compile(r"</?(?:div|blockquote|pre|ul|ol|li|details|summary)\b")


def mark(html: Markup, query: Query) -> Markup:
    """Put `<mark>` around what is looked for, as it stands in a message's HTML; query: what it was found by."""
    pieces = _TAG.split(html)  # text, and tags between
    # a tag shows nothing, but a word ends where a block does
    shown = [
        ("\n" if _BLOCK.match(piece) else "") if at % 2 else Markup(piece).unescape()  # noqa: S704 - of markup
        for at, piece in enumerate(pieces)
    ]
    text = "".join(shown)
    folded, origin = fold_with_places(text)
    origin.append(len(text))
    # what folds to nothing, such as an accent of its own, belongs to what it follows
    found = ((origin[begin], max(origin[end], origin[end - 1] + 1)) for begin, end in places(query, folded))
    spans = deque(_together(sorted(islice(found, MOST))))
    if not spans:
        return html
    written, start = [], 0
    for at, piece in enumerate(pieces):
        end = start + len(shown[at])
        while spans and spans[0][1] <= start:
            spans.popleft()
        written.append(piece if at % 2 else _marked(shown[at], start, spans))
        start = end
    return Markup("".join(written))  # noqa: S704 - tags as they were, and texts escaped


def _together(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Make one of those that overlap; spans: in order."""
    last: tuple[int, int] | None = None
    for begin, end in spans:
        if last is not None and begin <= last[1]:
            last = last[0], max(last[1], end)
            continue
        if last is not None:
            yield last
        last = begin, end
    if last is not None:
        yield last


def _marked(text: str, start: int, spans: Iterable[tuple[int, int]]) -> str:
    """Write a text as HTML; start: where it begins; spans: in order, those that end before it left out."""
    written: list[str] = []
    done = 0
    for first, last in spans:
        begin, end = max(first - start, 0), min(last - start, len(text))
        if begin >= len(text):
            break
        written += escape(text[done:begin]), Markup("<mark>{}</mark>").format(text[begin:end])
        done = end
    return "".join([*written, escape(text[done:])])
