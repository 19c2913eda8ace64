"""A soak of seconds: people come and go while workers are renewed and killed. `make soak` does it for minutes."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from tests.chaos.samples import Sample, grown, of_workers
from tests.chaos.soak import Plan, report, soak

SECONDS = float(os.environ.get("CHAOS_SOAK") or 8)

pytestmark = pytest.mark.timeout(120 + 2 * SECONDS)


async def test_churn_loses_nothing_and_leaves_nothing_behind(tmp_path: Path, chance: Random) -> None:
    plan = Plan(length=SECONDS, people=50, rooms=5, stay=3.0, renewed=4.0, killed=2.5)
    soaked = await soak(plan, tmp_path, chance)
    print(report(soaked))
    assert not soaked.complaints, f"{len(soaked.complaints)} complaints; the first:\n" + "\n".join(
        soaked.complaints[:2]
    )
    assert soaked.renewed
    assert soaked.killed


def sample(at: float, *, leak: float = 0.0, supervisor: float = 20.0) -> Sample:
    """Make a sample of workers that fill their caches in 90 s and are renewed after 120; leak: MB a minute."""

    def worker(at: float) -> tuple[float, float]:
        age = at % 120
        return age, 60 + 20 * min(age, 90) / 90 + leak * at / 60

    return Sample(at, 0, 0, supervisor, {1: worker(at), 2: worker(at + 60)}, 10.0, 50)


def test_what_grows_with_time_is_told_from_what_grows_with_age() -> None:
    assert grown([sample(at) for at in range(600)]) == []
    assert of_workers([sample(at, leak=3) for at in range(300)]) == pytest.approx(3, abs=0.3)
    (worker,) = grown([sample(at, leak=1.5) for at in range(600)])
    assert worker.startswith("a worker takes 1.5 MB more")
    (supervisor,) = grown([sample(at, supervisor=20 + at / 40) for at in range(600)])
    assert supervisor == "the supervisor grows by 1.5 MB a minute"
    assert of_workers([Sample(at, 0, 0, 20.0, {1: (at, 60 + at / 9)}, 10.0, 50) for at in range(300)]) == 0
    (most,) = grown([sample(at, leak=60 if at == 100 else 0) for at in range(600)])
    assert most == "a worker took 229 MB"
