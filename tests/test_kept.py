from __future__ import annotations

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from quart_chat.kept import Kept

STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 12)), max_size=60)


def test_what_was_used_least_lately_goes_first() -> None:
    kept: Kept[str, int] = Kept(2, 100)
    kept.put("a", 1, 1)
    kept.put("b", 2, 1)
    assert kept.get("a") == 1
    kept.put("c", 3, 1)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]


def test_what_is_heavier_than_all_may_be_is_not_kept_and_drives_nothing_out() -> None:
    kept: Kept[str, int] = Kept(10, 10)
    kept.put("a", 1, 4)
    kept.put("b", 2, 11)
    kept.put("a", 3, 11)
    assert (kept.get("a"), kept.get("b"), len(kept), kept.weight) == (None, None, 0, 0)


@given(STEPS)
def test_it_never_holds_more_than_its_bounds_and_never_another_value(steps: list[tuple[bool, int, int]]) -> None:
    kept: Kept[int, int] = Kept(3, 20)
    last: OrderedDict[int, tuple[int, int]] = OrderedDict()
    for put, key, weight in steps:
        if put:
            last[key] = (weight * 1000 + key, weight)
            kept.put(key, last[key][0], weight)
        found = kept.get(key)
        assert found is None or found == last[key][0]
        assert len(kept) <= 3
        assert 0 <= kept.weight <= 20
