"""The short way of plain orders against the general one: the same answers, byte for byte."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.support.rest_caller import ORDER, PLAIN_ORDERS, RestCaller, sign

from openoutcry.core.enums import OrderType, Side, TimeInForce
from openoutcry.core.records import DuplicateEvent, LevelEvent, OrderEvent
from openoutcry.gateways.edge.service import Request
from openoutcry.gateways.rest.plain_orders import WORDS
from openoutcry.kernel import OrderWriter, read_order
from openoutcry.ports.users import ApiKey, KeyType

NOW_US = 1_800_000_000_000_000
SIGNATURE = "s" * 64
PLAIN = "symbol=BTCUSD&side=BUY&type=LIMIT&timeInForce=GTC&price=70000&quantity=0.01&timestamp=9"


class Twins:
    """Two exchanges at the same time, one with the short way; the same requests go to both."""

    def __init__(self, *, enforce_limits: bool = False) -> None:
        self.now_us = NOW_US
        self.short, self.general = (
            RestCaller(enforce_limits=enforce_limits, clock=lambda: self.now_us, plain=plain)
            for plain in (True, False)
        )
        self.alice, self.bob = self.short.alice, self.short.bob
        for key, account_id in (
            (self.alice, self.general.small.alice),
            (self.bob, self.general.small.bob),
        ):
            self.general.exchange.keys.add(
                ApiKey(key.api_key, account_id, KeyType.HMAC, key.material)
            )
        self.taken = 0
        desk = self.short.application._desk
        assert desk is not None
        read = desk.read

        def counted(request: Request, now_us: int) -> object:
            found = read(request, now_us)
            self.taken += found is not None
            return found

        desk.read = counted

    async def send(self, form: str, *, bobs: bool = False, in_body: bool = True) -> int:
        key = self.bob if bobs else self.alice
        text = f"{form}&signature={sign(key, form)}"
        query, body = ("", text.encode()) if in_body else (text, b"")
        request = Request("POST", ORDER, query, body, {"x-mbx-apikey": key.api_key}, "10.0.0.1")
        first = (await self.short.send(request)).response
        second = (await self.general.send(request)).response
        assert (first.status, first.body, first.head) == (second.status, second.body, second.head)
        self.now_us += 1_000
        return first.status


def random_form(dice: random.Random, now_us: int, known: list[str]) -> str:
    """Return the form of an order, most of them good, some of them a repetition."""

    def pick(good: str, bad: str) -> str:
        return dice.choice((bad if dice.random() < 0.04 else good).split())

    kind = pick("LIMIT LIMIT LIMIT LIMIT_MAKER MARKET", "STOP_LOSS limit")
    fields: dict[str, object] = {
        "symbol": pick("BTCUSD", "NONE ETHUSD btcusd"),
        "side": pick("BUY SELL", "buy 1"),
        "type": kind,
        "quantity": pick("0.01 1 0.003", "0.000000001 1e3 100000 0"),
    }
    if kind.startswith("LIMIT"):
        fields["price"] = pick("70000 69999.5 70001 70000.50", "70000.001 0 x 700000000")
    if kind == "LIMIT":
        fields["timeInForce"] = pick("GTC GTC IOC FOK", "gtc")
    if dice.random() < 0.5:
        fields["newClientOrderId"] = f"c{dice.randint(1, 10_000)}"
    if dice.random() < 0.6:
        fields["newOrderRespType"] = pick("ACK RESULT FULL", "full")
    if dice.random() < 0.05:
        fields[pick("price timeInForce icebergQty stopPrice strategyId", "x")] = "1"
    if dice.random() < 0.1:
        fields["selfTradePreventionMode"] = pick("NONE EXPIRE_TAKER EXPIRE_BOTH", "x")
    if dice.random() < 0.05:
        fields.pop(dice.choice(list(fields)))
    if dice.random() < 0.3:
        fields["recvWindow"] = pick("5000 60000 12.5", "60001 0 x")
    fields["timestamp"] = now_us // 1000 - int(pick("0 0 10", "60000 -2000"))
    pairs = [f"{name}={value}" for name, value in fields.items()]
    if dice.random() < 0.3:
        dice.shuffle(pairs)
    known.append("&".join(pairs))
    return dice.choice(known) if dice.random() < 0.05 else known[-1]


@pytest.mark.parametrize("seed", range(4))
async def test_both_ways_answer_the_same(seed: int) -> None:
    dice = random.Random(seed)
    twins = Twins()
    statuses: list[int] = []
    known: list[str] = []
    for _ in range(400):
        form = random_form(dice, twins.now_us, known)
        in_body = dice.random() < 0.8
        statuses.append(await twins.send(form, bobs=dice.random() < 0.5, in_body=in_body))
    assert statuses.count(200) > 200
    assert twins.taken > 200
    assert statuses.count(400) > 50
    states = [caller.small.calls.kernel.state_hash() for caller in (twins.short, twins.general)]
    assert states[0] == states[1]


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ({"expires_us": NOW_US + 1}, 200),
        ({"expires_us": NOW_US}, 401),
        ({"allowed_ips": ("10.0.0.0/8",)}, 200),
        ({"allowed_ips": ("10.0.0.2/32",)}, 401),
        ({"allowed_symbols": ("BTCUSD",)}, 200),
        ({"allowed_symbols": ("ETHUSD",)}, 401),
        ({"may_trade": False}, 401),
        ({"may_read": False}, 200),
    ],
)
@pytest.mark.parametrize("in_body", [True, False])
async def test_limits_of_a_key_are_the_same_on_both_ways(
    *, limits: dict[str, Any], status: int, in_body: bool
) -> None:
    twins = Twins()
    for caller in (twins.short, twins.general):
        keys = caller.exchange.keys
        found = keys.find(twins.alice.api_key)
        assert found is not None
        keys.revoke(found.api_key)
        keys.add(replace(found, **limits))
    form = f"{PLAIN[:-1]}{NOW_US // 1000}"
    assert await twins.send(form, in_body=in_body) == status
    assert twins.taken == (status == 200)


async def test_limits_are_the_same() -> None:
    twins = Twins(enforce_limits=True)
    statuses = [
        await twins.send(f"{PLAIN[:-1]}{twins.now_us // 1000}&newClientOrderId=n{number}")
        for number in range(110)
    ]
    assert statuses[:100] == [200] * 100
    assert statuses[100:] == [429] * 10


async def test_what_is_wrong_with_the_signature_is_told_in_the_general_words() -> None:
    twins = Twins()
    form = f"{PLAIN[:-1]}{twins.now_us // 1000}"
    key = twins.alice.api_key
    right = sign(twins.alice, form)
    for api_key, signature in ((key, right[:-1]), (key, "0" * 64), ("x" * 64, right), ("", right)):
        body = f"{form}&signature={signature}".encode()
        request = Request("POST", ORDER, "", body, {"x-mbx-apikey": api_key}, "10.0.0.1")
        first, second = [await way.send(request) for way in (twins.short, twins.general)]
        assert first.status in {400, 401}
        assert first.response.body == second.response.body
    assert twins.taken == 0


def test_a_plain_form_is_read() -> None:
    assert read_order(f"{PLAIN}&signature={SIGNATURE}".encode()) == (
        "BTCUSD", Side.BUY, OrderType.LIMIT, TimeInForce.GTC, "70000", "0.01", None, None, 9, -1,
        PLAIN.encode(), SIGNATURE,
    )  # fmt: skip
    form = (
        "recvWindow=500&newClientOrderId=a.b-c:d_e/f&newOrderRespType=ACK&timestamp=123&"
        "quantity=1&type=MARKET&side=SELL&symbol=X"
    )
    assert read_order(f"{form}&signature=0".encode()) == (
        "X", Side.SELL, OrderType.MARKET, TimeInForce.NONE, None, "1", b"a.b-c:d_e/f", "ACK", 123,
        500, form.encode(), "0",
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        lambda form: form.replace("&signature=", "&signatur="),
        lambda form: form.replace("price=70000&", ""),
        lambda form: form.replace("price=70000", "price="),
        lambda form: form.replace("price=70000", "price=7=0"),
        lambda form: form.replace("price=70000", "price=7%30"),
        lambda form: form.replace("price=70000", "price=7+0"),
        lambda form: form.replace("price=70000", "price=7\0"),
        lambda form: form.replace("price=70000", "price=7\xe9"),
        lambda form: form.replace("price=70000", "price"),
        lambda form: form.replace("LIMIT", "MARKET"),
        lambda form: form.replace("LIMIT", "LIMIT_MAKER"),
        lambda form: form.replace("GTC", "gtc"),
        lambda form: form.replace("BUY", "BUYS"),
        lambda form: form.replace("timestamp=9", "timestamp=-9"),
        lambda form: form.replace("timestamp=9", "timestamp=9.5"),
        lambda form: form.replace("timestamp=9", "timestamp=1234567890123456789"),
        lambda form: form.replace("timestamp=9", "timestamp=9&recvWindow=5.5"),
        lambda form: form.replace("timestamp=9", "timestamp=9&recvWindow=100000"),
        lambda form: form.replace("timestamp=9", f"timestamp=9&newClientOrderId={'i' * 37}"),
        lambda form: form + "&recvWindow=5",
        lambda form: form + "&",
        lambda form: "&" + form,
        lambda form: form + "&symbol=BTCUSD",
        lambda form: "symbol=BTCUSD&" + form,
        lambda form: "icebergQty=1&" + form,
        lambda _form: "",
        lambda _form: f"signature={SIGNATURE}",
    ],
)
def test_a_form_that_is_not_plain_is_left_alone(change: Callable[[str], str]) -> None:
    form = f"{PLAIN}&signature={SIGNATURE}"
    assert read_order(form.encode()) is not None
    assert read_order(change(form).encode("latin-1")) is None


def test_only_the_story_of_a_plain_order_is_written() -> None:
    writer = PLAIN_ORDERS.writer("BTCUSD", ("BTC", 8), ("USD", 8), 1, 1, WORDS)
    new = OrderEvent(
        account_id=7, order_id=1, side=1, order_type=1, time_in_force=1, status=1, execution=1,
        created_us=5_000, client_order_id=b"x",
    )  # fmt: skip
    written = writer.placed((new.pack() + LevelEvent().pack()), 7, "ACK")
    assert written is not None
    assert written.endswith(b'"clientOrderId":"x","transactTime":5}')
    for odd in (
        new._replace(account_id=8),
        new._replace(execution=2),
        new._replace(status=5),
        new._replace(order_type=4),
        new._replace(iceberg_lots=1),
        new._replace(prevented_lots=1),
        new._replace(strategy_id=1),
        new._replace(strategy_type=1),
    ):
        assert writer.placed(odd.pack(), 7, "FULL") is None
    assert writer.placed(new._replace(price_ticks=-1).pack(), 7, "FULL") is None
    assert writer.placed(new._replace(side=3).pack(), 7, "FULL") is None
    assert writer.placed(new.pack() + DuplicateEvent().pack(), 7, "FULL") is None
    assert writer.placed(new.pack()[:-8], 7, "FULL") is None
    assert writer.placed(b"", 7, "FULL") is None
    huge = OrderWriter("B", ("B", 8), ("U", 8), 1 << 62, 1, WORDS)
    assert huge.placed(new._replace(price_ticks=3).pack(), 7, "FULL") is None
    with pytest.raises(ValueError, match="five lists"):
        OrderWriter("B", ("B", 8), ("U", 8), 1, 1, WORDS[1:])
