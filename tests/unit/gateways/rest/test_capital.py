"""`/sapi/v1/capital` over real wallets: what clients of the spot API send and get."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.rest_caller import Answered, RestCaller
from tests.support.wallet_scene import ONE, Scene

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.adapters.simulated.custodian import Fault
from openoutcry.identity.audit import AuditLog
from openoutcry.simulation import demo
from openoutcry.wallets.desk import Desk

APPLY = "/sapi/v1/capital/withdraw/apply"
HISTORY = "/sapi/v1/capital/withdraw/history"
DEPOSITS = "/sapi/v1/capital/deposit/hisrec"
ADDRESS = "/sapi/v1/capital/deposit/address"


class Client:
    """Alice's program, with a key that may withdraw and one that may not."""

    def __init__(self, scene: Scene, desk: Desk, records: MemoryAudit) -> None:
        self.scene = scene
        self.desk = desk
        self.records = records
        scene.exchange.exchange.wallets = desk
        self.rest = RestCaller(clock=scene.clock, small=scene.exchange)
        self.key = scene.exchange.add_key(scene.alice, may_withdraw=True)
        self.address = ""

    async def get(self, path: str, **parameters: Any) -> Any:
        answered = await self.rest.signed("GET", path, key=self.key, **parameters)
        assert answered.status == 200, answered.json
        return answered.json

    async def apply(self, amount: str = "1", **changes: Any) -> Answered:
        key = changes.pop("key", self.key)
        fields = {"coin": "BTC", "address": self.address, "amount": amount, **changes}
        return await self.rest.signed("POST", APPLY, key=key, **fields)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    scene = Scene(tmp_path)
    records = MemoryAudit()
    made = Client(scene, await scene.open(audit=AuditLog(records, scene.clock)), records)
    made.address = await scene.allow_outside(scene.alice)
    yield made
    scene.close()


async def test_the_configuration_is_that_of_the_wallets(client: Client) -> None:
    await client.apply("12")
    coins = {one["coin"]: one for one in await client.get("/sapi/v1/capital/config/getall")}
    bitcoin = coins["BTC"]
    assert (bitcoin["free"], bitcoin["withdrawing"]) == ("8.00000000", "12.00000000")
    assert (bitcoin["depositAllEnable"], bitcoin["withdrawAllEnable"]) == (True, True)
    (network,) = bitcoin["networkList"]
    assert network["network"] == "BTC"
    assert network["withdrawFee"] == "0.00010000"
    assert network["minConfirm"] == 3
    networks = [(one["network"], one["isDefault"]) for one in coins["USD"]["networkList"]]
    assert networks == [("ETH", True), ("SIM", False)]
    details = await client.get("/sapi/v1/asset/assetDetail", asset="BTC")
    assert details == {
        "BTC": {
            "minWithdrawAmount": "0.00110000",
            "depositStatus": True,
            "withdrawFee": "0.00010000",
            "withdrawStatus": True,
        }
    }


async def test_a_deposit_is_seen_on_its_way_and_credited(client: Client) -> None:
    told = await client.get(ADDRESS, coin="USD", network="SIM")
    assert told["address"].startswith("simsim1")
    assert (await client.get(ADDRESS, coin="USD"))["address"].startswith("simeth1")
    both = await client.get(f"{ADDRESS}/list", coin="USD")
    assert [one["network"] for one in both] == ["ETH", "SIM"]
    await client.scene.custodian.pay_in("SIM", "USD", told["address"], 70 * ONE)
    await client.scene.run_rounds(client.desk, seconds=3, rounds=1)
    (waiting,) = await client.get(DEPOSITS, status=0)
    assert (waiting["amount"], waiting["confirmTimes"]) == ("70", "0/2")
    await client.scene.run_rounds(client.desk, seconds=3)
    assert await client.get(DEPOSITS, status=0) == []
    (done,) = await client.get(DEPOSITS, coin="USD", txId=waiting["txId"])
    assert (done["status"], done["confirmTimes"], done["network"]) == (1, "2/2", "SIM")
    assert await client.get(DEPOSITS, coin="ETH") == []
    assert await client.get(DEPOSITS, status=99) == []


async def test_a_withdrawal_goes_from_apply_to_completed(client: Client) -> None:
    made = await client.apply("2", withdrawOrderId="rent")
    assert made.status == 200, made.json
    name = made.json["id"]
    (one,) = await client.get(HISTORY)
    assert (one["id"], one["status"], one["withdrawOrderId"]) == (name, 4, "rent")
    assert (one["amount"], one["transactionFee"]) == ("1.9999", "0.0001")
    assert one["applyTime"][4] == "-"
    await client.scene.run_rounds(client.desk, seconds=10)
    (done,) = await client.get(HISTORY, status=6, idList=f"x,{name}")
    assert done["txId"]
    assert done["completeTime"] >= done["applyTime"]
    assert await client.get(HISTORY, status=4) == []
    assert await client.get(HISTORY, withdrawOrderId="other") == []
    acts = [(record.actor, record.action) for record in await client.records.records(None, 9)]
    assert acts == [(f"account:{client.scene.alice}", "withdrawal.ask")]


