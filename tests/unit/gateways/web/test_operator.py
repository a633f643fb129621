"""The operators' console over `/x/v1`: who may do what, and what comes of it."""

from dataclasses import replace
from typing import Any

import pytest
from tests.support.people_directory import ToyDirectory, person_view
from tests.support.small_exchange import SmallExchange
from tests.support.web_caller import NOW_US, Called, ToySessions, WebCaller, session_view

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.adapters.memory.keys import MemoryApiKeys
from openoutcry.adapters.memory.listen_keys import MemoryListenKeys
from openoutcry.app.acts import RecordedAdministration
from openoutcry.app.admin import Administration
from openoutcry.app.conservation import conservation_of
from openoutcry.app.fee_table import FeeTable
from openoutcry.app.operating import Operating, PeopleDesk, Views
from openoutcry.codec.snapshots import Snapshot
from openoutcry.core.enums import MarketStatus, Side
from openoutcry.gateways.web import operator
from openoutcry.gateways.web.api import Level
from openoutcry.identity.audit import AuditLog
from openoutcry.ports.audit import AuditError, AuditRecord
from openoutcry.ports.calls import NotConnectedError, Reply
from openoutcry.ports.operations import Conservation, Gauge
from openoutcry.ports.people import Factor, OperatorRole, PersonStatus
from openoutcry.ports.users import KeyType
from openoutcry.simulation import demo

CUSTOMER, OTHER, CHIEF, HELPER = 1_000_001, 1_000_002, 1_000_010, 1_000_011
ROLES = {role.value.lower(): role for role in OperatorRole}

EVERYBODY = frozenset({"admin", "markets", "treasury", "support", "auditor"})
MAY: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/operator/health"): EVERYBODY,
    ("GET", "/operator/markets"): EVERYBODY,
    ("GET", "/operator/fees"): EVERYBODY,
    ("GET", "/operator/ledger"): frozenset({"admin", "treasury", "auditor"}),
    ("GET", "/operator/people"): frozenset({"admin", "support", "treasury", "auditor"}),
    ("GET", "/operator/people/{person_id}"): frozenset({"admin", "support", "treasury", "auditor"}),
    ("GET", "/operator/audit"): frozenset({"admin", "auditor"}),
    ("PUT", "/operator/markets/{symbol}/status"): frozenset({"admin", "markets"}),
    ("PUT", "/operator/markets/{symbol}/filters"): frozenset({"admin", "markets"}),
    ("PUT", "/operator/fees"): frozenset({"admin", "markets"}),
    ("POST", "/operator/people/{person_id}/lock"): frozenset({"admin", "support"}),
    ("POST", "/operator/people/{person_id}/unlock"): frozenset({"admin", "support"}),
    ("POST", "/operator/people/{person_id}/end-sessions"): frozenset({"admin", "support"}),
    ("POST", "/operator/people/{person_id}/remove-factors"): frozenset({"admin", "support"}),
    ("PUT", "/operator/people/{person_id}/roles"): frozenset({"admin"}),
}
BODIES: dict[str, dict[str, Any]] = {
    "/operator/markets/{symbol}/status": {"status": "HALT"},
    "/operator/markets/{symbol}/filters": {"filters": {"orders-max": "150"}},
    "/operator/fees": {"maker": "0.001", "taker": "0.002"},
    "/operator/people/{person_id}/roles": {"roles": ["SUPPORT"]},
}
AT_ONCE = {("PUT", "/operator/markets/{symbol}/status")}
"""Acts that do not ask once more who one is."""


