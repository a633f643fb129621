"""The wallet over `/x/v1`: whose it is, what it asks for, what it says no to, what it records."""

import csv
import io
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.support.wallet_scene import ONE, Scene
from tests.support.web_caller import Called, ToySessions, WebCaller, session_view

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.core.enums import Side
from openoutcry.gateways.web import statements, wallet, wallet_operator, wallet_unclaimed
from openoutcry.gateways.web.statements import cell
from openoutcry.identity.audit import AuditLog
from openoutcry.ports.audit import AuditError
from openoutcry.ports.people import OperatorRole, SecondFactor
from openoutcry.simulation import demo
from openoutcry.wallets.desk import Desk


class Site:
    """Alice who has stepped up, and has not; Bob; operators, one of them Alice."""

    def __init__(self, scene: Scene, desk: Desk, records: MemoryAudit) -> None:
        self.scene = scene
        self.desk = desk
        self.records = records
        alice = replace(session_view(1, stepped_up=True), account_id=scene.alice)
        alice = replace(alice, stepped_up_until_us=1 << 60)
        treasury = (OperatorRole.TREASURY,)
        self.web = WebCaller(
            (
                *wallet.routes(desk, scene.exchange.catalog, scene.exchange.calls),
                *wallet_operator.routes(desk, scene.exchange.catalog),
                *wallet_unclaimed.routes(desk),
                *statements.routes(desk, scene.exchange.catalog),
            ),
            ToySessions(
                {
                    "alice": alice,
                    "alice-later": replace(alice, stepped_up_until_us=0),
                    "bob": replace(session_view(2, stepped_up=True), account_id=scene.bob),
                    "boss": session_view(3, roles=treasury, stepped_up=True),
                    "boss-later": session_view(3, roles=treasury),
                    "alice-boss": replace(
                        alice, roles=frozenset(treasury), second_factor=SecondFactor.PROVED
                    ),
                    "support": session_view(4, roles=(OperatorRole.SUPPORT,), stepped_up=True),
                    "auditor": session_view(5, roles=(OperatorRole.AUDITOR,), stepped_up=True),
                }
            ),
        )

    async def call(self, method: str, path: str, body: object, token: str) -> Called:
        self.web.now_us = self.scene.now_us
        return await self.web.call(method, path, body, token=token)

    async def get(self, path: str, token: str = "alice") -> Called:
        return await self.call("GET", path, None, token)

    async def post(self, path: str, body: object = None, token: str = "alice") -> Called:
        return await self.call("POST", path, body, token)

    async def listed_address(self) -> str:
        address = self.scene.custodian.address_of("BTC", "outside")
        body = {"network": "BTC", "address": address, "label": "cold"}
        assert (await self.post("/wallet/addresses", body)).status == 201
        self.scene.pass_seconds(61)
        return address

    async def withdraw(self, amount: str, **changes: Any) -> Called:
        body = {"asset": "BTC", "network": "BTC", "amount": amount, **changes}
        return await self.post("/wallet/withdrawals", body)

    async def acts(self) -> list[tuple[str, str]]:
        found = await self.records.records(None, 1000)
        return [(record.actor, record.action) for record in found]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    scene = Scene(tmp_path)
    records = MemoryAudit()
    desk = await scene.open(audit=AuditLog(records, scene.clock))
    yield Site(scene, desk, records)
    scene.close()


async def test_assets_tell_balances_networks_and_limits(site: Site) -> None:
    answer = (await site.get("/wallet/assets")).json
    assert answer["is_demo"] is True
    by_name = {one["asset"]: one for one in answer["assets"]}
    assert by_name["BTC"]["free"] == "20.00000000"
    (network,) = by_name["BTC"]["networks"]
    assert network == {
        "network": "BTC",
        "title": "Simulated Bitcoin",
        "confirmations": 3,
        "deposit_min": "0.00010000",
        "withdrawal_min": "0.00110000",
        "withdrawal_fee": "0.00010000",
        "address_pattern": network["address_pattern"],
        "arrival_minutes": 1,
        "is_open": True,
        "hour_limit": "1000000.00000000",
        "day_limit": "2000000.00000000",
        "second_person_from": "10.00000000",
    }
    assert [one["network"] for one in by_name["USD"]["networks"]] == ["ETH", "SIM"]


