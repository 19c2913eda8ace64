"""What hooks want, how they are signed, when they are tried again, and how the store keeps them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadHook
from quart_chat.room.changes import Changes
from quart_chat.room.entries import NO_ENTRY, Change, Entry, Message
from quart_chat.room.hooks import (
    ALL,
    FIRST,
    GIVEN_UP,
    LONGEST_PAUSE,
    WORD,
    Incoming,
    Outgoing,
    Progress,
    author_of,
    clean_word,
    due,
    is_behind,
    new_secret,
    pause,
    read_hooks,
    read_progress,
    sign,
    wants,
    write_hooks,
    write_progress,
)
from quart_chat.room.people import is_id, public_id
from quart_chat.room.proofs import of_bot, proved

DOCS = Path(__file__).parents[2] / "docs" / "hooks.md"
ANA = "a" * 16
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the vector that Standard Webhooks publishes
PUBLISHED = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def outgoing(kind: str = ALL, word: str = "") -> Outgoing:
    return Outgoing("h" * 16, "https://example.org/", kind, word, SECRET, 1)


def said(text: str, number: int = 1, name: str = "Ana") -> Message:
    return Message(f"{number}-0", 1000 * number, ANA, name, text, None)


def entries(*texts: str, first: int = 1) -> list[Entry]:
    numbers = range(first, first + len(texts))
    return [Entry(f"{one}-0", f"{one - 1}-0", said(text, one)) for one, text in zip(numbers, texts, strict=True)]


def test_a_signature_is_the_one_that_standard_webhooks_publishes() -> None:
    assert sign(SECRET, *PUBLISHED) == SIGNATURE
    made = new_secret(b"x" * 32)
    assert made.startswith("whsec_")
    assert sign(made, *PUBLISHED) != SIGNATURE


def test_the_handbook_s_example_takes_what_is_signed_and_nothing_else() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    message_id, seconds, body = PUBLISHED
    headers = {"webhook-id": message_id, "webhook-timestamp": str(seconds), "webhook-signature": SIGNATURE}
    verified = names["verified"]
    assert verified(headers, body, SECRET, now=seconds + 100)
    assert verified(headers | {"webhook-signature": f"v1,AAAA {SIGNATURE}"}, body, SECRET, now=seconds)
    assert not verified(headers, body + b" ", SECRET, now=seconds)
    assert not verified(headers, body, SECRET, now=seconds + 301), "replayed"
    assert not verified(headers | {"webhook-id": "msg_x"}, body, SECRET, now=seconds)
    assert not verified(headers, body, new_secret(b"y" * 32), now=seconds)


def test_pauses_grow_from_five_seconds_to_six_hours_and_ten_of_them_make_a_day() -> None:
    assert [pause(tries, 0.5) // 1000 for tries in (0, 1, 2, 3)] == [5, 20, 80, 320]
    assert pause(50, 0.5) == LONGEST_PAUSE
    assert 24 < sum(pause(tries, 0.5) for tries in range(10)) / 3_600_000 < 27


@given(st.integers(0, 1000), st.floats(0, 1))
def test_a_pause_is_a_fifth_more_or_less(tries: int, chance: float) -> None:
    middle = pause(tries, 0.5)
    assert 0.8 * middle - 1 <= pause(tries, chance) <= 1.2 * middle + 1


def test_a_hook_that_fails_for_a_day_is_switched_off_and_goes_on_where_it_stopped() -> None:
    one, now, tries = Progress("5-0"), 1000, 0
    while one.on:
        one = one.failed(now, "500", 0.5)
        tries += 1
        assert one.place == "5-0"
        assert one.due > now
        now = one.due
    assert 9 <= tries <= 12
    assert one.at - one.since >= GIVEN_UP
    woken = one.woken()
    assert (woken.on, woken.tries, woken.due, woken.place) == (True, 0, 0, "5-0")
    assert one.delivered("6-0", now, 200) == Progress("6-0", at=now, answer="200")


def test_a_receiver_that_says_it_is_gone_is_asked_no_more() -> None:
    assert not Progress("5-0").failed(1, "410", 0.5).on
    assert Progress("5-0").failed(1, "404", 0.5).on


@pytest.mark.parametrize(
    ("kind", "word", "wanted", "unwanted"),
    [
        (WORD, "deploy", ["deploy", "now DEPLOY!", "“déploy”, please", "**deploy**"], ["deployed", "redeploy", ""]),
        (WORD, "some_name", ["call some_name."], ["some other name", "name some"]),
        (WORD, "部署", ["请部署吧"], ["署部"]),
        (FIRST, "!deploy", ["!deploy now", "  !Deploy"], ["now !deploy", "deploy", "!deployed"]),
        (ALL, "", ["x", "!"], []),
    ],
)
def test_a_hook_gets_the_messages_that_its_owner_chose(
    kind: str, word: str, wanted: list[str], unwanted: list[str]
) -> None:
    hook = outgoing(kind, clean_word(kind, word))
    assert all(wants(hook, said(text)) for text in wanted)
    assert not any(wants(hook, said(text)) for text in unwanted)


def test_what_programs_wrote_and_what_was_deleted_goes_to_no_hook() -> None:
    assert not wants(outgoing(), said("x", name=of_bot("GitHub")))
    assert not wants(outgoing(), said("x")._replace(changes=Changes(deleted=True)))
    assert wants(outgoing(), said("x", name=proved("Ana")))


@pytest.mark.parametrize("typed", ["", " ", "two words", "x" * 41, "\ud800", "\u200b", "**"])
def test_a_word_has_to_be_one(typed: str) -> None:
    with pytest.raises(BadHook):
        clean_word(WORD, typed)
    assert clean_word(ALL, typed) == ""


def test_what_is_due_comes_in_order_and_what_nobody_wants_moves_the_place() -> None:
    hook = outgoing(WORD, "x")
    change = Entry("4-0", "3-0", None, Change("1-0", "Ana", "", Changes("y"), text=True, reactions=False))
    all_due = list(due(hook, "room", NO_ENTRY, [*entries("x 1", "y", "x 3", first=1), change], "4-0"))
    assert [one.place for one in all_due] == ["1-0", "3-0", "4-0"]
    assert [bool(one.payload) for one in all_due] == [True, True, False]
    told = json.loads(all_due[0].payload)
    assert (told["type"], told["data"]["text"], told["data"]["id"]) == ("message.created", "x 1", "1-0")
    assert (told["data"]["room"], told["data"]["author"]["id"]) == ("room", ANA)


def test_a_log_that_went_on_past_a_hook_is_told_as_a_gap() -> None:
    first, second = due(outgoing(), "room", "2-0", entries("x", first=7), "7-0")
    assert json.loads(first.payload) == {"type": "gap", "data": {"room": "room", "after": "2-0", "until": "6-0"}}
    assert (first.place, second.place) == ("6-0", "7-0")
    (only,) = due(outgoing(), "room", "2-0", [], "9-0")
    assert (json.loads(only.payload)["data"]["until"], only.place) == ("9-0", "9-0")
    assert list(due(outgoing(), "room", "2-0", [], "2-0")) == []


@given(st.lists(st.sampled_from(["x", "y"]), max_size=8), st.integers(0, 8))
def test_however_the_log_is_read_each_wanted_message_is_due_once(texts: list[str], cut: int) -> None:
    """A worker may stop anywhere, and another goes on from the place that was noted."""
    hook, log = outgoing(WORD, "x"), entries(*texts)
    place, told = "0-0", []
    for part in (log[:cut], log[cut:]):
        for one in due(hook, "room", place, part, part[-1].id if part else place):
            place = one.place
            if one.payload:
                told.append(one.id)
    assert told == [f"{hook.id}.{one.id}" for one in log if one.message is not None and one.message.text == "x"]
    assert place == (log[-1].id if log else "0-0")


def test_hooks_and_places_are_kept_as_text() -> None:
    hooks = (Incoming("1" * 16, "GitHub ü", "d" * 64, 5), outgoing(FIRST, "!x"))
    assert read_hooks(write_hooks(hooks)) == hooks
    assert write_hooks(()) == ""
    for torn in (None, "", "[", "[1]", '[{"in":[1]}]', '[{"later":[1,2]}]', '[{"out":["a","b","c","d","e","f"]}]'):
        assert read_hooks(torn) == ()
    for one in (Progress("1-0"), Progress("1-0", on=False, tries=3, since=4, due=5, at=6, answer="not public")):
        assert read_progress(write_progress(one)) == one
    for torn in (None, "", "x", "1-0 1 0", "1-0 1 a b c d e", "x 1 0 0 0 0 "):
        assert read_progress(torn) is None
    assert read_progress("0-0 1 0 0 0 0 ") == Progress(NO_ENTRY), "as hooks.lua writes it"


def test_a_hook_is_behind_where_the_log_ends_elsewhere() -> None:
    assert is_behind(Progress("1-0"), "2-0")
    assert not is_behind(Progress("1-0"), "1-0")
    assert not is_behind(Progress("1-0"), "")


def test_nobody_s_cookie_makes_them_a_hook() -> None:
    assert not is_id(author_of("h" * 16))
    assert public_id(author_of("h" * 16)) != public_id(author_of("i" * 16))