class Scene:
    """An exchange with people, and an operator of each role who has just confirmed who they are."""

    def __init__(self) -> None:
        self.small = SmallExchange(lambda: NOW_US)
        self.store = MemoryAudit()
        self.keys = MemoryApiKeys()
        self.listen_keys = MemoryListenKeys()
        self.directory = ToyDirectory(
            person_view(CUSTOMER),
            person_view(OTHER),
            person_view(CHIEF, [OperatorRole.ADMIN]),
            person_view(HELPER, [OperatorRole.SUPPORT]),
        )
        self.lost: str | None = None
        self.trail = AuditLog(self.store, lambda: NOW_US)
        catalog, fees = self.small.catalog, FeeTable()
        fees.load(self.small.calls.kernel.snapshot())
        self.small.feed.subscribe(fees.on_committed)
        administration = Administration(self.small.calls, self.keys, catalog, lambda: NOW_US)
        views = Views("1.2.3", 5, lambda: True, self.gauges, self.conservation)
        operating = Operating(
            RecordedAdministration(administration, self.trail), catalog, fees, views, lambda: NOW_US
        )
        people = PeopleDesk(self.directory, self.keys, self.listen_keys, self.trail, lambda: NOW_US)
        sessions = {"customer": session_view(CUSTOMER, stepped_up=True)}
        for number, (name, role) in enumerate(ROLES.items()):
            person_id = CHIEF if name == "admin" else 1_000_020 + number
            sessions[name] = session_view(person_id, roles=[role], stepped_up=True)
            sessions[f"{name}-later"] = session_view(person_id, roles=[role])
        self.routes = operator.routes(operating, people, self.trail)
        self.web = WebCaller(self.routes, ToySessions(sessions))

    async def gauges(self) -> list[Gauge]:
        return [Gauge("commands_waiting", 3, "commands in no batch yet")]

    async def conservation(self) -> Conservation:
        if self.lost is not None:
            raise OSError(self.lost)
        kernel = self.small.calls.kernel
        rows = kernel.snapshot()
        return conservation_of(Snapshot(0, kernel.seq(), 0, 7, b"", b"", b"", rows))

    async def ask(self, token: str, method: str, path: str, body: object = None) -> Called:
        return await self.web.call(method, path, body, token=token)

    async def ask_template(self, token: str, method: str, template: str) -> Called:
        path = template.format(symbol="BTCUSD", person_id=CUSTOMER)
        body = None if method == "GET" else BODIES.get(template)
        return await self.ask(token, method, path, body)

    async def records(self) -> list[AuditRecord]:
        return await self.store.records(None, 100)


def test_the_table_knows_every_route() -> None:
    assert {(route.method, route.path) for route in Scene().routes} == set(MAY)


@pytest.mark.parametrize(("method", "path"), MAY)
@pytest.mark.parametrize("role", [*ROLES, "customer", ""])
async def test_each_route_refuses_who_lacks_the_role(method: str, path: str, role: str) -> None:
    """R16, 8.1 to 8.4: and nothing happens, not even a record."""
    at = Scene()
    before = at.small.calls.kernel.state_hash()
    answer = await at.ask_template(role, method, path)
    if role in MAY[method, path]:
        assert answer.status == 200, answer.content
        return
    assert (answer.status, answer.code) == (
        (403, "NOT_ALLOWED") if role else (401, "SIGN_IN_FIRST")
    )
    assert at.small.calls.kernel.state_hash() == before
    assert await at.records() == []
    assert at.directory.ended == []
    assert at.directory.by_id[CUSTOMER] == person_view(CUSTOMER)


@pytest.mark.parametrize(("method", "path"), [key for key in MAY if key[0] != "GET"])
async def test_acts_ask_once_more_who_one_is(method: str, path: str) -> None:
    at = Scene()
    answer = await at.ask_template("admin-later", method, path)
    if (method, path) in AT_ONCE:
        assert answer.status == 200
    else:
        assert answer.code == "STEP_UP_FIRST"
        assert await at.records() == []


@pytest.mark.parametrize(("method", "path"), [key for key in MAY if key[0] != "GET"])
async def test_each_act_is_recorded_with_who_did_it(method: str, path: str) -> None:
    at = Scene()
    assert (await at.ask_template("admin", method, path)).status == 200
    records = await at.records()
    assert records
    assert {record.actor for record in records} == {f"person:{CHIEF}"}
    assert len({record.request_id for record in records}) == 1
    assert records[0].request_id


def test_nobody_without_a_session_reaches_the_console() -> None:
    assert {route.access.level for route in Scene().routes} <= {Level.SESSION, Level.STEPPED_UP}
    assert all(route.access.roles for route in Scene().routes)


# -- markets


