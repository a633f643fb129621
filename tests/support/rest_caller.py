"""Calls the REST application as clients do, without a socket: signed, encoded, answered in JSON."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from tests.support.recorded_history import RecordedHistory
from tests.support.small_exchange import SmallExchange, wall_us

from openoutcry.gateways.edge.fills import FillCounter
from openoutcry.gateways.edge.service import Endpoint, Request, Response
from openoutcry.gateways.rest.routes import ENDPOINTS
from openoutcry.gateways.rest.server import RestApplication
from openoutcry.identity.keys import GeneratedKey
from openoutcry.kernel import OrderWriter, read_order
from openoutcry.ports.plain_orders import PlainOrders
from openoutcry.ports.users import KeyType

ORDER = "/api/v3/order"
PLAIN_ORDERS = PlainOrders(read_order, OrderWriter)


class SteppingClock:
    """A clock that a test can set; each look is a millisecond later than the one before."""

    def __init__(self) -> None:
        self.now_us = wall_us()

    def __call__(self) -> int:
        self.now_us += 1_001
        return self.now_us


def sign(key: GeneratedKey, payload: str) -> str:
    """Sign a payload as the key's type wants it."""
    raw = payload.encode()
    if key.key_type is KeyType.HMAC:
        return hmac.new(key.secret.encode(), raw, hashlib.sha256).hexdigest()
    private = serialization.load_pem_private_key(key.secret.encode(), None)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return base64.b64encode(private.sign(raw)).decode()
    assert isinstance(private, rsa.RSAPrivateKey)
    return base64.b64encode(private.sign(raw, padding.PKCS1v15(), hashes.SHA256())).decode()


@dataclass
class Answered:
    """A response with its JSON read."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def json(self) -> object:
        return json.loads(self.response.body)

    @property
    def headers(self) -> dict[str, str]:
        lines = self.response.head.decode().split("\r\n")
        pairs = [line.split(": ", 1) for line in lines if line]
        return dict([*pairs, *self.response.headers])

    @property
    def error(self) -> tuple[int, int, str]:
        """(status, code, message)."""
        body = self.json
        assert isinstance(body, dict)
        return self.status, body["code"], body["msg"]


class _Waiting:
    """Takes the one answer to a request."""

    def __init__(self) -> None:
        self.future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

    def respond(self, response: Response) -> None:
        self.future.set_result(response)


class RestCaller:
    """A small exchange behind its REST application, with a key for alice and one for bob."""

    def __init__(
        self,
        *,
        enforce_limits: bool = False,
        clock: Callable[[], int] | None = None,
        more: Sequence[Endpoint] = (),
        plain: bool = True,
        small: SmallExchange | None = None,
    ) -> None:
        """`plain`: whether plain orders go the short way; `small`: an exchange of the caller's."""
        self.clock = clock or SteppingClock()
        self.small = small or SmallExchange(self.clock, enforce_limits=enforce_limits)
        self.exchange = self.small.exchange
        self.history = RecordedHistory()
        self.exchange.history = self.history
        self.small.feed.subscribe(self.history.on_committed)
        self.small.feed.subscribe(FillCounter(self.exchange.limiter).on_committed)
        self.application = RestApplication(
            self.exchange, [*ENDPOINTS, *more], plain_orders=PLAIN_ORDERS if plain else None
        )
        self.alice = self.small.add_key(self.small.alice)
        self.bob = self.small.add_key(self.small.bob)

    def timestamp_ms(self) -> int:
        return self.clock() // 1000

    async def send(self, request: Request) -> Answered:
        waiting = _Waiting()
        self.application.serve(request, waiting)
        return Answered(await waiting.future)

    async def get(
        self, path: str, query: str = "", headers: dict[str, str] | None = None
    ) -> Answered:
        return await self.send(Request("GET", path, query, b"", headers or {}, "127.0.0.1"))

    async def signed(
        self,
        method: str,
        path: str,
        *,
        key: GeneratedKey | None = None,
        in_body: bool = False,
        headers: dict[str, str] | None = None,
        **parameters: object,
    ) -> Answered:
        """Make a signed call by alice, or by the holder of a key."""
        key = key or self.alice
        parameters.setdefault("timestamp", self.timestamp_ms())
        payload = urlencode({k: v for k, v in parameters.items() if v is not None})
        text = f"{payload}&signature={quote(sign(key, payload), safe='')}"
        query, body = ("", text.encode()) if in_body else (text, b"")
        sent = {"x-mbx-apikey": key.api_key, **(headers or {})}
        return await self.send(Request(method, path, query, body, sent, "127.0.0.1"))

    async def order(self, *, key: GeneratedKey | None = None, **changes: object) -> Answered:
        """Place alice's BUY of 0.01 BTC at 70000 unless told otherwise; None leaves one out."""
        fields: dict[str, object] = {
            "symbol": "BTCUSD",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "price": "70000",
        }
        fields.update(changes)
        return await self.signed("POST", ORDER, key=key, in_body=True, **fields)

    async def placed(self, *, key: GeneratedKey | None = None, **changes: object) -> dict:
        """Place an order that must be accepted."""
        answered = await self.order(key=key, **changes)
        assert answered.status == 200, answered.json
        body = answered.json
        assert isinstance(body, dict)
        return body
