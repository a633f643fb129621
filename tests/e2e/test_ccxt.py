"""ccxt, synchronous, unmodified: by its default options and by the spared ones."""

import ccxt
import pytest
from tests.e2e import clients
from tools.exchange_process import DemoKey, ExchangeProcess

PRICE = 50_000
"""Where the quiet exchange trades."""


@pytest.mark.parametrize("options", [None, clients.SPARED], ids=["default", "spared"])
@pytest.mark.parametrize("with_keys", [False, True], ids=["public", "keys"])
def test_load_markets(
    quiet: ExchangeProcess, alice: DemoKey, options: dict | None, *, with_keys: bool
) -> None:
    client = clients.ccxt_sync(quiet, alice if with_keys else None, options)
    markets = client.load_markets()
    assert set(markets) == {"BTC/USD", "ETH/USD", "ETH/BTC"}
    market = markets["BTC/USD"]
    assert market["spot"]
    assert market["active"]
    assert market["precision"]["price"] == 0.01
    assert market["precision"]["amount"] == 0.00001
    assert market["limits"]["amount"]["min"] > 0
    assert market["limits"]["cost"]["min"] is not None


def test_status_and_time(quiet: ExchangeProcess) -> None:
    client = clients.ccxt_sync(quiet)
    assert abs(client.fetch_time() - client.milliseconds()) < 5_000
    assert client.fetch_status()["status"] == "ok"


def test_market_data_of_a_lively_market(exchange: ExchangeProcess) -> None:
    client = clients.ccxt_sync(exchange)
    for symbol in ("BTC/USD", "ETH/USD", "ETH/BTC"):
        book = client.fetch_order_book(symbol)
        assert book["bids"][0][0] < book["asks"][0][0]
        assert book["bids"] == sorted(book["bids"], reverse=True)
        assert book["asks"] == sorted(book["asks"])
        assert book["nonce"] > 0
        trades = client.fetch_trades(symbol, limit=5)
        assert trades
        assert trades == sorted(trades, key=lambda trade: trade["timestamp"])
        candles = client.fetch_ohlcv(symbol, "1m")
        _, opened, high, low, close, volume = candles[-1]
        assert low <= min(opened, close) <= max(opened, close) <= high
        assert volume >= 0
        ticker = client.fetch_ticker(symbol)
        assert ticker["low"] <= ticker["last"] <= ticker["high"]
        assert ticker["baseVolume"] * ticker["low"] <= ticker["quoteVolume"] * 1.000001
        assert ticker["quoteVolume"] <= ticker["baseVolume"] * ticker["high"] * 1.000001


def test_tickers_of_all_markets(exchange: ExchangeProcess) -> None:
    client = clients.ccxt_sync(exchange)
    markets = {"BTC/USD", "ETH/USD", "ETH/BTC"}
    assert set(client.fetch_tickers()) == markets
    assert set(client.fetch_bids_asks()) == markets
    assert set(client.fetch_last_prices()) == markets
    assert client.fetch_tickers(["ETH/BTC"]).keys() == {"ETH/BTC"}


def test_historical_trades_by_id(exchange: ExchangeProcess, trader: DemoKey) -> None:
    client = clients.ccxt_sync(exchange, trader)
    recent = client.fetch_trades(
        "BTC/USD", limit=3, params={"fetchTradesMethod": "publicGetTrades"}
    )
    first = client.public_get_historicaltrades({"symbol": "BTCUSD", "fromId": 1, "limit": 1})
    assert int(first[0]["id"]) == 1
    assert all(trade["amount"] > 0 for trade in recent)


def test_market_buy_takes_the_makers_liquidity(exchange: ExchangeProcess, trader: DemoKey) -> None:
    client = clients.ccxt_sync(exchange, trader)
    before = client.fetch_balance()
    order = client.create_market_buy_order("BTC/USD", 0.01)
    assert order["status"] == "closed"
    assert order["filled"] == 0.01
    assert sum(trade["amount"] for trade in order["trades"]) == pytest.approx(0.01)
    after = client.fetch_balance()
    fee = sum(fill["fee"]["cost"] for fill in order["trades"])
    assert after["BTC"]["total"] - before["BTC"]["total"] == pytest.approx(0.01 - fee, abs=1e-9)
    assert after["USD"]["total"] == pytest.approx(before["USD"]["total"] - order["cost"], abs=1e-6)
    client.create_market_sell_order("BTC/USD", 0.005)