@pytest.mark.parametrize("status", [status.name for status in MarketStatus])
async def test_a_market_is_opened_and_halted(status: str) -> None:
    at = Scene()
    answer = await at.ask("markets", "PUT", "/operator/markets/BTCUSD/status", {"status": status})
    assert (answer.status, answer.json["status"]) == (200, status)
    market = at.small.catalog.find("BTCUSD")
    assert market is not None
    assert market.status.name == status
    [record] = await at.records()
    assert (record.action, record.target, record.details["status"]) == (
        "market.set-status",
        "market:BTCUSD",
        status,
    )


async def test_markets_are_listed_with_what_can_be_set() -> None:
    at = Scene()
    answer = (await at.ask("auditor", "GET", "/operator/markets")).json
    assert [market["symbol"] for market in answer["markets"]] == ["BTCUSD", "ETHUSD", "ETHBTC"]
    assert answer["markets"][0]["filters"].keys() == {one["name"] for one in answer["filters"]}
    assert "CANCEL_ONLY" in answer["statuses"]


async def test_filters_are_changed_one_by_one() -> None:
    at = Scene()
    path = "/operator/markets/BTCUSD/filters"
    answer = await at.ask("markets", "PUT", path, {"filters": {"orders-max": "7"}})
    assert answer.json["filters"]["orders-max"] == "7"
    assert answer.json["version"] == 2
    again = (await at.ask("markets", "GET", "/operator/markets")).json["markets"][0]
    assert again == answer.json


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/operator/markets/NONE/status", {"status": "HALT"}, 404, "NOT_FOUND"),
        ("/operator/markets/btcusd/status", {"status": "HALT"}, 404, "NOT_FOUND"),
        ("/operator/markets/BTCUSD/status", {"status": "OPEN"}, 409, "OPERATION_REFUSED"),
        ("/operator/markets/BTCUSD/status", {"status": 5}, 400, None),
        ("/operator/markets/BTCUSD/status", {"status": "HALT", "by": "x"}, 400, None),
        ("/operator/markets/NONE/filters", {"filters": {"orders-max": "7"}}, 404, "NOT_FOUND"),
        ("/operator/markets/BTCUSD/filters", {"filters": {"x": "7"}}, 409, "OPERATION_REFUSED"),
        (
            "/operator/markets/BTCUSD/filters",
            {"filters": {"price-max": "0.001"}},
            409,
            "OPERATION_REFUSED",
        ),
        ("/operator/markets/BTCUSD/filters", {"filters": {}}, 400, None),
        ("/operator/markets/BTCUSD/filters", {"filters": {"price-max": "1e5"}}, 400, None),
        ("/operator/markets/BTCUSD/filters", {"filters": {"price-max": 5}}, 400, None),
        ("/operator/fees", {"maker": "1", "taker": "0"}, 409, "OPERATION_REFUSED"),
        ("/operator/fees", {"maker": "-1", "taker": "0"}, 400, None),
        ("/operator/fees", {"maker": 0.1, "taker": "0"}, 400, None),
        ("/operator/fees", {"maker": "0", "taker": "0", "symbol": "NONE"}, 404, "NOT_FOUND"),
        ("/operator/fees", {"maker": "0", "taker": "0", "schedule": 65_536}, 400, None),
    ],
)
async def test_what_cannot_be_done_to_a_market_is_said(
    path: str, body: dict[str, object], status: int, code: str | None
) -> None:
    """R27"""
    at = Scene()
    before = at.small.calls.kernel.state_hash()
    answer = await at.ask("markets", "PUT", path, body)
    assert answer.status == status, answer.content
    assert code in {None, answer.code}
    assert at.small.calls.kernel.state_hash() == before
    assert all(record.action.endswith(".refused") for record in (await at.records())[1:])


async def test_fees_are_shown_as_they_are_now() -> None:
    at = Scene()
    before = (await at.ask("auditor", "GET", "/operator/fees")).json["fees"]
    body = {"maker": "0.0005", "taker": "0.00075", "symbol": "ETHUSD", "schedule": 3}
    after = (await at.ask("markets", "PUT", "/operator/fees", body)).json["fees"]
    assert [fee for fee in after if fee not in before] == [
        {"schedule": 3, "symbol": "ETHUSD", "maker": "0.0005", "taker": "0.00075"}
    ]
    assert before == [fee for fee in after if fee["schedule"] != 3]
    assert before


