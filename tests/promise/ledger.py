"""What the promise means, as a check of a room's log against everything that was written and shown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from redis import Redis

from tests.promise.page import Page, Run, order
from tests.promise.visitor import Visitor

REPLAY = 200  # who missed more may be shown the newest page instead
PAGE = 50  # messages of the newest page

Row = tuple[str, str]  # id, text


class Complaint(NamedTuple):
    """Something that the promise does not allow; about: texts of the messages that it concerns."""

    what: str
    about: tuple[str, ...] = ()


def read(store: Redis, room: str) -> list[Row]:
    """Read all that a room keeps, oldest first, past every line of the product."""
    kept = [(entry_id, json.loads(fields["body"])["t"]) for entry_id, fields in store.xrange(f"c:{{{room}}}:messages")]
    chain = store.xrange(f"c:{{{room}}}:log")
    for (before, _), (entry_id, fields) in pairwise(chain):
        assert fields["prev"] == before, f"{entry_id} follows {before} and says {fields['prev']}"
    assert not chain or chain[-1][0] == store.get(f"c:{{{room}}}:last")
    assert [entry_id for entry_id, _ in chain] == [entry_id for entry_id, _ in kept[-len(chain) :]]
    return kept


def written_once(log: Sequence[Row], visitors: Iterable[Visitor], *, may_lose: bool = False) -> list[Complaint]:
    """Complain of messages that are missing, repeated, out of their writer's order, or nobody's.

    may_lose: the store was one that forgets what it had acknowledged.
    """
    counts = Counter(text for _, text in log)
    positions = {text: index for index, (_, text) in enumerate(log)}
    complaints = []
    everything: set[str] = set()
    for visitor in visitors:
        everything.update(visitor.written.values())
        last, before = -1, ""
        for text in visitor.written.values():
            count = counts[text]
            if count > 1:
                complaints.append(Complaint(f"{text:.20} is in the log {count} times", (text,)))
            if not count and not may_lose and text in visitor.acknowledged:
                complaints.append(Complaint(f"{text:.20} was acknowledged and is not in the log", (text,)))
            if count and positions[text] < last:
                complaints.append(Complaint(f"{text:.20} was overtaken by {before:.20}, written later", (text, before)))
            if count and positions[text] > last:
                last, before = positions[text], text
    complaints += [Complaint(f"nobody wrote {text:.20}", (text,)) for text in counts if text not in everything]
    return complaints


def lost(log: Sequence[Row], visitors: Iterable[Visitor]) -> set[str]:
    """Find the messages that were acknowledged and are not in the log."""
    texts = {text for _, text in log}
    return {text for visitor in visitors for text in visitor.acknowledged if text not in texts}


def shown_whole(log: Sequence[Row], visitor: Visitor, *, may_lose: bool = False) -> list[Complaint]:
    """Complain of what a page was not shown, or was shown twice, or in another order; it must have come to the end.

    may_lose: a list that was replaced may have ended with what the store has forgotten.
    """
    page: Page = visitor.page
    complaints = [Complaint(fault) for fault in page.faults]
    for number, run in enumerate(page.runs):
        complaints += _run(log, run, last=number == len(page.runs) - 1, may_lose=may_lose)
    if page.place != (log[-1][0] if log else "0-0"):
        complaints.append(Complaint(f"it stands at {page.place}, not at the end"))
    return [Complaint(f"{visitor.name}: {one.what}", one.about) for one in complaints]


def _run(log: Sequence[Row], run: Run, *, last: bool, may_lose: bool) -> list[Complaint]:
    shown = list(run.shown.items())
    ids = [entry_id for entry_id, _ in log]
    known = set(ids)
    while may_lose and not last and shown and shown[-1][0] not in known:
        shown.pop()
    if not shown:
        missing = last and any(order(one) > order(run.place) for one in ids)
        return [Complaint("nothing was shown")] if missing else []
    if shown[0][0] not in known:
        return [Complaint(f"{_brief(shown[:1])} was shown, and is not in the log", (shown[0][1],))]
    start = ids.index(shown[0][0])
    wanted = list(log[start:]) if last else list(log[start : start + len(shown)])
    forgotten = may_lose and run.since is not None and run.since not in known
    return [*([] if forgotten else _beginning(log, start, run)), *_difference(shown, wanted)]


def _beginning(log: Sequence[Row], start: int, run: Run) -> list[Complaint]:
    about = (log[start][1],)
    if run.since is None:
        # a page begins with all that there was when it was loaded, or with the newest of it
        loaded = sum(order(entry_id) <= order(run.place) for entry_id, _ in log)
        if start != max(0, loaded - PAGE):
            what = f"a page loaded at {run.place}, after {loaded} messages, begins with number {start}"
            return [Complaint(what, about)]
        return []
    missed = sum(order(run.since) < order(entry_id) for entry_id, _ in log[: start + PAGE])
    what = f"its list was replaced after {run.since}: only {missed} were missed"
    return [Complaint(what, about)] if missed <= REPLAY else []


def _difference(shown: Sequence[Row], wanted: Sequence[Row]) -> list[Complaint]:
    for index, (had, want) in enumerate(zip(shown, wanted, strict=False)):
        if had != want:
            first = max(0, index - 2)
            what = f"{_brief(shown[first : index + 2])} was shown, and the log has {_brief(wanted[first : index + 3])}"
            return [Complaint(what, (had[1], want[1]))]
    if len(shown) < len(wanted):
        first_missing = wanted[len(shown)]
        what = f"{len(shown)} were shown of {len(wanted)}; the first that is missing is {_brief([first_missing])}"
        return [Complaint(what, (first_missing[1],))]
    if len(shown) > len(wanted):
        return [Complaint(f"{_brief(shown[len(wanted) :][:1])} was shown after the end", (shown[len(wanted)][1],))]
    return []


def _brief(rows: Sequence[Row]) -> list[str]:
    return [f"{entry_id} {text:.20}" for entry_id, text in rows]