def test_limit_order_place_see_cancel(quiet: ExchangeProcess, alice: DemoKey) -> None:
    client = clients.ccxt_sync(quiet, alice, None)
    before = client.fetch_balance()
    order = client.create_limit_buy_order("BTC/USD", 0.002, PRICE - 1000)
    assert order["status"] == "open"
    assert order["timeInForce"] == "GTC"
    held = client.fetch_balance()
    assert held["USD"]["used"] - before["USD"]["used"] == pytest.approx(98.0)
    assert held["USD"]["total"] == pytest.approx(before["USD"]["total"])
    seen = client.fetch_order(order["id"], "BTC/USD")
    assert (seen["price"], seen["amount"], seen["filled"]) == (PRICE - 1000, 0.002, 0)
    assert [it["id"] for it in client.fetch_open_orders("BTC/USD")] == [order["id"]]
    client.cancel_order(order["id"], "BTC/USD")
    assert client.fetch_open_orders("BTC/USD") == []
    assert client.fetch_order(order["id"], "BTC/USD")["status"] == "canceled"
    assert client.fetch_balance()["USD"] == before["USD"]


def test_fill_between_two_accounts(quiet: ExchangeProcess, alice: DemoKey, bob: DemoKey) -> None:
    seller, buyer = clients.ccxt_sync(quiet, alice), clients.ccxt_sync(quiet, bob)
    first = seller.create_limit_sell_order("BTC/USD", 0.003, PRICE)
    second = seller.create_limit_sell_order("BTC/USD", 0.003, PRICE + 10)
    bought = buyer.create_market_buy_order("BTC/USD", 0.004)
    assert bought["status"] == "closed"
    # ccxt sorts trades by their ids as text, so their order says nothing
    assert sorted((it["price"], it["amount"]) for it in bought["trades"]) == [
        (PRICE, 0.003),
        (PRICE + 10, 0.001),
    ]
    assert bought["average"] == pytest.approx(PRICE + 2.5)
    assert seller.fetch_order(first["id"], "BTC/USD")["status"] == "closed"
    rest = seller.fetch_order(second["id"], "BTC/USD")
    assert (rest["status"], rest["filled"], rest["remaining"]) == ("open", 0.001, 0.002)
    mine = buyer.fetch_my_trades("BTC/USD", params={"orderId": bought["id"]})
    assert sorted((it["price"], it["amount"], it["takerOrMaker"]) for it in mine) == [
        (PRICE, 0.003, "taker"),
        (PRICE + 10, 0.001, "taker"),
    ]
    theirs = seller.fetch_my_trades("BTC/USD", params={"orderId": first["id"]})
    assert [it["takerOrMaker"] for it in theirs] == ["maker"]
    assert buyer.fetch_order_trades(bought["id"], "BTC/USD")
    closed = {it["id"] for it in buyer.fetch_closed_orders("BTC/USD", limit=1000)}
    assert bought["id"] in closed


def test_market_buy_by_cost(quiet: ExchangeProcess, alice: DemoKey, bob: DemoKey) -> None:
    seller, buyer = clients.ccxt_sync(quiet, alice), clients.ccxt_sync(quiet, bob)
    seller.create_limit_sell_order("BTC/USD", 0.01, PRICE)
    bought = buyer.create_market_buy_order_with_cost("BTC/USD", 100)
    assert bought["cost"] == pytest.approx(100)
    assert bought["filled"] == pytest.approx(0.002)


def test_edit_order_replaces_it(quiet: ExchangeProcess, alice: DemoKey) -> None:
    client = clients.ccxt_sync(quiet, alice)
    order = client.create_limit_buy_order("BTC/USD", 0.002, PRICE - 2000)
    edited = client.edit_order(order["id"], "BTC/USD", "limit", "buy", 0.003, PRICE - 1500)
    assert edited["id"] != order["id"]
    still = client.fetch_open_orders("BTC/USD")
    assert [(it["price"], it["amount"]) for it in still] == [(PRICE - 1500, 0.003)]


