"""HTML as a browser would take it apart: elements, their attributes, and texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"base", "input", "meta", "link", "br", "hr", "img", "source"}


@dataclass
class Element:
    """One element, with the text that stands right in it."""

    tag: str
    attributes: dict[str, str | None]
    path: str  # tags from the root
    text: str = ""


@dataclass
class Tree(HTMLParser):
    """All elements of some HTML in order; anything but elements and text is an error."""

    elements: list[Element] = field(default_factory=list)

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements = []
        self.loose = ""  # text outside of all elements
        self.seen: list[Any] = []  # in order: (tag, attributes), (tag,) at its end, and texts
        self._open: list[Element] = []
        self.feed(str(html))  # markup would escape what is taken out of it
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice: {tag} {attrs}"
        path = "/".join([*(element.tag for element in self._open), tag])
        element = Element(tag, dict(attrs), path)
        self.seen.append((tag, element.attributes))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"closed without being open: {tag}"
        assert self._open.pop().tag == tag, f"closed out of order: {tag}"
        self.seen.append((tag,))

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data
        else:
            self.loose += data
        if self.seen and isinstance(self.seen[-1], str):
            self.seen[-1] += data
        else:
            self.seen.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_decl(self, decl: str) -> None:
        assert decl == "doctype html", f"a declaration: {decl}"

    def shape(self, *values: str) -> list[tuple[str, tuple[tuple[str, str | None], ...]]]:
        """What a text must not change: each element's path and attributes.

        values: names of attributes whose value is a text of somebody's, such as `value`: these are left out.
        """
        return [
            (
                element.path,
                tuple((name, None if name in values else value) for name, value in element.attributes.items()),
            )
            for element in self.elements
        ]

    @property
    def text(self) -> str:
        """All that it shows."""
        return "".join(one for one in self.seen if isinstance(one, str))

    def texts(self) -> list[str]:
        return [element.text for element in self.elements]

    def by_id(self, name: str) -> Element:
        (found,) = (element for element in self.elements if element.attributes.get("id") == name)
        return found

    def ids(self) -> list[str | None]:
        return [element.attributes["id"] for element in self.elements if "id" in element.attributes]
