"""`missed` and `Timeline` against a model: a log as a list, of which a reader sees what trims left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.room.entries import NO_ENTRY, Entry, order
from quart_chat.room.places import REPLAY, Missed, Timeline, follows, missed


def log_of(steps: list[int]) -> list[Entry]:
    """Make a log whose ids go on by these steps: 0 is one more in the same millisecond."""
    entries: list[Entry] = []
    prev, ms, n = NO_ENTRY, 1000, 0
    for step in steps:
        ms, n = (ms + step, 0) if step else (ms, n + 1)
        entries.append(Entry(f"{ms}-{n}", prev, None))
        prev = f"{ms}-{n}"
    return entries


LOGS = st.lists(st.integers(0, 30), max_size=30).map(log_of)


def places_of(entries: list[Entry]) -> list[str]:
    return [NO_ENTRY, *(entry.id for entry in entries)]


@given(LOGS, st.data())
def test_missed_is_exactly_what_follows_a_place_or_it_says_that_it_cannot_tell(
    log: list[Entry], data: st.DataObject
) -> None:
    trimmed = data.draw(st.integers(0, len(log)))
    since = data.draw(st.sampled_from(places_of(log)) | st.sampled_from(["999-9", "1500-1", "99999-0"]))
    most = data.draw(st.integers(1, 20))
    kept = log[trimmed:]
    read = [entry for entry in kept if order(entry.id) > order(since)][: most + 1]
    end = log[-1].id if log else NO_ENTRY
    found = missed(since, read, end, most)
    if since not in places_of(log):
        assert found is None
        return
    following = log[places_of(log).index(since) :]
    whole = all(entry in kept for entry in following)
    if whole and len(following) <= most:
        assert found == Missed(tuple(following), end)
    else:
        assert found is None


def test_a_page_at_the_end_missed_nothing() -> None:
    log = log_of([1, 1])
    assert missed(log[-1].id, [], log[-1].id) == Missed((), log[-1].id)
    assert missed(NO_ENTRY, [], NO_ENTRY) == Missed((), NO_ENTRY)


def test_what_was_appended_after_the_end_was_read_counts_too() -> None:
    """The log and its end are read in one go, but a feed may run ahead of an older `end`."""
    log = log_of([1, 1, 1])
    assert missed(log[0].id, log[1:], log[1].id) == Missed(tuple(log[1:]), log[2].id)


def test_200_are_replayed_and_201_are_too_many() -> None:
    log = log_of([1] * (REPLAY + 1))
    assert missed(log[0].id, log[1:], log[-1].id) == Missed(tuple(log[1:]), log[-1].id)
    assert missed(NO_ENTRY, log, log[-1].id) is None


def test_a_log_that_was_emptied_cannot_tell_a_page_what_it_missed() -> None:
    assert missed("1700000000000-0", [], NO_ENTRY) is None


@given(LOGS, st.data())
def test_entries_follow_only_without_a_gap(log: list[Entry], data: st.DataObject) -> None:
    assert follows(log, NO_ENTRY)
    if len(log) > 1:
        gap = data.draw(st.integers(0, len(log) - 2))
        torn = log[:gap] + log[gap + 1 :]
        assert not follows(torn, NO_ENTRY)


@given(LOGS, st.data())
def test_a_timeline_takes_each_entry_once_and_in_order(log: list[Entry], data: st.DataObject) -> None:
    """Whatever is offered, in whatever order and however often: it holds a run of the log without a gap."""
    most = data.draw(st.integers(1, 5))
    start = data.draw(st.integers(0, len(log)))
    timeline = Timeline(places_of(log)[start], most)
    reached = start  # entries of the log up to the timeline's place
    for index in data.draw(st.lists(st.integers(0, max(len(log) - 1, 0)), max_size=40)) if log else []:
        taken = timeline.take(log[index])
        if index == reached:
            assert taken is True
            reached += 1
        else:
            assert taken is (False if index < reached else None)
        assert timeline.place == places_of(log)[reached]
        holds_what_follows(timeline, log, start, reached, most)


@given(LOGS, st.data())
def test_a_timeline_begins_anew_with_what_it_is_given(log: list[Entry], data: st.DataObject) -> None:
    most = data.draw(st.integers(1, 5))
    start = data.draw(st.integers(0, len(log)))
    end = data.draw(st.integers(start, len(log)))
    timeline = Timeline("1-1", most)
    timeline.restart(log[start:end], places_of(log)[end])
    holds_what_follows(timeline, log, start, end, most)


@given(LOGS, st.data())
def test_a_timeline_that_is_given_a_torn_log_holds_its_unbroken_end(log: list[Entry], data: st.DataObject) -> None:
    if len(log) < 2:
        return
    gap = data.draw(st.integers(0, len(log) - 2))
    timeline = Timeline(most=50)
    timeline.restart(log[:gap] + log[gap + 1 :], log[-1].id)
    holds_what_follows(timeline, log, gap + 1, len(log), 50)
    assert timeline.after(log[gap].id) == tuple(log[gap + 1 :])


def test_entries_that_do_not_lead_to_the_place_are_not_held() -> None:
    log = log_of([1, 1, 1])
    timeline = Timeline()
    timeline.restart(log[:2], log[2].id)
    assert timeline.place == log[2].id
    assert timeline.after(log[0].id) is None
    assert timeline.after(log[2].id) == ()


def holds_what_follows(timeline: Timeline, log: list[Entry], start: int, reached: int, most: int) -> None:
    """Assert that from any place it gives what follows or says that it cannot; the newest `most` it can."""
    for index, place in enumerate(places_of(log)):
        after = timeline.after(place)
        if index == reached:
            assert after == ()
        elif start <= index < reached:
            assert after in (tuple(log[index:reached]), None)
            assert after is not None or reached - index > most
            assert after is None or len(after) <= 2 * most
        else:
            assert after is None


@pytest.mark.parametrize("count", [10, 1000])
def test_a_timeline_stays_bounded(count: int) -> None:
    timeline = Timeline(most=4)
    for entry in log_of([1] * count):
        assert timeline.take(entry) is True
    held = [place for place in places_of(log_of([1] * count)) if timeline.after(place) is not None]
    assert 4 <= len(held) <= 9


def test_a_timeline_replays_no_more_than_it_is_told_to() -> None:
    log = log_of([1] * 60)
    timeline = Timeline(most=40)
    for entry in log:
        timeline.take(entry)
    assert timeline.after(log[19].id) == tuple(log[20:])
    assert timeline.after(log[18].id) is None
