"""What tests of a scaled exchange share."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tools.exchange_process import DemoKey, ExchangeProcess

from openoutcry.app.control import ask

T = TypeVar("T")


class Doors(NamedTuple):
    """Two gateways of one exchange, each on a port of its own."""

    here: ExchangeProcess
    there: ExchangeProcess

    def keys(self) -> list[DemoKey]:
        return self.here.keys_of("HMAC")


def eventually(look: Callable[[], T], seconds: float = 60.0, what: str = "") -> T:
    """Poll until a value is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}; last seen: {seen!r}"
        time.sleep(0.02)
    return seen


def admin(data: Path, do: str, **values: object) -> Any:
    """Ask as an operator, over the control socket; returns the answer."""
    return ask(data, {"do": do, **values})


def new_account(exchange: ExchangeProcess, money: dict[str, str]) -> DemoKey:
    """Open an account as an operator does, with a key, and put money into it."""
    account = admin(exchange.data, "create-account")["account"]
    for asset, amount in money.items():
        admin(exchange.data, "credit", account=account, asset=asset, amount=amount)
    made = admin(exchange.data, "create-key", account=account, type="HMAC")
    return DemoKey(f"account {account}", made["api_key"], made["secret"], "HMAC", money)