async def test_a_deposit_from_the_simulated_chain_is_listed_and_credited(site: Site) -> None:
    address = (await site.get("/wallet/deposit-address?asset=BTC&network=BTC")).json
    assert address["confirmations"] == 3
    paid = await site.post(
        "/wallet/simulated-payments", {"asset": "BTC", "network": "BTC", "amount": "1.5"}
    )
    assert paid.status == 201
    await site.scene.run_rounds(site.desk, seconds=10)
    (one,) = (await site.get("/wallet/deposits")).json["deposits"]
    assert one["state"] == "credited"
    assert one["amount"] == "1.50000000"
    assert one["address"] == address["address"]
    assert one["transaction"] == paid.json["transaction"]
    assert (await site.get("/wallet/deposits?asset=ETH")).json["deposits"] == []
    assert (await site.get("/wallet/deposits", "bob")).json["deposits"] == []


async def test_a_withdrawal_from_quote_to_settled(site: Site) -> None:
    address = await site.listed_address()
    quote = await site.post(
        "/wallet/withdrawals/quote", {"asset": "BTC", "network": "BTC", "amount": "2"}
    )
    assert quote.json["arrives"] == "1.99990000"
    assert quote.json["needs_second_person"] is False
    made = await site.withdraw("2", address=address, client_id="rent")
    assert made.status == 201
    assert made.json["state"] == "approved"
    again = await site.withdraw("2", address=address, client_id="rent")
    assert again.json["withdrawal_id"] == made.json["withdrawal_id"]
    await site.scene.run_rounds(site.desk, seconds=10)
    path = f"/wallet/withdrawals/{made.json['withdrawal_id']}"
    done = (await site.get(path)).json
    assert done["state"] == "settled"
    assert [step["state"] for step in done["steps"]][-2:] == ["sent", "settled"]
    (listed,) = (await site.get("/wallet/withdrawals?asset=BTC")).json["withdrawals"]
    assert listed["withdrawal_id"] == made.json["withdrawal_id"]
    assert (await site.get(path, "bob")).code == "UNKNOWN_WITHDRAWAL"
    assert (await site.post(f"{path}/cancel")).code == "TOO_LATE"


async def test_money_leaves_only_after_a_step_up(site: Site) -> None:
    """ASVS 7.5.1-3"""
    body = {"asset": "BTC", "network": "BTC", "amount": "1", "address": "x"}
    later = await site.post("/wallet/withdrawals", body, "alice-later")
    assert later.code == "STEP_UP_FIRST"
    listing = await site.post(
        "/wallet/addresses", {"network": "BTC", "address": "x"}, "alice-later"
    )
    assert listing.code == "STEP_UP_FIRST"
    assert (await site.post("/wallet/withdrawals", body, "")).code == "SIGN_IN_FIRST"
    assert await site.acts() == []


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount": "0"}, 422, "AMOUNT_TOO_SMALL"),
        ({"amount": "0.00109999"}, 422, "AMOUNT_TOO_SMALL"),
        ({"amount": "0.000000001"}, 400, "AMOUNT_REFUSED"),
        ({"amount": "999999999999999999"}, 400, "AMOUNT_REFUSED"),
        ({"amount": "-1"}, 400, "INVALID_FIELDS"),
        ({"amount": "1e3"}, 400, "INVALID_FIELDS"),
        ({"amount": 1}, 400, "INVALID_FIELDS"),
        ({"amount": "01"}, 400, "INVALID_FIELDS"),
        ({"amount": "20.5"}, 422, "INSUFFICIENT_BALANCE"),
        ({"asset": "DOGE"}, 404, "UNKNOWN_ASSET"),
        ({"asset": "btc"}, 404, "UNKNOWN_ASSET"),
        ({"network": "ETH"}, 404, "UNKNOWN_NETWORK"),
        ({"address": "nowhere"}, 422, "ADDRESS_MALFORMED"),
        ({"client_id": "a b"}, 400, "INVALID_FIELDS"),
        ({"client_id": "a" * 37}, 400, "INVALID_FIELDS"),
        ({"client_id": "\U0001f600"}, 400, "INVALID_FIELDS"),
        ({"client_id": "\u202eabc"}, 400, "INVALID_FIELDS"),
        ({"client_id": "a';--"}, 400, "INVALID_FIELDS"),
        ({"client_id": "a\0b"}, 400, "INVALID_FIELDS"),
        ({"client_id": "a\n"}, 400, "INVALID_FIELDS"),
        ({"account_id": 2050}, 400, "UNKNOWN_FIELD"),
    ],
)
async def test_withdrawals_that_are_refused_r06_r15(
    site: Site, changes: dict[str, Any], status: int, code: str
) -> None:
    """R07, R17, R23, R27"""
    address = await site.listed_address()
    body = {"asset": "BTC", "network": "BTC", "amount": "1", "address": address, **changes}
    answer = await site.post("/wallet/withdrawals", body)
    assert (answer.status, answer.code) == (status, code)
    assert site.scene.total(site.scene.alice, demo.BTC) == 20 * ONE


