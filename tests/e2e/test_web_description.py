"""schemathesis against a running exchange: whatever `/x/v1` is sent, it answers as it describes.

Every operation is sent counted examples, right and wrong, by each kind of caller, drawn from a
fixed seed: a slow machine takes longer and tests no less.
"""

import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.page_client import PASSWORD, PageClient
from tools.exchange_process import ExchangeProcess

from openoutcry.adapters.simulated.addresses import PAYLOAD_BYTES, encode

RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
"""What the description allows, and what it does not."""
EXAMPLES = 2
"""Of each kind of each operation by each caller, besides one of each kind written by hand."""
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ENDS_SESSION = "POST /auth/sign-out"
ORDER = {
    "DELETE /me/sessions/{session_id}": -1,
    "POST /me/password": 2,
    "DELETE /me/totp": 3,
    ENDS_SESSION: 4,
}
"""What is to be asked before all others, or after them, since it takes away what others need."""
WEBHOOK = {"url": "http://127.0.0.1:9/", "kinds": ["fill"]}
ALERT = {"symbol": "BTCUSD", "direction": "above", "price": "0.01"}
CHOICE = {"kind": "fill", "channel": "email", "wanted": True}
SOME_ETH = {"asset": "ETH", "network": "ETH", "amount": "0.1"}
ADDRESS = encode("ETH", bytes(range(PAYLOAD_BYTES)))
GOOD_BODIES: dict[str, Any] = {
    "POST /auth/sign-up": {"email": "new@example.com", "password": PASSWORD},
    "POST /auth/reset-request": {"email": "nobody@example.com"},
    "POST /auth/step-up/password": {"password": PASSWORD},
    "POST /me/email": {"email": "moved@example.com"},
    "POST /me/api-keys": {"label": "another"},
    "POST /me/password": {"password": f"{PASSWORD} and more"},
    "PATCH /notifications/alerts/{alert_id}": {"price": "0.02"},
    "POST /notifications/alerts": ALERT,
    "PATCH /notifications/preferences": {"choices": [CHOICE]},
    "POST /notifications/read": {"up_to": 1},
    "POST /notifications/webhooks": WEBHOOK,
    "PATCH /notifications/webhooks/{webhook_id}": {"label": "fills"},
    "POST /wallet/addresses": {"network": "ETH", "address": ADDRESS},
    "POST /wallet/faucet": {"asset": "ETH"},
    "POST /wallet/simulated-payments": SOME_ETH,
    "POST /wallet/withdrawals": {**SOME_ETH, "address": ADDRESS},
    "POST /wallet/withdrawals/quote": SOME_ETH,
    "PUT /operator/fees": {"maker": "0.001", "taker": "0.001"},
    "PUT /operator/markets/{symbol}/filters": {"filters": {"orders-max": "150"}},
    "PUT /operator/markets/{symbol}/status": {"status": "HALT"},
    "PUT /operator/people/{person_id}/roles": {"roles": []},
    "PUT /operator/withdrawal-rules/{asset}": {
        "hour_limit": "20",
        "day_limit": "40",
        "second_person_from": "10",
    },
    "POST /operator/withdrawals/{withdrawal_id}/approve": {"note": "called him"},
}
GOOD_QUERIES = {"GET /wallet/deposit-address": {"asset": "ETH", "network": "ETH"}}
"""What nobody finds by chance."""
WANT_MORE = {
    "POST /auth/confirm": {"LINK_GONE"},
    "POST /auth/passkey": {"PASSKEY_REFUSED", "PENDING_GONE"},
    "POST /auth/reset": {"LINK_GONE"},
    "POST /auth/sign-in": {"BAD_CREDENTIALS"},
    "POST /auth/sign-in/code": {"PENDING_GONE"},
    "POST /auth/sign-in/new-password": {"PENDING_GONE"},
    "POST /auth/sign-in/passkey": {"PENDING_GONE", "PASSKEY_REFUSED"},
    "POST /auth/sign-in/passkey-options": {"PENDING_GONE"},
    "POST /auth/step-up/code": {"WRONG_CODE", "TOO_MANY_ATTEMPTS"},
    "POST /auth/step-up/passkey": {"TOO_MANY_ATTEMPTS", "PASSKEY_REFUSED", "PENDING_GONE"},
    "POST /auth/step-up/passkey-options": {"FACTOR_UNKNOWN"},
    "POST /me/email/confirm": {"LINK_GONE"},
    "POST /me/passkeys": {"NAME_FORMAT", "PENDING_GONE", "PASSKEY_REFUSED", "TOO_MANY_ATTEMPTS"},
    "PATCH /me/passkeys/{passkey_id}": {"NAME_FORMAT", "FACTOR_UNKNOWN"},
    "DELETE /me/passkeys/{passkey_id}": {"FACTOR_UNKNOWN"},
    "POST /me/recovery-codes": {"FACTOR_NEEDED"},
    "POST /me/totp/confirm": {"WRONG_CODE", "TOO_MANY_ATTEMPTS", "FACTOR_UNKNOWN"},
    "DELETE /me/totp": {"FACTOR_UNKNOWN"},
    "POST /notifications/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver": {"NOT_FOUND"},
    "POST /operator/deposits/{number}/retry": {"UNKNOWN_DEPOSIT"},
    "POST /operator/wallet/unclaimed-payments/{number}/assign": {"UNKNOWN_PAYMENT"},
    "POST /operator/wallet/unclaimed-payments/{number}/dismiss": {"UNKNOWN_PAYMENT"},
    "POST /operator/withdrawals/{withdrawal_id}/reject": {
        "UNKNOWN_WITHDRAWAL",
        "TOO_LATE",
    },
}
"""What takes a mail, a device or somebody's failure, and what is said without; `test_auth.py`,
`test_a_person_s_day.py` and `test_wallet.py` do these things."""
AT_THE_DOOR = {"SIGN_IN_FIRST", "STEP_UP_FIRST", "NOT_ALLOWED", "CROSS_SITE"}
"""Codes of refusals that say who calls, not what was asked."""
FOR_EVER_US = 1 << 60

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    name: str
    """As `GET /me`."""
    changes: bool
    level: str
    """Who may call it, as its description says."""
    found: Any
    """schemathesis' own."""

    @classmethod
    def of(cls, found: Any) -> "Operation":
        method, raw = found.method.upper(), found.definition.raw
        level = "anyone"
        if "security" in raw:
            level = "operator" if "For operators" in raw["description"] else "person"
            if "who confirmed themselves" in raw["description"]:
                level += ", proved"
        path = found.path.removeprefix("/x/v1")
        return cls(f"{method} {path}", method != "GET", level, found)


