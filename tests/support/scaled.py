"""What tests of a scaled exchange share."""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from tools.exchange_process import DemoKey, ExchangeProcess

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
