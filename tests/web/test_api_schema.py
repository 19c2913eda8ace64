"""The API as its own description has it: Schemathesis asks each operation what fits it and what does not."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from tests.server.processes import ServerProcess
from tests.web.test_bearers import token_of
from tests.web.test_messages import say
from tests.web.visits import browser, fresh

HEALTH = (HealthCheck.too_slow, HealthCheck.filter_too_much)
OPERATIONS = 13
EXAMPLES = 5  # of each operation; with 150 it found nothing more, and took five minutes


@pytest.fixture(scope="module")
def api(open_server: ServerProcess) -> Any:
    """The description, as the server gives it; what Schemathesis makes is mostly about a room that is there."""
    with browser(open_server) as ana:
        ana.get("/")
        room = fresh("schema")
        stays, goes = say(ana, room, "one that stays"), say(ana, room, "one that is deleted")
        token = token_of(ana)
        described = ana.get("/api/openapi.json").json()
    config = SchemathesisConfig.from_dict(
        {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 401, 403, 404, 422, 429]}}}
    )
    schema = schemathesis.openapi.from_dict(described, config=config)
    schema.config.update(base_url=open_server.url, headers={"Authorization": f"Bearer {token}"})

    @schema.hook
    def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
        if path_parameters and len(str(path_parameters.get("name"))) % 4:
            path_parameters["name"] = room
            if "entry_id" in path_parameters:
                deletes = context.operation.label == "DELETE /api/rooms/{name}/messages/{entry_id}"
                path_parameters["entry_id"] = goes if deletes else stays
        return path_parameters

    return schema


def statuses_of(operation: Any, mode: GenerationMode) -> set[int]:
    """Ask an operation, and look at each answer; gives their statuses."""
    statuses: set[int] = set()

    @settings(max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=HEALTH)
    @given(operation.as_strategy(generation_mode=mode))
    def answers(case: Any) -> None:
        statuses.add(case.call_and_validate().status_code)

    answers()
    return statuses


def test_every_operation_answers_what_fits_as_it_is_described(api: Any) -> None:
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) == OPERATIONS
    for operation in operations:
        statuses = statuses_of(operation, GenerationMode.POSITIVE)
        # few texts are an emoji
        assert statuses & {200, 201, 204} or "reactions" in operation.label, f"{operation.label}: nothing was taken"


def test_every_operation_refuses_what_does_not_fit_as_it_is_described(api: Any) -> None:
    seen: set[int] = set()
    for operation in (found.ok() for found in api.get_all_operations()):
        seen |= statuses_of(operation, GenerationMode.NEGATIVE)
    assert seen >= {400, 404}