@dataclass
class Caller:
    """Who asks, and what has come of it by operation."""

    client: PageClient
    refusal: Callable[[Operation], str]
    """The code with which this caller is turned away at the door; empty: it is let in."""
    known: dict[str, str] = field(default_factory=dict)
    """Names in paths that stand for something: half of the right examples have them."""
    headers: dict[str, str] = field(default_factory=dict)
    examples: int = EXAMPLES
    seen: dict[str, dict[GenerationMode, Counter[tuple[int, str]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )

    def sent(self) -> dict[str, str]:
        """Return what goes with each request, but for what the examples have of their own."""
        found = {**self.client.headers(), **self.headers}
        del found["X-Outcry-CSRF"]
        return found

    def was_done(self, name: str) -> bool:
        """Whether an operation has ever gone well."""
        return any(status < 300 for status, _ in self.seen[name][RIGHT])

    def take(self, operation: Operation, mode: GenerationMode, response: Any) -> None:
        """Hold an answer to who has asked, and to whether the question was right."""
        status, code = response.status_code, ""
        headers = {
            name.lower(): value if isinstance(value, str) else value[0]
            for name, value in response.headers.items()
        }
        if headers.get("content-type") == "application/problem+json":
            code = response.json()["code"]
        said = (operation.name, mode.value, status, code, response.request.url)
        refusal = self.refusal(operation)
        if mode is WRONG:
            assert 400 <= status < 500, said
        elif refusal:
            assert code == refusal, said
        elif operation.name != ENDS_SESSION or not self.was_done(ENDS_SESSION):
            assert code not in AT_THE_DOOR, said
        assert headers["cache-control"] == "no-store", said
        assert headers["x-content-type-options"] == "nosniff", said
        assert "access-control-allow-origin" not in headers, said
        self.client.take_cookie(headers.get("set-cookie", ""))
        self.seen[operation.name][mode][status, code] += 1


def ask_everything(caller: Caller) -> list[Operation]:
    """Send every operation its examples; return all operations."""
    base = f"http://127.0.0.1:{caller.client.port}"
    schema = schemathesis.openapi.from_url(f"{base}/x/v1/openapi.json")
    schema.config.generation.update(with_security_parameters=False)
    operations = [Operation.of(each.ok()) for each in schema.get_all_operations()]
    operations.sort(key=lambda each: ORDER.get(each.name, int(each.name.startswith("DELETE"))))
    with requests.Session() as session:
        for operation in operations:
            ask_well(caller, session, operation)
            for mode in (RIGHT, WRONG):
                ask(caller, session, operation, mode)
            ask_with_an_unknown_name(caller, session, operation)
    never = [
        (operation.name, mode.value)
        for operation in operations
        for mode in (RIGHT, WRONG)
        if not caller.seen[operation.name][mode]
    ]
    assert never == [], "these were never asked"
    return operations


def ask_well(caller: Caller, session: requests.Session, operation: Operation) -> None:
    """Send what should do, with names that stand for something where they are known."""
    case = operation.found.Case(
        path_parameters={
            name: caller.known.get(name, "1")
            for name in re.findall(r"\{([a-z_]+)\}", operation.name)
        },
        query=GOOD_QUERIES.get(operation.name, {}),
        headers={"X-Outcry-CSRF": "1"} if operation.changes else {},
        **({"body": GOOD_BODIES[operation.name]} if operation.name in GOOD_BODIES else {}),
    )
    if operation.found.body and operation.name not in GOOD_BODIES:
        return
    send(caller, session, operation, RIGHT, case)


def send(
    caller: Caller, session: requests.Session, operation: Operation, mode: GenerationMode, case: Any
) -> None:
    base = f"http://127.0.0.1:{caller.client.port}"
    response = case.call(base_url=base, headers=caller.sent(), session=session)
    case.validate_response(response, checks=CHECKS)
    caller.take(operation, mode, response)


def ask(
    caller: Caller,
    session: requests.Session,
    operation: Operation,
    mode: GenerationMode,
) -> None:
    """Send so many examples of one operation."""
    found = operation.found
    if mode is WRONG and not found.body and not any(found.iter_parameters()):
        return  # `ask_with_an_unknown_name` says what there is to be said wrongly

    @settings(
        max_examples=caller.examples,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=found.as_strategy(generation_mode=mode))
    def ask_one(case: Any) -> None:
        named = case.path_parameters or {}
        assume(not {".", ".."} & set(named.values()))  # clients take these out of a path
        names = caller.known.keys() & named.keys()
        if mode is RIGHT and caller.seen[operation.name][RIGHT].total() % 2 == 0:
            case.path_parameters.update({name: caller.known[name] for name in names})
        send(caller, session, operation, mode, case)

    ask_one()


def ask_with_an_unknown_name(
    caller: Caller, session: requests.Session, operation: Operation
) -> None:
    """Send a parameter that nobody knows, which is wrong with every operation."""
    method, path = operation.name.split(" ")
    path = re.sub(r"\{[a-z_]+\}", "1", path)
    response = session.request(
        method,
        f"http://127.0.0.1:{caller.client.port}/x/v1{path}?nobody_knows=1",
        headers={**caller.sent(), "X-Outcry-CSRF": "1"},
        json={} if operation.found.body else None,
    )
    caller.take(operation, WRONG, response)
    assert response.json()["code"] in {"UNKNOWN_FIELD", *AT_THE_DOOR}, response.text


def hold_to_good_ends(caller: Caller, operations: list[Operation], prefix: str) -> None:
    """Hold all operations whose paths match to this: they were done, or want more than a test."""
    asked = [operation.name for operation in operations if re.search(prefix, operation.name)]
    undone = {name for name in asked if not caller.was_done(name)}
    assert undone == {name for name in WANT_MORE if name in asked}
    for name in undone:
        codes = {code for _, code in caller.seen[name][RIGHT]}
        assert codes <= {*WANT_MORE[name], "INVALID_FIELDS"}, name


class Impatient(ExchangeProcess):
    """A demo whose addresses cool off at once."""

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "OUTCRY_ADDRESS_COOL_OFF_SECONDS": "0"}


@pytest.fixture(scope="module")
def exchange_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeProcess]:
    """An exchange of its own: random requests leave nothing as it was."""
    data = tmp_path_factory.mktemp("described") / "data"
    with Impatient(data, "--no-bots", "--no-limits") as exchange:
        yield exchange