def test_stop_orders_wait_and_trigger(quiet: ExchangeProcess, alice: DemoKey, bob: DemoKey) -> None:
    maker, stopper = clients.ccxt_sync(quiet, alice), clients.ccxt_sync(quiet, bob)
    maker.create_limit_sell_order("BTC/USD", 0.001, PRICE)
    stopper.create_market_buy_order("BTC/USD", 0.001)  # now there is a last price
    stop = stopper.create_order(
        "BTC/USD", "limit", "sell", 0.002, PRICE - 200, {"stopPrice": PRICE - 100}
    )
    assert stop["triggerPrice"] == PRICE - 100
    assert stopper.fetch_open_orders("BTC/USD")[0]["type"] == "limit"
    plain = stopper.create_order(
        "BTC/USD", "market", "sell", 0.001, None, {"stopPrice": PRICE - 5000}
    )
    maker.create_limit_buy_order("BTC/USD", 0.004, PRICE - 150)
    maker_of_print = maker.fetch_open_orders("BTC/USD")[0]
    stopper.create_market_sell_order("BTC/USD", 0.001)  # prints below the first stop
    fired = stopper.fetch_order(stop["id"], "BTC/USD")
    assert (fired["status"], fired["average"]) == ("closed", PRICE - 150)
    assert maker.fetch_order(maker_of_print["id"], "BTC/USD")["filled"] == pytest.approx(0.003)
    waiting = stopper.fetch_order(plain["id"], "BTC/USD")
    assert (waiting["status"], waiting["filled"]) == ("open", 0)
    stopper.cancel_order(plain["id"], "BTC/USD")


def test_trailing_stop(quiet: ExchangeProcess, alice: DemoKey, bob: DemoKey) -> None:
    maker, stopper = clients.ccxt_sync(quiet, alice), clients.ccxt_sync(quiet, bob)
    maker.create_limit_sell_order("BTC/USD", 0.001, PRICE)
    stopper.create_market_buy_order("BTC/USD", 0.001)
    order = stopper.create_order(
        "BTC/USD", "STOP_LOSS_LIMIT", "sell", 0.001, PRICE - 3000, {"trailingDelta": 200}
    )
    seen = stopper.fetch_order(order["id"], "BTC/USD")
    assert seen["status"] == "open"
    assert int(seen["info"]["trailingDelta"]) == 200
    stopper.cancel_order(order["id"], "BTC/USD")


def test_post_only_and_time_in_force(quiet: ExchangeProcess, alice: DemoKey, bob: DemoKey) -> None:
    maker, taker = clients.ccxt_sync(quiet, alice), clients.ccxt_sync(quiet, bob)
    maker.create_limit_sell_order("BTC/USD", 0.001, PRICE)
    with pytest.raises(ccxt.OrderImmediatelyFillable, match="immediately match and take"):
        taker.create_limit_buy_order("BTC/USD", 0.001, PRICE, {"postOnly": True})
    resting = taker.create_limit_buy_order("BTC/USD", 0.001, PRICE - 10, {"postOnly": True})
    assert resting["postOnly"]
    partial = taker.create_limit_buy_order("BTC/USD", 0.002, PRICE, {"timeInForce": "IOC"})
    assert (partial["status"], partial["filled"]) == ("expired", 0.001)
    nothing = taker.create_limit_buy_order("BTC/USD", 0.002, PRICE, {"timeInForce": "FOK"})
    assert (nothing["status"], nothing["filled"]) == ("expired", 0)


def test_client_order_ids(quiet: ExchangeProcess, alice: DemoKey) -> None:
    client = clients.ccxt_sync(quiet, alice)
    order = client.create_limit_buy_order(
        "BTC/USD", 0.001, PRICE - 1000, {"clientOrderId": "my-own-id"}
    )
    assert order["clientOrderId"] == "my-own-id"
    with pytest.raises(ccxt.InvalidOrder, match=r"Duplicate order sent\."):
        client.create_limit_buy_order(
            "BTC/USD", 0.001, PRICE - 1000, {"clientOrderId": "my-own-id"}
        )
    seen = client.fetch_order(None, "BTC/USD", {"clientOrderId": "my-own-id"})
    assert seen["id"] == order["id"]
    client.cancel_order(order["id"], "BTC/USD")
    again = client.create_limit_buy_order(
        "BTC/USD", 0.001, PRICE - 1000, {"clientOrderId": "my-own-id"}
    )
    assert again["id"] != order["id"]


