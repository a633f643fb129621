"""What tests of a scaled exchange share."""

import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tests.e2e import clients
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


def new_account(doors: Doors, money: dict[str, str]) -> DemoKey:
    """Open an account as an operator does, with money and a key that every gateway knows."""
    data = doors.here.data
    account = admin(data, "create-account")["account"]
    for asset, amount in money.items():
        admin(data, "credit", account=account, asset=asset, amount=amount)
    made = admin(data, "create-key", account=account, type="HMAC")
    key = DemoKey(f"account {account}", made["api_key"], made["secret"], "HMAC", money)
    for door in doors:
        eventually(lambda at=door: _is_known(at, key), what="the new key is known")
    return key


def _is_known(door: ExchangeProcess, key: DemoKey) -> bool:
    """A gateway knows a new key a moment after it was made, not at once."""
    status, _ = clients.signed(door, key, "GET", "/api/v3/account")
    return status == HTTPStatus.OK