def prove(exchange: ExchangeProcess, client: PageClient, until_us: int) -> None:
    """Make the proof of a session new for ever, or old, however long the examples take."""
    person = client.get("/me").ok()["session"]["person_id"]
    file = sqlite3.connect(exchange.data / "people.db", timeout=30)
    with file:
        file.execute(
            "UPDATE person_session SET stepped_up_until_us = ? WHERE person_id = ?",
            (until_us, person),
        )
    file.close()


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


def signed_up(exchange: ExchangeProcess, email: str) -> PageClient:
    client = PageClient(exchange.port)
    client.sign_up(email)
    return client


def awaiting_withdrawal(client: PageClient) -> str:
    """Ask for a withdrawal that an operator has to decide; return its id."""
    address = encode("SIM", bytes(range(PAYLOAD_BYTES)))
    for _ in range(2):
        client.post("/wallet/faucet", {"asset": "USD"}).ok()
    client.post("/wallet/addresses", {"network": "SIM", "address": address}).ok()
    wanted = {"asset": "USD", "network": "SIM", "address": address, "amount": "15000"}
    return str(client.post("/wallet/withdrawals", wanted).ok()["withdrawal_id"])


def known_things(client: PageClient) -> dict[str, str]:
    """Make one of each thing of one's own that paths name."""
    other = PageClient(client.port)
    email = client.get("/me").ok()["session"]["email"]
    other.post("/auth/sign-in", {"email": email, "password": PASSWORD}).ok()
    client.post("/wallet/faucet", {"asset": "ETH"}).ok()
    client.post("/wallet/addresses", {"network": "ETH", "address": ADDRESS}).ok()
    return {
        "network": "ETH",
        "address": ADDRESS,
        "session_id": other.get("/me").ok()["session"]["session_id"],
        "webhook_id": client.post("/notifications/webhooks", WEBHOOK).ok()["webhook"]["id"],
        "alert_id": client.post("/notifications/alerts", ALERT).ok()["id"],
        "api_key": client.post("/me/api-keys", {"label": "one"}).ok()["key"]["api_key"],
        "withdrawal_id": awaiting_withdrawal(client),
    }


