"""What the pages about notifications say is what the code does."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openoutcry.notifications.delivery import (
    ATTEMPTS_MAX,
    CLAIM_SECONDS,
    CONCURRENT_MAX,
    DEAD_IN_A_ROW_MAX,
    MAIL_SECONDS_MAX,
    MAILS_PER_HOUR_MAX,
    RETRY_SECONDS,
)
from openoutcry.notifications.desk import ALERTS_MAX, TRIALS_PER_MINUTE_MAX, WEBHOOKS_MAX
from openoutcry.notifications.posting import ANSWER_BYTES_MAX, SECONDS_MAX
from openoutcry.notifications.preferences import DEFAULTS, KINDS
from openoutcry.notifications.signing import SIGNATURE_HEADER, TOLERANCE_SECONDS, signature
from openoutcry.notifications.watch import WAITING_MAX
from openoutcry.ports.notifications import Channel, Kind

ROOT = Path(__file__).parents[2]
WEBHOOKS = (ROOT / "docs/reference/webhooks.md").read_text()
INTERNALS = (ROOT / "docs/internals/notifications.md").read_text()
NUMBERS = {2: "two", 5: "five", 8: "eight", 9: "nine", 10: "ten", 50: "50"}


def span(seconds: int) -> str:
    for unit, size in (("h", 3_600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def test_the_schedule_of_attempts() -> None:
    *first, last = map(span, RETRY_SECONDS)
    assert f"after {', '.join(first)} and {last}, each give or take a fifth" in WEBHOOKS
    hours = round(sum(RETRY_SECONDS) / 3_600)
    assert f"{NUMBERS[ATTEMPTS_MAX]} attempts over about {hours} hours" in WEBHOOKS


def test_the_limits() -> None:
    for page, words in (
        (WEBHOOKS, f"within {NUMBERS[int(SECONDS_MAX)]} seconds"),
        (WEBHOOKS, f"After {NUMBERS[DEAD_IN_A_ROW_MAX]} dead deliveries in a row"),
        (WEBHOOKS, f"{NUMBERS[TRIALS_PER_MINUTE_MAX]} a minute at most"),
        (WEBHOOKS, f"{NUMBERS[WEBHOOKS_MAX].capitalize()} webhooks a person"),
        (WEBHOOKS, f"older than {NUMBERS[TOLERANCE_SECONDS // 60]} minutes"),
        (INTERNALS, f"{NUMBERS[CONCURRENT_MAX]} in all"),
        (INTERNALS, f"Beyond {MAILS_PER_HOUR_MAX} mails an hour"),
        (INTERNALS, f"at most {ALERTS_MAX} that can fire"),
        (INTERNALS, f"at most {ANSWER_BYTES_MAX // 1_024} KiB"),
        (INTERNALS, f"beyond {WAITING_MAX:,} they are dropped"),
    ):
        assert words in page
    assert CLAIM_SECONDS == 60  # "for a minute"
    assert max(SECONDS_MAX, MAIL_SECONDS_MAX) < CLAIM_SECONDS  # decision 0018


def test_the_defaults() -> None:
    rows = dict(re.findall(r"^\| (`.*`) \| (.*) \|$", INTERNALS, re.MULTILINE))
    said: dict[str, list[str]] = {}
    for names, cells in rows.items():
        for name in re.findall(r"`(\w+)`", names):
            said[name] = cells.split(" | ")
    for kind in KINDS:
        words = ["on" if channel in DEFAULTS[kind] else "off" for channel in Channel]
        expected = ["always", "always", "on"] if kind is Kind.SECURITY else words
        assert said[kind] == expected


def test_the_kinds() -> None:
    (line,) = (line for line in WEBHOOKS.splitlines() if line.startswith("| `kind` |"))
    assert re.findall(r"`(\w+)`", line)[1:] == [*KINDS[:5], "security", "price_alert", "test"]


@pytest.fixture
def is_ours() -> Callable[..., bool]:
    """The function that the page shows."""
    (script,) = re.findall(r"^```python\n(.*?)^```", WEBHOOKS, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(script, names)
    found: Callable[..., bool] = names["is_ours"]
    return found


def test_what_the_page_shows_knows_our_requests(is_ours: Callable[..., bool]) -> None:
    assert f"{SIGNATURE_HEADER}: t=" in WEBHOOKS
    now_s = int(time.time())
    header, body = signature("whsec_x", now_s, b"{}"), b"{}"
    assert is_ours("whsec_x", header, body)
    assert not is_ours("whsec_y", header, body)
    assert not is_ours("whsec_x", header, b"{} ")
    assert not is_ours("whsec_x", signature("whsec_x", now_s - 999, body), body)
    for broken in ("", "t=,v1=", "v1=é", "t=1"):
        assert not is_ours("whsec_x", broken, body)