async def test_addresses_are_listed_cool_off_and_are_removed(site: Site) -> None:
    address = site.scene.custodian.address_of("BTC", "outside")
    label = "=cmd()<script>"
    body = {"network": "BTC", "address": address, "label": label}
    added = (await site.post("/wallet/addresses", body)).json
    assert (added["is_usable"], added["label"]) == (False, label)
    early = await site.withdraw("1", address=address)
    assert early.code == "ADDRESS_COOLING_OFF"
    assert early.json["errors"][0]["field"] == "address"
    assert (await site.get("/wallet/addresses", "bob")).json["addresses"] == []
    path = f"/wallet/addresses/BTC/{address}"
    assert (await site.web.call("DELETE", path, token="bob")).status == 404
    assert (await site.web.call("DELETE", path, token="alice")).status == 204
    assert (await site.get("/wallet/addresses")).json["addresses"] == []


async def test_the_faucet_over_the_web(site: Site) -> None:
    (offer,) = (await site.get("/wallet/faucet")).json["offers"]
    assert offer == {"asset": "USD", "amount": "1000.00000000", "left_today": 3}
    taken = await site.post("/wallet/faucet", {"asset": "USD"})
    assert taken.json["left_today"] == 2
    assert (await site.post("/wallet/faucet", {"asset": "BTC"})).code == "NO_FAUCET"


async def test_a_second_person_decides_and_not_who_asked(site: Site) -> None:
    """ASVS 2.3.5"""
    address = await site.listed_address()
    made = (await site.withdraw("12", address=address)).json
    assert (made["state"], made["can_cancel"]) == ("awaiting", True)
    path = f"/operator/withdrawals/{made['withdrawal_id']}"
    assert (await site.get("/operator/withdrawals", "bob")).code == "NOT_ALLOWED"
    (waiting,) = (await site.get("/operator/withdrawals?state=awaiting", "support")).json[
        "withdrawals"
    ]
    assert waiting["withdrawal_id"] == made["withdrawal_id"]
    yes = {"note": "called"}
    assert (await site.post(f"{path}/approve", yes, "support")).code == "NOT_ALLOWED"
    assert (await site.post(f"{path}/approve", yes, "boss-later")).code == "STEP_UP_FIRST"
    assert (await site.post(f"{path}/approve", yes, "alice-boss")).code == "OWN_WITHDRAWAL"
    approved = await site.post(f"{path}/approve", yes, "boss")
    assert (approved.status, approved.json["state"]) == (200, "approved")
    assert (await site.post(f"{path}/reject", {}, "boss")).code == "TOO_LATE"
    await site.scene.run_rounds(site.desk, seconds=10)
    assert (await site.get(path, "auditor")).json["state"] == "settled"
    assert (await site.post("/operator/withdrawals/none/approve", {}, "boss")).status == 404