def test_strangers_are_answered_as_described(exchange_alone: ExchangeProcess) -> None:
    def refusal(operation: Operation) -> str:
        return "" if operation.level == "anyone" else "SIGN_IN_FIRST"

    ask_everything(Caller(PageClient(exchange_alone.port), refusal, examples=1))


def test_people_are_answered_as_described(exchange_alone: ExchangeProcess) -> None:
    def refusal(operation: Operation) -> str:
        if operation.level.startswith("operator"):
            return "NOT_ALLOWED"
        return "STEP_UP_FIRST" if operation.level == "person, proved" else ""

    client = signed_up(exchange_alone, "ann@example.com")
    prove(exchange_alone, client, 0)
    ask_everything(Caller(client, refusal))


def test_people_who_proved_themselves_are_answered_as_described(
    exchange_alone: ExchangeProcess,
) -> None:
    def refusal(operation: Operation) -> str:
        return "NOT_ALLOWED" if operation.level.startswith("operator") else ""

    client = signed_up(exchange_alone, "bob@example.com")
    prove(exchange_alone, client, FOR_EVER_US)
    caller = Caller(client, refusal, known_things(client))
    hold_to_good_ends(caller, ask_everything(caller), " /(?!operator/)")


def test_operators_are_answered_as_described(exchange_alone: ExchangeProcess) -> None:
    client = PageClient(exchange_alone.port)
    operator = json.loads((exchange_alone.data / "demo-operator.json").read_text())
    client.sign_in_once(operator["email"], operator["one_time_password"])
    assert refused_to_operators(client) == {"SECOND_FACTOR_NEEDED"}
    client.add_second_factor()
    prove(exchange_alone, client, FOR_EVER_US)
    other = signed_up(exchange_alone, "carol@example.com")
    person = str(other.get("/me").ok()["session"]["person_id"])
    known = {
        "symbol": "ETHUSD",
        "asset": "BTC",  # the rules of the others are to stay as they are
        "person_id": person,
        "account_id": person,
        "withdrawal_id": awaiting_withdrawal(other),
    }
    caller = Caller(client, lambda _: "", known)
    hold_to_good_ends(caller, ask_everything(caller), " /operator/")


