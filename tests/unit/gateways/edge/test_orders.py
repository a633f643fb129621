"""Collars, generated ids, and execution reports."""

import json

import pytest
from tests.support.report_keys import REPORT_KEYS
from tests.support.rest_caller import RestCaller

from openoutcry.core.enums import Execution, OrderType, Side
from openoutcry.core.records import NewOrder, OrderEvent, OrderRequestedEvent, PreventedEvent
from openoutcry.gateways.edge import orders
from openoutcry.gateways.edge.reports import execution_report
from openoutcry.gateways.edge.service import Call
from openoutcry.simulation import demo


@pytest.fixture
def rest() -> RestCaller:
    return RestCaller()


def call(rest: RestCaller, **parameters: str) -> Call:
    key = rest.exchange.keys.find(rest.alice.api_key)
    return Call(rest.exchange, parameters, "127.0.0.1", rest.clock(), key=key, digest_lo=1)


def market_order(rest: RestCaller, side: str, **more: str) -> orders.Draft:
    fields = {"symbol": "BTCUSD", "side": side, "type": "MARKET", "quantity": "0.01", **more}
    return orders.parse_order(call(rest, **fields))


async def test_a_market_order_reaches_half_the_price_far(rest: RestCaller) -> None:
    assert market_order(rest, "BUY").worst_ticks == 100_000_000
    assert market_order(rest, "SELL").worst_ticks == 1
    await rest.placed(price="60000")
    await rest.placed(side="SELL", price="80000")
    assert market_order(rest, "BUY").worst_ticks == 12_000_000
    assert market_order(rest, "SELL").worst_ticks == 3_000_000


async def test_without_a_book_the_last_price_stands_in(rest: RestCaller) -> None:
    await rest.placed(price="60000")
    await rest.placed(side="SELL", price="60000", key=rest.bob)
    assert market_order(rest, "BUY").worst_ticks == 9_000_000
    assert market_order(rest, "SELL").worst_ticks == 3_000_000


def test_a_stop_order_reaches_from_its_stop(rest: RestCaller) -> None:
    up = market_order(rest, "BUY", type="STOP_LOSS", stopPrice="50000.01")
    assert up.worst_ticks == 7_500_002
    down = market_order(rest, "SELL", type="STOP_LOSS", stopPrice="50000.01")
    assert down.worst_ticks == 2_500_000


def test_collars_stay_within_the_filter(rest: RestCaller) -> None:
    high = market_order(rest, "BUY", type="STOP_LOSS", stopPrice="900000")
    assert high.worst_ticks == 100_000_000
    low = market_order(rest, "SELL", type="STOP_LOSS", stopPrice="0.01")
    assert low.worst_ticks == 1


def test_the_command_of_an_order(rest: RestCaller) -> None:
    made = call(
        rest, symbol="ETHUSD", side="SELL", type="LIMIT", timeInForce="IOC", quantity="0.5",
        price="2000.5", newClientOrderId="mine",
    )  # fmt: skip
    made.deadline_us = 77
    command = NewOrder.unpack(orders.new_order(made, orders.parse_order(made)))
    assert command.account_id == rest.small.alice
    assert command.entity == 1 << 24 | rest.small.alice % 1024
    assert (command.digest_lo, command.deadline_us, command.time_us) == (1, 77, 0)
    assert (command.market, command.side, command.order_type) == (
        demo.ETHUSD,
        Side.SELL,
        OrderType.LIMIT,
    )
    assert (command.price_ticks, command.qty_lots) == (200_050, 5_000)
    assert command.market_version == 1
    assert command.client_order_id.rstrip(b"\0") == b"mine"


def test_generated_ids_belong_to_their_request(rest: RestCaller) -> None:
    first, second = call(rest), call(rest)
    assert orders.generated_id(first) == orders.generated_id(second)
    second.digest_lo = 2
    assert orders.generated_id(first) != orders.generated_id(second)
    assert orders.generated_id(first) != orders.generated_id(first, 1)
    assert len(orders.generated_id(first)) == 22


