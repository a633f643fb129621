"""schemathesis against a running exchange: whatever `/x/v1` is sent, it answers as it describes."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tools.exchange_process import ExchangeProcess

SECONDS_MAX = 60.0
EXAMPLES = {GenerationMode.POSITIVE: 4, GenerationMode.NEGATIVE: 4}
"""For each operation, of what the description allows and of what it does not."""
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def exchange_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeProcess]:
    """An exchange of its own: random requests leave nothing as it was."""
    data = tmp_path_factory.mktemp("described") / "data"
    with ExchangeProcess(data, "--no-bots", "--no-limits") as exchange:
        yield exchange


def page_headers(exchange: ExchangeProcess) -> dict[str, str]:
    """Return what a browser and the page send with each request."""
    origin = f"http://127.0.0.1:{exchange.port}"
    return {"Origin": origin, "Sec-Fetch-Site": "same-origin", "X-Outcry-CSRF": "1"}


def ask_everything(exchange: ExchangeProcess, headers: dict[str, str]) -> set[int]:
    """Send every operation what it allows and what it does not; returns the statuses seen."""
    schema = schemathesis.openapi.from_url(f"{exchange.base}/x/v1/openapi.json")
    schema.config.generation.update(with_security_parameters=False)
    statuses: set[int] = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode, examples in EXAMPLES.items():

            @settings(
                max_examples=examples,
                phases=[Phase.generate],
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                response = case.call(headers=headers)
                case.validate_response(response, checks=CHECKS)
                statuses.add(response.status_code)

            ask()
    return statuses


def test_strangers_are_answered_as_described(exchange_alone: ExchangeProcess) -> None:
    begun = time.monotonic()
    statuses = ask_everything(exchange_alone, page_headers(exchange_alone))
    assert 401 in statuses
    assert time.monotonic() - begun < SECONDS_MAX


def test_requests_of_other_pages_are_answered_as_described(
    exchange_alone: ExchangeProcess,
) -> None:
    statuses = ask_everything(exchange_alone, {"Origin": "http://evil.example"})
    assert 403 in statuses
