"""However a room is cut into chunks, and wherever a search stops, what fits is found once, newest first."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from quart_chat.room.changes import Changes
from quart_chat.room.entries import Entry, Message, order
from quart_chat.room.looking import ASTRAY, CHARACTERS, Chunk, Look, chunks_of, joined
from quart_chat.room.search import NOTHING, Query, read
from quart_chat.room.texts import MAX_TEXT

UTC = ZoneInfo("UTC")
HELLO = read("hello", UTC)
NOW = 1_700_000_000_000
HOUR = 3_600_000


def entry(place: tuple[int, int], text: str = "hello", behind: int = 0, *, deleted: bool = False) -> Entry:
    """behind: ms by which the clock was."""
    entry_id = "{}-{}".format(*place)
    changes = Changes(deleted=True) if deleted else None
    return Entry(entry_id, "0-0", Message(entry_id, place[0] - behind, "a" * 16, "Ana", text, None, changes=changes))


def one_chunk(*entries: Entry) -> Chunk:
    (chunk,) = chunks_of(entries)
    return chunk


places = st.tuples(st.integers(NOW, NOW + 50 * HOUR).map(lambda ms: ms - ms % HOUR), st.integers(0, 2))
entries_ = st.lists(
    st.builds(
        entry,
        places,
        st.sampled_from(["hello", "other", "hello " * 400]),
        st.integers(0, ASTRAY),
        deleted=st.booleans(),
    )
    | st.builds(lambda place: entry(place)._replace(message=None), places),
    unique_by=lambda one: one.id,
    max_size=40,
).map(lambda all_: sorted(all_, key=lambda one: order(one.id), reverse=True))
days = st.none() | st.integers(NOW - 2 * HOUR, NOW + 60 * HOUR)


@given(entries_, st.tuples(days, days), st.integers(1, 5), st.none() | places, st.data())
def test_what_fits_is_found_once_wherever_it_stops(
    entries: list[Entry],
    between: tuple[int | None, int | None],
    most: int,
    before: tuple[int, int] | None,
    data: st.DataObject,
) -> None:
    query = HELLO._replace(since=between[0], until=between[1])
    expected = [
        one.id
        for one in entries
        if one.message is not None and query.fits_message(one.message) and (before is None or order(one.id) < before)
    ]
    found: list[str] = []
    start = None if before is None else "{}-{}".format(*before)
    while True:
        look = Look(query, start, most)
        rest = [one for one in entries if look.next is None or order(one.id) < order(look.next)]
        known = data.draw(st.integers(0, len(entries)))  # looked through from the newest on, as a worker knows them
        for chunk in chunks_of(entries[:known]):
            look.through(chunk)
        while rest and not look.ended:
            rest = [one for one in entries if look.next is None or order(one.id) < order(look.next)]
            size = data.draw(st.integers(1, 10))
            for chunk in chunks_of(rest[:size]):
                look.through(chunk)
            rest = rest[size:]
            if look.reached is not None and data.draw(st.booleans()):
                break  # its time is over
        found += look.found[:most]
        if look.enough:
            start = look.found[most - 1]
        elif rest and not look.ended:
            start = look.reached
        else:
            break
    assert found == expected


@given(entries_)
def test_chunks_hold_what_can_be_found_in_order(entries: list[Entry]) -> None:
    chunks = list(chunks_of(entries))
    ids = [entry_id for chunk in chunks for entry_id in chunk.ids]
    assert ids == [one.id for one in entries if one.message is not None and not one.message.deleted]
    if entries:
        assert (chunks[0].newest, chunks[-1].oldest) == (entries[0].id, entries[-1].id)
    for chunk in chunks:
        assert sum(map(len, chunk.texts)) < CHARACTERS + MAX_TEXT
    for cut in range(len(entries) + 1):
        together = joined(chunks_of(entries[:cut]), list(chunks_of(entries[cut:])))
        assert [entry_id for chunk in together for entry_id in chunk.ids] == ids
        if entries:
            assert (together[0].newest, together[-1].oldest) == (entries[0].id, entries[-1].id)


def test_small_chunks_become_one() -> None:
    chunks: list[Chunk] = []
    for number in range(30):
        chunks = joined(chunks_of([entry((NOW, number))]), chunks)
    assert len(chunks) == 1


def test_it_looks_no_further_back_than_the_days_that_are_asked_for() -> None:
    look = Look(Query(since=NOW), None, 5)
    look.through(one_chunk(entry((NOW - ASTRAY + HOUR, 0))))
    assert not look.ended
    look.through(one_chunk(entry((NOW - ASTRAY - 1, 0))))
    assert look.ended
    assert look.found == []


def test_ids_alone_do_not_end_it_for_files_may_bring_any() -> None:
    look = Look(Query(since=NOW), None, 5)
    look.through(one_chunk(entry((5, 0), behind=5 - NOW)))
    assert not look.ended
    assert look.found == ["5-0"]


def test_it_begins_with_the_days_that_are_asked_for() -> None:
    assert Look(Query(until=NOW), None, 5).next == f"{NOW + ASTRAY}-0"
    assert Look(Query(until=NOW), "5-3", 5).next == "5-3"
    assert Look(NOTHING, None, 5).next is None
    assert Look(Query(until=-(10**15)), None, 5).ended
    assert Look(NOTHING, "0-0", 5).ended