def test_errors_become_the_right_exceptions(quiet: ExchangeProcess, alice: DemoKey) -> None:
    client = clients.ccxt_sync(quiet, alice)
    with pytest.raises(ccxt.InsufficientFunds, match="insufficient balance"):
        client.create_limit_buy_order("BTC/USD", 100, PRICE)
    with pytest.raises(ccxt.OrderNotFound, match=r"Unknown order sent\."):
        client.cancel_order("999999999999", "BTC/USD")
    with pytest.raises(ccxt.OrderNotFound, match=r"Order does not exist\."):
        client.fetch_order("999999999999", "BTC/USD")
    with pytest.raises(ccxt.InvalidOrder, match="LOT_SIZE"):
        client.private_post_order(
            {
                "symbol": "BTCUSD",
                "side": "BUY",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": "0.000000001",
                "price": "50000",
            }
            | {"quantity": "0.00000001"}
        )
    with pytest.raises(ccxt.InvalidOrder, match="PRICE_FILTER"):
        client.private_post_order(
            {
                "symbol": "BTCUSD",
                "side": "BUY",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": "0.001",
                "price": "50000.001",
            }
        )
    with pytest.raises(ccxt.BadSymbol, match=r"Invalid symbol\."):
        client.public_get_depth({"symbol": "NOPE"})


def test_wrong_credentials(quiet: ExchangeProcess, alice: DemoKey) -> None:
    key = DemoKey("forger", alice.api_key, "not the secret", "HMAC", {})
    with pytest.raises(ccxt.AuthenticationError, match="Signature for this request is not valid"):
        clients.ccxt_sync(quiet, key).fetch_balance()
    key = DemoKey("nobody", "x" * 64, alice.secret, "HMAC", {})
    with pytest.raises(ccxt.AuthenticationError, match="Invalid API-key, IP, or permissions"):
        clients.ccxt_sync(quiet, key).fetch_balance()
    client = clients.ccxt_sync(quiet, alice)
    with pytest.raises(ccxt.InvalidNonce, match="outside of the recvWindow"):
        client.private_get_account({"timestamp": client.milliseconds() - 60_000})


@pytest.mark.parametrize("key_type", ["RSA", "ED25519"])
def test_keys_of_every_type(quiet: ExchangeProcess, key_type: str) -> None:
    (key, *_) = quiet.keys_of(key_type)
    client = clients.ccxt_sync(quiet, key)
    total = client.fetch_balance()["total"]
    for asset, amount in key.balances.items():
        assert total[asset] == float(amount)
    if total.get("USD", 0) >= 100:
        order = client.create_limit_buy_order("BTC/USD", 0.002, PRICE - 5000)
        assert client.cancel_order(order["id"], "BTC/USD")["status"] == "canceled"
    else:
        with pytest.raises(ccxt.InsufficientFunds):
            client.create_limit_buy_order("BTC/USD", 0.002, PRICE - 5000)


def test_cancel_all_orders(quiet: ExchangeProcess, alice: DemoKey) -> None:
    client = clients.ccxt_sync(quiet, alice)
    placed = {
        client.create_limit_buy_order("BTC/USD", 0.001, PRICE - 1000 - step)["id"]
        for step in range(5)
    }
    gone = client.cancel_all_orders("BTC/USD")
    assert {order["id"] for order in gone} == placed
    assert client.fetch_open_orders("BTC/USD") == []


def test_fees_and_commission(quiet: ExchangeProcess, alice: DemoKey) -> None:
    client = clients.ccxt_sync(quiet, alice)
    fee = client.fetch_trading_fee("BTC/USD")
    assert 0 <= fee["maker"] < 0.01
    assert 0 <= fee["taker"] < 0.01
    assert set(client.fetch_trading_fees()) >= {"BTC/USD", "ETH/USD", "ETH/BTC"}
