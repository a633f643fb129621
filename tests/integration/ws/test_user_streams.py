"""User data: execution reports, positions and balance updates, on subscriptions and listen keys."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from tests.support.report_keys import REPORT_KEYS
from tests.support.small_exchange import SmallExchange, hmac_signature, wall_us
from tests.support.ws_server import ask, receive, receive_until, served, silent, until
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from openoutcry.core.enums import OrderType, Side, StpMode, TimeInForce
from openoutcry.core.ids import shard_of_account
from openoutcry.core.records import AmendOrder, CancelAll, Deposit, Withdraw
from openoutcry.gateways.ws import gateway
from openoutcry.gateways.ws.gateway import HOUSEKEEPING_S
from openoutcry.identity.keys import GeneratedKey
from openoutcry.ports.users import LISTEN_KEY_LIFE_US, ListenKeysAwayError
from openoutcry.simulation import demo

PRICE = 7_800_000


async def subscribe(ws: ClientConnection, key: GeneratedKey) -> int:
    params = {"apiKey": key.api_key, "timestamp": wall_us() // 1000}
    params["signature"] = hmac_signature(key.secret, params)
    reply = await ask(ws, id=1, method="userDataStream.subscribe.signature", params=params)
    assert reply["status"] == 200, reply
    return reply["result"]["subscriptionId"]


async def events_of(ws: ClientConnection, count: int) -> list[dict]:
    messages = [await receive(ws) for _ in range(count)]
    assert all(set(m) == {"subscriptionId", "event"} for m in messages)
    return [m["event"] for m in messages]


async def test_an_order_is_acknowledged_before_it_fills() -> None:
    """V03, and one position after each command with the balances as they are then."""
    async with served() as on, on.connect("/ws-api/v3") as ws:
        small = on.small
        await subscribe(ws, small.add_key(small.bob))
        small.limit(small.alice, Side.SELL, PRICE, 100)
        small.limit(small.alice, Side.SELL, PRICE + 100, 100)
        small.limit(small.bob, Side.BUY, PRICE + 100, 300, "mine")
        new, first, second, position = await events_of(ws, 4)
    assert [e["x"] for e in (new, first, second)] == ["NEW", "TRADE", "TRADE"]
    assert [e["X"] for e in (new, first, second)] == ["NEW", "PARTIALLY_FILLED", "PARTIALLY_FILLED"]
    assert set(REPORT_KEYS) <= set(new)
    assert new["c"] == "mine"
    assert (new["s"], new["S"], new["o"], new["f"]) == ("BTCUSD", "BUY", "LIMIT", "GTC")
    assert (new["q"], new["p"], new["t"], new["N"], new["C"]) == (
        "0.00300000",
        "78001.00000000",
        -1,
        None,
        "",
    )
    assert (first["l"], first["L"], first["t"], first["m"]) == (
        "0.00100000",
        "78000.00000000",
        1,
        False,
    )
    assert (first["n"], first["N"]) == ("0.00000100", "BTC")
    assert (second["z"], second["Z"], second["Y"]) == (
        "0.00200000",
        "156.00100000",
        "78.00100000",
    )
    assert second["w"] is True
    assert position["e"] == "outboundAccountPosition"
    assert position["B"] == [
        {"a": "BTC", "f": "20.00199800", "l": "0.00000000"},
        {"a": "USD", "f": "999765.99800000", "l": "78.00100000"},
    ]


async def test_the_maker_hears_of_its_fill() -> None:
    async with served() as on, on.connect("/ws-api/v3") as ws:
        small = on.small
        small.limit(small.alice, Side.SELL, PRICE, 100, "resting")
        await subscribe(ws, small.add_key(small.alice))
        small.limit(small.bob, Side.BUY, PRICE, 100)
        fill, position = await events_of(ws, 2)
    assert (fill["c"], fill["x"], fill["X"], fill["m"], fill["w"]) == (
        "resting",
        "TRADE",
        "FILLED",
        True,
        False,
    )
    assert (fill["n"], fill["N"]) == ("0.07800000", "USD")
    assert {b["a"] for b in position["B"]} == {"BTC", "USD"}


async def test_a_cancel_names_itself_and_the_order() -> None:
    """On cancel `c` is the cancel's id and `C` the order's."""
    async with served() as on, on.connect("/ws-api/v3") as ws:
        small = on.small
        await subscribe(ws, small.add_key(small.bob))
        order_id = small.limit(small.bob, Side.BUY, PRICE, 100, "kept").events[0].order_id
        small.cancel(small.bob, order_id, "cancel-it")
        small.limit(small.bob, Side.BUY, PRICE, 100, "kept-2")
        small.calls.apply(CancelAll(account_id=small.bob, market=1).pack())
        events = [e for e in await events_of(ws, 8) if e["e"] == "executionReport"]
    canceled, all_canceled = events[1], events[3]
    assert (canceled["c"], canceled["C"], canceled["x"], canceled["X"]) == (
        "cancel-it",
        "kept",
        "CANCELED",
        "CANCELED",
    )
    assert canceled["r"] == "NONE"
    assert all_canceled["C"] == "kept-2"
    assert all_canceled["c"] not in {"", "kept-2"}


async def test_an_amendment_is_a_replacement() -> None:
    async with served() as on, on.connect("/ws-api/v3") as ws:
        small = on.small
        await subscribe(ws, small.add_key(small.bob))
        order_id = small.limit(small.bob, Side.BUY, PRICE, 100, "before").events[0].order_id
        amend = AmendOrder(
            account_id=small.bob, market=1, order_id=order_id, qty_lots=60, client_order_id=b"after"
        )
        small.calls.apply(amend.pack())
        amended, position = (await events_of(ws, 4))[2:]
    assert (amended["x"], amended["X"], amended["q"]) == ("REPLACED", "NEW", "0.00060000")
    assert (amended["c"], amended["C"], amended["i"]) == ("after", "before", order_id)
    assert position["B"][1] == {"a": "USD", "f": "999953.20000000", "l": "46.80000000"}


async def test_a_stop_order_shows_itself_working_when_it_is_triggered() -> None:
    async with served() as on, on.connect("/ws-api/v3") as ws:
        small = on.small
        small.limit(small.alice, Side.SELL, PRICE, 100)
        small.limit(small.bob, Side.BUY, PRICE, 50)
        await subscribe(ws, small.add_key(small.bob))
        small.limit(
            small.bob,
            Side.BUY,
            PRICE + 50,
            20,
            "stop",
            order_type=OrderType.STOP_LOSS_LIMIT,
            stop_ticks=PRICE + 10,
        )
        new, _ = await events_of(ws, 2)
        assert (new["x"], new["w"], new["P"], "W" in new) == ("NEW", False, "78000.10000000", False)
        small.limit(small.alice, Side.BUY, PRICE - 500, 20)
        small.limit(small.alice, Side.SELL, PRICE + 10, 20)
        small.limit(
            demo.USERS[2].account_id, Side.BUY, PRICE + 10, 60, time_in_force=TimeInForce.IOC
        )
        triggered = (await events_of(ws, 1))[0]
    assert (triggered["x"], triggered["X"], triggered["w"]) == ("NEW", "NEW", True)
    assert triggered["W"] >= triggered["O"]


async def test_conditional_fields() -> None:
    async with served() as on, on.connect("/ws-api/v3") as ws:
        small = on.small
        small.limit(small.alice, Side.SELL, PRICE, 100)
        small.limit(small.bob, Side.BUY, PRICE, 50)
        await subscribe(ws, small.add_key(small.bob))
        small.limit(
            small.bob,
            Side.SELL,
            PRICE - 100,
            20,
            "trail",
            order_type=OrderType.STOP_LOSS_LIMIT,
            trailing_bips=50,
            strategy_id=17,
            strategy_type=1_000_001,
        )
        small.limit(small.bob, Side.BUY, PRICE - 900, 20, time_in_force=TimeInForce.IOC)
        trail, _, _, expired, _ = await events_of(ws, 5)
    assert (trail["d"], trail["j"], trail["J"]) == (50, 17, 1_000_001)
    assert (expired["x"], expired["X"], expired["eR"]) == (
        "EXPIRED",
        "EXPIRED",
        "UNFILLED_IOC_QUANTITY_EXPIRED",
    )


async def test_prevented_self_trades_show_both_orders() -> None:
    async with served() as on, on.connect("/ws-api/v3") as ws:
        small = on.small
        await subscribe(ws, small.add_key(small.bob))
        maker = small.limit(small.bob, Side.SELL, PRICE, 50, stp_mode=StpMode.EXPIRE_MAKER)
        maker_id = maker.events[0].order_id
        taker = small.limit(small.bob, Side.BUY, PRICE, 50, stp_mode=StpMode.EXPIRE_MAKER)
        taker_id = taker.events[0].order_id
        events = [e for e in await events_of(ws, 5) if e["e"] == "executionReport"]
    prevented = events[2]
    assert (prevented["x"], prevented["X"]) == ("TRADE_PREVENTION", "EXPIRED_IN_MATCH")
    assert (prevented["i"], prevented["U"], prevented["v"]) == (maker_id, taker_id, 1)
    assert (prevented["A"], prevented["B"], prevented["t"]) == ("0.00050000", "0.00050000", -1)


async def test_deposits_and_withdrawals_update_the_balance() -> None:
    async with served() as on, on.connect("/ws-api/v3") as ws:
        small = on.small
        await subscribe(ws, small.add_key(small.bob))
        small.calls.apply(Deposit(account_id=small.bob, asset=1, amount_atoms=150_000_000).pack())
        small.calls.apply(Withdraw(account_id=small.bob, asset=1, amount_atoms=50_000_000).pack())
        events = await events_of(ws, 4)
    assert [e["e"] for e in events] == ["balanceUpdate", "outboundAccountPosition"] * 2
    assert [list(e) for e in events[:2]] == [["e", "E", "a", "d", "T"], ["e", "E", "u", "B"]]
    assert [events[0]["d"], events[2]["d"]] == ["1.50000000", "-0.50000000"]
    assert events[3]["B"] == [{"a": "USD", "f": "1000001.00000000", "l": "0.00000000"}]


async def test_nobody_hears_of_anybody_else() -> None:
    """V05, W16"""
    async with served() as on, on.connect("/ws-api/v3") as ws, on.connect("/ws") as other:
        small = on.small
        await subscribe(ws, small.add_key(small.alice))
        reply = await ask(other, method="SUBSCRIBE", params=["a" * 60], id=1)
        assert reply["error"] == {"code": 2, "msg": "Invalid request: invalid stream"}
        small.limit(small.bob, Side.BUY, PRICE, 100)
        small.calls.apply(Deposit(account_id=small.bob, asset=1, amount_atoms=1).pack())
        assert await silent(ws)
        assert await silent(other, 0.05)


@pytest.mark.parametrize("shape", ["raw", "combined"])
async def test_listen_keys(shape: str) -> None:
    async with served() as on:
        small = on.small
        listen_key = await small.listen_keys.create(small.bob, wall_us())
        path = f"/ws/{listen_key}" if shape == "raw" else f"/stream?streams={listen_key}"
        async with on.connect(path) as ws, on.connect("/ws") as later:
            await ask(later, method="SUBSCRIBE", params=[listen_key], id=1)
            small.limit(small.bob, Side.BUY, PRICE, 100)
            message = await receive(ws)
            if shape == "combined":
                assert message["stream"] == listen_key
                message = message["data"]
            assert message["e"] == "executionReport"
            assert (await receive(later))["e"] == "executionReport"


async def test_a_listen_key_expires() -> None:
    now = [wall_us()]
    async with served(SmallExchange(lambda: now[0])) as on:
        small = on.small
        small.add_key(small.bob)
        listen_key = await small.listen_keys.create(small.bob, now[0])
        async with on.connect(f"/ws/{listen_key}") as ws:
            await ask(ws, method="LIST_SUBSCRIPTIONS", id=1)
            now[0] += LISTEN_KEY_LIFE_US + 1
            message = await receive(ws)
            assert (message["e"], message["listenKey"]) == ("listenKeyExpired", listen_key)
            small.limit(small.bob, Side.BUY, PRICE, 100)
            assert await silent(ws)


async def test_a_revoked_key_ends_its_subscription_within_a_second() -> None:
    """A02, W11"""
    assert HOUSEKEEPING_S <= 0.5, "a slow machine may take longer to run it, never to be due"
    async with served() as on, on.connect("/ws-api/v3") as ws:
        small = on.small
        key = small.add_key(small.bob)
        number = await subscribe(ws, key)
        small.keys.revoke(key.api_key)
        message = await receive(ws)
        assert message["subscriptionId"] == number
        assert message["event"]["e"] == "eventStreamTerminated"
        small.limit(small.bob, Side.BUY, PRICE, 100)
        with pytest.raises(ConnectionClosed):
            await receive(ws)


async def test_a_revoked_key_ends_its_own_subscription_only() -> None:
    async with served() as on, on.connect("/ws-api/v3") as ws:
        small = on.small
        lost, kept = small.add_key(small.bob), small.add_key(small.bob)
        ended, number = await subscribe(ws, lost), await subscribe(ws, kept)
        small.keys.revoke(lost.api_key)
        message = await receive(ws)
        assert message["subscriptionId"] == ended
        assert message["event"]["e"] == "eventStreamTerminated"
        small.limit(small.bob, Side.BUY, PRICE, 100)
        assert (await receive(ws))["subscriptionId"] == number


async def test_a_listen_key_goes_with_any_key_that_may_have_got_it() -> None:
    async with served() as on:
        small = on.small
        lost, kept = small.add_key(small.bob), small.add_key(small.bob)
        listen_key = await small.listen_keys.create(small.bob, wall_us())
        async with on.connect(f"/ws/{listen_key}") as ws:
            await ask(ws, method="LIST_SUBSCRIPTIONS", id=1)
            small.keys.revoke(lost.api_key)
            assert (await receive(ws))["e"] == "listenKeyExpired"
        await until(lambda: small.listen_keys._keys == {})
        assert small.keys.find(kept.api_key) is not None
        again = await small.listen_keys.create(small.bob, wall_us())
        assert again != listen_key
        async with on.connect(f"/ws/{again}") as ws:
            await ask(ws, method="LIST_SUBSCRIPTIONS", id=1)
            small.limit(small.bob, Side.BUY, PRICE, 100)
            assert (await receive(ws))["e"] == "executionReport"


async def test_a_key_that_is_known_later_than_its_stream_is_no_lost_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway, "HOUSEKEEPING_S", 3_600.0)  # it is done below
    async with served() as on:
        small = on.small
        listen_key = await small.listen_keys.create(small.bob, wall_us())
        async with on.connect(f"/ws/{listen_key}") as ws:
            await ask(ws, method="LIST_SUBSCRIPTIONS", id=1)
            key = small.add_key(small.bob)
            on.gateway._keep_house()
            small.limit(small.bob, Side.BUY, PRICE, 100)
            assert (await receive(ws))["e"] == "executionReport"
            small.keys.revoke(key.api_key)
            on.gateway._keep_house()
            assert (await receive_until(ws, lambda m: m["e"] == "listenKeyExpired"))["e"]


async def test_an_account_without_keys_has_no_listen_key() -> None:
    async with served() as on:
        small = on.small
        key = small.add_key(small.bob)
        listen_key = await small.listen_keys.create(small.bob, wall_us())
        async with on.connect(f"/ws/{listen_key}") as ws:
            await ask(ws, method="LIST_SUBSCRIPTIONS", id=1)
            small.keys.revoke(key.api_key)
            assert (await receive(ws))["e"] == "listenKeyExpired"


async def test_microseconds_for_user_events() -> None:
    async with served() as on, on.connect("/ws-api/v3?timeUnit=microsecond") as ws:
        small = on.small
        await subscribe(ws, small.add_key(small.bob))
        reply = small.limit(small.bob, Side.BUY, PRICE, 100)
        report, position = await events_of(ws, 2)
        assert report["T"] == reply.time_us == position["u"]


async def test_two_subscriptions_of_one_connection() -> None:
    async with served() as on, on.connect("/ws-api/v3") as ws:
        small: SmallExchange = on.small
        numbers = {
            await subscribe(ws, small.add_key(small.alice)): small.alice,
            await subscribe(ws, small.add_key(small.bob)): small.bob,
        }
        assert list(numbers) == [0, 1]
        small.limit(small.bob, Side.BUY, PRICE, 100)
        assert (await receive(ws))["subscriptionId"] == 1
        small.limit(small.alice, Side.BUY, PRICE, 100)
        message = await receive_until(ws, lambda m: m["subscriptionId"] == 0)
        assert message["event"]["e"] == "executionReport"


class SlowAccounts:
    """A feed that has to be told whom to follow, and takes a while."""

    def __init__(self) -> None:
        self.followed: list[int] = []
        self.ready = asyncio.Event()
        self.lost: list[Callable[[int], None]] = []

    def follow(self, account_id: int) -> Awaitable[None]:
        self.followed.append(account_id)
        return asyncio.ensure_future(self._wait())

    async def _wait(self) -> None:
        await self.ready.wait()

    def unfollow(self, account_id: int) -> None:
        self.followed.remove(account_id)

    def when_lost(self, listener: Callable[[int], None]) -> None:
        self.lost.append(listener)


async def test_a_subscription_is_confirmed_when_its_account_is_followed() -> None:
    """V02: nothing after the reply is missed; a gap that cannot be mended ends the stream."""
    small, accounts = SmallExchange(), SlowAccounts()
    small.exchange.accounts = accounts
    async with served(small) as on, on.connect("/ws-api/v3") as ws:
        subscribing = asyncio.ensure_future(subscribe(ws, small.add_key(small.alice)))
        while accounts.followed != [small.alice]:
            await asyncio.sleep(0)
        assert not subscribing.done()
        accounts.ready.set()
        assert await subscribing == 0
        for listener in accounts.lost:
            listener(shard_of_account(small.alice) + 1)
            listener(shard_of_account(small.alice))
        (ended,) = await events_of(ws, 1)
        assert ended["e"] == "eventStreamTerminated"
        assert accounts.followed == []


async def test_a_listen_key_ends_when_events_are_lost() -> None:
    small, accounts = SmallExchange(), SlowAccounts()
    small.exchange.accounts = accounts
    listen_key = await small.listen_keys.create(small.alice, wall_us())
    async with served(small) as on:
        opening = asyncio.ensure_future(on.connect(f"/ws/{listen_key}").__aenter__())
        while accounts.followed != [small.alice]:
            await asyncio.sleep(0)
        assert not opening.done(), "nothing after the handshake is missed"
        accounts.ready.set()
        ws = await opening
        assert accounts.followed == [small.alice]
        accounts.lost[0](shard_of_account(small.alice))
        assert (await receive(ws))["e"] == "listenKeyExpired"
        assert accounts.followed == []


async def test_messages_wait_for_a_listen_key_and_are_obeyed_in_order() -> None:
    small, accounts = SmallExchange(), SlowAccounts()
    small.exchange.accounts = accounts
    listen_key = await small.listen_keys.create(small.alice, wall_us())
    async with served(small) as on, on.connect("/ws") as ws:
        for number, method in enumerate(("SUBSCRIBE", "UNSUBSCRIBE", "SUBSCRIBE")):
            request = {"method": method, "params": [listen_key], "id": number}
            await ws.send(json.dumps(request))
        await ws.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": 3}))
        while accounts.followed != [small.alice]:
            await asyncio.sleep(0)
        accounts.ready.set()
        replies = [await receive(ws) for _ in range(4)]
        assert [reply["id"] for reply in replies] == [0, 1, 2, 3]
        assert replies[3]["result"] == [listen_key]
        assert accounts.followed == [small.alice]


async def test_a_store_of_listen_keys_that_is_away() -> None:
    """Nobody is let in on a key that cannot be looked up; whoever is in stays."""
    small = SmallExchange()
    small.add_key(small.alice)
    listen_key = await small.listen_keys.create(small.alice, wall_us())
    asked = asyncio.Event()

    async def away(*_what: object) -> dict[str, int]:
        asked.set()
        raise ListenKeysAwayError("away")

    async with served(small) as on, on.connect(f"/ws/{listen_key}") as ws:
        small.listen_keys.accounts_of = away
        with pytest.raises(InvalidStatus, match="503"):
            await on.connect(f"/ws/{listen_key}")
        async with on.connect("/ws") as other:
            reply = await ask(other, method="SUBSCRIBE", params=[listen_key], id=1)
            assert reply["error"]["code"] == 2
        asked.clear()
        await asked.wait()
        small.limit(small.alice, Side.BUY, PRICE, 100)
        assert (await receive(ws))["e"] == "executionReport"