async def test_one_that_waits_is_cancelled_by_its_owner(site: Site) -> None:
    address = await site.listed_address()
    made = (await site.withdraw("12", address=address)).json
    path = f"/wallet/withdrawals/{made['withdrawal_id']}/cancel"
    assert (await site.post(path, token="bob")).code == "UNKNOWN_WITHDRAWAL"
    assert (await site.post(path)).json["state"] == "returning"
    await site.scene.run_rounds(site.desk, seconds=1)
    (done,) = (await site.get("/wallet/withdrawals")).json["withdrawals"]
    assert (done["state"], done["cause"]) == ("returned", "cancelled")
    assert site.scene.total(site.scene.alice, demo.BTC) == 20 * ONE


async def test_limits_are_set_by_an_operator_and_recorded(site: Site) -> None:
    rule = {"hour_limit": "3", "day_limit": "4", "second_person_from": "2", "is_open": True}
    set_rule = await site.web.call("PUT", "/operator/withdrawal-rules/BTC", rule, token="boss")
    assert set_rule.json == {
        "asset": "BTC",
        "hour_limit": "3.00000000",
        "day_limit": "4.00000000",
        "second_person_from": "2.00000000",
        "is_open": True,
    }
    address = await site.listed_address()
    assert (await site.withdraw("3.5", address=address)).code == "LIMIT_REACHED"
    assert (await site.withdraw("2", address=address)).json["state"] == "awaiting"
    closed = {**rule, "is_open": False}
    await site.web.call("PUT", "/operator/withdrawal-rules/BTC", closed, token="boss")
    assert (await site.withdraw("1", address=address)).code == "ASSET_CLOSED"
    nobody = await site.web.call("PUT", "/operator/withdrawal-rules/BTC", rule, token="bob")
    assert nobody.code == "NOT_ALLOWED"
    assert ("person:3", "withdrawal-rule.set") in await site.acts()


async def test_acts_are_recorded_before_they_are_done_and_refusals_after(site: Site) -> None:
    address = await site.listed_address()
    made = (await site.withdraw("12", address=address)).json
    await site.withdraw("900", address=address)
    path = f"/operator/withdrawals/{made['withdrawal_id']}"
    await site.post(f"{path}/reject", {"note": "odd"}, "boss")
    assert await site.acts() == [
        ("person:1", "address.ask"),
        ("person:1", "address.allow"),
        ("person:1", "withdrawal.ask"),
        ("person:1", "withdrawal.ask"),
        ("person:1", "withdrawal.ask.refused"),
        ("person:3", "withdrawal.reject"),
    ]


async def test_nothing_is_done_without_a_record(site: Site, monkeypatch: Any) -> None:
    async def fails(*_values: object) -> None:
        raise AuditError("the disk is full")

    address = await site.listed_address()
    monkeypatch.setattr(site.desk._audit, "record", fails)
    assert (await site.withdraw("1", address=address)).code == "AWAY"
    assert (await site.get("/wallet/withdrawals")).json["withdrawals"] == []


async def test_a_blocked_deposit_is_retried_by_an_operator(site: Site) -> None:
    assert (await site.post("/operator/deposits/1/retry", token="boss")).code == "UNKNOWN_DEPOSIT"
    assert (await site.post("/operator/deposits/x/retry", token="boss")).code == "UNKNOWN_DEPOSIT"
    listed = await site.get("/operator/deposits?state=blocked", "boss")
    assert listed.json["deposits"] == []


# ----- payments that are nobody's

UNCLAIMED = "/operator/wallet/unclaimed-payments"


async def paid_to_nobody(site: Site) -> None:
    address = await site.scene.custodian.deposit_address("BTC", 5 << 10)
    await site.scene.custodian.pay_in("BTC", "BTC", address, 3 * ONE)
    await site.scene.run_rounds(site.desk, seconds=1, rounds=1)


