"""What a page does with frames, without a browser and without a network: a strict model of htmx on the room's page.

It knows the few shapes that a frame may have, and takes every other for a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser

from quart_chat.pages import ids

VOID = frozenset("br hr img input link meta".split())
STATES = frozenset(value for name, value in vars(ids).items() if name.isupper()) - {  # ids that hold no log
    ids.LOG,
    ids.OLDER,
    ids.SINCE,
    ids.COMPOSER,
    ids.OTHERS,
}

_TRIM = re.compile(
    r"#log:not\(:has\(\.old, > :focus-within ~ #m-\d+-\d+\)\) > :is\(\.message, \.new\):has\(~ #m-(\d+-\d+)\)"
)
_TRIM_OLDER = re.compile(
    r"#log:not\(:has\(\.old, > :focus-within ~ #m-\d+-\d+\)\):has\(> \.message ~ #m-(\d+-\d+)\) > #older"
)
_FRESH = re.compile(
    r"#composer:has\(> #turn-\S+:last-child\), #composer:not\(:has\(> \.turn:last-child > \.say:not\(\.refused\)\)\)"
)
_TURN = re.compile(r"#turn-\S+")
_TEXT = re.compile(r"#m-(\d+-\d+) > \.text")
_QUOTE = re.compile(r"\.q-(\d+-\d+)")
_REACTIONS = re.compile(
    r"#m-(\d+-\d+)"
    r"(?:| > \.reactions|:has\(> \.reactions > :focus:not\([^)]+\)\) > \.more|:not\(:has\(> \.reactions\)\))"
)


def order(place: str) -> tuple[int, int]:
    """Turn a place into what compares as the log orders; on purpose not the product's own function."""
    ms, _, number = place.partition("-")
    return int(ms), int(number)


@dataclass(frozen=True, slots=True)
class Element:
    """A parsed element; attributes: in order, all lower case."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple[Element | str, ...]
    elements: tuple[Element, ...] = field(init=False, repr=False, compare=False)
    _values: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # once for all: what is parsed is looked through many times
        object.__setattr__(self, "elements", tuple(child for child in self.children if isinstance(child, Element)))
        object.__setattr__(self, "_values", dict(self.attributes))

    def get(self, name: str) -> str:
        return self._values.get(name, "")

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self) -> Iterator[Element]:
        """Itself and all within it, in the order of the document."""
        left = [self]
        while left:
            one = left.pop()
            yield one
            left.extend(reversed(one.elements))

    def first_of(self, kind: str) -> Element | None:
        """The first element of a class."""
        return next((one for one in self.all() if kind in one.get("class").split()), None)

    def first(self, name: str, value: str) -> Element | None:
        return next((one for one in self.all() if one.get(name) == value), None)


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, tuple[tuple[str, str], ...], list[Element | str]]] = [("", (), [])]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = tuple((name, value or "") for name, value in attrs)
        if tag in VOID:
            self.open[-1][2].append(Element(tag, attributes, ()))
        else:
            self.open.append((tag, attributes, []))

    def handle_endtag(self, tag: str) -> None:
        name, attributes, children = self.open.pop()
        assert name == tag, f"</{tag}> ends <{name}>"
        self.open[-1][2].append(Element(name, attributes, tuple(children)))

    def handle_data(self, data: str) -> None:
        self.open[-1][2].append(data)


@lru_cache(maxsize=256)
def parse(html: str) -> tuple[Element | str, ...]:
    """Parse strictly; cached, for a broadcast's frame comes to every page alike."""
    tree = _Tree()
    tree.feed(html)
    tree.close()
    assert len(tree.open) == 1, f"<{tree.open[-1][0]}> never ends"
    return tuple(tree.open[0][2])


@dataclass(slots=True)
class Form:
    """A message that the page still holds; nonce: what it is sent under, for a refusal may change it."""

    nonce: str
    text: str
    turn: str
    why: str = ""
    again: float | None = None  # seconds after which it sends itself again


@dataclass(slots=True)
class Run:
    """What was shown one after the other: from the page's loading, or from when its list was replaced.

    since: the page's place before it was replaced; None for the first.
    shown: text by id, in the order of the list; trims take nothing out of it.
    """

    since: str | None
    place: str
    shown: dict[str, str] = field(default_factory=dict)