async def reports(rest: RestCaller, account_id: int) -> list[dict]:
    found: list[dict] = []

    def listen(batch: object) -> None:
        prevented = None
        for event in batch.events:
            if isinstance(event, PreventedEvent):
                prevented = event
            elif (
                isinstance(event, OrderEvent | OrderRequestedEvent)
                and event.account_id == account_id
            ):
                market = rest.exchange.catalog.market_by_id(event.market)
                found.append(json.loads(execution_report(market, event, prevented=prevented)))

    rest.small.feed.subscribe(listen)
    return found


async def test_reports_of_an_order_that_fills(rest: RestCaller) -> None:
    found = await reports(rest, rest.small.alice)
    order = await rest.placed(newClientOrderId="mine")
    await rest.placed(side="SELL", quantity="0.004", key=rest.bob)
    new, trade = found
    assert list(new) == REPORT_KEYS
    assert (new["x"], new["X"], new["c"], new["C"]) == ("NEW", "NEW", "mine", "")
    assert (new["i"], new["t"], new["w"], new["n"], new["N"]) == (
        order["orderId"], -1, True, "0", None,
    )  # fmt: skip
    assert (trade["x"], trade["X"], trade["m"]) == ("TRADE", "PARTIALLY_FILLED", True)
    assert (trade["l"], trade["L"], trade["z"]) == (
        "0.00400000", "70000.00000000", "0.00400000",
    )  # fmt: skip
    assert (trade["n"], trade["N"], trade["t"]) == ("0.00000400", "BTC", 1)
    assert (trade["Z"], trade["Y"]) == ("280.00000000", "280.00000000")


async def test_reports_of_cancels_and_amendments_name_both_ids(rest: RestCaller) -> None:
    found = await reports(rest, rest.small.alice)
    order = await rest.placed(newClientOrderId="mine")
    target = {"symbol": "BTCUSD", "orderId": order["orderId"]}
    await rest.signed(
        "PUT", "/api/v3/order/amend/keepPriority", **target, newQty="0.005",
        newClientOrderId="less",
    )  # fmt: skip
    await rest.signed("DELETE", "/api/v3/order", **target, newClientOrderId="bye")
    await rest.placed()
    gone = await rest.signed("DELETE", "/api/v3/openOrders", symbol="BTCUSD")
    _, replaced, canceled, _, by_all = found
    assert (replaced["x"], replaced["c"], replaced["C"], replaced["q"]) == (
        "REPLACED", "less", "mine", "0.00500000",
    )  # fmt: skip
    assert (canceled["x"], canceled["c"], canceled["C"], canceled["w"]) == (
        "CANCELED", "bye", "less", False,
    )  # fmt: skip
    assert by_all["c"] == json.loads(gone.response.body)[0]["clientOrderId"]


async def test_reports_of_expiry_triggers_and_prevention(rest: RestCaller) -> None:
    found = await reports(rest, rest.small.alice)
    await rest.placed(timeInForce="IOC")
    assert (found[-1]["x"], found[-1]["eR"]) == ("EXPIRED", "UNFILLED_IOC_QUANTITY_EXPIRED")
    await rest.placed(side="SELL")
    await rest.placed(selfTradePreventionMode="EXPIRE_BOTH")
    prevented = [report for report in found if report["x"] == "TRADE_PREVENTION"]
    maker, taker = prevented
    assert (maker["X"], maker["v"], maker["A"], maker["U"]) == (
        "EXPIRED_IN_MATCH", 1, "0.01000000", taker["i"],
    )  # fmt: skip
    assert taker["U"] == maker["i"]
    await rest.placed(
        type="STOP_LOSS_LIMIT", stopPrice="60000", price="61000", trailingDelta=100, side="BUY",
        strategyId=5, strategyType=1_000_000,
    )  # fmt: skip
    stop = found[-1]
    assert (stop["P"], stop["d"], stop["j"], stop["J"], stop["w"]) == (
        "60000.00000000", 100, 5, 1_000_000, False,
    )  # fmt: skip
    assert "W" not in stop
    assert Execution.TRIGGERED not in {report["x"] for report in found}