async def test_an_exchange_that_does_not_answer_is_said() -> None:
    at = Scene()

    async def submit(_command: bytes) -> Reply:
        raise NotConnectedError("no connection")

    at.small.calls.submit = submit  # type: ignore[method-assign]
    answer = await at.ask("markets", "PUT", "/operator/markets/BTCUSD/status", {"status": "HALT"})
    assert (answer.status, answer.code) == (503, "OPERATIONS_AWAY")


# -- money and health


async def test_all_money_adds_up_to_nothing() -> None:
    """L01"""
    at = Scene()
    small = at.small
    small.limit(small.alice, Side.SELL, 7_800_000, 100)
    small.limit(small.bob, Side.BUY, 7_800_000, 40)
    answer = (await at.ask("treasury", "GET", "/operator/ledger")).json
    assert answer["is_conserved"] is True
    assert answer["negative_balances"] == 0
    by_name = {asset["asset"]: asset for asset in answer["assets"]}
    bitcoin = by_name[demo.ASSET_NAMES[demo.BTC]]
    assert bitcoin["difference"] == "0.00000000"
    assert bitcoin["held"] != "0.00000000"
    assert bitcoin["outside"].startswith("-")


async def test_a_ledger_that_cannot_be_read_is_said() -> None:
    at = Scene()
    at.lost = "the disk is gone"
    answer = await at.ask("treasury", "GET", "/operator/ledger")
    assert (answer.status, answer.code) == (503, "OPERATIONS_AWAY")
    assert "disk" not in answer.content.decode()


async def test_health_shows_its_gauges() -> None:
    answer = (await Scene().ask("support", "GET", "/operator/health")).json
    assert (answer["version"], answer["started_us"], answer["now_us"]) == ("1.2.3", 5, NOW_US)
    assert answer["is_open"] is True
    [gauge] = answer["gauges"]
    assert (gauge["name"], gauge["value"], gauge["is_alarming"]) == ("commands_waiting", 3, False)


# -- people


async def test_a_locked_person_has_no_sessions_and_no_keys() -> None:
    """R18"""
    at = Scene()
    made = at.small.add_key(CUSTOMER)
    key = at.small.keys.find(made.api_key)
    assert key is not None
    at.keys.add(key)
    listen_key = await at.listen_keys.create(CUSTOMER, NOW_US)
    locked = await at.ask("support", "POST", f"/operator/people/{CUSTOMER}/lock")
    assert locked.json["status"] == "LOCKED"
    assert at.keys.find(key.api_key) is None
    assert await at.listen_keys.accounts_of([listen_key], NOW_US) == {}
    assert at.directory.by_id[CUSTOMER].status is PersonStatus.LOCKED
    unlocked = await at.ask("support", "POST", f"/operator/people/{CUSTOMER}/unlock")
    assert unlocked.json["status"] == "ACTIVE"
    assert at.keys.find(key.api_key) == key
    assert key.key_type is KeyType.HMAC
    assert [record.action for record in await at.records()] == ["person.lock", "person.unlock"]


@pytest.mark.parametrize("act", ["lock", "unlock", "end-sessions", "remove-factors"])
async def test_operators_are_for_administrators_alone(act: str) -> None:
    at = Scene()
    for person_id in (CHIEF, HELPER):
        answer = await at.ask("support", "POST", f"/operator/people/{person_id}/{act}")
        assert (answer.status, answer.code) == (409, "OPERATION_REFUSED")
    assert (await at.ask("admin", "POST", f"/operator/people/{HELPER}/{act}")).status == 200
    assert len(await at.records()) == 1


@pytest.mark.parametrize("act", ["lock", "unlock", "end-sessions", "remove-factors", "roles"])
async def test_nobody_does_it_to_themselves(act: str) -> None:
    at = Scene()
    method, body = ("PUT", {"roles": []}) if act == "roles" else ("POST", None)
    answer = await at.ask("admin", method, f"/operator/people/{CHIEF}/{act}", body)
    assert (answer.status, answer.code) == (409, "OPERATION_REFUSED")
    assert at.directory.by_id[CHIEF].roles == {OperatorRole.ADMIN}


