"""What entries come to is what they come to one by one."""

from __future__ import annotations

import random

import pytest

from quart_chat.room.changes import NOTHING, Changes, Held, Reaction, delete, edit, react
from quart_chat.room.digest import digest, overlaid, quote_of
from quart_chat.room.entries import (
    KINDS,
    Change,
    Entry,
    Header,
    Message,
    Quote,
    TornEntry,
    read_entry,
    read_pins,
    write_change,
    write_message,
    write_new_header,
    write_pins,
)

ANA = "a" * 16
EDITED, DELETED = Changes("edited", 5), Changes(deleted=True)
REACTED = Changes(reactions=(Reaction("🎉", 1, ((ANA, "Ana"),)),))


def message(number: int, reply: Quote | None = None) -> Message:
    return Message(f"{number}-0", number, ANA, "Ana", f"text {number}", None, "", reply)


def said(number: int, reply: Quote | None = None) -> Entry:
    return Entry(f"{number}-0", f"{number - 1}-0", message(number, reply))


def changed(number: int, of: int, changes: Changes, *, text: bool = True, header: Header | None = None) -> Entry:
    change = Change(f"{of}-0", "Ana", "", changes, text, reactions=not text)
    return Entry(f"{number}-0", f"{number - 1}-0", None, change, header)


def test_a_message_stands_as_what_came_after_it_left_it() -> None:
    found = digest([said(1), changed(2, 1, EDITED), said(3), changed(4, 1, DELETED)])
    assert [(one.id, one.deleted) for one in found.messages] == [("1-0", True), ("3-0", False)]
    assert found.changes == ()


def test_of_an_older_message_s_changes_the_last_counts_for_all_that_they_changed() -> None:
    both = EDITED._replace(reactions=REACTED.reactions)
    found = digest([changed(2, 1, EDITED), changed(3, 1, both, text=False)])
    assert found.changes == (Change("1-0", "Ana", "", both, text=True, reactions=True),)


def test_a_quote_stands_as_its_message_does() -> None:
    quote = Quote("1-0", ANA, "Ana", "text 1")
    found = digest([said(2, quote), changed(3, 1, EDITED)])
    assert found.messages[0].reply == quote._replace(text="edited")
    assert [change.of for change in found.changes] == ["1-0"]
    found = digest([said(1), said(2, quote), changed(3, 1, DELETED)])
    assert found.messages[1].reply == quote._replace(text="")


def test_the_last_header_counts() -> None:
    first, last = Header("first"), Header("last")
    assert digest([said(1)]).header is None
    assert digest([changed(1, 9, DELETED, header=first), changed(2, 9, DELETED, header=last), said(3)]).header == last


def test_a_message_that_was_deleted_is_quoted_without_its_text() -> None:
    assert quote_of(message(1)).text == "text 1"
    assert quote_of(overlaid(message(1), {"1-0": EDITED})).text == "edited"
    assert quote_of(overlaid(message(1), {"1-0": DELETED})).text == ""


def test_entries_come_to_the_same_in_whatever_pieces_they_come() -> None:
    chance = random.Random(5)
    for _ in range(200):
        entries, states = [said(1)], dict[str, Held]()
        for number in range(2, 20):
            of = chance.randrange(1, number)
            held = states.get(f"{of}-0", NOTHING)
            if chance.random() < 0.5 or held.deleted:
                quoted = overlaid(message(of), {one: state.shown for one, state in states.items()})
                entries.append(said(number, quote_of(quoted)))
                continue
            what = chance.choice(["edit", "delete", "react"])
            if what == "edit":
                held = edit(held, (0, ""), f"edited at {number}", number, keep=False)
            else:
                held = delete() if what == "delete" else react(held, "🎉", ANA, "Ana")
            states[f"{of}-0"] = held
            entries.append(changed(number, of, held.shown, text=what != "react"))
        whole, cut = digest(entries), chance.randrange(1, 19)
        first, second = digest(entries[:cut]), digest(entries[cut:])
        later = {change.of: change.changes for change in second.changes}
        assert whole.messages == (*(overlaid(one, later) for one in first.messages), *second.messages)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("changes", [EDITED, DELETED, REACTED, Changes()])
def test_changes_are_read_as_they_were_written(kind: str, changes: Changes) -> None:
    header = Header("topic", (Quote("1-0", ANA, "Ana", "x"),))
    for above in (None, header, Header()):
        change = Change("1-0", "Ana", kind, changes, text=True, reactions=False)
        assert read_entry("2-0", "1-0", "5", "", write_change(change, above)) == Entry(
            "2-0", "1-0", None, change, above
        )


def test_headers_replies_and_pins_are_read_as_they_were_written() -> None:
    quote = Quote("1-0", ANA, "Ana \n", "")
    header = Header("a\ntopic", (quote, quote))
    written = write_message(ANA, "Ana", "", "pin", reply=quote, header=header)
    entry = read_entry("2-0", "1-0", "5", "", written)
    assert entry.message is not None
    assert (entry.message.reply, entry.message.kind, entry.header) == (quote, "pin", header)
    assert read_entry("2-0", "1-0", "5", "", write_new_header(header)).header == header
    assert read_pins(write_pins(header.pins)) == header.pins
    assert read_pins(None) == read_pins(write_pins(())) == ()
    assert "\n" not in written + write_new_header(header)


@pytest.mark.parametrize(
    "body",
    [
        '{"k":"c"}',
        '{"k":"c","m":"x","n":"Ana","x":"","w":"t","s":{}}',
        '{"k":"c","m":"1-0","n":"Ana","x":"","w":5,"s":{}}',
        '{"k":"c","m":"1-0","n":"Ana","x":"","w":"t","s":[]}',
        '{"k":"c","m":"1-0","n":"Ana","x":"","w":"t","s":{"r":[5]}}',
        '{"k":"h","h":5}',
        '{"k":"h","h":["x"]}',
        '{"k":"h","h":["x",[["1-0","a","n"]]]}',
        '{"k":"m","a":"a","n":"n","t":"t","r":["x","a","n","t"]}',
        '{"k":"m","a":"a","n":"n","t":"t","r":[1,2,3,4]}',
    ],
)
def test_what_is_torn_is_said(body: str) -> None:
    with pytest.raises(TornEntry):
        read_entry("2-0", "1-0", "5", "", body)


@pytest.mark.parametrize("pins", ["x", "5", "[5]", '[["x","a","n","t"]]'])
def test_torn_pins_are_said(pins: str) -> None:
    with pytest.raises(TornEntry):
        read_pins(pins)
