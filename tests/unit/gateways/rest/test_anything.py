"""Whatever is sent, the answer is the API's own: never a 500, never an exception."""

import asyncio
import logging
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.rest_caller import RestCaller, sign

from openoutcry.gateways.edge.service import Request
from openoutcry.gateways.rest.market_data import ENDPOINTS as MARKET_DATA
from openoutcry.gateways.rest.routes import ENDPOINTS

EVERY = [*ENDPOINTS, *MARKET_DATA]
NAMES = sorted(
    {name for endpoint in EVERY for name in endpoint.parameters}
    | {"timestamp", "recvWindow", "signature", "isAdmin", "symbol[]", "", "a b"}
)
VALUES = [
    "BTCUSD", "ETHUSD", "btcusd", "BTC/USD", "XXX", '["BTCUSD"]', '["BTCUSD","BTCUSD"]', "[", "[]",
    "BUY", "SELL", "LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "LIMIT_MAKER",
    "TAKE_PROFIT_LIMIT", "GTC", "IOC", "FOK", "NONE", "ACK", "RESULT", "FULL", "EXPIRE_BOTH",
    "STOP_ON_FAILURE", "ALLOW_FAILURE", "ONLY_NEW", "CANCEL_ONLY", "TRADING", "HALT", "SPOT",
    "true", "false", "0", "1", "-1", "-0", "5", "1000", "1e3", "1e400", "NaN", "Infinity", " 1",
    "0.01", "0.00001", "70000", "70000.01", "0.000000001", "9" * 19, "9" * 20, "9" * 21, "9" * 400,
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "1m", "1d", "1M", "7d",
    "+14:00", "-12:00", "25:00", "MINI", "mine", "a" * 36, "a" * 37, "😀", "\u202e", "\0", "\n", "",
    "'; DROP TABLE orders;--", "<script>", "%", "%zz", "&", "=", "+", "\ud800", "1499827319559",
    "253402300799000", "1025", "2049",
]  # fmt: skip

parameters = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.one_of(st.sampled_from(VALUES), st.text(max_size=20), st.integers().map(str)),
    ),
    max_size=8,
)
ORDER_NAMES = sorted(
    next(e.parameters for e in ENDPOINTS if e.path.endswith("cancelReplace") and e.method == "POST")
)
likely_orders = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from(["BTCUSD", "ETHUSD", "ETHBTC"]),
        "side": st.sampled_from(["BUY", "SELL"]),
        "type": st.sampled_from([value for value in VALUES if "LIMIT" in value or "_" in value]),
    },
    optional={
        name: st.sampled_from(VALUES)
        for name in ORDER_NAMES
        if name not in {"symbol", "side", "type"}
    },
)


def encode(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


class Asker:
    """One exchange for all examples, so that they meet each other's orders."""

    def __init__(self) -> None:
        self.rest = RestCaller(more=MARKET_DATA)
        logging.getLogger("openoutcry.rest").setLevel(logging.CRITICAL)

    async def ask(self, endpoint: object, pairs: list[tuple[str, str]], *, in_body: bool) -> None:
        text = "&".join(f"{encode(name)}={encode(value)}" for name, value in pairs)
        stamp = f"timestamp={self.rest.timestamp_ms()}"
        payload = f"{text}&{stamp}" if text else stamp
        signed = f"{payload}&signature={sign(self.rest.alice, payload)}"
        answered = await self.rest.send(
            Request(
                endpoint.method,
                endpoint.path,
                "" if in_body else signed,
                signed.encode() if in_body else b"",
                {"x-mbx-apikey": self.rest.alice.api_key},
                "127.0.0.1",
            )
        )
        assert answered.status != 500, (endpoint.path, pairs, answered.json)
        assert answered.json is not None


asker: list[Asker] = []


def run(endpoint: object, pairs: list[tuple[str, str]], *, in_body: bool) -> None:
    async def go() -> None:
        if not asker:
            asker.append(Asker())
        await asker[0].ask(endpoint, pairs, in_body=in_body)

    asyncio.run(go())


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(EVERY), parameters, st.booleans())
def test_any_parameters_to_any_endpoint(
    endpoint: object,
    pairs: list[tuple[str, str]],
    in_body: bool,  # noqa: FBT001
) -> None:
    run(endpoint, pairs, in_body=in_body)


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from([e for e in EVERY if e.path.startswith("/api/v3/order")]),
    likely_orders,
    st.booleans(),
)
def test_nearly_right_orders(
    endpoint: object,
    fields: dict[str, str],
    in_body: bool,  # noqa: FBT001
) -> None:
    known = [(name, value) for name, value in fields.items() if name in endpoint.parameters]
    run(endpoint, known, in_body=in_body)
