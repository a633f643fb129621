"""SIGKILL in the middle of what people do: nothing half-done, nothing doubled. Covers O01, J03.

In each round somebody follows the link of a sign-up while somebody else asks for a withdrawal,
takes from the faucet and makes a webhook, all at once, and the exchange is killed a moment later.
Whoever got no answer asks again after the restart, as people do.
"""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from tests.support.page_client import PASSWORD, Answered, PageClient
from tools.exchange_process import ExchangeProcess, outcry_command

from openoutcry.adapters.simulated.addresses import PAYLOAD_BYTES, encode

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
DELAYS_MS = (1, 3, 6, 9, 13, 20, 40, 1_000)
"""How long after the acts have begun the exchange dies; in the last round they are done by then."""
ADDRESS = encode("ETH", bytes(range(PAYLOAD_BYTES)))
WEBHOOK = {"url": "http://127.0.0.1:9/", "kinds": ["fill"]}
GIFTS_A_DAY = 5


class Impatient(ExchangeProcess):
    """A demo whose addresses cool off at once."""

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "OUTCRY_ADDRESS_COOL_OFF_SECONDS": "0"}


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[ExchangeProcess]:
    process = Impatient(tmp_path / "data", "--no-bots", "--no-limits")
    process.start()
    yield process
    if process.is_running:
        process.kill()


def tried(act: Callable[[], Answered]) -> Answered | None:
    """Do something; None when there was no answer."""
    try:
        return act()
    except (OSError, HTTPException):
        return None


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@dataclass
class Round:
    """Two people, what they do, and what they have been told of it."""

    number: int
    newcomer: PageClient
    token: str
    owner: PageClient

    @property
    def email(self) -> str:
        return f"new{self.number}@example.com"

    @classmethod
    def prepare(cls, exchange: ExchangeProcess, number: int) -> "Round":
        newcomer, owner = PageClient(exchange.port), PageClient(exchange.port)
        owner.sign_up(f"owner{number}@example.com")
        owner.post("/wallet/faucet", {"asset": "ETH"}).ok()
        owner.post("/wallet/addresses", {"network": "ETH", "address": ADDRESS}).ok()
        made = cls(number, newcomer, "", owner)
        made.sign_up()
        return made

    def sign_up(self) -> None:
        self.newcomer.post("/auth/sign-up", {"email": self.email, "password": PASSWORD}).ok()
        self.token = self.newcomer.mailed_token(self.email, "/confirm")

    def confirm(self) -> Answered:
        return self.newcomer.post("/auth/confirm", {"token": self.token, "password": PASSWORD})

    def sign_in(self) -> Answered:
        wanted = {"email": self.email, "password": PASSWORD}
        return PageClient(self.newcomer.port).post("/auth/sign-in", wanted)

    def withdraw(self) -> Answered:
        wanted = {"asset": "ETH", "network": "ETH", "amount": "0.5", "address": ADDRESS}
        return self.owner.post("/wallet/withdrawals", {**wanted, "client_id": "rent"})

    def take_gift(self) -> Answered:
        return self.owner.post("/wallet/faucet", {"asset": "USD"})

    def add_webhook(self) -> Answered:
        return self.owner.post("/notifications/webhooks", WEBHOOK)

    def check_newcomer(self, told: Answered | None) -> None:
        """The link made one person whose account is open, or it made nobody and is made again."""
        again = self.confirm()
        if told is not None:
            assert told.ok()["next"] == "DONE"
            assert again.code() == "LINK_GONE"
        elif again.status != 200 and self.sign_in().status != 200:
            self.sign_up()
            assert self.confirm().ok()["next"] == "DONE"
        signed_in = PageClient(self.newcomer.port)
        signed_in.post("/auth/sign-in", {"email": self.email, "password": PASSWORD}).ok()
        assert signed_in.post("/wallet/faucet", {"asset": "USD"}).ok()["left_today"] == 4

    def check_withdrawal(self, told: Answered | None) -> None:
        """However often it was asked for, it is one, and the money has left once."""
        asked = self.withdraw().ok()
        if told is not None:
            assert told.ok()["withdrawal_id"] == asked["withdrawal_id"]
        (one,) = self.owner.get("/wallet/withdrawals").ok()["withdrawals"]
        assert one["withdrawal_id"] == asked["withdrawal_id"]
        until(lambda: self.free("ETH") == Decimal("4.5"), "the withdrawal is neither held nor not")

    def check_gift(self, told: Answered | None) -> None:
        """What the faucet has counted is what is there."""
        if told is not None:
            assert told.ok()["left_today"] == GIFTS_A_DAY - 1
            assert self.gifts_taken() == 1
        assert self.gifts_taken() <= 1
        until(lambda: self.free("USD") == 10_000 * self.gifts_taken(), "a gift and no money")

    def check_webhook(self, told: Answered | None) -> None:
        """There is the one that was told of; or one, or none, and then another can be made."""
        ids = [one["id"] for one in self.webhooks()]
        if told is not None:
            assert ids == [told.ok()["webhook"]["id"]]
        assert len(ids) <= 1
        if not ids:
            ids = [self.add_webhook().ok()["webhook"]["id"]]
        assert self.owner.post(f"/notifications/webhooks/{ids[0]}/test").status == 200
        assert len(self.webhooks()) == 1

    def check_statement(self) -> None:
        """What has happened adds up to what is there."""
        statement = self.owner.get("/wallet/statement").ok()
        for closing in statement["closing"]:
            amounts = [
                Decimal(entry["amount"])
                for entry in statement["entries"]
                if entry["asset"] == closing["asset"]
            ]
            assert sum(amounts) == Decimal(closing["amount"]) == self.free(closing["asset"])

    def free(self, asset: str) -> Decimal:
        found = self.owner.get("/wallet/assets").ok()["assets"]
        return Decimal(next(one["free"] for one in found if one["asset"] == asset))

    def gifts_taken(self) -> int:
        offers = self.owner.get("/wallet/faucet").ok()["offers"]
        left: int = next(one["left_today"] for one in offers if one["asset"] == "USD")
        return GIFTS_A_DAY - left

    def webhooks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.owner.get("/notifications/webhooks").ok()["webhooks"]
        return found