async def test_a_request_that_is_sent_twice_is_one_withdrawal_r21(client: Client) -> None:
    timestamp = client.rest.timestamp_ms()
    first = await client.apply("1", timestamp=timestamp)
    again = await client.apply("1", timestamp=timestamp)
    assert first.json == again.json
    assert client.scene.total(client.scene.alice, demo.BTC) == 19 * ONE
    later = await client.apply("1", timestamp=timestamp + 1)
    assert later.json != first.json
    assert "withdrawOrderId" not in (await client.get(HISTORY))[0]
    named = await client.apply("1", withdrawOrderId="a")
    assert (await client.apply("1", withdrawOrderId="a")).json == named.json
    assert (await client.apply("2", withdrawOrderId="a")).error[1] == -4104


async def test_only_a_key_that_may_withdraw_does(client: Client) -> None:
    for key in (client.rest.alice, client.rest.bob):
        refused = await client.apply("1", key=key)
        assert refused.error[1] == -2015
    assert await client.get(HISTORY) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": "0.0001"}, -4022),
        ({"amount": "500"}, -4026),
        ({"amount": "1e3"}, -1100),
        ({"amount": "-1"}, -1100),
        ({"amount": "0.000000001"}, -1111),
        ({"amount": None}, -1102),
        ({"address": None}, -1102),
        ({"coin": "DOGE"}, -1130),
        ({"network": "ETH"}, -4001),
        ({"address": "nowhere"}, -4007),
        ({"withdrawOrderId": "~00"}, -1100),
        ({"withdrawOrderId": "x" * 37}, -1100),
    ],
)
async def test_what_is_refused_is_refused_in_the_apis_words(
    client: Client, changes: dict[str, Any], code: int
) -> None:
    answered = await client.apply(**changes)
    assert answered.error[:2] == (400, code)
    assert client.scene.total(client.scene.alice, demo.BTC) == 20 * ONE


async def test_an_address_that_is_not_listed_or_too_new_is_refused(client: Client) -> None:
    other = client.scene.custodian.address_of("BTC", "other")
    assert (await client.apply(address=other)).error[1] == -4035
    await client.desk.allow(client.scene.alice, "BTC", other, "")
    assert (await client.apply(address=other)).error[1] == -4036


async def test_closed_coins_limits_and_a_custodian_that_is_away(client: Client) -> None:
    rule = client.scene.rules[demo.BTC]
    await client.desk.set_rule(replace(rule, hour_atoms=ONE))
    assert (await client.apply("2")).error[1] == -4023
    await client.desk.set_rule(replace(rule, is_open=False))
    assert (await client.apply("2")).error[1] == -4019
    await client.desk.set_rule(rule)
    await client.scene.custodian.fail(Fault.AWAY)
    assert (await client.apply("2")).error[1] == -1007


@pytest.mark.parametrize(("how", "status"), [("cancel", 1), ("reject", 3), ("fail", 5)])
async def test_what_comes_back_says_why(client: Client, how: str, status: int) -> None:
    scene, desk = client.scene, client.desk
    if how == "fail":
        await scene.custodian.fail(Fault.REFUSE_SEND)
    name = (await client.apply("2" if how == "fail" else "12")).json["id"]
    if how == "cancel":
        await desk.cancel(scene.alice, name)
    elif how == "reject":
        await desk.reject(name, 9, scene.bob, "odd")
    await scene.run_rounds(desk, seconds=1)
    (one,) = await client.get(HISTORY, status=status)
    assert one["id"] == name
    assert scene.total(scene.alice, demo.BTC) == 20 * ONE


async def test_history_comes_in_pages_of_ninety_days_at_most(client: Client) -> None:
    for number in range(5):
        await client.apply("1", withdrawOrderId=f"n{number}")
    names = [one["withdrawOrderId"] for one in await client.get(HISTORY, offset=1, limit=2)]
    assert names == ["n3", "n2"]
    day_ms = 86_400_000
    now_ms = client.rest.timestamp_ms()
    inside = {"startTime": now_ms - 90 * day_ms, "endTime": now_ms}
    assert len(await client.get(HISTORY, **inside)) == 5
    path = HISTORY
    wide = {"startTime": now_ms - 90 * day_ms - 1, "endTime": now_ms}
    refused = await client.rest.signed("GET", path, key=client.key, **wide)
    assert refused.error[1] == -4047
    client.scene.pass_seconds(91 * 86_400)
    assert await client.get(HISTORY) == []