class Page:
    """A page: its list, its place, its forms, and what is wrong with what it was sent."""

    def __init__(self, html: str) -> None:
        root = Element("", (), parse(html))
        since, log = root.first("id", "since"), root.first("id", "log")
        assert since is not None, "the page has no place"
        assert log is not None, "the page has no list"
        self.place = since.get("value")
        self.runs = [Run(None, self.place)]
        self.quoted: dict[str, str] = {}  # what a row answers, by its id
        self.quotes: dict[str, str] = {}  # and what its quote says
        self.reactions: dict[str, tuple[str, ...]] = {}  # what stands under a row
        self.listed: list[str] = []  # what the list holds now: trims take out, the newest page replaces
        self.forms: dict[str, Form] = {}
        self.taken: list[str] = []  # nonces, as they were acknowledged
        self.states: dict[str, Element] = {}
        self.notices: list[str] = []
        self.trims: list[str] = []
        self.faults: list[str] = []
        self._append(log.elements)

    @property
    def run(self) -> Run:
        return self.runs[-1]

    @property
    def counted(self) -> int:
        """How many are here by what the page shows: the named ones, and the others; in all places alike."""
        here, shown = self.states[ids.PEOPLE], {self.states[ids.COUNT].text, self.states[ids.CROWD].text}
        others = here.first("id", ids.OTHERS)
        number = re.search(r"\d+", others.text) if others is not None else None
        count = len([row for row in here.elements if row is not others]) + (int(number[0]) if number else 0)
        self._expect(shown == {str(count)}, f"{count} are listed and {shown} are counted")
        return count

    @property
    def rows(self) -> list[tuple[str, str]]:
        """What the list holds now: (id, text)."""
        return [(row, self.run.shown[row]) for row in self.listed]

    @property
    def texts(self) -> list[str]:
        return [self.run.shown[row] for row in self.listed]

    def write(self, nonce: str, text: str) -> Form:
        """Fill in and submit a form."""
        form = self.forms[f"say-{nonce}"] = Form(nonce, text, f"turn-{nonce}")
        return form

    def apply(self, frame: str) -> None:
        """Apply a frame as htmx does, from its beginning to its end."""
        assert frame.startswith("<"), f"a frame that htmx could take for JSON: {frame[:60]!r}"
        before, listed = self.place, list(self.listed)
        runs = len(self.runs)
        for part in parse(frame):
            if isinstance(part, str):
                self._expect(not part.strip(), f"text outside of all elements: {part!r}")
            else:
                self._take(part)
        if len(self.runs) == runs:
            self._expect(order(before) <= order(self.place), f"the place went back from {before} to {self.place}")
        if self.listed and (self.place, self.listed) != (before, listed):
            last = self.listed[-1]
            self._expect(order(last) <= order(self.place), f"{last} is shown, and the place is {self.place}")

    def _take(self, part: Element) -> None:
        swap = part.get("hx-swap-oob")
        if part.tag == "hx-partial":
            self._take_partial(part)
        elif part.tag == "li" and swap == "delete":
            self._delete(part.get("id").removeprefix("m-"))
        elif part.tag == "input" and part.get("id") == "since" and swap == "true":
            self.place = part.get("value")
        elif part.tag in ("form", "div") and swap == "delete":
            self._acknowledge(part.get("id"))
        elif part.tag == "form" and swap == "true":
            self._refuse(part)
        elif part.tag == "li" and part.get("id") == ids.OTHERS and swap == "true":
            self._count_others(part)
        elif part.get("id") in STATES and swap in ("true", "delete"):
            self.states[part.get("id")] = part
            if part.get("id") == "notice":
                self.notices.append(part.text)
        else:
            self._expect(False, f"a frame holds <{part.tag} {part.attributes}>")

    def _count_others(self, part: Element) -> None:
        """Replace the last row of who is here: htmx passes over one whose target is not there."""
        here = self.states.get(ids.PEOPLE)
        held = here is not None and here.first("id", ids.OTHERS) is not None
        self._expect(held, "others are counted where nobody is left unnamed")
        if here is not None and held:
            rows = tuple(row for row in here.elements if row.get("id") != ids.OTHERS)
            self.states[ids.PEOPLE] = Element(here.tag, here.attributes, (*rows, part))

    def _take_partial(self, part: Element) -> None:
        target, swap = part.get("hx-target"), part.get("hx-swap")
        if (target, swap) == ("#log", "beforeend"):
            self._append(part.elements)
        elif (target, swap) == ("#log", "innerHTML"):
            self.runs.append(Run(self.place, self.place))
            self.listed.clear()
            self._append(part.elements)
        elif swap == "delete" and (trim := _TRIM.fullmatch(target)):
            self._trim(trim[1])
        elif swap == "outerHTML" and _TRIM_OLDER.fullmatch(target):
            self._expect([one.get("id") for one in part.elements] == ["older"], "a trim renews #older alone")
        elif (change := _TEXT.fullmatch(target)) and swap == "innerHTML":
            if change[1] in self.listed:
                self.run.shown[change[1]] = part.text
        elif (change := _QUOTE.fullmatch(target)) and swap == "innerHTML":
            self.quotes = {row: part.text if of == change[1] else self.quotes[row] for row, of in self.quoted.items()}
        elif change := _REACTIONS.fullmatch(target):
            self._react(change[1], swap, part)
        elif swap == "outerHTML" and _TURN.fullmatch(target):
            self._replace_turn(target.removeprefix("#"), part)
        elif swap == "beforeend" and _FRESH.fullmatch(target):
            pass  # a new composer, for a page that has none left
        else:
            self._expect(False, f"a partial for {target!r}, {swap!r}")

    def _react(self, row: str, swap: str, part: Element) -> None:
        if row not in self.listed:
            return
        there = bool(self.reactions.get(row))
        if swap == "delete":
            self.reactions.pop(row, None)
        elif swap == ("outerMorph" if there else "beforeend"):
            self.reactions[row] = tuple(one.text for one in part.elements[0].elements)

    def _append(self, rows: tuple[Element, ...]) -> None:
        for row in rows:
            if row.get("id") == "older":
                continue
            entry_id = row.get("id").removeprefix("m-")
            text = row.first("class", "text")
            if "message" not in row.get("class").split() or text is None:
                self._expect(False, f"a row that is no message: {row.attributes}")
                continue
            if entry_id in self.run.shown:
                self._expect(False, f"{entry_id} ({text.text!r}) is shown twice")
                continue
            last = next(reversed(self.run.shown), None)
            self._expect(last is None or order(last) < order(entry_id), f"{entry_id} comes after {last}")
            self.run.shown[entry_id] = text.text
            self.listed.append(entry_id)
            quote, reactions = row.first_of("quote"), row.first_of("reactions")
            if quote is not None:
                said = next(one for one in quote.all() if one.get("class").startswith("q-"))
                self.quoted[entry_id], self.quotes[entry_id] = said.get("class").removeprefix("q-"), said.text
            self.reactions.pop(entry_id, None)
            if reactions is not None:
                self.reactions[entry_id] = tuple(one.text for one in reactions.elements)

    def _delete(self, entry_id: str) -> None:
        # a replay takes each row off before it appends it; one that a trim took off counts as shown
        if entry_id in self.listed:
            self.listed.remove(entry_id)
            del self.run.shown[entry_id]

    def _trim(self, first: str) -> None:
        self.trims.append(first)
        if first in self.listed:
            del self.listed[: self.listed.index(first)]

    def _acknowledge(self, element: str) -> None:
        for name, form in list(self.forms.items()):
            if element in (name, form.turn):
                del self.forms[name]
        if element.startswith("say-"):
            self.taken.append(element.removeprefix("say-"))

    def _replace_turn(self, turn: str, part: Element) -> None:
        """Take a refused form that needs a new nonce: it travels under another name from now on."""
        new, form = part.first("class", "turn"), part.first("class", "say refused")
        self._expect(new is not None and form is not None, "a turn is replaced by something else")
        old = next((name for name, held in self.forms.items() if held.turn == turn), None)
        if new is not None and form is not None and old is not None:
            held = self.forms.pop(old)
            held.turn = new.get("id")
            self.forms[form.get("id")] = held
            self._refuse(form)

    def _refuse(self, part: Element) -> None:
        form = self.forms.get(part.get("id"))
        nonce, text = part.first("name", "nonce"), part.first("name", "text")
        self._expect(nonce is not None and text is not None, "a refused form lacks its nonce or its text")
        if form is None or nonce is None or text is None:
            return  # htmx skips what is not there
        again = next((one for one in part.all() if one.get("hx-trigger").startswith("load delay:")), None)
        delay = re.search(r"delay:(\d+)ms", again.get("hx-trigger")) if again else None
        why = part.first("class", "why")
        form.nonce, form.text = nonce.get("value"), text.text.removeprefix("\n")
        form.why = why.text if why else ""
        form.again = int(delay[1]) / 1000 if delay else None

    def _expect(self, met: bool, fault: str) -> None:
        if not met:
            self.faults.append(fault)
