"""Floods of seconds, on a server with the limits that it ships with. `make floods` does it for longer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.chaos.floods import FLOODS, measure, report

SECONDS = float(os.environ.get("CHAOS_FLOOD") or 3)
SLACK = 5  # seconds that a flood runs before, and after, what is counted

pytestmark = pytest.mark.timeout(120 + 15 * SECONDS)


async def test_a_flood_gets_its_share_and_who_talks_misses_nothing(tmp_path: Path) -> None:
    found = await measure(tmp_path, SECONDS)
    print(report(found, SECONDS))
    person, address, many = found
    assert [one.missing for one in found] == [0] * len(found)
    assert 0 < person.got_in <= 60 + (SECONDS + SLACK)
    assert 0 < address.got_in <= 600 + 10 * (SECONDS + SLACK)
    assert 0 < many.got_in <= FLOODS[2].identities * (60 + SECONDS + SLACK)
    assert person.refused > 0