async def test_a_payment_that_is_nobodys_is_listed_and_given_to_somebody(site: Site) -> None:
    assert (await site.get(UNCLAIMED, "boss")).json == {"payments": []}
    await paid_to_nobody(site)
    (one,) = (await site.get(f"{UNCLAIMED}?state=open", "support")).json["payments"]
    assert (one["asset"], one["network"], one["amount"]) == ("BTC", "BTC", "3.00000000")
    assert (one["state"], one["account_id"]) == ("open", 0)
    body = {"account_id": site.scene.alice, "note": "she has sent the receipt"}
    path = f"{UNCLAIMED}/{one['number']}/assign"
    assigned = await site.post(path, body, "boss")
    assert (assigned.json["state"], assigned.json["note"]) == ("assigned", body["note"])
    await site.scene.run_rounds(site.desk, seconds=10)
    assert (await site.get("/wallet/assets")).json["assets"][1]["free"] == "23.00000000"
    other = {"account_id": site.scene.bob}
    assert (await site.post(path, other, "boss")).code == "TOO_LATE"
    assert (await site.get(f"{UNCLAIMED}?state=open", "boss")).json == {"payments": []}
    assert ("person:3", "payment.assign") in await site.acts()


async def test_a_payment_that_is_nobodys_is_dismissed_with_a_reason(site: Site) -> None:
    await paid_to_nobody(site)
    path = f"{UNCLAIMED}/1/dismiss"
    assert (await site.post(path, {"reason": ""}, "boss")).code == "INVALID_FIELDS"
    assert (await site.post(path, {}, "boss")).code == "INVALID_FIELDS"
    dismissed = await site.post(path, {"reason": "our own test"}, "boss")
    assert (dismissed.json["state"], dismissed.json["note"]) == ("dismissed", "our own test")
    assert (await site.post(path, {"reason": "again"}, "boss")).code == "TOO_LATE"


async def test_who_may_decide_on_a_payment(site: Site) -> None:
    await paid_to_nobody(site)
    path, body = f"{UNCLAIMED}/1/assign", {"account_id": site.scene.bob}
    assert (await site.get(UNCLAIMED)).code == "NOT_ALLOWED"
    assert (await site.post(path, body)).code == "NOT_ALLOWED"
    assert (await site.post(path, body, "support")).code == "NOT_ALLOWED"
    assert (await site.post(path, body, "boss-later")).code == "STEP_UP_FIRST"
    own = {"account_id": site.scene.alice}
    assert (await site.post(path, own, "alice-boss")).code == "OWN_ACCOUNT"
    assert (await site.post(path, {"account_id": 77 << 10}, "boss")).code == "UNKNOWN_ACCOUNT"
    for number in ("2", "x", "9" * 30):
        missing = await site.post(f"{UNCLAIMED}/{number}/assign", body, "boss")
        assert missing.code == "UNKNOWN_PAYMENT"


# ----- statements


async def trade(site: Site) -> None:
    """Have Alice sell to Bob in parts, and something wait."""
    exchange = site.scene.exchange
    exchange.limit(site.scene.alice, Side.SELL, 7_800_000, 5_000)
    for lots in (1_000, 2_500, 700):
        exchange.limit(site.scene.bob, Side.BUY, 7_800_000, lots)
        site.scene.pass_seconds(1)