@pytest.mark.parametrize("person_id", ["1", "999999999", "x", "-1", "1.5", "9" * 20, "%31"])
async def test_nobody_is_not_found(person_id: str) -> None:
    at = Scene()
    for method, path in (
        ("GET", ""),
        ("POST", "/lock"),
        ("POST", "/end-sessions"),
        ("POST", "/remove-factors"),
    ):
        answer = await at.ask("admin", method, f"/operator/people/{person_id}{path}")
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert await at.records() == []


async def test_lost_factors_are_removed_and_which_is_recorded() -> None:
    at = Scene()
    both = frozenset({Factor.PASSWORD, Factor.TOTP})
    at.directory.by_id[CUSTOMER] = replace(at.directory.by_id[CUSTOMER], factors=both)
    answer = await at.ask("support", "POST", f"/operator/people/{CUSTOMER}/remove-factors")
    assert answer.json["factors"] == ["PASSWORD"]
    assert at.directory.by_id[CUSTOMER].security_changed_us == NOW_US
    [record] = await at.records()
    assert (record.action, record.target) == ("person.remove-factors", f"person:{CUSTOMER}")
    assert record.details["factor"] == "TOTP"


async def test_roles_are_given_and_taken() -> None:
    at = Scene()
    path = f"/operator/people/{OTHER}/roles"
    given = await at.ask("admin", "PUT", path, {"roles": ["MARKETS", "SUPPORT"]})
    assert given.json["roles"] == ["MARKETS", "SUPPORT"]
    taken = await at.ask("admin", "PUT", path, {"roles": []})
    assert taken.json["roles"] == []
    assert (await at.ask("admin", "PUT", path, {"roles": ["GOD"]})).status == 400
    first, second = await at.records()
    assert (first.details["before"], first.details["roles"]) == ("", "MARKETS SUPPORT")
    assert second.details["before"] == "MARKETS SUPPORT"


async def test_people_are_looked_up_page_by_page() -> None:
    at = Scene()
    page = await at.ask("support", "GET", "/operator/people?limit=2")
    ids = [person["person_id"] for person in page.json["people"]]
    assert ids == [CUSTOMER, OTHER]
    page = await at.ask("support", "GET", f"/operator/people?limit=2&after={OTHER}")
    assert [person["person_id"] for person in page.json["people"]] == [CHIEF, HELPER]
    page = await at.ask("support", "GET", f"/operator/people?containing={OTHER}")
    assert [person["person_id"] for person in page.json["people"]] == [OTHER]
    for query in ("limit=0", "limit=201", "limit=x", "after=-1", "sort=x"):
        assert (await at.ask("support", "GET", f"/operator/people?{query}")).status == 400


# -- the audit log


async def test_the_audit_log_is_shown_page_by_page() -> None:
    at = Scene()
    for status in ("HALT", "TRADING", "BREAK"):
        await at.ask("markets", "PUT", "/operator/markets/BTCUSD/status", {"status": status})
    await at.ask("support", "POST", f"/operator/people/{CUSTOMER}/lock")
    page = (await at.ask("auditor", "GET", "/operator/audit?limit=2")).json["records"]
    assert [record["n"] for record in page] == [4, 3]
    assert page[0]["object"] == f"person:{CUSTOMER}"
    assert len(page[0]["digest"]) == 64
    page = (await at.ask("auditor", "GET", "/operator/audit?before=3")).json["records"]
    assert [record["n"] for record in page] == [2, 1]
    page = (await at.ask("auditor", "GET", "/operator/audit?action=market")).json["records"]
    assert [record["n"] for record in page] == [3, 2, 1]
    assert (await at.trail.verify()).is_whole


async def test_nothing_is_done_that_cannot_be_recorded() -> None:
    """ASVS 16.2-16.5"""
    at = Scene()
    before = at.small.calls.kernel.state_hash()

    async def append(_make: object) -> AuditRecord:
        raise AuditError("the disk is full")

    at.store.append = append  # type: ignore[method-assign, assignment]
    for method, path in MAY:
        if method != "GET":
            answer = await at.ask_template("admin", method, path)
            assert (answer.status, answer.code) == (503, "OPERATIONS_AWAY")
    assert at.small.calls.kernel.state_hash() == before
    assert at.directory.ended == []
    assert at.directory.by_id[CUSTOMER] == person_view(CUSTOMER)