def test_no_path_has_a_method_that_is_not_described(exchange_alone: ExchangeProcess) -> None:
    """ASVS 4.1.4: nor does one stand for another, nor say more than which there are."""
    client = PageClient(exchange_alone.port)
    for path, described in client.get("/openapi.json").ok()["paths"].items():
        there = {method.upper() for method in described}
        there |= {"HEAD"} if "GET" in there else set()
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - there:
            answered = client.call(method, re.sub(r"\{[a-z_]+\}", "1", path))
            assert answered.status == 405, (method, path)
            assert answered.headers["allow"] == ", ".join(sorted(there)), path
            assert not {name for name in answered.headers if name.startswith("access-control")}


def test_other_pages_are_answered_as_described(exchange_alone: ExchangeProcess) -> None:
    def refusal(operation: Operation) -> str:
        if operation.changes:
            return "CROSS_SITE"
        return "" if operation.level == "anyone" else "SIGN_IN_FIRST"

    client = PageClient(exchange_alone.port)
    elsewhere = {"Origin": "http://evil.example"}
    ask_everything(Caller(client, refusal, headers=elsewhere, examples=1))


PAGE = Path(__file__).parents[2] / "web" / "src"
CALL = re.compile(
    r"""\b(get|post|put|patch|delete|renew)(?:<[^()]*>)?\(\s*["`](/x/v1/[^"`]*)["`]"""
)
BASE = re.compile(r"""^const BASE = "([^"]+)";""", re.MULTILINE)


def test_the_page_calls_what_is_there(exchange_alone: ExchangeProcess) -> None:
    paths = PageClient(exchange_alone.port).get("/openapi.json").ok()["paths"]
    there = {
        (method, re.sub(r"\{[a-z_]+\}", "{}", path)) for path in paths for method in paths[path]
    }
    calls = set()
    for source in PAGE.rglob("*.ts*"):
        text = source.read_text()
        base = BASE.search(text)
        if base is not None:
            text = text.replace("${BASE}", base[1])
        for method, path in CALL.findall(text):
            plain = re.sub(r"\$\{(?:[^{}]|\{[^}]*\})*\}", "{}", path).partition("?")[0]
            calls.add(("post" if method == "renew" else method, plain))
    assert len(calls) > 60, "the page's calls are found"
    unknown = [
        (method, path)
        for method, path in calls
        if not any(
            method == known and re.fullmatch(re.escape(path).replace(r"\{\}", "[^/]+"), template)
            for known, template in there
        )
    ]
    assert unknown == []
