"""Where there are people and a page, and where it is said that there are none."""

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.page_client import PageClient
from tools.exchange_process import ExchangeProcess


def test_x_v1_describes_itself_or_says_that_it_is_not_there(exchange: ExchangeProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", exchange.port, timeout=30)
    connection.request("GET", "/x/v1/openapi.json")
    response = connection.getresponse()
    body = json.loads(response.read())
    if exchange.verb == "serve":
        assert (response.status, body["openapi"]) == (200, "3.1.0")
    else:
        assert (response.status, body["code"]) == (501, "NOT_HERE")
    connection.close()


def test_the_log_says_where_to_look_and_who_runs_it(
    quiet_exchange: ExchangeProcess, eventually: Callable[[Callable[[], bool], float], bool]
) -> None:
    if quiet_exchange.verb != "serve":
        return
    operator = json.loads((quiet_exchange.data / "demo-operator.json").read_text())
    for said in (
        f"ready: http://localhost:{quiet_exchange.port}  data: ",
        f"operator: {operator['email']}  one-time password: {operator['one_time_password']}",
    ):
        eventually(lambda said=said: said in quiet_exchange.log_path.read_text(), 20.0)


@pytest.fixture
def exposed(tmp_path: Path) -> Iterator[ExchangeProcess]:
    """A demo on what is not known for loopback, but is: nothing is opened to the network."""
    with ExchangeProcess(tmp_path / "exposed", "--no-bots", "--host", "127.1") as exchange:
        yield exchange


def test_a_stranger_is_shown_no_mail_to_an_operator(
    exposed: ExchangeProcess, eventually: Callable[[Callable[[], bool], float], bool]
) -> None:
    warning = "warning: a demo is not for strangers, and this one listens on 127.1:"
    eventually(lambda: warning in exposed.log_path.read_text(), 20.0)

    operator = json.loads((exposed.data / "demo-operator.json").read_text())["email"]
    stranger = PageClient(exposed.port)
    stranger.post("/auth/reset-request", {"email": operator}).ok()
    stranger.sign_up("carol@example.com")
    stranger.post("/auth/reset-request", {"email": "carol@example.com"}).ok()
    assert stranger.mailed_token("carol@example.com", "/reset")

    def mails() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = stranger.get("/mailbox").ok()["mails"]
        return found

    # Mails are numbered from 1 on: one was sent that is not shown.
    eventually(lambda: mails()[0]["number"] > len(mails()), 20.0)
    assert {mail["to"] for mail in mails()} == {"carol@example.com"}
    assert stranger.get(f"/mailbox?to={operator}").ok()["mails"] == []
