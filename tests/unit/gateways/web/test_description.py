"""The OpenAPI description: nothing that a route takes or answers is missing from it."""

from typing import Any

import msgspec
import pytest
import schemathesis
from tests.support.web_caller import WebCaller

from openoutcry.gateways.web import description
from openoutcry.gateways.web.api import Access, Amount, Input, Output, ProblemType, Route, WebCall
from openoutcry.ports.people import OperatorRole

SHUT = ProblemType("SHUT", 409, "The market is shut")
GONE = ProblemType("GONE", 409, "The market is gone")


class Withdraw(Input):
    amount: Amount
    note: str = ""


class Filter(Input):
    since_us: int
    limit: int = 10


class Withdrawal(Output):
    withdrawal_id: int
    amount: str


async def nothing(_call: WebCall) -> None:
    return None


ROUTES = (
    Route(
        method="POST",
        path="/wallet/withdrawals",
        handler=nothing,
        access=Access.STEPPED_UP,
        summary="Ask for a withdrawal",
        tags=("wallet",),
        body=Withdraw,
        answer=Withdrawal,
        status=201,
        problems=(SHUT, GONE),
    ),
    Route(
        method="GET",
        path="/wallet/withdrawals",
        handler=nothing,
        access=Access.SESSION,
        summary="List withdrawals",
        tags=("wallet",),
        query=Filter,
        answer=tuple[Withdrawal, ...],
    ),
    Route(
        method="DELETE",
        path="/wallet/withdrawals/{withdrawal_id}",
        handler=nothing,
        access=Access.operator(OperatorRole.TREASURY),
        summary="Withdraw a withdrawal",
        tags=("wallet",),
    ),
    Route(
        method="GET",
        path="/wallet/statement",
        handler=nothing,
        access=Access.PUBLIC,
        summary="A statement",
        tags=("wallet",),
        media=("text/csv",),
    ),
)


@pytest.fixture
def described() -> dict[str, Any]:
    return description.describe(ROUTES, "1.2.3")


def operation(described: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = described["paths"][f"/x/v1{path}"][method]
    return found


def codes(described: dict[str, Any], method: str, path: str) -> dict[str, list[str]]:
    return {
        status: answer["content"]["application/problem+json"]["schema"]["properties"]["code"][
            "enum"
        ]
        for status, answer in operation(described, method, path)["responses"].items()
        if status >= "400"
    }


def test_every_route_is_there_once(described: dict[str, Any]) -> None:
    found = {
        (method.upper(), path) for path, methods in described["paths"].items() for method in methods
    }
    assert found == {(route.method, f"/x/v1{route.path}") for route in ROUTES}
    ids = [
        each["operationId"] for methods in described["paths"].values() for each in methods.values()
    ]
    assert len(set(ids)) == len(ROUTES)


def test_bodies_and_answers_have_their_types(described: dict[str, Any]) -> None:
    post = operation(described, "post", "/wallet/withdrawals")
    reference = {"$ref": "#/components/schemas/Withdraw"}
    assert post["requestBody"]["content"]["application/json"]["schema"] == reference
    schema = described["components"]["schemas"]["Withdraw"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["amount"]
    assert schema["properties"]["amount"]["pattern"].startswith("^(0|[1-9]")
    answer = post["responses"]["201"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/Withdrawal"}
    assert operation(described, "delete", "/wallet/withdrawals/{withdrawal_id}")["responses"]["204"]
    statement = operation(described, "get", "/wallet/statement")
    assert list(statement["responses"]["200"]["content"]) == ["text/csv"]


def test_a_query_becomes_parameters(described: dict[str, Any]) -> None:
    parameters = operation(described, "get", "/wallet/withdrawals")["parameters"]
    assert [(each["name"], each["in"], each["required"]) for each in parameters] == [
        ("since_us", "query", True),
        ("limit", "query", False),
    ]
    assert "Filter" not in described["components"]["schemas"]


def test_every_refusal_is_there(described: dict[str, Any]) -> None:
    post = codes(described, "post", "/wallet/withdrawals")
    assert post["409"] == ["SHUT", "GONE"]
    assert set(post["400"]) == {"BAD_JSON", "INVALID_FIELDS", "UNKNOWN_FIELD"}
    assert post["401"] == ["SIGN_IN_FIRST"]
    assert set(post["403"]) == {"CROSS_SITE", "STEP_UP_FIRST"}
    assert (post["413"], post["415"]) == (["BODY_TOO_LARGE"], ["NOT_JSON"])
    assert (post["421"], post["429"]) == (["MISDIRECTED"], ["TOO_MANY_REQUESTS"])
    delete = codes(described, "delete", "/wallet/withdrawals/{withdrawal_id}")
    assert delete["404"] == ["NOT_FOUND"]
    assert set(delete["403"]) == {
        "CROSS_SITE",
        "NOT_ALLOWED",
        "SECOND_FACTOR_NEEDED",
        "STEP_UP_FIRST",
    }
    public = codes(described, "get", "/wallet/statement")
    assert not {"401", "403", "404", "413", "415"} & set(public)


def test_who_may_call_is_said(described: dict[str, Any]) -> None:
    post = operation(described, "post", "/wallet/withdrawals")
    assert post["security"] == [{"session": []}]
    assert "security" not in operation(described, "get", "/wallet/statement")
    delete = operation(described, "delete", "/wallet/withdrawals/{withdrawal_id}")
    assert "TREASURY" in delete["description"]
    assert "second factor" in delete["description"]


def test_the_description_is_proper_openapi(described: dict[str, Any]) -> None:
    assert schemathesis.openapi.from_dict(described).validate() is None
    assert len(list(schemathesis.openapi.from_dict(described).get_all_operations())) == len(ROUTES)


async def test_the_description_is_served_to_anyone_and_describes_itself() -> None:
    table = description.routes(ROUTES, "1.2.3")
    called = await WebCaller(table).call("GET", "/openapi.json", headers={"origin": None})
    assert called.status == 200
    assert called.json["info"]["version"] == "1.2.3"
    assert "/x/v1/openapi.json" in called.json["paths"]
    assert called.content == msgspec.json.encode(description.describe(table, "1.2.3"))
