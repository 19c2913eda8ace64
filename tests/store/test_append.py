"""The append script against a model: any run of appends, retries and readings, by several people, in any order."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from quart_chat.errors import BadText
from quart_chat.room.entries import NO_ENTRY, Message, order
from quart_chat.room.places import follows, missed
from quart_chat.store import keys
from quart_chat.store.appends import Draft
from quart_chat.store.log import Log, Retention
from quart_chat.store.newest import as_first
from quart_chat.store.pipeline import Pipeline

KEPT = 8  # messages
PEOPLE = [letter * 16 for letter in "abc"]
ROOMS = (f"room-{number}" for number in itertools.count())

Append = tuple[str, str, str]  # author, text, nonce

APPEND = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["x", "y\n", "é🎉"]), st.sampled_from("123456"))
READ = st.integers(0, 40)  # from the place after that many messages
PAGE = st.tuples(st.integers(0, 40), st.integers(1, 5))
SET_BACK = st.integers(1, 10**9).map(float)  # ms by which the clock was set back
TOGETHER = st.lists(APPEND, min_size=1, max_size=6)  # in one call of the script
OPERATIONS = st.lists(st.one_of(APPEND, APPEND, TOGETHER, READ, PAGE, SET_BACK), max_size=30)


@dataclass
class Model:
    """What a room is: a list; and what nonces were used for."""

    places: list[str] = field(default_factory=lambda: [NO_ENTRY])
    said: list[tuple[str, str]] = field(default_factory=list)  # author, text
    nonces: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)  # to text, id


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OPERATIONS)
async def test_a_room_is_one_list_whatever_happens(
    pipeline: Pipeline, look: Redis, operations: list[Append | list[Append] | int | tuple[int, int] | float]
) -> None:
    log, room, model = Log(pipeline, Retention(KEPT, 0)), next(ROOMS), Model()
    for operation in operations:
        if isinstance(operation, int):
            await read_on(log, room, model, operation)
        elif isinstance(operation, float):
            set_back(look, room, model, int(operation))
        elif isinstance(operation, list):
            await append_together(log, room, model, operation)
        elif len(operation) == 3:
            await append(log, room, model, operation)
        else:
            await page(log, room, model, *operation)
    await all_agrees(log, look, room, model)


async def append(log: Log, room: str, model: Model, asked: Append) -> None:
    author, text, nonce = asked
    used = model.nonces.get((author, nonce))
    if used is not None and used[0] != text:
        with pytest.raises(BadText):
            await log.append(room, author, "Name", text, nonce)
        return
    entry_id, new = await log.append(room, author, "Name", text, nonce)
    assert new == (used is None)
    if used is not None:
        assert entry_id == used[1]
        return
    assert order(entry_id) > order(model.places[-1])
    model.nonces[author, nonce] = (text, entry_id)
    model.places.append(entry_id)
    model.said.append((author, text))


async def append_together(log: Log, room: str, model: Model, asked: list[Append]) -> None:
    """Append several at once: the same as one by one, but for what a used nonce raises."""
    results = await log.append_all(room, [Draft(author, "Name", text, nonce) for author, text, nonce in asked])
    for (author, text, nonce), one in zip(asked, results, strict=True):
        used = model.nonces.get((author, nonce))
        if used is not None:
            assert (one.id, one.new, one.same) == (used[1], False, used[0] == text)
            continue
        assert (one.new, one.same) == (True, True)
        assert order(one.id) > order(model.places[-1])
        model.nonces[author, nonce] = (text, one.id)
        model.places.append(one.id)
        model.said.append((author, text))


async def read_on(log: Log, room: str, model: Model, place: int) -> None:
    since = model.places[place % len(model.places)]
    tail = await log.tail(room, since)
    assert tail.end == model.places[-1]
    found = missed(since, tail.entries, tail.end)
    assert found is not None  # 30 operations of 6 messages are within the log
    assert [entry.id for entry in found.entries] == model.places[model.places.index(since) + 1 :]
    assert found.place == model.places[-1]


async def page(log: Log, room: str, model: Model, place: int, count: int) -> None:
    at = model.places[place % len(model.places)]
    kept = [entry_id for entry_id, (author, _) in zip(model.places[1:], model.said, strict=True) if author][-KEPT:]
    if at != NO_ENTRY:
        older = [entry_id for entry_id in kept if order(entry_id) < order(at)]
        found = await log.before(room, at, count)
        assert ([m.id for m in found.messages], found.more) == (older[-count:], len(older) > count)
    newer = [entry_id for entry_id in kept if order(entry_id) > order(at)]
    found = await log.after(room, at, count)
    assert ([m.id for m in found.messages], found.more) == (newer[:count], len(newer) > count)


def set_back(look: Redis, room: str, model: Model, by: int) -> None:
    """The clock is behind the log from now on: as if it had been ahead when the last entry was made.

    An entry of that time stands in the log, of a kind that this version shows nobody.
    """
    if len(model.places) > 1:
        return  # only a room's first entry can be made so without the script
    entry_id = f"{int(look.time()[0]) * 1000 + by}-0"
    fields = {"prev": NO_ENTRY, "at": 1, "before": "", "body": '{"k":"other"}'}
    look.xadd(keys.log(room), fields, id=entry_id)
    look.set(keys.last(room), entry_id)
    model.places.append(entry_id)
    model.said.append(("", ""))


async def all_agrees(log: Log, look: Redis, room: str, model: Model) -> None:
    """Assert what holds of a room at rest: order, chain, neighbours, retention, and no nonce twice."""
    entries = (await log.tail(room, NO_ENTRY)).entries
    assert [entry.id for entry in entries] == model.places[1:]
    assert follows(entries, NO_ENTRY)
    shown = [entry.message for entry in entries if entry.message is not None]
    real = [(author, text) for author, text in model.said if author]
    assert [(message.author, message.text) for message in shown] == real
    neighbours(shown)
    kept = [entry_id for entry_id, _ in look.xrange(keys.messages(room))]
    assert kept == [message.id for message in shown][-KEPT:]
    newest = await log.newest(room, KEPT)
    assert newest.page.messages == as_first(tuple(shown[-KEPT:]))
    assert newest.place == model.places[-1]


def neighbours(shown: list[Message]) -> None:
    before = None
    for message in shown:
        if before is None:
            assert message.before is None
        else:
            assert message.before is not None
            assert (message.before.author, message.before.at) == (before.author, before.at)
        before = message