def sums_of(entries: list[dict[str, Any]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for entry in entries:
        sums[entry["asset"]] = sums.get(entry["asset"], Decimal(0)) + Decimal(entry["amount"])
    return sums


async def test_a_statement_is_put_into_words_beside_the_event_loop(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it is, it is never the reason that an order waits."""
    ours, seen = threading.get_ident(), Counter[str]()

    def watched(name: str) -> Callable[..., Any]:
        made = getattr(statements, name)

        def make(*values: Any) -> Any:
            assert threading.get_ident() != ours, name
            seen[name] += 1
            return made(*values)

        return make

    monkeypatch.setattr(statements, "ENTRIES_MAX", 3)
    monkeypatch.setattr(statements, "_entry_row", watched("_entry_row"))
    monkeypatch.setattr(statements, "_place", watched("_place"))
    for _ in range(3):
        await trade(site)
    answer = await site.get("/wallet/statement.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    entries = [row["entry"] for row in rows if row["entry"]]
    assert len(entries) == len(set(entries)) == seen["_entry_row"] > 9
    assert seen["_place"] == len(entries)


async def test_a_statement_adds_up_page_by_page(site: Site) -> None:
    await trade(site)
    await site.post("/wallet/faucet", {"asset": "USD"})
    address = await site.listed_address()
    await site.withdraw("12", address=address)
    entries: list[dict[str, Any]] = []
    path = "/wallet/statement?limit=2"
    page = (await site.get(path)).json
    assert page["opening"] == []
    assert page["is_whole"] is True
    closing = {one["asset"]: Decimal(one["amount"]) for one in page["closing"]}
    while True:
        entries += page["entries"]
        assert {one["asset"]: Decimal(one["amount"]) for one in page["closing"]} == closing
        if not page["next"]:
            break
        await trade(site)  # what comes later is not of this statement
        page = (await site.get(f"{path}&after={page['next']}")).json
    assert sums_of(entries) == closing
    assert {entry["cause"] for entry in entries} == {"trade", "fee", "deposit", "withdrawal"}
    assert {entry["purpose"] for entry in entries} == {"", "faucet", "hold"}
    assert {entry["symbol"] for entry in entries} == {"", "BTCUSD"}
    assert len({entry["entry"] for entry in entries}) == len(entries)


async def test_the_file_says_what_the_pages_say_and_ends_with_the_balance(site: Site) -> None:
    await trade(site)
    answer = await site.get("/wallet/statement.csv")
    assert answer.media == "text/csv"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    page = (await site.get("/wallet/statement")).json
    middle = [row for row in rows if row["cause"] not in {"opening", "closing"}]
    assert [(row["entry"], row["amount"]) for row in middle] == [
        (entry["entry"], entry["amount"]) for entry in page["entries"]
    ]
    closing = {row["asset"]: Decimal(row["amount"]) for row in rows if row["cause"] == "closing"}
    assert closing == sums_of(middle)
    scene = site.scene
    for asset, name in ((demo.USD, "USD"), (demo.BTC, "BTC")):
        total = scene.total(scene.alice, asset) - scene.given[asset]
        assert int(closing[name] * ONE) == total


async def test_a_period_opens_with_what_was_there(site: Site) -> None:
    await trade(site)
    start_us = site.scene.now_us
    site.scene.pass_seconds(1)
    await site.post("/wallet/faucet", {"asset": "USD"})
    page = (await site.get(f"/wallet/statement?start_us={start_us}")).json
    opening = {one["asset"]: Decimal(one["amount"]) for one in page["opening"]}
    closing = {one["asset"]: Decimal(one["amount"]) for one in page["closing"]}
    assert closing["USD"] - opening["USD"] == 1000
    assert closing["BTC"] == opening["BTC"]
    (entry,) = page["entries"]
    assert (entry["cause"], entry["purpose"], entry["amount"]) == (
        "deposit",
        "faucet",
        "1000.00000000",
    )


async def test_statements_of_others_are_for_operators(site: Site) -> None:
    path = f"/operator/accounts/{site.scene.alice}/statement"
    for token in ("bob", "support", "alice"):
        assert (await site.get(path, token)).code == "NOT_ALLOWED"
        assert (await site.get(f"{path}.csv", token)).code == "NOT_ALLOWED"
    await trade(site)
    assert (await site.get(path, "auditor")).json["entries"]
    assert (await site.get(f"{path}.csv", "auditor")).status == 200
    assert (await site.get("/operator/accounts/x/statement", "auditor")).status == 400


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=-1", "after=1-2", "after=../x", "start_us=-1", "from=3"],
)
async def test_pages_that_nobody_can_turn_r31(site: Site, query: str) -> None:
    assert (await site.get(f"/wallet/statement?{query}")).status == 400


async def test_a_period_that_ends_before_it_starts_is_refused(site: Site) -> None:
    assert (await site.get("/wallet/statement?start_us=5&end_us=4")).code == "PERIOD_REFUSED"
    far = (await site.get("/wallet/statement?start_us=9007199254740992")).code
    assert far == "PERIOD_REFUSED"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-1.50000000", "-1.50000000"),
        ("1.5", "1.5"),
        ("BTCUSD", "BTCUSD"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula_r35(text: str, shown: str) -> None:
    """ASVS 1.2.10"""
    assert cell(text) == shown
