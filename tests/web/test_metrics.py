"""/metrics: right over several workers, right after one of them died, and for whom it is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from quart_chat import metrics
from tests.server.processes import ServerProcess, kill
from tests.web.conftest import UNLIMITED
from tests.web.visits import browser, fresh, tab


@pytest.fixture
def two(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path / "data", workers=2, env=UNLIMITED) as server:
        yield server


def measured(client: httpx.Client) -> dict[str, float]:
    """What one worker tells of all; each asking takes a connection of its own, and so any of them."""
    answer = httpx.get(f"{client.base_url}/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        sample.name + "".join(f" {value}" for name, value in sample.labels.items() if name != "le"): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.labels.get("le", "+Inf") == "+Inf"
    }


async def test_workers_add_up_and_one_that_died_has_no_tabs_any_more(two: ServerProcess) -> None:
    room = fresh()
    with browser(two) as client:
        async with AsyncExitStack() as stack:
            tabs = [await stack.enter_async_context(tab(two, room)) for _ in range(12)]
            for one in tabs:
                await one.enter()
            two.wait_for(lambda: measured(client)["quart_chat_tabs"] == 12, "twelve tabs")
            for number in range(5):
                await tabs[0].send(act="say", nonce=f"n{number}", text=f"text {number}")
                for one in tabs:
                    await one.frame(f"text {number}</div>")
            two.wait_for(lambda: measured(client)["quart_chat_deliveries_total"] == 60, "sixty deliveries")
            for _ in range(4):  # whichever worker is asked
                found = measured(client)
                assert found["quart_chat_messages_total"] == 5
                assert found["quart_chat_fanout_seconds_count"] == found["quart_chat_batch_messages_count"] >= 5
                assert found["quart_chat_batch_messages_sum"] >= 5
                assert found["quart_chat_store_seconds_count"] > 5
                assert found["quart_chat_loop_lag_seconds_count"] > 0
                assert 1 <= found["quart_chat_rooms_followed"] <= 2
                assert found["quart_chat_store_away"] == 0
                assert found["quart_chat_entries_lost_total"] == 0
            kill(two.worker_pids[0])
            two.wait_for(lambda: measured(client)["quart_chat_tabs"] < 12, "that the tabs of the dead one are gone")
            assert measured(client)["quart_chat_messages_total"] == 5
        two.wait_for(lambda: measured(client)["quart_chat_tabs"] == 0, "no tabs")


def test_a_limit_that_was_met_is_counted(behind: ServerProcess) -> None:
    with browser(behind) as client:
        room = fresh()
        client.get(f"/r/{room}")
        codes = [
            client.post(f"/r/{room}/messages", data={"text": "x", "nonce": str(number)}).status_code
            for number in range(6)
        ]
        assert 429 in codes
        behind.wait_for(
            lambda: re.search(r'quart_chat_limits_hit_total\{limit="messages"\} [1-9]', metrics_of(client)), "the count"
        )


def metrics_of(client: httpx.Client) -> str:
    return client.get("/metrics").text


def test_only_this_machine_may_ask_or_who_shows_the_token(
    server: ServerProcess, behind: ServerProcess, tmp_path: Path
) -> None:
    with browser(server) as client:
        assert client.get("/metrics").status_code == 200
        # a proxy on this machine that the server was not told of
        refused = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.5"})
        assert refused.status_code == 403
        assert "QUART_CHAT_METRICS_TOKEN" in refused.text
        assert "quart_chat_tabs" not in refused.text
    with browser(behind) as client:  # it trusts one
        assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.5"}).status_code == 403
    env = {**UNLIMITED, "QUART_CHAT_METRICS_TOKEN": "sesame"}
    with ServerProcess(tmp_path / "data", env=env) as guarded, browser(guarded) as client:
        for shown in (None, "Bearer wrong", "sesame", "Bearer", "Bearer s\u00e9same".encode()):
            headers = {} if shown is None else {"Authorization": shown}
            assert client.get("/metrics", headers=headers).status_code == 403  # type: ignore[arg-type]
        assert "quart_chat_tabs" in client.get("/metrics", headers={"Authorization": "Bearer sesame"}).text


def test_every_metric_is_told_in_the_handbook() -> None:
    handbook = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    dashboard = (Path(__file__).parents[2] / "deploy" / "grafana.json").read_text(encoding="utf-8")
    names = [one._name for one in vars(metrics).values() if hasattr(one, "_name") and hasattr(one, "_documentation")]
    assert len(names) > 10
    for name in names:
        assert name in handbook, name
        assert name in dashboard, name
    for name in re.findall(r"quart_chat_\w+?(?=_total|_bucket|\{)", dashboard):
        assert name in names, name
