"""What is logged is one line for one event, whatever somebody sent, and commands no terminal."""

from __future__ import annotations

import json
import logging

import pytest

from quart_chat.server.logs import _formatter
from tests.hostile import HOSTILE, LINES

LOUD = {*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029, 0x202E, 0x2066, 0xFEFF}


def record(text: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    trace = (type(error), error, None) if error is not None else None
    return logging.LogRecord("hypercorn.access", logging.INFO, "file", 1, text, args, trace)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_stays_within_its_field(hostile: str) -> None:
    for one in (record(hostile), record("GET %s", hostile), record("failed", error=ValueError(hostile))):
        line = _formatter(terminal=False).format(one)
        assert "\n" not in line
        assert not {ord(character) for character in line} & LOUD
        fields = json.loads(line)
        assert set(fields) <= {"event", "timestamp", "level", "process", "exception"}
        assert fields["level"] == "info"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_terminal_is_sent_no_command_but_colours(hostile: str) -> None:
    plain = _formatter(terminal=True).format(record("x"))
    line = _formatter(terminal=True).format(record("GET %s", hostile))
    assert line.count("\n") == plain.count("\n")
    assert line.count("\x1b") == plain.count("\x1b")
    assert not {ord(character) for character in line} & (LOUD - {0x1B, 0x0A})
    trace = _formatter(terminal=True).format(record("failed", error=ValueError(hostile)))
    assert "\x1b]" not in trace
    assert "\x9b" not in trace


def test_the_corpus_has_what_this_is_about() -> None:
    assert any("\x1b" in text for text in LINES)
    assert any("\n" in text for text in LINES)
