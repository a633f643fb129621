"""From nobody to a trader and to a bot, on a real `outcry serve --demo`, over the wire alone."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pyotp
import pytest
from tests.e2e import clients
from tests.support.page_client import PASSWORD, PageClient, ask
from tools.exchange_process import DemoKey, ExchangeProcess
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

pytestmark = pytest.mark.slow
Eventually = Callable[[Callable[[], Any], float], Any]
EMAIL = "ann@example.com"
ORDER = {"symbol": "BTCUSD", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
STEP_SECONDS = 30


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ExchangeProcess]:
    with ExchangeProcess(tmp_path / "day", "--no-bots") as exchange:
        yield exchange


def next_code(generator: pyotp.TOTP, used: str) -> str:
    """Return a code that was not used: each is good once."""
    deadline = time.monotonic() + 2 * STEP_SECONDS
    while (code := generator.now()) == used:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return code


def set_up_codes(page: PageClient) -> tuple[pyotp.TOTP, str, list[str]]:
    """Turn codes by time on; returns their generator, the used code, the recovery codes."""
    generator = pyotp.TOTP(page.post("/me/totp").ok()["secret"])
    code = generator.now()
    recovery = page.post("/me/totp/confirm", {"code": code}).ok()["recovery_codes"]
    return generator, code, recovery


def hear_forever(socket: ClientConnection) -> NoReturn:
    while True:
        socket.recv(20)


def balance(page: PageClient, asset: str) -> str:
    with page.socket() as socket:
        found = ask(socket, "account.status")["balances"]
    return next((row["free"] for row in found if row["asset"] == asset), "0.00000000")


def test_from_signing_up_to_a_bot_s_order(served: ExchangeProcess, eventually: Eventually) -> None:
    page = PageClient(served.port)
    page.sign_up(EMAIL)
    me = page.get("/me").ok()
    assert (me["session"]["email"], me["factors"]) == (EMAIL, ["PASSWORD"])

    generator, used, recovery = set_up_codes(page)
    assert len(recovery) >= 8
    page.post("/auth/sign-out").ok()
    assert page.cookie == ""
    assert page.get("/me").code() == "SIGN_IN_FIRST"

    step = page.post("/auth/sign-in", {"email": EMAIL, "password": PASSWORD}).ok()
    assert (step["next"], page.cookie) == ("SECOND_FACTOR", "")
    answer = {"token": step["token"], "factor": "TOTP", "code": used}
    assert page.post("/auth/sign-in/code", answer).status in {400, 401, 422}, "a code is good once"
    answer["code"] = next_code(generator, used)
    assert page.post("/auth/sign-in/code", answer).ok()["next"] == "DONE"

    page.post("/wallet/faucet", {"asset": "USD"}).ok()
    eventually(lambda: float(balance(page, "USD")) > 0, 30.0)

    with page.socket() as socket:
        ask(socket, "userDataStream.subscribe")
        placed = ask(socket, "order.place", **ORDER, price="70000.00", quantity="0.001")
        assert placed["status"] == "NEW"
        assert [order["orderId"] for order in ask(socket, "openOrders.status")] == [
            placed["orderId"]
        ]

    made = page.post("/me/api-keys", {"label": "<script>bot</script>", "may_trade": True}).ok()
    key = DemoKey("bot", made["key"]["api_key"], made["secret"], "HMAC", {})
    status, order = clients.signed(
        served, key, "POST", "/api/v3/order", **ORDER, price="69000.00", quantity="0.001"
    )
    assert (status, order["status"]) == (200, "NEW")
    status, orders = clients.signed(served, key, "GET", "/api/v3/openOrders", symbol="BTCUSD")
    assert [order["price"] for order in orders] == ["70000.00000000", "69000.00000000"]

    titles = eventually(
        lambda: {item["event"] for item in page.get("/notifications").ok()["items"]}, 20.0
    )
    assert titles
    assert made["secret"] not in served.log(10_000)


def test_the_end_of_a_session_is_the_end_of_its_sockets(served: ExchangeProcess) -> None:
    page, other = PageClient(served.port), PageClient(served.port)
    page.sign_up(EMAIL)
    other.post("/auth/sign-in", {"email": EMAIL, "password": PASSWORD}).ok()
    with other.socket() as socket:
        page.post("/me/sessions/end-others").ok()
        begun = time.monotonic()
        with pytest.raises(ConnectionClosed):
            hear_forever(socket)
        assert time.monotonic() - begun < 1.0
        assert socket.close_code == 4001
    assert other.get("/me").code() == "SIGN_IN_FIRST"
    assert page.get("/me").status == 200


def test_a_person_outlives_a_kill(served: ExchangeProcess) -> None:
    page = PageClient(served.port)
    page.sign_up(EMAIL)
    generator, used, _ = set_up_codes(page)
    made = page.post("/me/api-keys", {"label": "bot", "may_trade": True}).ok()
    served.kill()
    served.start()
    assert page.get("/me").ok()["session"]["email"] == EMAIL, "the session goes on"
    key = DemoKey("bot", made["key"]["api_key"], made["secret"], "HMAC", {})
    assert clients.signed(served, key, "GET", "/api/v3/account")[0] == 200
    fresh = PageClient(served.port)
    step = fresh.post("/auth/sign-in", {"email": EMAIL, "password": PASSWORD}).ok()
    answer = {"token": step["token"], "factor": "TOTP", "code": next_code(generator, used)}
    assert fresh.post("/auth/sign-in/code", answer).ok()["next"] == "DONE"


def test_r16_what_belongs_to_somebody_else_is_not_there(served: ExchangeProcess) -> None:
    ann, bob = PageClient(served.port), PageClient(served.port)
    ann.sign_up(EMAIL)
    bob.sign_up("bob@example.com")
    made = ann.post("/me/api-keys", {"label": "bot"}).ok()["key"]["api_key"]
    session = ann.get("/me").ok()["session"]["session_id"]
    hook = {"url": "https://hooks.example.com/ann", "kinds": ["FILL"], "label": "mine"}
    webhook = ann.post("/notifications/webhooks", hook)
    described = ann.get("/openapi.json").ok()["paths"]
    own = {
        "api_key": made,
        "session_id": session,
        "webhook_id": webhook.json.get("webhook", {}).get("webhook_id", "w1"),
    }
    missing = {"api_key": "x" * 64, "session_id": "0" * 32, "webhook_id": "w" + "0" * 24}
    asked = 0
    for path, methods in described.items():
        for method in methods:
            for name, value in own.items():
                if f"{{{name}}}" not in path or path.count("{") != 1:
                    continue
                asked += 1
                theirs = bob.call(method.upper(), path.replace(f"{{{name}}}", value))
                nobody_s = bob.call(method.upper(), path.replace(f"{{{name}}}", missing[name]))
                assert theirs.status == nobody_s.status, (method, path)
                assert theirs.status in {400, 403, 404, 415}, (method, path)
                if theirs.status != 415:
                    assert json.loads(theirs.content) == json.loads(nobody_s.content)
    assert asked >= 3
    assert [key["api_key"] for key in ann.get("/me/api-keys").ok()["keys"]] == [made]
    assert ann.get("/me").status == 200
