"""Commands as people type them, such as `/me waves`: what a message that begins with a slash asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from quart_chat.errors import BadText
from quart_chat.room.entries import ACTION, ROLL
from quart_chat.room.texts import clean_text, clean_topic

SHRUG = r"¯\_(ツ)_/¯"
MOST_DICE, MOST_SIDES = 20, 1000

_COMMAND = re.compile(r"/([a-z]{1,20})(?:\s+(.*))?", re.DOTALL)
_DICE = re.compile(r"([0-9]{0,2})[dD]([0-9]{1,4})([+-][0-9]{1,4})?")


@dataclass(frozen=True, slots=True)
class Words:
    """A message; text: as `clean_text` leaves it; kind: of its entry."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Nick:
    """The person wants another name."""

    name: str


@dataclass(frozen=True, slots=True)
class Help:
    """The person wants to know what commands there are."""


@dataclass(frozen=True, slots=True)
class Topic:
    """The room is to have another topic; text: "" for none."""

    text: str


Asked = Words | Nick | Topic | Help
Draw = Callable[[int], int]  # gives a number from 0 to its argument less 1, by chance


def read(text: str, draw: Draw) -> Asked:
    """Read a text as `clean_text` left it. An address, such as /usr/bin, is no command; two slashes send one.

    Raises:
        BadText: there is no such command, or it lacks something; the text says what.
    """
    if text.startswith("//"):
        return Words(text[1:])
    found = _COMMAND.fullmatch(text)
    if found is None:
        return Words(text)
    name, rest = found[1], (found[2] or "").strip()
    if name not in _COMMANDS:
        raise BadText("There is no command /%(name)s. /help tells which there are, and // sends a slash.", name=name)
    return _COMMANDS[name](rest, draw)


def _me(rest: str, _: Draw) -> Words:
    if not rest:
        raise BadText("Say what you do: /me waves")
    return Words(clean_text(rest), ACTION)


def _nick(rest: str, _: Draw) -> Nick:
    if not rest:
        raise BadText("Say what you want to be called: /nick New Name")
    return Nick(rest)


def _roll(dice: str, draw: Draw) -> Words:
    """Throw dice; the message says what was thrown, such as "2d6+1: 3 + 5 + 1 = 9"."""
    found = _DICE.fullmatch(dice or "1d6")
    count, sides = (int(found[1] or 1), int(found[2])) if found else (0, 0)
    if not (1 <= count <= MOST_DICE and 2 <= sides <= MOST_SIDES):
        raise BadText(
            "Roll like this: /roll 2d6 or /roll d20+3, with up to %(dice)d dice of 2 to %(sides)d sides.",
            dice=MOST_DICE,
            sides=MOST_SIDES,
        )
    more = int(found[3] or 0) if found else 0
    thrown = [draw(sides) + 1 for _ in range(count)]
    written = " + ".join(map(str, thrown)) + (f" {'+' if more > 0 else '−'} {abs(more)}" if more else "")
    asked = f"{count}d{sides}{f'{more:+}' if more else ''}"
    total = f" = {sum(thrown) + more}" if count > 1 or more else ""
    return Words(f"{asked}: {written}{total}", ROLL)


_COMMANDS: dict[str, Callable[[str, Draw], Asked]] = {
    "help": lambda _rest, _draw: Help(),
    "me": _me,
    "nick": _nick,
    "roll": _roll,
    "topic": lambda rest, _draw: Topic(clean_topic(rest)),
    "shrug": lambda rest, _draw: Words(clean_text(f"{rest} {SHRUG}".strip())),
}
