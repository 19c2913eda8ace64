"""What the promise means, as a check of a room's log against everything that was written and shown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from redis import Redis

from tests.promise.page import Page, Run, order
from tests.promise.visitor import Visitor

REPLAY = 200  # who missed more may be shown the newest page instead
PAGE = 50  # messages of the newest page

Row = tuple[str, str]  # id, text


def read(store: Redis, room: str) -> list[Row]:
    """Read all that a room keeps, oldest first, past every line of the product."""
    kept = [(entry_id, json.loads(fields["body"])["t"]) for entry_id, fields in store.xrange(f"c:{{{room}}}:messages")]
    chain = store.xrange(f"c:{{{room}}}:log")
    for (before, _), (entry_id, fields) in pairwise(chain):
        assert fields["prev"] == before, f"{entry_id} follows {before} and says {fields['prev']}"
    assert not chain or chain[-1][0] == store.get(f"c:{{{room}}}:last")
    assert [entry_id for entry_id, _ in chain] == [entry_id for entry_id, _ in kept[-len(chain) :]]
    return kept


def written_once(log: Sequence[Row], visitors: Iterable[Visitor]) -> list[str]:
    """Complain of messages that are missing, repeated, out of their writer's order, or nobody's."""
    counts = Counter(text for _, text in log)
    positions = {text: index for index, (_, text) in enumerate(log)}
    complaints = []
    everything: set[str] = set()
    for visitor in visitors:
        everything.update(visitor.written.values())
        last = -1
        for text in visitor.written.values():
            count = counts[text]
            if count > 1:
                complaints.append(f"{text:.20} is in the log {count} times\n{visitor.history()}")
            if not count and text in visitor.acknowledged:
                complaints.append(f"{text:.20} was acknowledged and is not in the log\n{visitor.history()}")
            if count and positions[text] < last:
                complaints.append(f"{text:.20} was overtaken by what {visitor.name} wrote later\n{visitor.history()}")
            last = max(last, positions.get(text, -1))
    complaints += [f"nobody wrote {text:.20}" for text in counts if text not in everything]
    return complaints


def shown_whole(log: Sequence[Row], visitor: Visitor) -> list[str]:
    """Complain of what a page was not shown, or was shown twice, or in another order; it must have come to the end."""
    page: Page = visitor.page
    complaints = list(page.faults)
    for number, run in enumerate(page.runs):
        complaints += _run(log, run, last=number == len(page.runs) - 1)
    if page.place != (log[-1][0] if log else "0-0"):
        complaints.append(f"it stands at {page.place}, not at the end")
    if complaints:
        return [f"{visitor.name}: {complaints[0]} (and {len(complaints) - 1} more)\n{visitor.history()}"]
    return []


def _run(log: Sequence[Row], run: Run, *, last: bool) -> list[str]:
    shown = list(run.shown.items())
    ids = [entry_id for entry_id, _ in log]
    if not shown:
        return ["nothing was shown"] if last and any(order(one) > order(run.place) for one in ids) else []
    if shown[0][0] not in ids:
        return [f"{_brief(shown[:1])} was shown, and is not in the log"]
    start = ids.index(shown[0][0])
    wanted = list(log[start:]) if last else list(log[start : start + len(shown)])
    return [*_beginning(ids, start, run), *_difference(shown, wanted)]


def _beginning(ids: Sequence[str], start: int, run: Run) -> list[str]:
    if run.since is None:
        # a page begins with all that there was when it was loaded, or with the newest of it
        loaded = sum(order(entry_id) <= order(run.place) for entry_id in ids)
        if start != max(0, loaded - PAGE):
            return [f"a page loaded at {run.place}, after {loaded} messages, begins with number {start}"]
        return []
    missed = sum(order(run.since) < order(entry_id) for entry_id in ids[: start + PAGE])
    return [f"its list was replaced after {run.since}: only {missed} were missed"] if missed <= REPLAY else []


def _difference(shown: Sequence[Row], wanted: Sequence[Row]) -> list[str]:
    for index, (had, want) in enumerate(zip(shown, wanted, strict=False)):
        if had != want:
            first = max(0, index - 2)
            return [
                f"{_brief(shown[first : index + 2])} was shown, and the log has {_brief(wanted[first : index + 3])}"
            ]
    if len(shown) != len(wanted):
        return [
            f"{len(shown)} were shown of {len(wanted)}; the first that is missing is {_brief(wanted[len(shown) :][:1])}"
        ]
    return []


def _brief(rows: Sequence[Row]) -> list[str]:
    return [f"{entry_id} {text:.20}" for entry_id, text in rows]