def outcry(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*outcry_command(), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_kill_leaves_nothing_half_done_and_doubles_nothing(exchange: ExchangeProcess) -> None:
    rounds, answers = [], []
    with ThreadPoolExecutor(4) as people:
        for number, delay_ms in enumerate(DELAYS_MS):
            one = Round.prepare(exchange, number)
            acts = (one.confirm, one.withdraw, one.take_gift, one.add_webhook)
            doing: list[Future[Answered | None]] = [people.submit(tried, act) for act in acts]
            time.sleep(delay_ms / 1000)
            exchange.kill()
            told = [each.result(60) for each in doing]
            exchange.start()
            one.check_newcomer(told[0])
            one.check_withdrawal(told[1])
            one.check_gift(told[2])
            one.check_webhook(told[3])
            rounds.append(one)
            answers += told
    assert None in answers, "no kill came between an act and its answer"
    assert any(answers), "no act was done before its kill"
    for one in rounds:
        one.check_statement()
    exchange.stop()
    for words in (("admin", "--data", exchange.data, "audit", "verify"), ("verify", exchange.data)):
        done = outcry(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    people_file = sqlite3.connect(exchange.data / "people.db")
    doubled = people_file.execute(
        "SELECT email_key FROM person GROUP BY email_key HAVING count(*) > 1"
        " UNION SELECT email_key FROM person WHERE account_opened = 0"
        " AND email_key LIKE 'new%' OR account_opened = 0 AND email_key LIKE 'owner%'"
    ).fetchall()
    people_file.close()
    assert doubled == []


def test_who_looks_into_the_files_takes_nothing_away(exchange: ExchangeProcess) -> None:
    """What is written after an audit, a backup and a program of one's own outlives a kill."""
    for words in (
        ("admin", "--data", exchange.data, "audit", "verify"),
        ("admin", "--data", exchange.data, "audit", "list"),
        ("backup", exchange.data, exchange.data.with_name("kept.outcry")),
    ):
        done = outcry(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    look = (
        "import sqlite3, sys; database = sqlite3.connect(sys.argv[1]);"
        " database.execute('SELECT * FROM sqlite_schema').fetchall(); database.close()"
    )
    for name in ("people.db", "keys.db", "journal.db", "history.db"):
        subprocess.run([sys.executable, "-c", look, exchange.data / name], check=True, timeout=60)
    one = Round.prepare(exchange, 1)
    one.confirm().ok()
    key = one.owner.post("/me/api-keys", {"label": "kept"}).ok()["key"]["api_key"]
    withdrawal = one.withdraw().ok()["withdrawal_id"]
    exchange.kill()
    exchange.start()
    one.sign_in().ok()
    assert [each["api_key"] for each in one.owner.get("/me/api-keys").ok()["keys"]] == [key]
    assert one.owner.get(f"/wallet/withdrawals/{withdrawal}").ok()["amount"] == "0.50000000"
