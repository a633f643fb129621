"""schemathesis against a running exchange: whatever `/x/v1` is sent, it answers as it describes."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
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
from tests.support.page_client import PageClient
from tools.exchange_process import ExchangeProcess

SECONDS_MAX = 45.0
RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
"""What the description allows, and what it does not."""
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def exchange_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeProcess]:
    """An exchange of its own: random requests leave nothing as it was."""
    data = tmp_path_factory.mktemp("described") / "data"
    with ExchangeProcess(data, "--no-bots", "--no-limits") as exchange:
        yield exchange


PAGE = Path(__file__).parents[2] / "web" / "src"
CALL = re.compile(
    r"""\b(get|post|put|patch|delete|renew)(?:<[^()]*>)?\(\s*["`](/x/v1/[^"`]*)["`]"""
)
"""Calls as the page's source has them; `renew` is a POST that brings another token."""
LAST = ("/auth/sign-out", "/me/password", "/me/sessions", "/me/totp", "/operator/people")
"""Operations that may end the session, or its second factor, so that the others are asked first."""


def ask_everything(
    client: PageClient,
    examples: dict[GenerationMode, int],
    headers: dict[str, str] | None = None,
) -> set[int]:
    """Send every operation so many examples of each mode; returns the statuses seen.

    On a busy machine what comes last in `examples` is cut short.
    """
    deadline = time.monotonic() + SECONDS_MAX
    base = f"http://127.0.0.1:{client.port}"
    schema = schemathesis.openapi.from_url(f"{base}/x/v1/openapi.json")
    schema.config.generation.update(with_security_parameters=False)
    statuses: set[int] = set()
    found = [operation.ok() for operation in schema.get_all_operations()]
    last = [operation for operation in found if any(part in operation.path for part in LAST)]
    first = [operation for operation in found if operation not in last]
    for mode, count, operations in (
        *((*each, first) for each in examples.items()),
        *((*each, last) for each in examples.items()),
    ):
        for operation in operations:
            says_something = any(operation.iter_parameters()) or bool(operation.body)
            if mode is WRONG and (not says_something or time.monotonic() > deadline):
                continue  # there is nothing to be said wrongly, or no time to say it

            @settings(
                max_examples=count,
                phases=[Phase.generate],
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                sent = client.headers() if headers is None else headers
                response = case.call(base_url=base, headers=sent)
                case.validate_response(response, checks=CHECKS)
                statuses.add(response.status_code)

            ask()
    return statuses


def refused_to_operators(client: PageClient) -> set[str]:
    """Call all that takes an operator's role, and return the codes of the refusals."""
    codes = []
    for path, methods in client.get("/openapi.json").ok()["paths"].items():
        filled = re.sub(r"\{[a-z_]+\}", "1", path)
        for method, described in methods.items():
            if "For operators" in described.get("description", ""):
                codes.append(client.call(method.upper(), filled).code())
            else:
                assert "/operator/" not in path, "whatever is an operator's asks for a role"
    assert len(codes) > 20, "the routes are found"
    return set(codes)


def test_strangers_are_answered_as_described(exchange_alone: ExchangeProcess) -> None:
    statuses = ask_everything(PageClient(exchange_alone.port), {RIGHT: 1, WRONG: 2})
    assert {200, 400, 401} <= statuses


def test_people_are_answered_as_described(exchange_alone: ExchangeProcess) -> None:
    client = PageClient(exchange_alone.port)
    client.sign_up("ann@example.com")
    statuses = ask_everything(client, {RIGHT: 3, WRONG: 3})
    assert {200, 204, 400, 403, 404} <= statuses


def test_operators_are_answered_as_described(exchange_alone: ExchangeProcess) -> None:
    client = PageClient(exchange_alone.port)
    operator = json.loads((exchange_alone.data / "demo-operator.json").read_text())
    client.sign_in_once(operator["email"], operator["one_time_password"])
    assert refused_to_operators(client) == {"SECOND_FACTOR_NEEDED"}
    client.add_second_factor()
    statuses = ask_everything(client, {RIGHT: 3, WRONG: 3})
    assert {200, 204, 400, 404} <= statuses


def test_other_pages_are_answered_as_described(exchange_alone: ExchangeProcess) -> None:
    headers = {"Origin": "http://evil.example", "X-Outcry-CSRF": "1"}
    assert 403 in ask_everything(PageClient(exchange_alone.port), {RIGHT: 1}, headers)


def test_the_page_calls_what_is_there(exchange_alone: ExchangeProcess) -> None:
    paths = PageClient(exchange_alone.port).get("/openapi.json").ok()["paths"]
    there = {
        (method, re.sub(r"\{[a-z_]+\}", "{}", path)) for path in paths for method in paths[path]
    }
    calls = set()
    for source in PAGE.rglob("*.ts*"):
        for method, path in CALL.findall(source.read_text()):
            plain = re.sub(r"\$\{(?:[^{}]|\{[^}]*\})*\}", "{}", path).partition("?")[0]
            calls.add(("post" if method == "renew" else method, plain))
    assert len(calls) > 40, "the page's calls are found"
    assert calls <= there, calls - there
